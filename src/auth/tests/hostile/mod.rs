//! Hostile credentials, as one table: each is refused for the right reason, and none of them makes the
//! gateway ask an address that is not allowed.

mod passports;
mod tokens;
mod visas;

use http::HeaderMap;

use super::{
    bearer, claims,
    passports::{Clinic, VISA_KEYS},
};
use crate::auth::{Error, passport};

/// One hostile request.
struct Attack {
    name: String,
    expected: Error,
    headers: HeaderMap,
}

/// A token that must be refused so.
fn refused(name: impl Into<String>, expected: Error, token: String) -> Attack {
    Attack { name: name.into(), expected, headers: bearer(&token) }
}

#[tokio::test]
async fn every_attack_is_refused_for_the_right_reason_and_asks_nobody() {
    let clinic = Clinic::new();
    let door = &clinic.door;
    let mut attacks = tokens::attacks(door);
    attacks.extend(passports::attacks(&clinic));
    assert!(attacks.len() >= 100, "{} attacks", attacks.len());

    for Attack { name, expected, headers } in attacks {
        let refused = door.authenticator.authenticate(&headers).await;

        assert_eq!(refused.map(|caller| caller.id.clone()), Err(expected), "{name}");
    }

    assert_eq!(door.net.asked(), [""; 0]);
}

#[tokio::test]
async fn every_hostile_visa_is_passed_over_and_asks_only_its_issuer() {
    let clinic = Clinic::new();
    let door = &clinic.door;
    let attacks = visas::attacks(&clinic);
    assert!(attacks.len() >= 30, "{} attacks", attacks.len());

    for (name, expected, visa) in attacks {
        let (trusted, moment) = (&door.authenticator.visa_issuers, door.authenticator.moment());
        let ignored = passport::judge(&visa, trusted, moment).await;
        let passport = clinic.passport(&[&visa]);
        let caller = clinic.with_passport(&door.signer.token(&claims()), &passport).await;

        assert_eq!(ignored, Err(expected), "{name}");
        assert_eq!(caller.unwrap().visas, [], "{name}");
    }

    // One look for the good keys; a key that nobody knows is worth no second one within the pause.
    assert_eq!(door.net.asked(), [VISA_KEYS]);
}
