//! The gateway's executable.

use std::process::ExitCode;

use clap::Parser;
use ga4gh_gateway::cli::Cli;

/// Gives memory back after a wave of connections, which the system's allocator does not.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    Cli::parse().run()
}
