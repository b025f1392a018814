//! The master keys: where they are, and how everything that is sealed gets under another one.

use anyhow::{Context, Result, bail};

use super::{build::open_database, data_dir};
use crate::{
    audit::{Act, Audit, Entry},
    config::{Config, SecretRef},
    domain::SystemClock,
    ledger::Ledger,
    vault::{KeyFolder, Keyring, MasterKey, Rewrapped, Sealer, Vault},
};

/// The purpose of the passwords of result archives.
pub(super) const PASSWORDS: &str = "archive passwords";

/// What came of a rotation.
#[derive(Debug)]
pub struct Rotated {
    /// Id of the key under which everything is sealed now.
    pub key: String,
    /// Ids of the keys that nothing needs any more, but backups.
    pub former: Vec<String>,
    /// What was taken over.
    pub rewrapped: Rewrapped,
}

/// All master keys: those of the configuration, and those in the data directory.
pub(super) fn open(config: &Config) -> Result<Keyring> {
    let folder = KeyFolder(&config.data_dir);
    match configured(config)? {
        None => Ok(folder.open()?),
        Some((current, former)) => Ok(Keyring::new(current, former.chain(folder.read()?))),
    }
}

/// Takes everything that is sealed over under a new master key: the one of the configuration, or, where
/// there is none, one that is made in the data directory. No gateway may use the data directory meanwhile.
/// It can be cut short at any instant: every sealed text opens with the keys that are on the disk, a gateway
/// starts, and the next rotation goes on.
pub async fn rotate(config: &Config) -> Result<Rotated> {
    let _lock = data_dir::take(&config.data_dir)?;
    let folder = KeyFolder(&config.data_dir);
    let (ring, in_folder) = match configured(config)? {
        Some((current, former)) => (Keyring::new(current, former.chain(folder.read()?)), false),
        None => (folder.begin_rotation()?, true),
    };
    tell(config, &ring).await?;
    let rewrapped = rewrap(config, &ring).await?;
    // Read once more: the old key is put away only if nothing needs it.
    let left = rewrap(config, &ring).await?;
    if left.changed > 0 || left.unopened != rewrapped.unopened {
        bail!("something is still sealed under a former key; is another gateway running?");
    }
    if in_folder {
        folder.end_rotation()?;
    }
    Ok(Rotated {
        key: ring.current().id().to_owned(),
        former: ring.keys()[1..].iter().map(|key| key.id().to_owned()).collect(),
        rewrapped,
    })
}

/// Writes the rotation down before it is done. The ids of keys are no secrets.
async fn tell(config: &Config, ring: &Keyring) -> Result<()> {
    let database = open_database(config).await?;
    let audit = Audit::new(database.clone(), std::sync::Arc::new(SystemClock));
    let told = audit.record(Entry::new(Act::KeysRotated).with("key", ring.current().id())).await;
    database.close().await;
    told.context("nothing was sealed anew")
}

async fn rewrap(config: &Config, ring: &Keyring) -> Result<Rewrapped> {
    let database = open_database(config).await?;
    let passwords = Sealer::of(ring, PASSWORDS);
    let mut done = Rewrapped::default();
    let ledger = Ledger::new(database.clone(), std::sync::Arc::new(SystemClock));
    ledger
        .rewrap_passwords(|run_id, sealed| done.count(&passwords, run_id, sealed))
        .await
        .context("the passwords of result archives cannot be read or written")?;
    let credentials = Vault::new(database.clone(), ring).rewrap().await;
    database.close().await;
    Ok(done.and(credentials.context("the credentials cannot be read or written")?))
}

type Configured = (MasterKey, std::vec::IntoIter<MasterKey>);

/// The keys of the configuration: the one that seals, and the former ones.
fn configured(config: &Config) -> Result<Option<Configured>> {
    let keys = config.vault.keys(SecretRef::read);
    let keys = keys.map_err(|(key, why)| anyhow::anyhow!("vault.{key}: {why}"))?;
    let mut keys = keys.into_iter();
    Ok(keys.next().map(|current| (current, keys)))
}
