//! Very many very plain WES services in one process, of which some hang and some fail: what a sweep over
//! a whole federation meets.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::serve;

/// How a service of the fleet answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// At once.
    Answers,
    /// It takes the connection and the request, and never says a word.
    Hangs,
    /// With HTTP 500.
    Fails,
}

/// Many services, each on a port of its own. They stop when the fleet is dropped.
#[derive(Debug)]
pub struct Fleet {
    /// Where they listen, and how they answer.
    pub services: Vec<(Url, Manner)>,
    stop: CancellationToken,
}

impl Fleet {
    /// Starts as many services as there are manners.
    pub async fn start(manners: impl IntoIterator<Item = Manner>) -> std::io::Result<Self> {
        let stop = CancellationToken::new();
        let mut services = Vec::new();
        for manner in manners {
            let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
            let url = format!("http://{}", listener.local_addr()?);
            let router = Router::new().fallback(move || answer(manner));
            drop(serve(listener, router, stop.clone()));
            services.push((url.parse().expect("an address makes a URL"), manner));
        }
        Ok(Self { services, stop })
    }

    /// A federation of `count` services of which one in five hangs and one in ten fails.
    pub fn sick(count: usize) -> impl Iterator<Item = Manner> {
        (0..count).map(|number| match number % 10 {
            0 | 1 => Manner::Hangs,
            2 => Manner::Fails,
            _ => Manner::Answers,
        })
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn answer(manner: Manner) -> Response {
    const INFO: &str = r#"{"id":"org.example.fleet","name":"fleet","workflow_type_versions":
        {"WDL":{"workflow_type_version":["1.0"]}},"supported_wes_versions":["1.1.0"],
        "supported_filesystem_protocols":["https"],"workflow_engine_versions":{},
        "system_state_counts":{},"tags":{}}"#;
    match manner {
        Manner::Answers => ([(header::CONTENT_TYPE, "application/json")], INFO).into_response(),
        Manner::Fails => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Manner::Hangs => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
    }
}
