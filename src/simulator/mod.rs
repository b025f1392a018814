//! Faithful servers of the dialects that the gateway speaks, for the demo and for tests.
//!
//! They know nothing of the gateway: they are written from the facts about the real servers, so that
//! an adapter that is wrong fails here too. Each has knobs for the ways in which the real ones misbehave.

mod behavior;
pub mod cloudgene;
mod course;
pub mod dnastack;
mod fleet;
mod knobs;
mod submissions;
mod upload;
pub mod wes;

use std::net::SocketAddr;

use axum::Router;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use url::Url;

pub use self::{
    behavior::{Behavior, Outcome},
    fleet::{Fleet, Manner},
    knobs::{Knobs, knobs_from},
    submissions::{Submission, Submissions},
};

/// The kinds that `simulate` starts.
pub const KINDS: [&str; 4] = ["cloudgene3", "cloudgene2", "dnastack", "wes"];

/// A simulated service on a real socket. It stops when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it accepted.
    pub submissions: Submissions,
    knobs: Knobs,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

impl Simulator {
    /// Starts a simulator of a kind on a bound listener. `settings` are knobs as `name=value`.
    pub fn start(
        kind: &str,
        listener: TcpListener,
        settings: &[(String, String)],
    ) -> Result<Self, String> {
        let submissions = Submissions::default();
        let stop = CancellationToken::new();
        let (router, knobs) = match kind {
            "cloudgene3" => cloudgene::build(3, settings, submissions.clone(), stop.clone())?,
            "cloudgene2" => cloudgene::build(2, settings, submissions.clone(), stop.clone())?,
            "dnastack" => dnastack::build(settings, submissions.clone(), stop.clone())?,
            "wes" => wes::build(settings, submissions.clone(), stop.clone())?,
            other => return Err(format!("no simulator is called `{other}`; there are {KINDS:?}")),
        };
        let router = router.merge(submissions.router()).merge(knobs.router());
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let server = serve(listener, router, stop.clone());
        Ok(Self { address, submissions, knobs, stop, server })
    }

    /// Its base URL, without a slash at the end of the path.
    pub fn url(&self) -> Url {
        format!("http://{}", self.address).parse().expect("an address makes a URL")
    }

    /// Turns a knob while it runs, as `PATCH /_sim/knobs` does.
    pub fn set(&self, name: &str, value: &str) -> Result<(), String> {
        self.knobs.set(name, value)
    }

    /// Waits until it has stopped.
    pub async fn stopped(mut self) {
        self.stop.cancel();
        let _ = (&mut self.server).await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> JoinHandle<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulator owns it and stops it when dropped"
    )]
    tokio::spawn(async move {
        let served = axum::serve(listener, router);
        tokio::select! {
            _ = served => {}
            () = stop.cancelled() => {}
        }
    })
}
