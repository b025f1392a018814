//! What a listener may know, and wants to.

use super::{Audience, NAMES, Published};
use crate::domain::{Caller, CallerId, Role, RunId, ServiceId};

/// What a listener may know, and what of that it wants to hear.
#[derive(Debug, Clone)]
pub struct Ears {
    caller: CallerId,
    operator: bool,
    wanted: Wanted,
}

/// What a listener wants to hear; an empty list means everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Names of kinds of events.
    pub types: Vec<&'static str>,
    /// Events about these services only.
    pub services: Vec<ServiceId>,
    /// Events about these runs only.
    pub run_ids: Vec<RunId>,
}

impl Wanted {
    /// The name of a kind of event, if there is one of that name.
    pub fn kind(name: &str) -> Option<&'static str> {
        NAMES.into_iter().find(|known| *known == name)
    }
}

impl Ears {
    /// The ears of a caller.
    pub fn new(caller: &Caller, wanted: Wanted) -> Self {
        let operator = caller.roles.contains(&Role::Operator);
        Self { caller: caller.id.clone(), operator, wanted }
    }

    pub(super) fn caller(&self) -> &CallerId {
        &self.caller
    }

    pub(super) fn hear(&self, event: &Published) -> bool {
        self.may_know(&event.audience) && self.wanted.has(event)
    }

    fn may_know(&self, audience: &Audience) -> bool {
        match audience {
            Audience::Everyone => true,
            Audience::Caller(caller) => *caller == self.caller,
            Audience::Operators => self.operator,
        }
    }
}

impl Wanted {
    fn has(&self, event: &Published) -> bool {
        among(&self.types, Some(&event.name))
            && among(&self.services, event.service.as_ref())
            && among(&self.run_ids, event.run_id.as_ref())
    }
}

fn among<T: PartialEq>(wanted: &[T], one: Option<&T>) -> bool {
    wanted.is_empty() || one.is_some_and(|one| wanted.contains(one))
}
