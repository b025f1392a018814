//! Hostile credentials, as one table: each is refused for the right reason, and none of them makes the
//! gateway ask an address that is not allowed.

mod tokens;

use http::HeaderMap;

use super::{Door, bearer};
use crate::auth::Error;

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
    let door = Door::new();
    let attacks = tokens::attacks(&door);
    assert!(attacks.len() >= 60, "{} attacks", attacks.len());

    for Attack { name, expected, headers } in attacks {
        let refused = door.authenticator.authenticate(&headers).await;

        assert_eq!(refused.map(|caller| caller.id.clone()), Err(expected), "{name}");
    }

    assert_eq!(door.net.asked(), [""; 0]);
}
