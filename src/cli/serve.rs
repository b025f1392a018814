//! `serve`: the gateway of a configuration.

use std::path::Path;

use anyhow::{Result, bail};

use super::{block_on, descriptors, told_to_stop};
use crate::{
    app::App,
    config::{self, Config, Problem},
    telemetry,
};

pub(super) fn run(file: Option<&Path>) -> Result<()> {
    let config = load(file)?;
    telemetry::init(&config.log)?;
    descriptors::raise_limit(config.server.max_connections);
    block_on(async {
        App::start(config).await?.run_until(told_to_stop()).await;
        Ok(())
    })
}

/// Reads the configuration; the error holds every problem, one a line.
pub(super) fn load(file: Option<&Path>) -> Result<Config> {
    let environment = std::env::vars();
    match config::load(file, environment) {
        Ok(config) => Ok(config),
        Err(problems) => {
            let lines: Vec<_> = problems.iter().map(Problem::to_string).collect();
            bail!("the configuration cannot be used\n{}", lines.join("\n"));
        }
    }
}
