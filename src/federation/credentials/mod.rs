//! The credentials that callers enter for services: checked by asking the service, pinned to where it is,
//! and shown nowhere else and to nobody again.

mod error;
mod watch;

use std::{sync::Arc, time::Duration};

use http::HeaderName;
use tokio::sync::Semaphore;
use tracing::info;

use crate::{
    backend::{self, Adapters, Backend},
    domain::{CallerCredential, CallerId, Clock, Credential, Flaw, Lack, Service, ServiceId},
    events::Events,
    registry::{Registry, Snapshot},
    vault::{self, OwnCredential, Vault},
};

pub use self::error::Error;

/// The result of a use case.
pub(super) type Result<T, E = Error> = std::result::Result<T, E>;

/// Credentials that are checked at a time. A further one is told to come back.
const AT_ONCE: usize = 16;

/// How long a service may take to say what it thinks of a credential.
const CHECK_TIMEOUT: Duration = Duration::from_secs(30);

/// The headers in which callers may show a credential. In any other they could pretend to a service that
/// trusts the gateway to be somebody else.
const HEADERS: [&str; 5] =
    ["authorization", "x-auth-token", "x-api-key", "api-key", "private-token"];

/// Everything that the use cases stand on.
#[derive(Debug)]
pub struct Parts {
    /// How long before its end a caller is warned, the longest first, and how often it is looked.
    pub warn: (Vec<Duration>, Duration),
    /// Where the credentials are.
    pub vault: Arc<Vault>,
    /// The services.
    pub registry: Arc<Registry>,
    /// Their adapters.
    pub adapters: Arc<Adapters>,
    /// Who is told of an end that is near.
    pub events: Events,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
}

/// The use cases around the credentials that callers enter.
#[derive(Debug)]
pub struct Credentials {
    parts: Parts,
    /// Checks under way.
    checks: Semaphore,
}

/// A caller's credential as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnView {
    /// What is known of it.
    pub own: OwnCredential,
    /// What keeps it from being shown to its service.
    pub lack: Option<Lack>,
    /// Whether its service is shown credentials of callers at all.
    pub used: bool,
}

impl Credentials {
    /// The use cases over their parts.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self { parts, checks: Semaphore::new(AT_ONCE) })
    }

    /// Takes a credential in: the service accepts it, or it is not kept. It takes the place of the one
    /// before.
    pub async fn put(
        &self,
        caller: &CallerId,
        id: &ServiceId,
        credential: &Credential,
    ) -> Result<OwnView> {
        let fleet = self.parts.registry.snapshot();
        let service = wanting(&fleet, id)?;
        check_kind(credential, &self.parts.vault.service_credential(id))?;
        let now = self.parts.clock.now();
        if let Some(at) = vault::expires_at(credential).filter(|at| *at <= now) {
            return Err(Error::Expired(at));
        }
        let _place = self.checks.try_acquire().map_err(|_| Error::Busy)?;
        let adapter = self.parts.adapters.get(id);
        let adapter = adapter.ok_or_else(|| Error::UnknownService(id.clone()))?;
        ask(id, adapter.as_ref(), credential).await?;
        // A service that takes a caller without one just as well proves nothing by taking this one.
        let without = ask(id, adapter.as_ref(), &Credential::None).await;
        let proven = matches!(without, Err(Error::Refused { .. }));
        // It may have moved while it was asked; what was asked is what the credential is pinned to.
        let own = self.parts.vault.put_own(caller, service, credential, proven, now).await?;
        info!(service.id = %id, caller.id = %caller, "a caller entered a credential for {id}");
        Ok(self.view(own, &fleet))
    }

    /// The credentials of a caller as they stand, and the services that want one and have none.
    pub async fn list(
        &self,
        caller: &CallerId,
    ) -> Result<(Vec<OwnView>, Vec<(ServiceId, CallerCredential)>)> {
        let fleet = self.parts.registry.snapshot();
        let own = self.parts.vault.list_own(caller).await?;
        let wanted = fleet
            .services()
            .map(|listing| (listing.id(), listing.service().caller_credential))
            .filter(|(id, choice)| {
                *choice != CallerCredential::None && own.iter().all(|own| own.service != **id)
            })
            .map(|(id, choice)| (id.clone(), choice))
            .collect();
        Ok((own.into_iter().map(|own| self.view(own, &fleet)).collect(), wanted))
    }

    /// Forgets a credential. Runs that were sent with it are followed no further until there is one again.
    pub async fn remove(&self, caller: &CallerId, id: &ServiceId) -> Result<()> {
        if !self.parts.vault.remove_own(caller, id).await? {
            return Err(Error::Missing(id.clone()));
        }
        info!(service.id = %id, caller.id = %caller, "a caller removed the credential for {id}");
        Ok(())
    }

    fn view(&self, own: OwnCredential, fleet: &Snapshot) -> OwnView {
        let service = fleet.get(&own.service).map(|listing| listing.service());
        let lack = service.and_then(|service| own.lack(service, self.parts.clock.now()));
        let used = service.is_some_and(|s| s.caller_credential != CallerCredential::None);
        OwnView { own, lack, used }
    }
}

/// The service, if it is shown credentials of callers.
fn wanting<'a>(fleet: &'a Snapshot, id: &ServiceId) -> Result<&'a Service> {
    let service = fleet.get(id).ok_or_else(|| Error::UnknownService(id.clone()))?.service();
    match service.caller_credential {
        CallerCredential::None => Err(Error::NotWanted(id.clone())),
        CallerCredential::Optional | CallerCredential::Required => Ok(service),
    }
}

/// Whether callers may show such a credential.
fn check_kind(credential: &Credential, services: &Credential) -> Result<(), Flaw> {
    match credential {
        Credential::Bearer(_) | Credential::Basic { .. } => Ok(()),
        Credential::Header { name, .. } => {
            let same = |other: &str| name.eq_ignore_ascii_case(other);
            let of_service = match services {
                Credential::Header { name, .. } => Some(name.as_str()),
                _ => None,
            };
            if HEADERS.into_iter().chain(of_service).any(same) && name.parse::<HeaderName>().is_ok()
            {
                return Ok(());
            }
            let why = format!("a credential of yours goes in one of {}", HEADERS.join(", "));
            Err(Flaw::new("name", why))
        }
        // The gateway would fetch tokens from wherever a caller says.
        Credential::None | Credential::ClientCredentials { .. } => {
            Err(Flaw::new("type", "a credential of yours is a `header`, `bearer` or `basic`"))
        }
    }
}

/// Asks the service what it thinks of a credential.
async fn ask(id: &ServiceId, adapter: &dyn Backend, credential: &Credential) -> Result<()> {
    use backend::Error as E;
    let service = id.clone();
    let answer = tokio::time::timeout(CHECK_TIMEOUT, adapter.check_credential(credential)).await;
    let Ok(answer) = answer else {
        let why = format!("no answer within {CHECK_TIMEOUT:?}");
        return Err(Error::Unchecked { service, why, retry_after: None });
    };
    let Err(error) = answer else { return Ok(()) };
    let why = error.to_string();
    Err(match error {
        E::Credential { message } => Error::Refused { service, message },
        E::Unavailable { retry_after, .. } | E::Busy { retry_after, .. } => {
            Error::Unchecked { service, why, retry_after }
        }
        E::Uncertain { .. }
        | E::Refused { .. }
        | E::UnknownRun
        | E::Gone(_)
        | E::Unsupported(_)
        | E::Malformed(_)
        | E::Input(_) => Error::Unchecked { service, why, retry_after: None },
    })
}
