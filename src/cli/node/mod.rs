//! `node`: what the operator of a node needs, so that no script has to be written.

mod answer;
mod call;
mod heartbeat;
mod input;
mod key_file;
mod register;

use std::{path::PathBuf, time::Duration};

use anyhow::Result;
use clap::{Args, Subcommand};
use url::Url;

use crate::{
    federation::nodes::{Claims, Purpose},
    jose::Signer,
    nodes::SelfState,
};

/// What a node does.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Registers a node at a gateway, or asks for a change of what is written down about it.
    Register(register::Options),
    /// Tells the gateway that the node is alive, again and again until told to stop.
    Heartbeat(heartbeat::Options),
    /// Asks how the node stands.
    Status(Whoami),
    /// Leaves the federation. Runs that the node has are followed to their end.
    Withdraw(Whoami),
}

/// Which node speaks, and to whom.
#[derive(Debug, Args)]
pub(in crate::cli) struct Whoami {
    /// Base URL of the gateway.
    #[arg(long)]
    gateway: Url,
    /// The node's private key.
    #[arg(long)]
    key: PathBuf,
    /// Id of the node: that of its service.
    #[arg(long)]
    id: String,
    /// What the gateway calls itself, as its invitation says; its URL, unless set.
    #[arg(long)]
    audience: Option<String>,
}

pub(super) async fn run(command: Command) -> Result<()> {
    match command {
        Command::Register(options) => register::run(&options).await,
        Command::Heartbeat(options) => heartbeat::run(options).await,
        Command::Status(whoami) => once(&whoami, Purpose::Status, "status").await,
        Command::Withdraw(whoami) => once(&whoami, Purpose::Withdraw, "withdraw").await,
    }
}

/// Asks the gateway once, and tells what it answered.
async fn once(whoami: &Whoami, purpose: Purpose, operation: &str) -> Result<()> {
    let signer = whoami.signer()?;
    let sign = || whoami.claims(purpose).sign_with_id(&signer);
    let path = ["nodes", &whoami.id, operation];
    let standing = call::post(&call::client()?, &whoami.gateway, &path, sign).await?;
    println!("{}", answer::told(&standing));
    Ok(())
}

impl Whoami {
    fn claims(&self, purpose: Purpose) -> Claims {
        Claims::new(
            &audience(self.audience.as_deref(), &self.gateway),
            &self.id,
            purpose,
            call::now(),
        )
    }

    fn signer(&self) -> Result<Signer> {
        key_file::read(&self.key)
    }
}

fn audience(named: Option<&str>, gateway: &Url) -> String {
    named.unwrap_or(gateway.as_str()).trim_end_matches('/').to_owned()
}

fn parse_state(word: &str) -> Result<SelfState, String> {
    SelfState::parse(word).ok_or_else(|| "it is active, draining or maintenance".to_owned())
}

fn parse_span(text: &str) -> Result<Duration, String> {
    let span: humantime_serde::Serde<Duration> =
        serde_json::from_value(text.into()).map_err(|error| error.to_string())?;
    if span.is_zero() { Err("it is longer than nothing".to_owned()) } else { Ok(span.into_inner()) }
}
