//! Authenticated encryption under the master key (AES-256-GCM), and keys derived from it (HKDF).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Salt},
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use secrecy::SecretString;

/// Seals texts for one purpose. The purpose separates keys: what is sealed for one cannot be opened for
/// another.
#[derive(Debug)]
pub struct Sealer {
    key: LessSafeKey,
    mac: hmac::Key,
    random: SystemRandom,
}

/// The text was not sealed here for this record, or was changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text was not sealed here for this record")]
pub struct Unsealable;

impl Sealer {
    /// A sealer for `purpose` under the master key.
    pub fn new(master: &[u8; 32], purpose: &str) -> Self {
        let derived = |what: &str| {
            let mut bytes = [0; 32];
            Salt::new(HKDF_SHA256, b"ga4gh-gateway")
                .extract(master)
                .expand(&[purpose.as_bytes(), b"/", what.as_bytes()], HKDF_SHA256)
                .and_then(|key| key.fill(&mut bytes))
                .expect("32 bytes are what HKDF-SHA256 gives");
            bytes
        };
        let key = UnboundKey::new(&AES_256_GCM, &derived("seal")).expect("the key has 32 bytes");
        Self {
            key: LessSafeKey::new(key),
            mac: hmac::Key::new(hmac::HMAC_SHA256, &derived("sign")),
            random: SystemRandom::new(),
        }
    }

    /// Seals a text for one record; it opens for that record only.
    pub fn seal(&self, record: &str, text: &str) -> String {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).expect("the operating system gives randomness");
        let mut sealed = text.as_bytes().to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(record),
                &mut sealed,
            )
            .expect("texts are far below the limit of AES-GCM");
        URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for the record.
    pub fn open(&self, record: &str, sealed: &str) -> Result<SecretString, Unsealable> {
        let mut bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| Unsealable)?;
        if bytes.len() < NONCE_LEN {
            return Err(Unsealable);
        }
        let (nonce, sealed) = bytes.split_at_mut(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unsealable)?;
        let text =
            self.key.open_in_place(nonce, Aad::from(record), sealed).map_err(|_| Unsealable)?;
        let text = std::str::from_utf8(text).map_err(|_| Unsealable)?;
        Ok(text.to_owned().into())
    }

    /// Signs a text for one record.
    pub fn sign(&self, record: &str, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.mac, &message(record, text)))
    }

    /// Whether the signature was made here for this record and text.
    pub fn verify(&self, record: &str, text: &str, signature: &str) -> bool {
        URL_SAFE_NO_PAD.decode(signature).is_ok_and(|signature| {
            hmac::verify(&self.mac, &message(record, text), &signature).is_ok()
        })
    }
}

fn message(record: &str, text: &str) -> Vec<u8> {
    // The length keeps the two parts apart.
    [&(record.len() as u64).to_be_bytes(), record.as_bytes(), text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_sealed_text_opens_for_its_record_and_purpose_only() {
        let sealer = Sealer::new(&[7; 32], "passwords");
        let sealed = sealer.seal("run-1", "Gw123");

        assert_eq!(sealer.open("run-1", &sealed).unwrap().expose_secret(), "Gw123");
        assert!(sealer.open("run-2", &sealed).is_err());
        assert!(Sealer::new(&[7; 32], "cursors").open("run-1", &sealed).is_err());
        assert!(Sealer::new(&[8; 32], "passwords").open("run-1", &sealed).is_err());
        assert!(!sealed.contains("Gw123"));
    }

    #[test]
    fn a_signature_holds_for_its_record_and_text_only() {
        let sealer = Sealer::new(&[7; 32], "cursors");
        let signature = sealer.sign("amina", "page-2");

        assert!(sealer.verify("amina", "page-2", &signature));
        assert!(!sealer.verify("amin", "apage-2", &signature));
        assert!(!sealer.verify("amina", "page-3", &signature));
    }
}
