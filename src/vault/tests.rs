//! What callers have entered, over a database.

use std::time::Duration;

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;

struct House {
    vault: Vault,
    database: Database,
    _folder: TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open_sqlite(&folder.path().join("vault.sqlite")).await.unwrap();
        Self { vault: Vault::new(database.clone(), &ring(&[1])), database, _folder: folder }
    }
}

fn ring(bytes: &[u8]) -> Keyring {
    let mut keys = bytes.iter().map(|byte| MasterKey::new([*byte; 32]));
    Keyring::new(keys.next().unwrap(), keys)
}

fn service(url: &str) -> Service {
    Service::new("kenya".parse().unwrap(), "wes", url.parse().unwrap(), "KE".parse().unwrap())
}

fn caller(name: &str) -> CallerId {
    CallerId::new("issuer", name)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A token that says when it expires.
fn token(expires_at: i64) -> Credential {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{expires_at}}}"#));
    Credential::Bearer(format!("eyJhbGciOiJFUzI1NiJ9.{claims}.c2ln").into())
}

async fn shown(vault: &Vault, name: &str, url: &str, now: i64) -> Result<String, Lack> {
    let own = vault.own(&caller(name), &service(url), at(now)).await.unwrap();
    own.map(|credential| match credential {
        Credential::Bearer(token) => token.expose_secret().to_owned(),
        other => format!("{other:?}"),
    })
}

#[tokio::test]
async fn a_credential_is_shown_where_it_was_entered_for_until_it_expires() {
    let House { vault, _folder, .. } = House::new().await;
    let home = service("https://wes.org/base");

    let own = vault.put_own(&caller("amina"), &home, &token(1000), true, at(0)).await.unwrap();

    assert_eq!((own.origin.as_str(), own.expires_at), ("https://wes.org", Some(at(1000))));
    assert!(shown(&vault, "amina", "https://wes.org/other/path", 999).await.is_ok());
    let moved = Err(Lack::Moved { entered_for: "https://wes.org".to_owned() });
    for (name, url, now, expected) in [
        ("kofi", "https://wes.org", 0, Err(Lack::Missing)),
        ("amina", "https://wes.org", 1000, Err(Lack::Expired(at(1000)))),
        ("amina", "http://wes.org", 0, moved.clone()),
        ("amina", "https://wes.org:8443", 0, moved.clone()),
        ("amina", "https://wes.org.evil.example", 0, moved),
    ] {
        assert_eq!(shown(&vault, name, url, now).await, expected, "{name} {url} {now}");
    }
    assert!(vault.remove_own(&caller("amina"), &home.id).await.unwrap());
    assert!(!vault.remove_own(&caller("amina"), &home.id).await.unwrap());
    assert_eq!(shown(&vault, "amina", "https://wes.org", 0).await, Err(Lack::Missing));
}

#[tokio::test]
async fn no_change_of_a_row_sends_a_credential_elsewhere() {
    let House { vault, database, _folder } = House::new().await;
    let put = async |name: &str| {
        vault
            .put_own(&caller(name), &service("https://wes.org"), &token(1000), true, at(0))
            .await
            .unwrap();
    };
    for change in [
        "origin = 'https://evil.example' WHERE caller_id = 'issuer#amina'",
        "caller_id = 'issuer#mallory' WHERE caller_id = 'issuer#amina'",
        "sealed = (SELECT sealed FROM caller_credentials WHERE caller_id = 'issuer#kofi')",
    ] {
        put("amina").await;
        put("kofi").await;

        let sql = format!("UPDATE caller_credentials SET {change}");
        crate::on_pool!(write &database, pool => {
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(pool).await.unwrap();
        });

        let (name, url) = match change {
            change if change.starts_with("origin") => ("amina", "https://evil.example"),
            change if change.starts_with("caller") => ("mallory", "https://wes.org"),
            _ => ("amina", "https://wes.org"),
        };
        assert_eq!(shown(&vault, name, url, 0).await, Err(Lack::Unreadable), "{change}");
        vault.forget_own_of_all(&service(url).id).await.unwrap();
    }
}

#[tokio::test]
async fn a_new_master_key_takes_everything_over_and_leaves_what_does_not_open() {
    let House { vault, database, _folder } = House::new().await;
    for number in 0..1203 {
        let name = format!("caller-{number}");
        let home = service("https://wes.org");
        vault.put_own(&caller(&name), &home, &token(1000), true, at(0)).await.unwrap();
    }
    vault.store(&service("https://wes.org").id, token(1), at(0)).await.unwrap();
    let lost = Vault::new(database.clone(), &ring(&[9]));
    lost.put_own(&caller("z"), &service("https://wes.org"), &token(1000), true, at(0))
        .await
        .unwrap();

    let done = Vault::new(database.clone(), &ring(&[2, 1])).rewrap().await.unwrap();

    assert_eq!(done, Rewrapped { seen: 1205, changed: 1204, unopened: 1 });
    let new = Vault::new(database.clone(), &ring(&[2]));
    assert!(shown(&new, "caller-1202", "https://wes.org", 0).await.is_ok());
    new.load().await.unwrap();
    let of_service = new.service_credential(&service("https://wes.org").id);
    assert!(matches!(of_service, Credential::Bearer(_)));
    assert_eq!(shown(&vault, "caller-7", "https://wes.org", 0).await, Err(Lack::Unreadable));
    let again = Vault::new(database, &ring(&[2, 1])).rewrap().await.unwrap();
    assert_eq!(again, Rewrapped { seen: 1205, changed: 0, unopened: 1 });
}

#[tokio::test]
async fn the_end_of_a_credential_is_told_as_often_as_it_was_not() {
    let House { vault, _folder, .. } = House::new().await;
    let (home, day) = (service("https://wes.org"), Duration::from_secs(24 * 3600));
    vault.put_own(&caller("amina"), &home, &token(1_000_000), true, at(0)).await.unwrap();
    vault.put_own(&caller("kofi"), &home, &token(9_000_000), true, at(0)).await.unwrap();
    let soon = at(500_000) + 6 * day;

    let ending = vault.ending(soon, 3).await.unwrap();

    assert_eq!(ending.len(), 1);
    assert_eq!((ending[0].caller.clone(), ending[0].expires_at), (caller("amina"), at(1_000_000)));
    assert!(vault.set_warned(&ending[0], 2).await.unwrap());
    assert_eq!(vault.ending(soon, 3).await.unwrap()[0].warned, 2);
    assert!(vault.ending(soon, 2).await.unwrap().is_empty());
    let by_service = vault.ending_by_service(at(0), soon).await.unwrap();
    assert_eq!(by_service[&home.id], (1, at(1_000_000)));
    // A renewed one is warned of anew, and an old warning does not count for it.
    vault.put_own(&caller("amina"), &home, &token(1_000_001), true, at(1)).await.unwrap();
    assert!(!vault.set_warned(&ending[0], 3).await.unwrap());
    assert_eq!(vault.ending(soon, 3).await.unwrap()[0].warned, 0);
}
