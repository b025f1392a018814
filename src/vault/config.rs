//! `[vault]`: under what secrets are sealed, and when callers are warned of the end of theirs.

use std::time::Duration;

use humantime_serde::Serde;
use secrecy::SecretString;
use serde::Deserialize;

use super::keyring::MasterKey;

/// Under what secrets are sealed. `S` is a secret: by reference in a file, itself once it was read.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, bound(deserialize = "S: Deserialize<'de>"))]
pub struct Config<S = SecretString> {
    /// The key that all others are sealed under; unset, `master.key` in the data directory, which is made
    /// at the first start.
    pub master_key: Option<S>,
    /// Keys that were `master_key` before: what is sealed under them is opened until `vault rotate` has
    /// taken it over.
    pub former_keys: Vec<S>,
    /// How long before a caller's credential expires its caller is warned, the longest first.
    pub warn_before: Vec<Serde<Duration>>,
    /// How often it is looked whether there is somebody to warn.
    #[serde(with = "humantime_serde")]
    pub warn_interval: Duration,
}

impl<S> Default for Config<S> {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        Self {
            master_key: None,
            former_keys: Vec::new(),
            warn_before: vec![(7 * DAY).into(), (3 * DAY).into(), DAY.into()],
            warn_interval: Duration::from_secs(60),
        }
    }
}

impl<S> Config<S> {
    /// The keys that are configured, the one that seals first; none, if the data directory holds them.
    /// The error names the key of the configuration and what is wrong with it.
    pub fn keys(
        &self,
        read: impl Fn(&S) -> Result<SecretString, String>,
    ) -> Result<Vec<MasterKey>, (String, String)> {
        let named = self.master_key.iter().map(|key| ("master_key".to_owned(), key));
        let former = self.former_keys.iter().enumerate();
        let former = former.map(|(at, key)| (format!("former_keys[{at}]"), key));
        if self.master_key.is_none() && !self.former_keys.is_empty() {
            let why = "without master_key the keys are in the data directory, former ones too";
            return Err(("former_keys".to_owned(), why.to_owned()));
        }
        let keys = named.chain(former).map(|(name, key)| {
            let key = read(key)
                .and_then(|text| MasterKey::parse(&text).map_err(|error| error.to_string()));
            key.map_err(|why| (name, why))
        });
        keys.collect()
    }

    /// When callers are warned: how long before the end, and how often it is looked.
    pub fn warnings(&self) -> (Vec<Duration>, Duration) {
        (self.warn_before.iter().map(|step| **step).collect(), self.warn_interval)
    }

    /// What is wrong beyond what a field can see alone, by key.
    pub fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let mut problems = Vec::new();
        if !self.warn_before.is_sorted_by(|a, b| **a > **b) {
            problems.push(("warn_before", "it is a list of spans, the longest first"));
        }
        if self.warn_interval.is_zero() {
            problems.push(("warn_interval", "it must be more than 0"));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_order_and_the_wrong_one_is_named() {
        let config = |master: Option<&str>, former: &[&str]| Config::<String> {
            master_key: master.map(str::to_owned),
            former_keys: former.iter().map(|key| (*key).to_owned()).collect(),
            ..Config::default()
        };
        let read = |text: &String| Ok(SecretString::from(text.repeat(32)));
        let key = |byte| MasterKey::new([byte; 32]).id().to_owned();

        let keys = config(Some("11"), &["22"]).keys(read).unwrap();

        assert_eq!(keys.iter().map(MasterKey::id).collect::<Vec<_>>(), [key(0x11), key(0x22)]);
        assert!(config(None, &[]).keys(read).unwrap().is_empty());
        for (config, name) in [
            (config(Some("1"), &[]), "master_key"),
            (config(Some("11"), &["22", "zz"]), "former_keys[1]"),
            (config(None, &["22"]), "former_keys"),
        ] {
            assert_eq!(config.keys(read).unwrap_err().0, name);
        }
    }
}
