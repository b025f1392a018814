//! Reads the files of a set of policies.

use std::{collections::BTreeMap, fs, path::Path};

use super::PolicyError;

/// More and longer files than people write are a mistake.
const MAX_FILES: usize = 500;
const MAX_BYTES: u64 = 1024 * 1024;

/// The files of a set by their names: policies (`*.cedar`) and tests (`*.tests.toml`), from this folder
/// alone.
pub fn read_policies(folder: &Path) -> Result<BTreeMap<String, String>, PolicyError> {
    let unreadable =
        |what: &str, why: &dyn std::fmt::Display| PolicyError::Unreadable(format!("{what}: {why}"));
    let place = folder.display().to_string();
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(&place, &error))? {
        let entry = entry.map_err(|error| unreadable(&place, &error))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') || !(name.ends_with(".cedar") || name.ends_with(".tests.toml")) {
            continue;
        }
        let size = fs::metadata(entry.path()).map_err(|error| unreadable(&name, &error))?.len();
        if size > MAX_BYTES {
            return Err(unreadable(&name, &format!("it is larger than {MAX_BYTES} bytes")));
        }
        let text = fs::read_to_string(entry.path()).map_err(|error| unreadable(&name, &error))?;
        files.insert(name, text);
        if files.len() > MAX_FILES {
            return Err(unreadable(&place, &format!("it has more than {MAX_FILES} files")));
        }
    }
    if files.keys().any(|name| name.ends_with(".cedar")) {
        return Ok(files);
    }
    // An empty folder would permit nothing, and is more likely a mistake than meant.
    Err(unreadable(&place, &"it has no file that ends with .cedar"))
}

/// The same, without holding up whoever waits beside it.
pub(super) async fn read(folder: &Path) -> Result<BTreeMap<String, String>, PolicyError> {
    let folder = folder.to_owned();
    let read = tokio::task::spawn_blocking(move || read_policies(&folder));
    read.await.unwrap_or_else(|error| Err(PolicyError::Unreadable(error.to_string())))
}
