//! Real WES software of others: their servers behind us, their clients in front of us.
//!
//! `make setup` installs it from the pins of `tests/real/*.txt` and `tests/real/*/package-lock.json`.

pub(crate) mod clients;
mod oidc;
mod servers;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

pub(crate) use self::{oidc::OidcProvider, servers::RealServer};

/// Nothing listens here. Several of these programs call out on their own (a cloud's metadata
/// address, schema hosts); no test may depend on the answer.
const CLOSED_PROXY: &str = "http://127.0.0.1:9";

/// A file of `tests/real`: workflows, stand-ins and small programs.
pub(crate) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real").join(name)
}

/// A program of the Python environment that `tests/real/{environment}.txt` describes, cut off from
/// the network and from the home of whoever runs the tests.
fn command(environment: &str, program: &str, home: &Path) -> Command {
    let bin = bin(environment);
    let path = bin.join(program);
    assert!(path.exists(), "{} is missing: run `make setup`", path.display());
    let mut command = Command::new(path);
    command.env("PATH", search_path(&[bin])).current_dir(home);
    command.env("HOME", home).env("TMPDIR", home);
    for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
        command.env(name, CLOSED_PROXY);
    }
    command.env("no_proxy", "127.0.0.1").env("NO_PROXY", "127.0.0.1");
    command
}

fn bin(environment: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/real").join(environment).join("bin")
}

/// The given folders, then those of whoever runs the tests.
fn search_path(first: &[PathBuf]) -> OsString {
    #[expect(clippy::disallowed_methods, reason = "tests have no config; children need a path")]
    let ours = std::env::var("PATH").expect("a path is set");
    let folders = first.iter().cloned().chain(std::env::split_paths(&ours));
    std::env::join_paths(folders).expect("no folder of ours has a colon")
}
