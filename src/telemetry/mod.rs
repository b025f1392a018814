//! What the gateway tells about itself: log lines and numbers.

mod config;
mod limits;
mod metrics;
mod request;

use std::io;

use tracing_subscriber::{EnvFilter, fmt, util::TryInitError};

pub use self::{
    config::{Config, Format},
    metrics::{InFlight, Metrics},
    request::{PeerAddress, RequestId},
};

/// Starts the log, once per process. It goes to standard error: standard output is for answers.
pub fn init(config: &Config) -> Result<(), Error> {
    use tracing_subscriber::util::SubscriberInitExt;

    let filter = EnvFilter::try_new(&config.filter).map_err(Error::Filter)?;
    let lines = fmt().with_env_filter(filter).with_writer(io::stderr);
    match config.format {
        Format::Json => lines.json().flatten_event(true).finish().try_init(),
        Format::Text => lines.finish().try_init(),
    }
    .map_err(Error::Taken)
}

/// Why the log did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is not one.
    #[error("the log filter cannot be read")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
    /// The process has a log already.
    #[error("the log was started before")]
    Taken(#[source] TryInitError),
}
