//! A private PostgreSQL, reached through a socket file.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

use super::program::{Program, Stop, succeed};

/// `nobody`, on every Debian: the server refuses to run as root.
const NOBODY: u32 = 65_534;

/// A running server with an empty database `gateway`; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Postgres {
    // Declared before the folder, so that it ends before its folder goes.
    program: Program,
    folder: TempDir,
}

impl Postgres {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("pg-")
            .tempdir_in("/tmp")
            .expect("temporary folders can be made");
        if is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("root can give a folder away");
        }
        let data = folder.path().join("data");
        let mut initdb = program("initdb", folder.path());
        initdb.args(["--username=gateway", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        initdb.args(["--no-sync", "--no-instructions", "-D"]).arg(&data);
        succeed(&initdb).await;

        let mut postgres = program("postgres", folder.path());
        postgres.arg("-D").arg(&data).arg("-k").arg(folder.path());
        // Speed over safety: the data live as long as the test.
        for setting in ["listen_addresses=", "fsync=off", "full_page_writes=off", "jit=off"] {
            postgres.args(["-c", setting]);
        }
        let program = Program::start(&postgres, Stop::Quit, folder.path());
        let mut server = Self { program, folder };
        let maintenance = server.database("postgres");
        server.program.ready(|| create_database(maintenance.clone())).await;
        server
    }

    /// Where it listens, in the form that sqlx reads.
    pub(crate) fn url(&self) -> String {
        self.database("gateway")
    }

    fn database(&self, name: &str) -> String {
        format!("postgres://gateway@localhost/{name}?host={}", self.folder.path().display())
    }
}

async fn create_database(url: String) -> Result<(), String> {
    let mut connection = PgConnection::connect(&url).await.map_err(|e| e.to_string())?;
    let created = sqlx::query("CREATE DATABASE gateway").execute(&mut connection).await;
    created.map(drop).map_err(|e| e.to_string())
}

/// One of the server's programs, run as somebody who is not root.
fn program(name: &str, folder: &Path) -> Command {
    let path = find(name);
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(path);
        command
    } else {
        Command::new(path)
    };
    command.current_dir(folder);
    command
}

/// Debian keeps the server's programs out of the path, in a folder per version.
fn find(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        versions.map(|v| v.path().join("bin").join(name)).filter(|path| path.exists()).collect();
    found.sort();
    found.pop().unwrap_or_else(|| panic!("{name} is missing: run `make setup`"))
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|us| us.uid() == 0)
}
