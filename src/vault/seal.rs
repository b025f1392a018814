//! Authenticated encryption in envelopes: each text under a data key of its own (AES-256-GCM), and that
//! key sealed under a key that is derived (HKDF) from the master key.
//!
//! A new master key takes the envelopes over without touching what is in them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox, SecretString, zeroize::Zeroizing};

use super::keyring::{KEY_BYTES, Keyring, MasterKey};

/// Seals texts for one purpose. The purpose separates keys: what is sealed for one cannot be opened for
/// another.
#[derive(Debug)]
pub struct Sealer {
    /// The first one seals. Never empty.
    keys: Vec<Key>,
    random: SystemRandom,
}

/// The keys of one purpose under one master key.
#[derive(Debug)]
struct Key {
    id: String,
    /// Seals data keys.
    wrap: LessSafeKey,
    /// Sealed texts themselves before there were data keys.
    direct: LessSafeKey,
    mac: hmac::Key,
}

/// Why a text cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsealable {
    /// It was sealed under a master key that is not here.
    #[error("it was sealed under the master key `{0}`, which is not among those in use")]
    UnknownKey(String),
    /// It was not sealed here for this record, or was changed since.
    #[error("the text was not sealed here for this record")]
    Broken,
}

/// What sealed texts with a data key begin with.
const ENVELOPE: &str = "v1";

/// A sealed text with its parts in hand.
struct Envelope<'a> {
    key_id: &'a str,
    data_key: &'a str,
    text: &'a str,
}

impl Sealer {
    /// A sealer for `purpose` under one master key.
    pub fn new(master: &[u8; KEY_BYTES], purpose: &str) -> Self {
        Self::of(&Keyring::new(MasterKey::new(*master), []), purpose)
    }

    /// A sealer for `purpose` under the current master key; it opens what was sealed under former ones.
    pub fn of(ring: &Keyring, purpose: &str) -> Self {
        let keys = ring.keys().iter().map(|master| Key::new(master, purpose)).collect();
        Self { keys, random: SystemRandom::new() }
    }

    /// Seals a text for one record; it opens for that record only.
    pub fn seal(&self, record: &str, text: &str) -> String {
        let mut data_key = SecretBox::new(Box::new([0; KEY_BYTES]));
        self.random
            .fill(data_key.expose_secret_mut())
            .expect("the operating system gives randomness");
        let sealed = self.encrypt(&aes(data_key.expose_secret()), record, text.as_bytes());
        let current = &self.keys[0];
        let wrapped = self.encrypt(&current.wrap, record, data_key.expose_secret());
        [ENVELOPE, &current.id, &wrapped, &sealed].join(".")
    }

    /// Opens what was sealed for the record.
    pub fn open(&self, record: &str, sealed: &str) -> Result<SecretString, Unsealable> {
        let Some(envelope) = Envelope::read(sealed)? else {
            return self.open_direct(record, sealed);
        };
        let data_key = self.data_key(record, &envelope)?;
        text(&decrypt(&aes_of(&data_key)?, record, envelope.text)?)
    }

    /// The same text under the current master key, without sealing it anew; nothing if it is there already.
    pub fn rewrap(&self, record: &str, sealed: &str) -> Result<Option<String>, Unsealable> {
        // What does not open now must not be made to look as if it did.
        let text = self.open(record, sealed)?;
        let Some(envelope) = Envelope::read(sealed)? else {
            return Ok(Some(self.seal(record, text.expose_secret())));
        };
        let current = &self.keys[0];
        if envelope.key_id == current.id {
            return Ok(None);
        }
        let data_key = self.data_key(record, &envelope)?;
        let wrapped = self.encrypt(&current.wrap, record, &data_key);
        Ok(Some([ENVELOPE, &current.id, &wrapped, envelope.text].join(".")))
    }

    /// Signs a text for one record.
    pub fn sign(&self, record: &str, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.keys[0].mac, &message(record, text)))
    }

    /// Whether the signature was made here for this record and text.
    pub fn verify(&self, record: &str, text: &str, signature: &str) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        let message = message(record, text);
        self.keys.iter().any(|key| hmac::verify(&key.mac, &message, &signature).is_ok())
    }

    fn open_direct(&self, record: &str, sealed: &str) -> Result<SecretString, Unsealable> {
        let opened = self.keys.iter().find_map(|key| decrypt(&key.direct, record, sealed).ok());
        text(&opened.ok_or(Unsealable::Broken)?)
    }

    fn data_key(
        &self,
        record: &str,
        envelope: &Envelope<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, Unsealable> {
        let key = self.keys.iter().find(|key| key.id == envelope.key_id);
        let key = key.ok_or_else(|| Unsealable::UnknownKey(envelope.key_id.to_owned()))?;
        decrypt(&key.wrap, record, envelope.data_key)
    }

    fn encrypt(&self, key: &LessSafeKey, record: &str, text: &[u8]) -> String {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).expect("the operating system gives randomness");
        let mut sealed = text.to_vec();
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(record),
            &mut sealed,
        )
        .expect("texts are far below the limit of AES-GCM");
        URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())
    }
}

impl Key {
    fn new(master: &MasterKey, purpose: &str) -> Self {
        let mac = master.derive(purpose, "sign");
        Self {
            id: master.id().to_owned(),
            wrap: aes(master.derive(purpose, "wrap").expose_secret()),
            direct: aes(master.derive(purpose, "seal").expose_secret()),
            mac: hmac::Key::new(hmac::HMAC_SHA256, mac.expose_secret()),
        }
    }
}

impl<'a> Envelope<'a> {
    /// The parts of a sealed text; nothing if it is one without a data key.
    fn read(sealed: &'a str) -> Result<Option<Self>, Unsealable> {
        let mut parts = sealed.split('.');
        match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(_), None, ..) => Ok(None),
            (Some(ENVELOPE), Some(key_id), Some(data_key), Some(text), None) => {
                Ok(Some(Self { key_id, data_key, text }))
            }
            _ => Err(Unsealable::Broken),
        }
    }
}

fn aes(key: &[u8; KEY_BYTES]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("the key has 32 bytes"))
}

fn aes_of(data_key: &[u8]) -> Result<LessSafeKey, Unsealable> {
    UnboundKey::new(&AES_256_GCM, data_key).map(LessSafeKey::new).map_err(|_| Unsealable::Broken)
}

fn decrypt(
    key: &LessSafeKey,
    record: &str,
    sealed: &str,
) -> Result<Zeroizing<Vec<u8>>, Unsealable> {
    let broken = |_| Unsealable::Broken;
    let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| Unsealable::Broken)?;
    let mut bytes = Zeroizing::new(bytes);
    if bytes.len() < NONCE_LEN {
        return Err(Unsealable::Broken);
    }
    let (nonce, sealed) = bytes.split_at_mut(NONCE_LEN);
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(broken)?;
    let text = key.open_in_place(nonce, Aad::from(record), sealed).map_err(broken)?;
    Ok(Zeroizing::new(text.to_vec()))
}

fn text(bytes: &[u8]) -> Result<SecretString, Unsealable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unsealable::Broken)?;
    Ok(text.to_owned().into())
}

fn message(record: &str, text: &str) -> Vec<u8> {
    // The length keeps the two parts apart.
    [&(record.len() as u64).to_be_bytes(), record.as_bytes(), text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(sealer: &Sealer, sealed: &str) -> Result<String, Unsealable> {
        sealer.open("run-1", sealed).map(|text| text.expose_secret().to_owned())
    }

    fn ring(bytes: &[u8]) -> Keyring {
        let mut keys = bytes.iter().map(|byte| MasterKey::new([*byte; KEY_BYTES]));
        Keyring::new(keys.next().unwrap(), keys)
    }

    #[test]
    fn a_sealed_text_opens_for_its_record_and_purpose_only() {
        let sealer = Sealer::new(&[7; 32], "passwords");
        let sealed = sealer.seal("run-1", "Gw123");

        assert_eq!(opened(&sealer, &sealed).as_deref(), Ok("Gw123"));
        assert_eq!(sealer.open("run-2", &sealed).unwrap_err(), Unsealable::Broken);
        assert!(Sealer::new(&[7; 32], "cursors").open("run-1", &sealed).is_err());
        let other = Sealer::new(&[8; 32], "passwords").open("run-1", &sealed);
        assert!(matches!(other, Err(Unsealable::UnknownKey(_))));
        assert!(!sealed.contains("Gw123"));
        assert_ne!(
            sealed,
            sealer.seal("run-1", "Gw123"),
            "the same text is not seen to be the same"
        );
    }

    #[test]
    fn no_part_of_an_envelope_can_be_changed_or_put_into_another() {
        let sealer = Sealer::new(&[7; 32], "passwords");
        let (one, two) = (sealer.seal("run-1", "Gw123"), sealer.seal("run-1", "Gw456"));
        let parts: Vec<_> = one.split('.').zip(two.split('.')).collect();
        for changed in 2..4 {
            let mixed: Vec<_> = parts
                .iter()
                .enumerate()
                .map(|(at, (one, two))| if at == changed { *two } else { *one })
                .collect();
            assert_eq!(opened(&sealer, &mixed.join(".")), Err(Unsealable::Broken), "{changed}");
        }
        for broken in ["", "v1", "v1.a", "v2.a.b.c", &format!("{one}.x"), &one[..one.len() - 2]] {
            assert!(opened(&sealer, broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn what_was_sealed_before_there_were_data_keys_still_opens() {
        // Made elsewhere, by HKDF-SHA256 and AES-256-GCM of another library.
        let direct = "AAECAwQFBgcICQoLOYhwtUWMP1sO1FLhtaXc0Oq1fqNF";
        let sealer = Sealer::new(&[7; 32], "passwords");

        assert_eq!(opened(&sealer, direct).as_deref(), Ok("Gw123"));
        let rewrapped = sealer.rewrap("run-1", direct).unwrap().unwrap();
        assert!(rewrapped.starts_with("v1."), "{rewrapped}");
        assert_eq!(opened(&sealer, &rewrapped).as_deref(), Ok("Gw123"));
        assert!(sealer.open("run-2", direct).is_err());
    }

    #[test]
    fn a_new_master_key_takes_an_envelope_over_and_leaves_its_text() {
        let old = Sealer::of(&ring(&[1]), "passwords");
        let both = Sealer::of(&ring(&[2, 1]), "passwords");
        let new = Sealer::of(&ring(&[2]), "passwords");
        let sealed = old.seal("run-1", "Gw123");

        let rewrapped = both.rewrap("run-1", &sealed).unwrap().unwrap();

        assert_eq!(opened(&new, &rewrapped).as_deref(), Ok("Gw123"));
        assert!(opened(&old, &rewrapped).is_err());
        assert_eq!(opened(&both, &sealed).as_deref(), Ok("Gw123"));
        assert_eq!(sealed.split('.').next_back(), rewrapped.split('.').next_back());
        assert_eq!(new.rewrap("run-1", &rewrapped), Ok(None));
        assert!(both.rewrap("run-2", &sealed).is_err());
    }

    #[test]
    fn a_signature_holds_for_its_record_and_text_only() {
        let sealer = Sealer::new(&[7; 32], "cursors");
        let signature = sealer.sign("amina", "page-2");

        assert!(sealer.verify("amina", "page-2", &signature));
        assert!(Sealer::of(&ring(&[8, 7]), "cursors").verify("amina", "page-2", &signature));
        assert!(!sealer.verify("amin", "apage-2", &signature));
        assert!(!sealer.verify("amina", "page-3", &signature));
    }
}
