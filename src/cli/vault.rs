//! `vault rotate`: everything that is sealed gets under a new master key.

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;

use super::serve;
use crate::app;

/// What is done with the master keys.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Seals all data keys under a new master key: the one of the configuration, or one that is made in the
    /// data directory. The gateway must be stopped; what was cut short is taken up again.
    Rotate {
        /// The configuration file; without it, the defaults and the environment.
        #[arg(long, short)]
        config: Option<PathBuf>,
    },
}

pub(super) async fn run(command: Command) -> Result<()> {
    let Command::Rotate { config } = command;
    let done = app::rotate(&serve::load(config.as_deref())?).await?;
    let counts = &done.rewrapped;
    println!(
        "everything is sealed under the master key {}: {} looked at, {} taken over",
        done.key, counts.seen, counts.changed
    );
    if counts.unopened > 0 {
        println!("{} do not open with any key that is here, and stay as they are", counts.unopened);
    }
    for key in &done.former {
        println!("nothing here needs the key {key} any more; keep it as long as backups do");
    }
    Ok(())
}
