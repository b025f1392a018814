//! What the rules look at: plain values of one moment, read off the house once for each look.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use crate::{
    backend::client::Certificates,
    domain::ServiceId,
    registry::{Listing, Mode, Reach, Snapshot},
    vault::{self, Vault},
};

/// What is known of one service at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Which service.
    pub service: ServiceId,
    /// Which adapter speaks to it.
    pub kind: String,
    /// It is being worked on, as its operator or itself says: nobody is told anything.
    pub maintenance: bool,
    /// Whether it can be used.
    pub reach: Reach,
    /// Since when.
    pub reach_since: Timestamp,
    /// How often its circuit opened within the circuit's window.
    pub openings: u32,
    /// The share of calls that went well.
    pub success_rate: Option<f32>,
    /// How many calls that share is of.
    pub samples: u32,
    /// How long an answer takes on average.
    pub latency: Option<Duration>,
    /// When the gateway's credential expires, where it says so.
    pub credential_expires_at: Option<Timestamp>,
    /// How many credentials that callers have entered expire soon, and when the first does.
    pub caller_credentials: Option<(usize, Timestamp)>,
    /// When the certificate expires that the service showed last.
    pub certificate_expires_at: Option<Timestamp>,
}

/// For each service, how many credentials of callers expire soon, and when the first does.
pub(super) type Ending = BTreeMap<ServiceId, (usize, Timestamp)>;

/// The facts of all services.
pub(super) fn gather(
    fleet: &Snapshot,
    vault: &Vault,
    ending: &Ending,
    certificates: &[Certificates],
) -> Vec<Facts> {
    let of = |listing: &Listing| Facts {
        caller_credentials: ending.get(listing.id()).copied(),
        ..of(listing, vault, certificates)
    };
    fleet.services().map(of).collect()
}

fn of(listing: &Listing, vault: &Vault, certificates: &[Certificates]) -> Facts {
    let service = listing.service();
    let closed = listing.offer().is_some_and(|offer| offer.closed.is_some());
    let condition = listing.vitals().condition();
    let host = service.url.host_str().filter(|_| service.url.scheme() == "https");
    Facts {
        service: service.id.clone(),
        kind: service.kind.clone(),
        // A notice counts while the service can be heard; it may have been forgotten after an outage.
        maintenance: listing.record().mode == Mode::Maintenance
            || (closed && matches!(listing.reach(), Reach::Usable)),
        reach: listing.reach().clone(),
        reach_since: listing.reach_since(),
        openings: condition.trips,
        success_rate: condition.success_rate,
        samples: condition.samples,
        latency: condition.latency,
        credential_expires_at: vault::expires_at(&vault.service_credential(&service.id)),
        caller_credentials: None,
        // A certificate is renewed for longer: the latest is the one in use.
        certificate_expires_at: host
            .and_then(|host| certificates.iter().filter_map(|seen| seen.expires_at(host)).max()),
    }
}
