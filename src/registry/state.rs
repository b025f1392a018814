//! The one word that people get for the condition of a service: what its operator decided, what it says
//! itself, whether it answers, and how its calls fare, drawn together.

use jiff::Timestamp;

use super::{Listing, Mode, Reach};
use crate::vitals::{CircuitState, Unease};

/// The condition of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// In one word.
    pub word: StateWord,
    /// Since when.
    pub since: Timestamp,
    /// Why, in words for people; unset while all is well.
    pub why: Option<String>,
}

/// The condition of a service in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StateWord {
    /// It can be used.
    Up,
    /// It can be used, but fails often, is slow, or is just being tried again.
    Degraded,
    /// It cannot be used.
    Down,
    /// It gets no runs because its operator, or the service itself, says so.
    Maintenance,
    /// It gets no new runs; those that it has are followed to their end.
    Draining,
    /// It was not asked yet.
    Unknown,
}

impl StateWord {
    /// Every word.
    pub const ALL: [Self; 6] =
        [Self::Up, Self::Degraded, Self::Down, Self::Maintenance, Self::Draining, Self::Unknown];

    /// The word in events and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Maintenance => "maintenance",
            Self::Draining => "draining",
            Self::Unknown => "unknown",
        }
    }

    /// Whether a service in this condition gets new runs.
    pub fn takes_runs(self) -> bool {
        match self {
            Self::Up | Self::Degraded => true,
            Self::Down | Self::Maintenance | Self::Draining | Self::Unknown => false,
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

impl Listing {
    /// Its condition at this very moment. An operator's maintenance covers everything; then comes what
    /// keeps it from being used; then what merely worries.
    pub fn state(&self) -> State {
        let record = self.record();
        let note = || Some(record.mode_note.clone()).filter(|note| !note.is_empty());
        let state = |word, since, why| State { word, since, why };
        if record.mode == Mode::Maintenance {
            return state(StateWord::Maintenance, record.updated_at, note());
        }
        let down = match self.reach() {
            Reach::Unknown => return state(StateWord::Unknown, self.reach_since(), None),
            Reach::Unreachable { why } => Some(format!("it does not answer: {why}")),
            Reach::Unusable { why } => Some(format!("it answers, but cannot be used: {why}")),
            Reach::Usable => None,
        };
        if down.is_some() {
            return state(StateWord::Down, self.reach_since(), down);
        }
        let phase = self.vitals().phase();
        let why_open = || phase.why.map_or_else(String::new, |why| why.to_string());
        let since = self.wall_time(phase.since).max(self.reach_since());
        if phase.circuit == CircuitState::Open {
            let why = format!("its circuit is open: {}", why_open());
            return state(StateWord::Down, since, Some(why));
        }
        if let Some(closed_since) = self.closed_since() {
            let why = self.offer().and_then(|offer| offer.closed.clone());
            return state(StateWord::Maintenance, closed_since, why);
        }
        if record.mode == Mode::Draining {
            return state(StateWord::Draining, record.updated_at, note());
        }
        if phase.circuit == CircuitState::HalfOpen {
            let why = format!("it is being tried again: {}", why_open());
            return state(StateWord::Degraded, since, Some(why));
        }
        let uneasy_since = self.wall_time(phase.unease_since).max(self.reach_since());
        match phase.unease {
            Some(unease) => state(StateWord::Degraded, uneasy_since, Some(self.words_of(unease))),
            None => state(StateWord::Up, uneasy_since.max(since), None),
        }
    }

    fn words_of(&self, unease: Unease) -> String {
        let now = self.vitals().condition();
        match unease {
            Unease::Failing => {
                let percent = (now.success_rate.unwrap_or_default() * 100.0).round();
                format!("only {percent} % of its last {} calls succeeded", now.samples)
            }
            Unease::Slow => {
                format!("it is slow: it takes {:.1?} to answer", now.latency.unwrap_or_default())
            }
            Unease::Flapping => format!("its circuit opened {} times lately", now.trips),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        domain::{Offer, Service, ServiceId},
        registry::{Record, Registry, Source},
        vitals::{CallKind, Outcome},
    };

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn id() -> ServiceId {
        "kenya".parse().unwrap()
    }

    fn record() -> Record {
        let url = "http://127.0.0.1:1".parse().unwrap();
        let service = Service::new(id(), "wes", url, "KE".parse().unwrap());
        Record::new(service, Source::Operator, NOW)
    }

    fn usable() -> Registry {
        let registry = Registry::new(crate::vitals::Config::default());
        registry.put(record());
        registry.publish(&id(), Reach::Usable, Some(Offer::default()), NOW);
        registry
    }

    fn state(registry: &Registry) -> (StateWord, Option<String>) {
        let state = registry.snapshot().get(&id()).unwrap().state();
        (state.word, state.why)
    }

    async fn call(registry: &Registry, outcome: Outcome, took: Duration) {
        let snapshot = registry.snapshot();
        let pass = snapshot.get(&id()).unwrap().vitals().admit(CallKind::Read).await.unwrap();
        tokio::time::advance(took).await;
        pass.done(outcome);
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_operator_decides_covers_what_the_service_says() {
        let registry = usable();
        assert_eq!(state(&registry), (StateWord::Up, None));
        let closed = Offer { closed: Some("disks".to_owned()), ..Offer::default() };
        registry.publish(&id(), Reach::Usable, Some(closed), NOW);
        assert_eq!(state(&registry), (StateWord::Maintenance, Some("disks".to_owned())));
        registry.publish(&id(), Reach::Usable, Some(Offer::default()), NOW);

        registry.put(Record { mode: Mode::Draining, ..record() });
        assert_eq!(state(&registry).0, StateWord::Draining);
        registry.publish(&id(), Reach::Unreachable { why: "no".to_owned() }, None, NOW);
        assert_eq!(state(&registry).0, StateWord::Down);
        let note = "moving house".to_owned();
        registry.put(Record { mode: Mode::Maintenance, mode_note: note.clone(), ..record() });
        assert_eq!(state(&registry), (StateWord::Maintenance, Some(note)));
    }

    #[tokio::test(start_paused = true)]
    async fn live_calls_show_before_the_next_probe() {
        let registry = usable();
        tokio::time::advance(Duration::from_secs(7)).await;

        for _ in 0..5 {
            call(&registry, Outcome::Failure, Duration::ZERO).await;
        }
        let down = registry.snapshot().get(&id()).unwrap().state();
        assert_eq!(down.word, StateWord::Down);
        assert_eq!(down.since, NOW + Duration::from_secs(7));
        assert_eq!(down.why.unwrap(), "its circuit is open: 5 calls in a row failed");

        tokio::time::advance(Duration::from_secs(5)).await;
        call(&registry, Outcome::Success, Duration::ZERO).await;
        let (word, why) = state(&registry);
        assert_eq!(word, StateWord::Degraded, "it is let back, and watched");
        assert_eq!(why.unwrap(), "only 17 % of its last 6 calls succeeded");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_service_is_degraded_and_not_down() {
        let registry = usable();

        call(&registry, Outcome::Success, Duration::from_secs(8)).await;

        let (word, why) = state(&registry);
        assert_eq!(
            (word, why.unwrap()),
            (StateWord::Degraded, "it is slow: it takes 8.0s to answer".to_owned())
        );
    }
}
