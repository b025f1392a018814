//! Secrets by reference: a configuration names the place of a secret and never holds it.

use std::{fmt, fs, path::PathBuf, str::FromStr};

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error as _};

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// In an environment variable.
    Env(String),
    /// In a file, up to its first line break.
    File(PathBuf),
}

impl SecretRef {
    /// Reads the secret. The error says what is wrong with its place, and never what is there.
    pub fn read(&self) -> Result<SecretString, String> {
        let text = match self {
            Self::Env(name) => {
                #[expect(clippy::disallowed_methods, reason = "this room reads the environment")]
                let value = std::env::var(name);
                value.map_err(|_| format!("the environment variable {name} is not set"))?
            }
            Self::File(path) => {
                let text = fs::read_to_string(path)
                    .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
                text.lines().next().unwrap_or_default().to_owned()
            }
        };
        if text.is_empty() {
            return Err(format!("{self} is empty"));
        }
        Ok(text.into())
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl FromStr for SecretRef {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            // The text itself may be a secret that was put here by mistake: it is not repeated.
            _ => Err("a secret is named by `env:NAME` or `file:PATH`, and never written out here"),
        }
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
