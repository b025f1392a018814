//! The same suite on both databases: what is kept for data stewards does not depend on where it is kept.

#![expect(clippy::unwrap_used, reason = "the suite is made of functions that only tests call")]

use std::sync::Arc;

use ga4gh_gateway::{
    database::Database,
    datasets::{DatasetDocument, Datasets, Error, PolicySets, StoredSet},
    domain::{Blocs, CallerId, DatasetId, ManualClock},
};
use jiff::Timestamp;

use crate::support::postgres::Postgres;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

async fn opened(database: &Database) -> Datasets {
    let clock = Arc::new(ManualClock::new(NOW));
    Datasets::open(database.clone(), clock, Blocs::default()).await.unwrap()
}

fn document(origin: &str) -> DatasetDocument {
    serde_json::from_str(&format!(r#"{{"id": "h3a", "origin": ["{origin}"]}}"#)).unwrap()
}

async fn datasets_are_kept(database: &Database) {
    let (steward, id) = (CallerId::new("issuer", "juma"), "h3a".parse::<DatasetId>().unwrap());
    let datasets = opened(database).await;
    let trial = datasets.create(&document("KE"), &steward, true).await.unwrap();
    assert!(trial.version == 1 && datasets.view().is_empty());

    let first = datasets.create(&document("KE"), &steward, false).await.unwrap();
    assert!(matches!(
        datasets.create(&document("KE"), &steward, false).await,
        Err(Error::Taken(_))
    ));
    let stale = datasets.replace(&id, &document("ML"), 7, &steward, false).await;
    assert!(matches!(stale, Err(Error::Stale { version: 1, .. })));
    let second = datasets.replace(&id, &document("ML"), first.version, &steward, false).await;
    assert_eq!(second.unwrap().version, 2);

    let datasets = opened(database).await;
    let kept = datasets.view().get(&id).unwrap().clone();
    assert_eq!(
        (kept.dataset.origin.to_string(), kept.updated_by.as_str()),
        ("ML".to_owned(), steward.as_str())
    );
    datasets.remove(&id, 2, &steward).await.unwrap();
    assert!(matches!(datasets.remove(&id, 2, &steward).await, Err(Error::Unknown(_))));

    // Nobody's `ETag` of before fits the record that comes after.
    let datasets = opened(database).await;
    assert!(datasets.view().is_empty());
    assert_eq!(datasets.create(&document("KE"), &steward, false).await.unwrap().version, 4);
}

async fn sets_of_policies_are_kept(database: &Database) {
    let sets = PolicySets::new(database.clone());
    assert_eq!(sets.last().await.unwrap(), None);
    let set = |epoch, text: &str| StoredSet {
        epoch,
        files: [("a.cedar".to_owned(), text.to_owned())].into(),
        by: "juma".to_owned(),
        at: NOW,
    };

    sets.write(&set(1, "first")).await.unwrap();
    sets.write(&set(2, "second")).await.unwrap();

    assert!(sets.write(&set(2, "another")).await.is_err());
    assert_eq!(sets.last().await.unwrap(), Some(set(2, "second")));
}

#[tokio::test]
async fn stewards_find_what_they_wrote_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open_sqlite(&folder.path().join("datasets.sqlite")).await.unwrap();

    datasets_are_kept(&database).await;
    sets_of_policies_are_kept(&database).await;
}

#[tokio::test]
async fn stewards_find_what_they_wrote_on_postgresql() {
    let postgres = Postgres::start().await;
    let database = Database::open_postgres(&postgres.url()).await.unwrap();

    datasets_are_kept(&database).await;
    sets_of_policies_are_kept(&database).await;
    database.close().await;
}
