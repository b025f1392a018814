//! `simulate`: one simulated service alone, for trying adapters and for counting from outside.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use clap::Args;
use tokio::net::TcpListener;

use super::told_to_stop;
use crate::simulator::Simulator;

/// Which service, and how it behaves.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// cloudgene3, cloudgene2, dnastack or wes.
    kind: String,
    /// Where it listens; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A knob, as name=value; `GET /_sim/knobs` lists them, and `PATCH` turns them while it runs.
    #[arg(long = "set", value_parser = parse_knob)]
    knobs: Vec<(String, String)>,
}

pub(super) async fn run(options: Options) -> Result<()> {
    let listener = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("cannot listen on {}", options.listen))?;
    let simulator =
        Simulator::start(&options.kind, listener, &options.knobs).map_err(anyhow::Error::msg)?;
    println!("{} at {}", options.kind, simulator.url());
    told_to_stop().await;
    simulator.stopped().await;
    Ok(())
}

fn parse_knob(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a knob is set as name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}
