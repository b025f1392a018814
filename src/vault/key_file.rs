//! The master key in a file of its own, readable by its owner alone.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use ring::rand::{SecureRandom, SystemRandom};

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

/// Reads the key, or makes one where there is none. The file appears whole or not at all.
pub fn open_key_file(path: &Path) -> Result<[u8; 32], KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    if !path.exists() {
        let mut key = [0; 32];
        SystemRandom::new().fill(&mut key).expect("the operating system gives randomness");
        create_whole(path, &key).map_err(failed)?;
    }
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Exposed(path.to_owned()));
    }
    let key = fs::read(path).map_err(failed)?;
    key.try_into().map_err(|_| KeyFileError::NotAKey(path.to_owned()))
}

fn create_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A name of its own: what an interrupted start left behind must not be in the way.
    let draft = path.with_extension(format!("new.{:016x}", fastrand::u64(..)));
    let linked = write_new(&draft, bytes).and_then(|()| match fs::hard_link(&draft, path) {
        // A link, not a rename: if another process was faster, its key stays.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let removed = fs::remove_file(&draft);
    linked.and(removed)?;
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

    #[test]
    fn a_key_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");

        let made = open_key_file(&path).unwrap();

        assert_eq!(open_key_file(&path).unwrap(), made);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        open_key_file(&path).unwrap();

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();

        assert!(matches!(open_key_file(&path), Err(KeyFileError::Exposed(_))));
    }
}
