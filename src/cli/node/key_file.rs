//! The node's private key, in a file that nobody else can read.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use anyhow::{Context, Result, bail};

use crate::jose::{Algorithm, Signer};

/// Reads the key.
pub(super) fn read(path: &Path) -> Result<Signer> {
    let named = || format!("the key {} cannot be read", path.display());
    let mode = fs::metadata(path).with_context(named)?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("the key {} can be read by others; run `chmod 600` on it", path.display());
    }
    let text = fs::read_to_string(path).with_context(named)?;
    Signer::from_pem(&text).with_context(|| format!("{}", path.display()))
}

/// Reads the key, or makes one where there is none. Says whether it was made.
pub(super) fn open(path: &Path, algorithm: Algorithm) -> Result<(Signer, bool)> {
    if path.exists() {
        return Ok((read(path)?, false));
    }
    let text = Signer::generate(algorithm)?;
    create_whole(path, text.as_bytes())
        .with_context(|| format!("the key {} cannot be written", path.display()))?;
    Ok((read(path)?, true))
}

/// The file appears whole or not at all, and never replaces another.
fn create_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension(format!("new.{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let linked = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    linked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.key");

        let (first, made) = open(&path, Algorithm::EdDsa).unwrap();
        let (again, made_again) = open(&path, Algorithm::Es256).unwrap();

        assert!(made && !made_again);
        assert_eq!(first.key(), again.key());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("chmod 600"));
    }
}
