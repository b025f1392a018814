//! Flags and subcommands.

mod audit;
mod check;
mod demo;
mod descriptors;
mod node;
mod serve;
mod simulate;
mod token;

use std::{future::Future, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// One GA4GH WES endpoint in front of many services.
#[derive(Debug, Parser)]
#[command(name = "ga4gh-gateway", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the federation of a configuration.
    Serve {
        /// The configuration file; without it, the defaults and the environment.
        #[arg(long, short)]
        config: Option<PathBuf>,
    },
    /// Serves a federation of five simulated services, with nothing to configure.
    Demo(demo::Options),
    /// Serves one simulated service alone.
    Simulate(simulate::Options),
    /// Checks a configuration and tells every problem with its file and key.
    Check {
        /// The configuration file.
        #[arg(long, short)]
        config: PathBuf,
    },
    /// Verifies an export of the audit trail.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Registers a node at a gateway, and keeps it known to be alive.
    #[command(subcommand)]
    Node(node::Command),
    /// Prints the OpenAPI document.
    Openapi,
    /// Prints a development token.
    Token(token::Options),
}

impl Cli {
    /// Does what was asked. Errors go to standard error, in one line each.
    pub fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Serve { config } => serve::run(config.as_deref()),
            Command::Demo(options) => block_on(demo::run(options)),
            Command::Simulate(options) => block_on(simulate::run(options)),
            Command::Check { config } => check::run(&config),
            Command::Audit(command) => audit::run(&command),
            Command::Node(command) => block_on(node::run(command)),
            Command::Openapi => {
                print!("{}", crate::api::document());
                Ok(())
            }
            Command::Token(options) => token::run(&options),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("ga4gh-gateway: {error:#}");
                ExitCode::FAILURE
            }
        }
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Returns when the process is told to stop: Ctrl-C, or SIGTERM.
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be watched");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
