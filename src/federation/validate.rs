//! Whether a service can stand among the others.

use crate::{
    domain::{Flaw, Service, ServiceId},
    registry::Snapshot,
};

/// Checks what a service says about others. `coming` are the services that come with it.
pub(super) fn among(service: &Service, fleet: &Snapshot, coming: &[Service]) -> Vec<Flaw> {
    let find = |id: &ServiceId| {
        let coming = coming.iter().find(|other| other.id == *id);
        coming.or_else(|| fleet.get(id).map(|listing| listing.service()))
    };
    let mut flaws = Vec::new();
    for id in &service.depends_on {
        if find(id).is_none() {
            flaws.push(Flaw::new("depends_on", format!("there is no service `{id}`")));
        }
    }
    for stand_in in &service.stands_in_for {
        if find(&stand_in.service).is_none() {
            let why = format!("there is no service `{}`", stand_in.service);
            flaws.push(Flaw::new("stands_in_for", why));
        }
    }
    if let Some(through) = circle(service, find) {
        let why = format!("`{through}` depends on `{}` in turn", service.id);
        flaws.push(Flaw::new("depends_on", why));
    }
    flaws
}

/// The services that name this one.
pub(super) fn needed_by(id: &ServiceId, fleet: &Snapshot) -> Vec<ServiceId> {
    let needs = |service: &Service| {
        service.depends_on.contains(id)
            || service.stands_in_for.iter().any(|stand_in| stand_in.service == *id)
    };
    let others = fleet.services().filter(|listing| needs(listing.service()));
    others.map(|listing| listing.id().clone()).collect()
}

/// A service on the way from `service` back to itself, if what it depends on leads back.
fn circle<'a>(
    service: &'a Service,
    find: impl Fn(&ServiceId) -> Option<&'a Service>,
) -> Option<ServiceId> {
    let mut open: Vec<&ServiceId> = service.depends_on.iter().collect();
    let mut seen: Vec<&ServiceId> = Vec::new();
    while let Some(id) = open.pop() {
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        let Some(other) = find(id) else { continue };
        if other.depends_on.contains(&service.id) {
            return Some(other.id.clone());
        }
        open.extend(&other.depends_on);
    }
    None
}
