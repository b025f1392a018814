//! The master keys: one that seals, and former ones that open what was sealed under them.

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hkdf::{HKDF_SHA256, Salt};
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox, SecretString};

/// Bytes of a master key, and of every key derived from it.
pub(super) const KEY_BYTES: usize = 32;

/// A master key. Its id is derived from it, so that no list of ids has to be kept, and tells nothing of it.
#[derive(Clone)]
pub struct MasterKey {
    id: String,
    bytes: Arc<SecretBox<[u8; KEY_BYTES]>>,
}

/// The text is no master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a master key is 32 bytes in base64 or hex, as `openssl rand -base64 32` makes them")]
pub struct NotAMasterKey;

/// The master keys in use.
#[derive(Debug, Clone)]
pub struct Keyring {
    /// The first one seals. Never empty.
    keys: Vec<MasterKey>,
}

impl MasterKey {
    /// A key of these bytes.
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        let bytes = Arc::new(SecretBox::new(Box::new(bytes)));
        let mut key = Self { id: String::new(), bytes };
        let id = key.derive("key", "id");
        key.id = URL_SAFE_NO_PAD.encode(&id.expose_secret()[..9]);
        key
    }

    /// Reads a key as people write it.
    pub fn parse(text: &SecretString) -> Result<Self, NotAMasterKey> {
        let text = text.expose_secret().trim();
        let bytes = match text.len() {
            64 => from_hex(text).ok_or(NotAMasterKey)?,
            _ => {
                let plain = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
                URL_SAFE_NO_PAD.decode(plain).map_err(|_| NotAMasterKey)?
            }
        };
        Ok(Self::new(bytes.try_into().map_err(|_| NotAMasterKey)?))
    }

    /// By what it is called in every record that is sealed under it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A key of its own for a purpose.
    pub(super) fn derive(&self, purpose: &str, what: &str) -> SecretBox<[u8; KEY_BYTES]> {
        let mut derived = SecretBox::new(Box::new([0; KEY_BYTES]));
        Salt::new(HKDF_SHA256, b"ga4gh-gateway")
            .extract(self.bytes.expose_secret())
            .expand(&[purpose.as_bytes(), b"/", what.as_bytes()], HKDF_SHA256)
            .and_then(|key| key.fill(derived.expose_secret_mut()))
            .expect("32 bytes are what HKDF-SHA256 gives");
        derived
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MasterKey").field(&self.id).finish()
    }
}

impl Keyring {
    /// A ring whose `current` key seals, and whose others open.
    pub fn new(current: MasterKey, former: impl IntoIterator<Item = MasterKey>) -> Self {
        let mut ring = Self { keys: vec![current] };
        for key in former {
            if ring.keys.iter().all(|known| known.id != key.id) {
                ring.keys.push(key);
            }
        }
        ring
    }

    /// The key that seals.
    pub fn current(&self) -> &MasterKey {
        &self.keys[0]
    }

    /// All keys, the one that seals first.
    pub fn keys(&self) -> &[MasterKey] {
        &self.keys
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_people_write_it_and_never_shown() {
        let base64 = "Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8=";
        for text in [base64.to_owned(), base64.replace('/', "_").replace('=', ""), "3f".repeat(32)]
        {
            let key = MasterKey::parse(&text.clone().into()).unwrap();

            assert_eq!(key.id(), MasterKey::new([0x3f; KEY_BYTES]).id(), "{text}");
            assert!(!format!("{key:?}").contains("Pz8"), "{key:?}");
        }
        for text in ["", "short", "zz", &"3g".repeat(32), &"A".repeat(44)] {
            assert!(MasterKey::parse(&text.to_owned().into()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_ring_holds_each_key_once() {
        let key = |byte| MasterKey::new([byte; KEY_BYTES]);

        let ring = Keyring::new(key(1), [key(2), key(1), key(2)]);

        assert_eq!(ring.keys().len(), 2);
        assert_eq!(ring.current().id(), key(1).id());
        assert_ne!(key(1).id(), key(2).id());
    }
}
