//! Limits on the way in: what a request counts against, and what is told of it.
//!
//! The layer looks at the address before anybody knows who asks; the extractor of the caller takes from the
//! caller's limits and their institution's. Whoever shows a credential that was seen good lately is not
//! counted by their address, so that strangers beside them cannot keep them out.

mod address;
mod class;
mod describe;
mod headers;
mod known;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{StatusCode, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use ipnet::IpNet;

pub(super) use self::describe::describe;
use self::{
    class::{Asked, Class},
    known::{Fingerprint, Known},
};
use super::{Api, error::ApiError};
use crate::{
    domain::Caller,
    limit::{Limit, Limiter, Places, Standing},
    telemetry::PeerAddress,
};

/// Stands between callers and what they ask for.
#[derive(Debug)]
pub struct Gate {
    limiter: Arc<Limiter>,
    places: Arc<Places>,
    trusted_proxies: Vec<IpNet>,
    known: Known,
}

impl Gate {
    /// Keeps these limits, and believes what these proxies say of addresses.
    pub fn new(limiter: Arc<Limiter>, places: Arc<Places>, trusted_proxies: Vec<IpNet>) -> Self {
        Self { limiter, places, trusted_proxies, known: Known::new() }
    }

    /// The limits.
    pub(super) fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// The places for submissions.
    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    /// Looks at a request before it is known who asks.
    async fn admit_address(
        &self,
        slip: &Slip,
        address: &str,
        credential: Option<Fingerprint>,
    ) -> Result<(), ApiError> {
        let limit = match (slip.asked.class, credential) {
            (Class::Health, _) => return Ok(()),
            (Class::Login, _) => Limit::AddressLogin,
            (Class::Read | Class::Submit | Class::Admin, Some(known))
                if self.known.contains(known) =>
            {
                return Ok(());
            }
            (Class::Read | Class::Submit | Class::Admin, shown) => {
                if shown.is_some()
                    && let Some(blocked) = self.limiter.blocked(Limit::AddressRefused, address)
                {
                    return slip.note(blocked);
                }
                Limit::AddressUnknown
            }
        };
        self.take(slip, limit, address).await
    }

    /// Takes what a request costs from a caller's limits.
    pub(super) async fn admit_caller(&self, slip: &Slip, caller: &Caller) -> Result<(), ApiError> {
        slip.know();
        let Some((own, institution)) = slip.asked.class.limits() else { return Ok(()) };
        self.take(slip, own, caller.id.as_str()).await?;
        match &caller.institution {
            Some(name) => self.take(slip, institution, name).await,
            None => Ok(()),
        }
    }

    async fn take(&self, slip: &Slip, limit: Limit, key: &str) -> Result<(), ApiError> {
        match self.limiter.take(limit, key, slip.asked.cost).await {
            Some(standing) => slip.note(standing),
            None => Ok(()),
        }
    }

    /// What the answer says of the credential that was shown.
    async fn learn(
        &self,
        slip: &Slip,
        address: &str,
        shown: Option<Fingerprint>,
        is_refused: bool,
    ) {
        let Some(credential) = shown else { return };
        if is_refused {
            self.known.forget(credential);
            if slip.asked.class != Class::Login {
                self.limiter.count(Limit::AddressRefused, address).await;
            }
        } else if slip.is_known() {
            self.known.remember(credential);
        }
    }
}

/// Goes along with a request, and holds what it counted against.
#[derive(Debug, Clone)]
pub(super) struct Slip {
    asked: Asked,
    /// Guards what was noted; held for one note.
    noted: Arc<Mutex<Noted>>,
}

#[derive(Debug, Default)]
struct Noted {
    standings: Vec<Standing>,
    known: bool,
}

impl Slip {
    fn new(asked: Asked) -> Self {
        Self { asked, noted: Arc::default() }
    }

    /// Notes how somebody stands, and refuses the request if that is to be.
    fn note(&self, standing: Standing) -> Result<(), ApiError> {
        let refused = standing.retry_after.map(|wait| (wait, standing.name));
        self.noted.lock().expect("no holder panics").standings.push(standing);
        let Some((wait, name)) = refused else { return Ok(()) };
        let seconds = headers::whole_seconds(wait).max(1);
        let msg = format!("the limit `{name}` is used up; come back in {seconds} s");
        let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", msg);
        let error = error.with_retry_after(Duration::from_secs(seconds));
        Err(if self.asked.class == Class::Submit { error.without_run() } else { error })
    }

    fn know(&self) {
        self.noted.lock().expect("no holder panics").known = true;
    }

    fn is_known(&self) -> bool {
        self.noted.lock().expect("no holder panics").known
    }

    fn standings(&self) -> Vec<Standing> {
        std::mem::take(&mut self.noted.lock().expect("no holder panics").standings)
    }
}

impl FromRequestParts<Api> for Slip {
    type Rejection = Infallible;

    /// Every request that came through the layer has one.
    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Infallible> {
        let slip = parts.extensions.get::<Self>().cloned();
        Ok(slip.unwrap_or_else(|| Self::new(Asked { class: Class::Read, cost: 1 })))
    }
}

/// The layer around all routes.
pub(super) async fn limited(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let gate = &api.gate;
    let slip = Slip::new(Asked::of(&request, api.config.max_page_size));
    let peer = request.extensions().get::<PeerAddress>().and_then(|peer| peer.address);
    let peer = peer.map(|peer| peer.ip());
    let address = address::client(peer, request.headers(), &gate.trusted_proxies);
    let credential = gate.known.fingerprint(request.headers());
    let mut response = match gate.admit_address(&slip, &address, credential).await {
        Ok(()) => {
            request.extensions_mut().insert(slip.clone());
            next.run(request).await
        }
        Err(error) => error.into_response(),
    };
    let is_refused = response.status() == StatusCode::UNAUTHORIZED;
    gate.learn(&slip, &address, credential, is_refused).await;
    headers::add(response.headers_mut(), &slip.standings());
    response
}
