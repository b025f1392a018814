//! The issuer for trials.

use std::{
    collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc,
    time::Duration,
};

use super::{bearer, clock};
use crate::{
    auth::{Authenticator, Config, DevelopmentError, DevelopmentIssuer, Error, Parts},
    domain::{CallerId, Clock, Role},
};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn what_it_mints_is_believed_until_it_expires() {
    let files = tempfile::tempdir().unwrap();
    let clock = clock();
    let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
    let issuer = DevelopmentIssuer::open(files.path(), Arc::clone(&shared)).unwrap();
    let door = door(&issuer, shared);
    let token = issuer.mint("amina", Some("Ilifu"), &[Role::Operator], HOUR);
    let plain = issuer.mint("ben", None, &[], HOUR);

    let amina = door.authenticate(&bearer(&token)).await.unwrap();
    let ben = door.authenticate(&bearer(&plain)).await.unwrap();
    clock.advance(HOUR + Duration::from_secs(30));
    let late = door.authenticate(&bearer(&token)).await;

    assert_eq!(amina.id, CallerId::new("urn:ga4gh-gateway:development", "amina"));
    assert_eq!(amina.institution.as_deref(), Some("Ilifu"));
    assert_eq!(amina.roles, BTreeSet::from([Role::Operator]));
    assert_eq!((&ben.institution, &ben.roles), (&None, &BTreeSet::from([Role::Researcher])));
    assert_eq!(late.unwrap_err(), Error::TokenExpired);
}

#[tokio::test]
async fn its_key_lasts_and_is_its_own() {
    let (files, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = DevelopmentIssuer::open(files.path(), clock()).unwrap();
    let again = DevelopmentIssuer::open(files.path(), clock()).unwrap();
    let other = DevelopmentIssuer::open(elsewhere.path(), clock()).unwrap();
    let door = door(&again, clock());

    let ours = door.authenticate(&bearer(&first.mint("amina", None, &[], HOUR))).await;
    let theirs = door.authenticate(&bearer(&other.mint("amina", None, &[], HOUR))).await;

    assert!(ours.is_ok());
    assert_eq!(theirs.unwrap_err(), Error::UnknownKey);
}

#[test]
fn its_key_is_for_its_owner_alone() {
    let files = tempfile::tempdir().unwrap();
    DevelopmentIssuer::open(files.path(), clock()).unwrap();
    let written: Vec<PathBuf> =
        fs::read_dir(files.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [key] = written.as_slice() else { panic!("one file, not {written:?}") };
    assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);

    fs::set_permissions(key, fs::Permissions::from_mode(0o640)).unwrap();
    let exposed = DevelopmentIssuer::open(files.path(), clock());
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(key, "not a key").unwrap();
    let broken = DevelopmentIssuer::open(files.path(), clock());

    assert!(matches!(exposed, Err(DevelopmentError::Exposed { .. })));
    assert!(matches!(broken, Err(DevelopmentError::NotAKey { .. })));
}

fn door(issuer: &DevelopmentIssuer, clock: Arc<dyn Clock>) -> Authenticator {
    let (config, development) = (&Config::default(), Some(issuer));
    Authenticator::build(Parts {
        config,
        development,
        fetch: None,
        keys_folder: None,
        api_keys: None,
        database: None,
        read_secret: |place| Err(place.to_owned()),
        clock,
    })
    .unwrap()
}
