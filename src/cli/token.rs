//! `token`: a development token, for whoever may read the data directory.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    auth::DevelopmentIssuer,
    domain::{Role, SystemClock},
};

/// Whose token, and for how long.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The gateway's data directory.
    #[arg(long)]
    data_dir: PathBuf,
    /// Who the caller is.
    #[arg(long)]
    sub: String,
    /// The caller's institution.
    #[arg(long)]
    institution: Option<String>,
    /// What the caller may do: `researcher`, `node_operator`, `data_steward` or `operator`.
    #[arg(long, value_parser = parse_role)]
    role: Vec<Role>,
    /// How long the token is good, in seconds.
    #[arg(long, default_value_t = 3600)]
    ttl: u64,
}

pub(super) fn run(options: &Options) -> Result<()> {
    // A key in a folder that no gateway uses would make tokens that no gateway believes.
    if !options.data_dir.is_dir() {
        bail!("there is no data directory {}; start the gateway first", options.data_dir.display());
    }
    let issuer = DevelopmentIssuer::open(&options.data_dir, Arc::new(SystemClock))?;
    let ttl = Duration::from_secs(options.ttl);
    let institution = options.institution.as_deref();
    println!("{}", issuer.mint(&options.sub, institution, &options.role, ttl));
    Ok(())
}

fn parse_role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| {
        let words = Role::ALL.map(Role::as_str).join(", ");
        format!("a role is one of {words}")
    })
}
