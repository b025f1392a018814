//! The data directory, taken by one gateway at a time.

use std::{
    fs::{self, File, TryLockError},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use anyhow::{Context, Result, bail};

/// Makes the data directory for its owner alone, and takes it.
pub(super) fn take(data_dir: &Path) -> Result<File> {
    let named = || format!("the data directory {} cannot be used", data_dir.display());
    fs::create_dir_all(data_dir).with_context(named)?;
    // Requests lie in the database as they came; nobody else may read them.
    fs::set_permissions(data_dir, fs::Permissions::from_mode(0o700)).with_context(named)?;
    let lock = File::create(data_dir.join("lock")).with_context(named)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            bail!("another gateway uses the data directory {}", data_dir.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(named),
    }
}
