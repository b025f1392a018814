//! An issuer for trials: a key in the data directory, and tokens for whoever may read it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::json;
use uuid::Uuid;

use super::{Issuer, TokenType};
use crate::{
    domain::{Clock, Role},
    jose::{Algorithm, KeySet},
};

/// Name of the development issuer in `iss`.
pub const ISSUER: &str = "urn:ga4gh-gateway:development";

/// What its tokens are for.
const AUDIENCE: &str = "ga4gh-gateway";

const KEY_FILE: &str = "development-issuer.p8";

/// Mints tokens that this gateway believes.
#[derive(Debug)]
pub struct DevelopmentIssuer {
    pair: EcdsaKeyPair,
    key_id: String,
    clock: Arc<dyn Clock>,
}

impl DevelopmentIssuer {
    /// Reads the key in `data_dir`, or makes one. A key that others may read is refused.
    pub fn open(data_dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, DevelopmentError> {
        let path = data_dir.join(KEY_FILE);
        let failed = |source| DevelopmentError::Io { path: path.clone(), source };
        if !path.try_exists().map_err(failed)? {
            create(data_dir, &path).map_err(failed)?;
        }
        let mode = fs::metadata(&path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(DevelopmentError::Exposed { path });
        }
        let der = fs::read(&path).map_err(failed)?;
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random)
            .map_err(|_| DevelopmentError::NotAKey { path })?;
        let digest = digest::digest(&digest::SHA256, pair.public_key().as_ref());
        let key_id = URL_SAFE_NO_PAD.encode(&digest.as_ref()[..12]);
        Ok(Self { pair, key_id, clock })
    }

    /// A token for `subject`, valid from now for `ttl`.
    pub fn mint(
        &self,
        subject: &str,
        institution: Option<&str>,
        roles: &[Role],
        ttl: Duration,
    ) -> String {
        let now = self.clock.now().as_second();
        let lifetime = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX);
        let header = json!({
            "alg": Algorithm::Es256.as_str(), "typ": "at+jwt", "kid": self.key_id,
        });
        let mut claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "jti": Uuid::now_v7().to_string(),
            "client_id": "ga4gh-gateway", "iat": now, "nbf": now, "exp": now.saturating_add(lifetime),
            "roles": roles.iter().map(|role| role.as_str()).collect::<Vec<_>>(),
        });
        if let Some(institution) = institution {
            claims["institution"] = institution.into();
        }
        let encode = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = self
            .pair
            .sign(&SystemRandom::new(), signed.as_bytes())
            .expect("a good key fails to sign only where the system has no randomness");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Itself, as an issuer to be believed.
    pub(super) fn issuer(&self) -> Issuer {
        Issuer {
            issuer: ISSUER.to_owned(),
            audiences: vec![AUDIENCE.to_owned()],
            algorithms: vec![Algorithm::Es256],
            token_types: vec![TokenType::AccessToken],
            ..Issuer::default()
        }
    }

    /// Its public key.
    pub(super) fn keys(&self) -> KeySet {
        KeySet::of_p256(self.key_id.clone(), self.pair.public_key().as_ref().to_vec())
    }
}

/// Writes a new key beside its place and links it there: a reader never sees half of one, and of two
/// processes that start at once both use the key of the first.
fn create(data_dir: &Path, path: &Path) -> io::Result<()> {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
        .map_err(|_| io::Error::other("the system has no randomness"))?;
    fs::create_dir_all(data_dir)?;
    let draft = data_dir.join(format!("{KEY_FILE}.{}", Uuid::now_v7()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let linked = file
        .write_all(key.as_ref())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => File::open(data_dir)?.sync_all(),
    }
}

/// Why there is no development issuer.
#[derive(Debug, thiserror::Error)]
pub enum DevelopmentError {
    /// The key cannot be read or written.
    #[error("cannot keep a key at {}", path.display())]
    Io {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Others may read the key, and so mint tokens.
    #[error("{} can be read by others; take their access away (chmod 600) or delete it", path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
    },
    /// The file holds something else.
    #[error("{} is not a P-256 key in PKCS #8", path.display())]
    NotAKey {
        /// Which file.
        path: PathBuf,
    },
}
