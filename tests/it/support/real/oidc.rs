//! A real OpenID Connect server: the npm package `oidc-provider`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use tempfile::TempDir;

use super::file;
use crate::support::{
    http,
    ports::free_port,
    program::{Program, Stop},
};

/// A running server; dropping it ends it.
#[derive(Debug)]
pub(crate) struct OidcProvider {
    port: u16,
    redirect_uri: String,
    // Declared before the folder, so that it ends before its folder goes.
    program: Option<Program>,
    home: TempDir,
}

impl OidcProvider {
    /// Starts a server that sends people back to `redirect_uri`.
    pub(crate) async fn start(redirect_uri: &str) -> Self {
        let home = tempfile::tempdir().expect("temporary folders can be made");
        let (port, redirect_uri) = (free_port(), redirect_uri.to_owned());
        let mut server = Self { port, redirect_uri, program: None, home };
        server.resume().await;
        server
    }

    /// Its name in `iss`, which is its address.
    pub(crate) fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends it.
    pub(crate) fn pause(&mut self) {
        self.program = None;
    }

    /// Starts it again under its name.
    pub(crate) async fn resume(&mut self) {
        let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/real/oidc-provider");
        assert!(modules.exists(), "{} is missing: run `make setup`", modules.display());
        let mut command = Command::new("node");
        command.arg(file("oidc-provider/server.mjs")).arg(modules.join("node_modules"));
        command.arg(self.port.to_string()).arg(self.keys()).arg(&self.redirect_uri);
        command.current_dir(self.home.path()).env("HOME", self.home.path());
        let mut program = Program::start(&command, Stop::Term, self.home.path());
        let description = format!("{}/.well-known/openid-configuration", self.issuer());
        program.ready(|| async { http::get(&description).await.map(drop) }).await;
        self.program = Some(program);
    }

    /// Replaces its keys by new ones.
    pub(crate) async fn rotate(&mut self) {
        self.pause();
        fs::remove_file(self.keys()).expect("the server wrote it");
        self.resume().await;
    }

    /// An access token for a machine.
    pub(crate) async fn machine_token(&self) -> String {
        let pair = STANDARD.encode("pipeline:not-much-of-a-secret");
        let form = "grant_type=client_credentials&scope=wes";
        let url = format!("{}/token", self.issuer());
        let answer = http::post_form(&url, &format!("Basic {pair}"), form).await;
        let answer: Value = serde_json::from_str(&answer).expect("the answer is JSON");
        answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    fn keys(&self) -> PathBuf {
        self.home.path().join("keys.json")
    }
}
