//! What can be said of a configuration before anything is opened.

use std::sync::Arc;

use super::issuers::{ByHttp, read_secret};
use crate::{
    auth::{self, Authenticator},
    backend::{self, client::Client},
    config::Config,
    domain::{Clock, SystemClock},
    edge,
    federation::read_policies,
    policy::RuleSet,
};

/// Checks what a configuration refers to, without opening a port or a database. Every problem is told.
pub fn check(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let client = match Client::try_new(config.client.clone()) {
        Ok(client) => client,
        Err(error) => return vec![format!("client: {error}")],
    };
    for (position, service) in config.services.iter().enumerate() {
        let built = service.document.to_service().map_err(|flaw| flaw.why);
        if let Err(why) = built.and_then(|service| backend::build(&service, &client)) {
            problems.push(format!("services[{position}].settings: {why}"));
        }
    }
    let parts = auth::Parts {
        config: &config.auth,
        development: None,
        fetch: Some(Arc::new(ByHttp(client))),
        keys_folder: None,
        api_keys: None,
        database: None,
        read_secret,
        clock,
    };
    if let Some(Err(error)) = config.policy.dir.as_deref().map(read_policies).map(|files| {
        files.map_err(|error| error.to_string()).and_then(|files| {
            RuleSet::compile(&files).map_err(|flaws| {
                flaws.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            })
        })
    }) {
        problems.push(format!("policy.dir: {error}"));
    }
    if !config.auth.issuers.is_empty()
        && let Err(error) = Authenticator::build(parts)
    {
        problems.push(format!("auth: {:#}", anyhow::Error::from(error)));
    }
    if let Err(error) = edge::check(&config.server) {
        problems.push(format!("server: {:#}", anyhow::Error::from(error)));
    }
    problems
}
