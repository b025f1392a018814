//! `node register`: a node asks to take part, or to be written down differently.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde_json::json;
use url::Url;

use super::{answer, audience, call, input, key_file};
use crate::{
    federation::nodes::{Claims, Purpose},
    jose::Algorithm,
};

/// What registers a node.
#[derive(Debug, Args)]
pub(in crate::cli) struct Options {
    /// Base URL of the gateway.
    #[arg(long)]
    gateway: Url,
    /// The invitation, in a file; `-` reads standard input. A node that takes part needs none.
    #[arg(long)]
    invitation: Option<PathBuf>,
    /// The service, in TOML or JSON: id, kind, url, jurisdiction and what else there is to say.
    #[arg(long)]
    document: PathBuf,
    /// The node's private key. It is made if there is none.
    #[arg(long)]
    key: PathBuf,
    /// What a key that is made is for.
    #[arg(long, default_value = "ed25519")]
    algorithm: KeyKind,
    /// The key that spoke for the node so far, to let it vouch for a new one.
    #[arg(long)]
    previous_key: Option<PathBuf>,
    /// What the gateway calls itself; what the invitation says, or the gateway's URL, unless set.
    #[arg(long)]
    audience: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KeyKind {
    Ed25519,
    Es256,
}

pub(super) async fn run(options: &Options) -> Result<()> {
    let document = input::document(&options.document)?;
    let invitation = options.invitation.as_deref().map(input::invitation).transpose()?;
    let algorithm = match options.algorithm {
        KeyKind::Ed25519 => Algorithm::EdDsa,
        KeyKind::Es256 => Algorithm::Es256,
    };
    let previous = options.previous_key.as_deref().map(key_file::read).transpose()?;
    let (signer, made) = key_file::open(&options.key, algorithm)?;
    if made {
        println!("A new key is in {}. Keep it: it speaks for the node.", options.key.display());
    }
    let invited = invitation.as_ref().and_then(|invitation| invitation.audience.as_deref());
    let audience = audience(options.audience.as_deref().or(invited), &options.gateway);
    let claims = |purpose| Claims::new(&audience, &document.id, purpose, call::now());
    let sign = || {
        let vouched = previous.as_ref().map(|previous| {
            let next = Some(signer.key().thumbprint());
            Claims { next, ..claims(Purpose::Rotate) }.sign_with_id(previous)
        });
        let registration = Claims {
            invitation: invitation.as_ref().map(|invitation| invitation.secret.clone()),
            service: Some(json!(document)),
            previous: vouched,
            ..claims(Purpose::Register)
        };
        registration.sign_with_key(&signer)
    };
    let path = ["nodes", "register"];
    let standing = call::post(&call::client()?, &options.gateway, &path, sign).await?;

    println!("{}", answer::told(&standing));
    println!("Its key is {}; the operator sees the same.", signer.key().thumbprint());
    println!("Next, and for as long as the node serves:");
    let named =
        match super::audience(None, &options.gateway) == standing.audience.trim_end_matches('/') {
            true => String::new(),
            false => format!(" --audience {}", standing.audience),
        };
    println!(
        "  ga4gh-gateway node heartbeat --gateway {} --key {} --id {}{named}",
        options.gateway,
        options.key.display(),
        document.id,
    );
    Ok(())
}
