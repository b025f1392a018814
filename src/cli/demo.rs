//! `demo`: a federation of five simulated services in four countries, with nothing to configure.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::told_to_stop;
use crate::{
    app::App,
    auth::DevelopmentIssuer,
    config::{self, Config},
    domain::{Role, SystemClock},
    simulator::Simulator,
    telemetry,
};

/// Where the demo listens and keeps its state.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where callers are served; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where operators are served; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9090")]
    ops_listen: SocketAddr,
    /// Where database, keys and `demo.json` are kept.
    #[arg(long, default_value = "data/demo")]
    data_dir: PathBuf,
    /// Which log lines are written: a level, or `target=level` parted by commas.
    #[arg(long, default_value = "warn")]
    log: String,
}

/// A simulated service of the demo.
struct Member {
    id: &'static str,
    name: &'static str,
    /// Which adapter speaks to it.
    kind: &'static str,
    simulator: &'static str,
    knobs: &'static [(&'static str, &'static str)],
    jurisdiction: &'static str,
}

const MEMBERS: [Member; 5] = [
    Member {
        id: "michigan-us",
        name: "Simulated Michigan Imputation Server",
        kind: "michigan",
        simulator: "cloudgene3",
        knobs: &[("panels", "michigan")],
        jurisdiction: "US",
    },
    Member {
        id: "h3africa-za",
        name: "Simulated H3Africa imputation service",
        kind: "michigan",
        simulator: "cloudgene3",
        knobs: &[("panels", "h3africa")],
        jurisdiction: "ZA",
    },
    Member {
        id: "ilifu-za",
        name: "Simulated ILIFU WES node",
        kind: "wes",
        simulator: "wes",
        knobs: &[("dialect", "spec")],
        jurisdiction: "ZA",
    },
    Member {
        id: "icer-ml",
        name: "Simulated ICER Mali WES node",
        kind: "wes",
        simulator: "wes",
        knobs: &[("dialect", "sapporo")],
        jurisdiction: "ML",
    },
    Member {
        id: "dnastack-ca",
        name: "Simulated DNAstack Omics",
        kind: "dnastack",
        simulator: "dnastack",
        knobs: &[],
        jurisdiction: "CA",
    },
];

pub(super) async fn run(options: Options) -> Result<()> {
    telemetry::init(&telemetry::Config {
        format: telemetry::Format::Text,
        filter: options.log.clone(),
    })?;
    let mut simulators = Vec::new();
    let mut services = Vec::new();
    for member in &MEMBERS {
        let simulator = start(member).await?;
        services.push(describe(member, &simulator));
        simulators.push(simulator);
    }

    let config = configure(&options, &simulators)?;
    let data_dir = config.data_dir.clone();
    let app = App::start(config).await?;
    let issuer = DevelopmentIssuer::open(&data_dir, Arc::new(SystemClock))?;
    let day = Duration::from_secs(24 * 3600);
    let base_url = format!("http://{}", app.address);
    let demo = json!({
        "base_url": base_url,
        "ops_url": format!("http://{}", app.ops_address),
        "token": issuer.mint("amina", Some("Demo University"), &[Role::Researcher], day),
        "steward_token": issuer.mint("steward", Some("Demo University"), &[Role::DataSteward], day),
        "admin_token": issuer.mint("operator", None, &[Role::Operator], day),
        "services": services,
    });
    write_whole(&data_dir.join("demo.json"), &demo)?;
    greet(&demo);

    app.run_until(told_to_stop()).await;
    for simulator in simulators {
        simulator.stopped().await;
    }
    Ok(())
}

async fn start(member: &Member) -> Result<Simulator> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no free port")?;
    let knobs: Vec<_> =
        member.knobs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Simulator::start(member.simulator, listener, &knobs).map_err(anyhow::Error::msg)
}

fn describe(member: &Member, simulator: &Simulator) -> Value {
    json!({
        "id": member.id,
        "kind": member.kind,
        "name": member.name,
        "url": simulator.url().as_str().trim_end_matches('/'),
        "jurisdiction": member.jurisdiction,
    })
}

/// A configuration as an operator would write it, over the ports that were found. The simulators'
/// secrets are known to everybody and lie in files only because secrets are always given by reference.
fn configure(options: &Options, simulators: &[Simulator]) -> Result<Config> {
    fs::create_dir_all(&options.data_dir)?;
    let secret = |name: &str, text: &str| -> Result<String> {
        let path = std::path::absolute(options.data_dir.join(name))?;
        fs::write(&path, text)?;
        Ok(format!("file:{}", path.display()))
    };
    let cloudgene = secret("simulated-cloudgene-token", "sim-token")?;
    let dnastack = secret("simulated-dnastack-secret", "simulated-secret")?;
    let services: Vec<_> = MEMBERS
        .iter()
        .zip(simulators)
        .map(|(member, simulator)| {
            let url = simulator.url();
            let (credential, settings) = match member.kind {
                "michigan" => (
                    json!({"type": "header", "name": "X-Auth-Token", "value": cloudgene}),
                    json!({}),
                ),
                "dnastack" => (
                    json!({
                        "type": "client_credentials",
                        "token_url": format!("{url}oauth/token"),
                        "client_id": "simulated-client",
                        "client_secret": dnastack,
                        "resource": url,
                    }),
                    json!({"namespace": "5d1f7b0c-8f6e-4f0a-9c55-2f9a6f0b7c11"}),
                ),
                _ => (json!({"type": "none"}), json!({})),
            };
            json!({
                "id": member.id,
                "kind": member.kind,
                "name": member.name,
                "url": url,
                "jurisdiction": member.jurisdiction,
                "credential": credential,
                "caller_credential": if member.kind == "michigan" { "optional" } else { "none" },
                "settings": settings,
            })
        })
        .collect();
    let all = json!({
        "data_dir": options.data_dir,
        "server": {
            "listen": options.listen.to_string(),
            "ops_listen": options.ops_listen.to_string(),
            "grace_period": "3s",
        },
        "api": { "name": "GA4GH federation gateway (demo)", "organization_name": "Demo federation" },
        // Runs take seconds here, so they are asked about more often than real ones.
        "gateway": { "poll_min": "300ms", "poll_max": "2s", "details_fresh_for": "1s", "lost_after": "20s" },
        "health": { "interval": "10s", "retry_interval": "2s" },
        "discovery": {"allow_networks": ["127.0.0.0/8"]},
        "services": services,
    });
    config::from_value(&all).map_err(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the demo's own configuration is wrong: {}", lines.join("; "))
    })
}

/// Scripts wait for the file, so it must not be seen half written.
fn write_whole(path: &Path, demo: &Value) -> Result<()> {
    let draft = path.with_extension("json.new");
    fs::write(&draft, serde_json::to_string_pretty(demo)?)?;
    fs::rename(&draft, path)?;
    Ok(())
}

fn greet(demo: &Value) {
    let text = |name: &str| demo[name].as_str().unwrap_or_default().to_owned();
    let base_url = text("base_url");
    println!("The GA4GH federation gateway serves at {base_url}/ga4gh/wes/v1");
    println!("Behind it, simulated:");
    for service in demo["services"].as_array().into_iter().flatten() {
        let word = |name: &str| service[name].as_str().unwrap_or_default().to_owned();
        println!(
            "  {:<12} {:<9} {}  {}",
            word("id"),
            word("kind"),
            word("jurisdiction"),
            word("url")
        );
    }
    println!("API pages: {base_url}/docs/    Metrics: {}/metrics", text("ops_url"));
    println!();
    println!("Copy these four lines into another terminal, then follow the README:");
    println!("export GATEWAY={base_url}");
    println!("export OPERATOR_TOKEN={}", text("admin_token"));
    println!("export STEWARD_TOKEN={}", text("steward_token"));
    println!("export TOKEN={}", text("token"));
    println!();
    println!("Ctrl-C ends it.");
}
