//! Credentials of requests that go on for long.

use std::time::Duration;

use super::*;

#[tokio::test]
async fn a_session_lasts_as_long_as_its_token() {
    let door = Door::new();
    let token = door.signer.token(&claims());

    let mut session = door.authenticator.begin_session(&bearer(&token)).await.unwrap();

    assert_eq!(session.caller().id.as_str(), format!("{ISSUER}#amina"));
    let left = door.authenticator.time_left(&session);
    assert_eq!(left, Duration::from_secs(600) + Config::default().leeway);
    door.clock.advance(left - Duration::from_secs(1));
    assert_eq!(door.authenticator.recheck(&mut session).await, Ok(()));
    door.clock.advance(Duration::from_secs(1));
    assert_eq!(door.authenticator.time_left(&session), Duration::ZERO);
    assert_eq!(door.authenticator.recheck(&mut session).await, Err(Error::TokenExpired));
}

#[tokio::test]
async fn a_session_does_not_print_its_token() {
    let door = Door::new();
    let token = door.signer.token(&claims());

    let session = door.authenticator.begin_session(&bearer(&token)).await.unwrap();

    assert!(!format!("{session:?}").contains(&token));
}
