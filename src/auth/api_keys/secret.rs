//! What an API key looks like: `gagk_<id>_<secret>_<check>`. The prefix is for scanners that look for
//! leaked keys, the check for keys that were cut or mistyped.

use ring::{
    digest,
    rand::{SecureRandom, SystemRandom},
};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use uuid::Uuid;

const PREFIX: &str = "gagk_";

/// Letters and digits of the secret part: 256 bits.
const SECRET_LENGTH: usize = 43;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A key as its owner holds it.
#[derive(Debug)]
pub(super) struct Secret {
    /// Its name; no secret.
    pub(super) id: String,
    /// The whole key.
    text: SecretString,
}

impl Secret {
    /// A new key. Ids sort by the time of their making.
    pub(super) fn generate() -> Self {
        let (id, random) = (Uuid::now_v7().simple().to_string(), SystemRandom::new());
        let mut secret = String::with_capacity(SECRET_LENGTH);
        while secret.len() < SECRET_LENGTH {
            let mut bytes = [0; 64];
            random.fill(&mut bytes).expect("the system has randomness");
            // 248 is the largest multiple of 62 in a byte: the rest would make some letters likelier.
            let letters = bytes.iter().filter(|byte| **byte < 248);
            let letters = letters.map(|byte| char::from(ALPHABET[usize::from(*byte) % 62]));
            secret.extend(letters.take(SECRET_LENGTH - secret.len()));
        }
        let body = format!("{PREFIX}{id}_{secret}");
        let text = format!("{body}_{:08x}", crc32(body.as_bytes())).into();
        Self { id, text }
    }

    /// Reads a key that somebody shows.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (body, check) = text.rsplit_once('_')?;
        let (id, secret) = body.strip_prefix(PREFIX)?.split_once('_')?;
        let is_whole = secret.len() == SECRET_LENGTH
            && id.len() == 32
            && check == format!("{:08x}", crc32(body.as_bytes()));
        is_whole.then(|| Self { id: id.to_owned(), text: text.into() })
    }

    /// The whole key, to be shown once.
    pub(super) fn into_text(self) -> SecretString {
        self.text
    }

    /// What is stored. The secret is as long as a hash, so a fast one does.
    pub(super) fn hash(&self) -> String {
        let digest = digest::digest(&digest::SHA256, self.text.expose_secret().as_bytes());
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether it is the key of which this hash was stored.
    pub(super) fn fits(&self, hash: &str) -> bool {
        self.hash().as_bytes().ct_eq(hash.as_bytes()).into()
    }
}

/// Whether a credential calls itself an API key.
pub(in crate::auth) fn is_api_key(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// CRC-32 of ISO 3309, as in zip and PNG.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_whole_or_not_at_all() {
        let made = Secret::generate();
        let (id, hash) = (made.id.clone(), made.hash());
        let text = made.into_text().expose_secret().to_owned();

        let read = Secret::read(&text).unwrap();

        assert_eq!(read.id, id);
        assert!(read.fits(&hash) && !Secret::generate().fits(&hash));
        assert!(is_api_key(&text) && text.len() < 100);
        for broken in [
            &text[1..],
            &text[..text.len() - 1],
            &text.replacen('a', "b", 1),
            "gagk_",
            "gagk___00000000",
            "gagk_a_b_00000000",
            &text.replace("gagk_", "gagk__"),
        ] {
            assert!(Secret::read(broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn the_check_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn keys_do_not_repeat_and_use_the_whole_alphabet() {
        let keys: Vec<_> = (0..100).map(|_| Secret::generate()).collect();
        let hashes: std::collections::BTreeSet<_> = keys.iter().map(Secret::hash).collect();
        let letters: std::collections::BTreeSet<char> =
            keys.iter().flat_map(|key| key.text.expose_secret().chars()).collect();

        assert_eq!(hashes.len(), 100);
        assert_eq!(letters.len(), 63, "all of them and the underscore");
    }
}
