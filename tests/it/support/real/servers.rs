//! Real WES servers, each private, on a free port, without containers.

use std::{fs, path::PathBuf, process::Command};

use tempfile::TempDir;

use super::{bin, command, file, search_path};
use crate::support::{
    http,
    ports::free_port,
    program::{Program, Stop},
};

/// A running WES server; dropping it ends it and its runs. Its log is printed when the test fails.
#[derive(Debug)]
pub(crate) struct RealServer {
    port: u16,
    // Declared before the folder, so that it ends before its folder goes.
    program: Program,
    _home: TempDir,
}

impl RealServer {
    /// The GA4GH reference implementation, with cwltool. It lists runs under the WES 0.3 name
    /// `workflows`, knows no `QUEUED`, and a cancel does nothing.
    pub(crate) async fn wes_server() -> Self {
        Self::start(|home, port| {
            let mut server = command("wes-servers", "wes-server", home);
            server.args([
                "--port",
                port,
                "--opt",
                "runner=cwltool",
                "--opt",
                "extra=--no-container",
            ]);
            server
        })
        .await
    }

    /// Toil's own server, a runner of clusters; here it runs on this machine, without a broker.
    pub(crate) async fn toil() -> Self {
        Self::start(|home, port| {
            let mut server = command("wes-servers", "toil", home);
            server.args(["server", "--host", "127.0.0.1", "--port", port, "--workers", "1"]);
            server.args(["--bypass_celery", "--opt=--no-container", "--work_dir"]);
            server.arg(home.join("work"));
            server
        })
        .await
    }

    /// Sapporo: real paging, cancel through `CANCELING`, and refusals of its own. It wants
    /// `workflow_engine` in each request.
    pub(crate) async fn sapporo() -> Self {
        Self::start(|home, port| {
            let runs = home.join("runs");
            fs::create_dir(&runs).expect("a fresh folder can be written");
            let mut server = command("sapporo", "sapporo", home);
            // It starts each engine through `docker run`; our stand-in runs cwltool of this machine.
            let path = search_path(&[file("stand-in"), bin("sapporo"), bin("wes-servers")]);
            server.env("PATH", path).args(["--host", "127.0.0.1", "--port", port, "--run-dir"]);
            server.arg(runs).args(["--url-prefix", "/ga4gh/wes/v1", "--cancel-grace-seconds", "3"]);
            server
        })
        .await
    }

    async fn start(recipe: impl FnOnce(&PathBuf, &str) -> Command) -> Self {
        let home = tempfile::tempdir().expect("temporary folders can be made");
        let port = free_port();
        let server = recipe(&home.path().to_owned(), &port.to_string());
        let program = Program::start(&server, Stop::Term, home.path());
        let mut server = Self { port, program, _home: home };
        let info = server.url("/service-info");
        server.program.ready(|| async { http::get(&info).await.map(drop) }).await;
        server
    }

    /// `http://127.0.0.1:PORT`, without a path.
    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The address of `path`, which starts with a slash, in its WES API.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/ga4gh/wes/v1{path}", self.origin())
    }
}
