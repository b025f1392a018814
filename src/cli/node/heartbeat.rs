//! `node heartbeat`: a sign of life, again and again.

use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;

use super::{
    Whoami, answer,
    call::{self, CallError},
    parse_span, parse_state,
};
use crate::{
    backend::client::Client,
    cli::told_to_stop,
    federation::nodes::{Claims, Purpose},
    jose::Signer,
    nodes::{Report, SelfState},
};

/// Which node, and what it says of itself.
#[derive(Debug, Args)]
pub(in crate::cli) struct Options {
    #[command(flatten)]
    whoami: Whoami,
    /// How often, such as `30s`; as often as the gateway asks for, unless set.
    #[arg(long, value_parser = parse_span)]
    every: Option<Duration>,
    /// Send one and end; it fails unless the node is approved or waits to be.
    #[arg(long)]
    once: bool,
    /// Whether the node wants runs: `active`, `draining` or `maintenance`.
    #[arg(long, default_value = "active", value_parser = parse_state)]
    state: SelfState,
    /// Why, in words for people.
    #[arg(long)]
    note: Option<String>,
    /// Runs that it works on.
    #[arg(long)]
    running: Option<u32>,
    /// Runs that wait there.
    #[arg(long)]
    queued: Option<u32>,
}

/// How soon a gateway that could not be reached is tried again, at most.
const RETRY: Duration = Duration::from_secs(10);

/// How often, until the gateway has said.
const USUAL: Duration = Duration::from_secs(45);

pub(super) async fn run(options: Options) -> Result<()> {
    let (signer, client) = (options.whoami.signer()?, call::client()?);
    if options.once {
        let standing = options.send(&signer, &client).await?;
        println!("{}", answer::told(&standing));
        if standing.is_refusal() {
            bail!("the gateway lets the node have no runs");
        }
        return Ok(());
    }
    tokio::select! {
        failed = options.keep_alive(&signer, &client) => failed,
        () = told_to_stop() => Ok(()),
    }
}

impl Options {
    async fn send(&self, signer: &Signer, client: &Client) -> Result<answer::Standing, CallError> {
        let report = || Report {
            state: self.state,
            note: self.note.clone(),
            running: self.running,
            queued: self.queued,
        };
        let sign = || {
            let claims = self.whoami.claims(Purpose::Heartbeat);
            Claims { report: Some(report()), ..claims }.sign_with_id(signer)
        };
        let path = ["nodes", &self.whoami.id, "heartbeat"];
        call::post(client, &self.whoami.gateway, &path, sign).await
    }

    /// Sends until no heartbeat can help any more. What the gateway says is told when it changes.
    async fn keep_alive(&self, signer: &Signer, client: &Client) -> Result<()> {
        let mut told = String::new();
        let mut every = self.every.unwrap_or(USUAL);
        loop {
            let (said, wait) = match self.send(signer, client).await {
                Ok(standing) => {
                    let asked = Duration::from_secs(standing.heartbeat_seconds.max(1));
                    every = self.every.unwrap_or(asked);
                    // The end of the lease moves each time, and is no news.
                    let news = answer::Standing { lease_until: None, ..standing };
                    (answer::told(&news), every)
                }
                Err(error) if error.is_final() => return Err(error.into()),
                Err(error) => (format!("{error}; trying again"), every.min(RETRY)),
            };
            if said != told {
                println!("{said}");
                told = said;
            }
            // Nodes that were started together do not stay in step.
            tokio::time::sleep(wait.mul_f64(0.9 + 0.2 * fastrand::f64())).await;
        }
    }
}
