//! Master keys in files of their own, readable by their owner alone.
//!
//! `master.key` seals. While keys are rotated, `master.key.next` stands beside it; the one that it replaced
//! stays as `master.key.former-<id>`, since backups may still need it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use ring::rand::{SecureRandom, SystemRandom};
use secrecy::zeroize::Zeroizing;

use super::keyring::{KEY_BYTES, Keyring, MasterKey};

const CURRENT: &str = "master.key";
const NEXT: &str = "master.key.next";
const FORMER: &str = "master.key.former-";

/// Why the key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or written.
    #[error("the key file {path} cannot be used")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Others than its owner may read it.
    #[error("the key file {0} can be read by others; run `chmod 600` on it")]
    Exposed(PathBuf),
    /// It does not hold 32 bytes.
    #[error("the key file {0} does not hold a key of 32 bytes")]
    NotAKey(PathBuf),
}

/// The keys in a data directory.
#[derive(Debug)]
pub struct KeyFolder<'a>(pub &'a Path);

impl KeyFolder<'_> {
    /// All keys, whether or not a rotation was cut short; makes the first one where there is none.
    pub fn open(&self) -> Result<Keyring, KeyFileError> {
        Ok(Keyring::new(open_key(&self.0.join(CURRENT))?, self.others()?))
    }

    /// All keys that are there; none is made.
    pub fn read(&self) -> Result<Vec<MasterKey>, KeyFileError> {
        let current = self.0.join(CURRENT);
        let current = if current.exists() { Some(read_key(&current)?) } else { None };
        Ok(current.into_iter().chain(self.others()?).collect())
    }

    /// The ring of a rotation: a new key that seals, and all others. The new key is on the disk before
    /// anything is sealed under it; if a rotation was cut short, its key is taken up again.
    pub fn begin_rotation(&self) -> Result<Keyring, KeyFileError> {
        let current = open_key(&self.0.join(CURRENT))?;
        let next = open_key(&self.0.join(NEXT))?;
        Ok(Keyring::new(next, std::iter::once(current).chain(self.others()?)))
    }

    /// Makes the new key the one that seals, once nothing needs the old one. At every instant all keys
    /// are on the disk.
    pub fn end_rotation(&self) -> Result<(), KeyFileError> {
        let (current, next) = (self.0.join(CURRENT), self.0.join(NEXT));
        let former = self.0.join(format!("{FORMER}{}", read_key(&current)?.id()));
        let failed = |source| KeyFileError::Io { path: next.clone(), source };
        link(&current, &former).map_err(failed)?;
        sync(&former).map_err(failed)?;
        fs::rename(&next, &current).map_err(failed)?;
        sync(&current).map_err(failed)
    }

    /// The keys beside the one that seals.
    fn others(&self) -> Result<Vec<MasterKey>, KeyFileError> {
        let failed = |source| KeyFileError::Io { path: self.0.to_owned(), source };
        let mut keys = Vec::new();
        for entry in fs::read_dir(self.0).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let name = name.to_string_lossy();
            if name == NEXT || name.starts_with(FORMER) {
                keys.push(read_key(&self.0.join(&*name))?);
            }
        }
        Ok(keys)
    }
}

/// Reads a key, or makes one where there is none. The file appears whole or not at all.
fn open_key(path: &Path) -> Result<MasterKey, KeyFileError> {
    if !path.exists() {
        let mut key = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut key).expect("the operating system gives randomness");
        create_whole(path, &key)
            .map_err(|source| KeyFileError::Io { path: path.to_owned(), source })?;
    }
    read_key(path)
}

fn read_key(path: &Path) -> Result<MasterKey, KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Exposed(path.to_owned()));
    }
    let key = Zeroizing::new(fs::read(path).map_err(failed)?);
    let key = key.as_slice().try_into().map_err(|_| KeyFileError::NotAKey(path.to_owned()))?;
    Ok(MasterKey::new(key))
}

fn create_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A name of its own: what an interrupted start left behind must not be in the way.
    let draft = path.with_extension(format!("new.{:016x}", fastrand::u64(..)));
    // A link, not a rename: if another process was faster, its key stays.
    let linked = write_new(&draft, bytes).and_then(|()| link(&draft, path));
    let removed = fs::remove_file(&draft);
    linked.and(removed)?;
    sync(path)
}

/// Gives a file a second name, unless there is one of that name.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes sure that the name of a file survives a power cut.
fn sync(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ring: &Keyring) -> Vec<String> {
        ring.keys().iter().map(|key| key.id().to_owned()).collect()
    }

    #[test]
    fn a_key_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().unwrap();
        assert!(KeyFolder(folder.path()).read().unwrap().is_empty());

        let made = KeyFolder(folder.path()).open().unwrap();

        assert_eq!(ids(&KeyFolder(folder.path()).open().unwrap()), ids(&made));
        let mode = fs::metadata(folder.path().join(CURRENT)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        KeyFolder(folder.path()).open().unwrap();
        let path = folder.path().join(CURRENT);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();

        let opened = KeyFolder(folder.path()).open();
        assert!(matches!(opened, Err(KeyFileError::Exposed(_))), "{opened:?}");
    }

    #[test]
    fn a_rotation_that_is_cut_short_goes_on_with_its_key_and_loses_none() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder(folder.path());
        let old = keys.open().unwrap().current().id().to_owned();
        let begun = keys.begin_rotation().unwrap();
        let new = begun.current().id().to_owned();

        // Cut short before its end: whoever opens the folder has both keys, and the old one seals.
        assert_eq!(ids(&keys.open().unwrap()), [old.clone(), new.clone()]);
        assert_eq!(ids(&keys.begin_rotation().unwrap()), [new.clone(), old.clone()]);
        // Cut short amid its end.
        link(&folder.path().join(CURRENT), &folder.path().join(format!("{FORMER}{old}"))).unwrap();
        assert_eq!(ids(&keys.begin_rotation().unwrap()), [new.clone(), old.clone()]);
        keys.end_rotation().unwrap();

        assert_eq!(ids(&keys.open().unwrap()), [new.clone(), old]);
        assert_ne!(keys.begin_rotation().unwrap().current().id(), new);
    }
}
