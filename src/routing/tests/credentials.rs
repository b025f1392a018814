//! Services that are shown the credentials of callers.

use super::{choice::cwl, *};
use crate::domain::{CallerCredential, Lack, StandIn};

/// What keeps the caller's own credential for `own` from being shown, if there is one.
type Entered = Option<Option<Lack>>;

fn own(choice: CallerCredential) -> Registry {
    let service = Service { caller_credential: choice, ..service("own", "ML") };
    let fleet = Registry::of([service]);
    fleet.publish(&"own".parse().unwrap(), Reach::Usable, Some(runs_cwl()), NOW);
    fleet
}

fn with(entered: Entered) -> Needs {
    let own = entered.map(|lack| ("own".parse().unwrap(), lack));
    Needs { own_credentials: own.into_iter().collect(), ..cwl() }
}

#[test]
fn a_service_gets_no_run_of_a_caller_whose_credential_it_cannot_be_shown() {
    use CallerCredential::{None as Never, Optional, Required};
    let expired = || Some(Some(Lack::Expired(NOW)));
    let moved = || Some(Some(Lack::Moved { entered_for: "https://old.example".to_owned() }));
    for (choice, entered, expected) in [
        (Never, None, Ok(())),
        (Never, expired(), Ok(())),
        (Optional, None, Ok(())),
        (Optional, Some(None), Ok(())),
        // Never silently with the gateway's own instead.
        (Optional, expired(), Err("renew it with PUT /api/v1/credentials/own")),
        (Required, Some(None), Ok(())),
        (Required, None, Err("add it with PUT /api/v1/credentials/own")),
        (Required, expired(), Err("expired at")),
        (Required, moved(), Err("https://old.example")),
    ] {
        let told = match route(&with(entered.clone()), &own(choice)) {
            Ok(_) => Ok(()),
            Err(NotRouted::Credential(told)) => Err(told["own"].clone()),
            Err(other) => panic!("{choice:?} {entered:?}: {other:?}"),
        };
        match (&told, expected) {
            (Ok(()), Ok(())) => {}
            (Err(told), Err(expected)) => assert!(told.contains(expected), "{told}"),
            _ => panic!("{choice:?} {entered:?}: {told:?}"),
        }
    }
}

#[test]
fn a_missing_credential_keeps_no_other_service_from_the_run() {
    let wants = Service { caller_credential: CallerCredential::Required, ..service("own", "ML") };
    let fleet = Registry::of([wants, service("open", "ML")]);
    for id in ["own", "open"] {
        fleet.publish(&id.parse().unwrap(), Reach::Usable, Some(runs_cwl()), NOW);
    }

    let routed = route(&cwl(), &fleet).unwrap();
    fleet.publish(
        &"open".parse().unwrap(),
        Reach::Unreachable { why: "down".to_owned() },
        None,
        NOW,
    );
    let down = route(&cwl(), &fleet).unwrap_err();

    assert_eq!(routed.candidates, ["open"]);
    assert!(routed.excluded["own"].contains("credential of your own"), "{:?}", routed.excluded);
    // A later moment may do, and so may a credential: both are told.
    let NotRouted::Unavailable(told) = down else { panic!("{down:?}") };
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn a_named_service_without_a_credential_is_not_replaced() {
    let wants = Service { caller_credential: CallerCredential::Required, ..service("own", "ML") };
    let promise = StandIn { service: "own".parse().unwrap(), panels: Vec::new() };
    let spare = Service { stands_in_for: vec![promise], ..service("spare", "ML") };
    let fleet = Registry::of([wants, spare]);
    for id in ["own", "spare"] {
        fleet.publish(&id.parse().unwrap(), Reach::Usable, Some(runs_cwl()), NOW);
    }
    let named = Needs { service: Some("own".parse().unwrap()), ..cwl() };

    let not_routed = route(&named, &fleet).unwrap_err();

    assert!(matches!(not_routed, NotRouted::Credential(_)), "{not_routed:?}");
}
