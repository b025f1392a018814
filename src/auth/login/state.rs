//! What a login under way is, kept by the browser itself: sealed, so that nobody reads or changes it, and
//! forgotten by the gateway, so that beginning logins costs it no memory.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest,
    rand::{SecureRandom, SystemRandom},
};
use serde::{Deserialize, Serialize};

/// A login under way.
#[derive(Serialize, Deserialize)]
pub(super) struct Pending {
    /// What comes back in `state`: only the browser that began can end it.
    pub(super) state: String,
    /// What the ID token must repeat.
    pub(super) nonce: String,
    /// What proves that whoever began asks for the token (RFC 7636).
    pub(super) verifier: String,
    /// Where somebody logs in.
    pub(super) issuer: String,
    /// Where the browser goes afterwards.
    pub(super) return_to: String,
    /// The second at which it is over.
    pub(super) expires: i64,
}

/// Seals logins under way with a key of this process: after a restart they begin again.
pub(in crate::auth) struct Envelope(LessSafeKey);

impl Pending {
    /// A new one.
    pub(super) fn new(issuer: &str, return_to: &str, expires: i64) -> Self {
        Self {
            state: random(),
            nonce: random(),
            verifier: random(),
            issuer: issuer.to_owned(),
            return_to: local(return_to).to_owned(),
            expires,
        }
    }

    /// What the issuer is told of the verifier.
    pub(super) fn challenge(&self) -> String {
        let digest = digest::digest(&digest::SHA256, self.verifier.as_bytes());
        URL_SAFE_NO_PAD.encode(digest)
    }
}

impl Envelope {
    pub(in crate::auth) fn new() -> Self {
        let mut key = [0; 32];
        SystemRandom::new().fill(&mut key).expect("the system has randomness");
        let key = UnboundKey::new(&AES_256_GCM, &key).expect("the key is as long as it must be");
        Self(LessSafeKey::new(key))
    }

    pub(super) fn seal(&self, pending: &Pending) -> String {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).expect("the system has randomness");
        let mut sealed = serde_json::to_vec(pending).expect("it is plain data");
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::empty(),
                &mut sealed,
            )
            .expect("a cookie is short");
        URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())
    }

    pub(super) fn open(&self, text: &str) -> Option<Pending> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.0.open_in_place(nonce, Aad::empty(), &mut sealed).ok()?;
        serde_json::from_slice(opened).ok()
    }
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Envelope")
    }
}

/// 256 bits, as text.
pub(super) fn random() -> String {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).expect("the system has randomness");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A path of the gateway itself; anything else would send people elsewhere in its name.
fn local(path: &str) -> &str {
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if path.starts_with('/') && !path.starts_with("//") && is_plain && path.len() <= 1024 {
        path
    } else {
        "/"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_sent_to_the_gateway_alone() {
        for (wanted, sent) in [
            ("/console/?a=b#c", "/console/?a=b#c"),
            ("https://evil.example", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/a\r\nSet-Cookie: x", "/"),
            ("javascript:alert(1)", "/"),
            ("", "/"),
        ] {
            assert_eq!(Pending::new("i", wanted, 0).return_to, sent, "{wanted}");
        }
    }

    #[test]
    fn what_was_sealed_is_opened_by_the_same_process_alone() {
        let (ours, theirs) = (Envelope::new(), Envelope::new());
        let pending = Pending::new("https://issuer.example", "/", 7);

        let sealed = ours.seal(&pending);

        let opened = ours.open(&sealed).unwrap();
        assert_eq!((opened.state, opened.expires), (pending.state, 7));
        assert!(theirs.open(&sealed).is_none() && ours.open("AAAA").is_none());
        let changed =
            sealed.replacen(&sealed[30..31], if &sealed[30..31] == "A" { "B" } else { "A" }, 1);
        assert!(ours.open(&changed).is_none());
    }
}
