//! What the trail promises: in order, chained, and whole.

use tokio::task::JoinSet;

use super::*;
use crate::domain::{Caller, CallerId, ManualClock, RunId};

async fn audit() -> (Audit, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open_sqlite(&folder.path().join("audit.sqlite")).await.unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
    (Audit::new(database, clock), folder)
}

fn amina() -> Caller {
    let institution = Some("ICER".to_owned());
    Caller { institution, ..Caller::new(CallerId::new("issuer", "amina")) }
}

fn decided(study: &str) -> Entry {
    let service = "kenya".parse().unwrap();
    Entry::new(Act::RunDecided)
        .by(&amina())
        .run(RunId::generate())
        .at(&service)
        .data(Some(study), None)
        .with("rule", "the data may stay only in KE")
}

async fn lines(audit: &Audit, filter: &Filter) -> Vec<String> {
    let page = audit.page(filter, 0, 1000).await.unwrap();
    let line = |record: Record| serde_json::to_string(&record.line().unwrap()).unwrap();
    page.records.into_iter().map(line).collect()
}

fn verify(lines: &[String], kept: Option<Head>) -> Result<Verdict, Flaw> {
    let mut verifier = Verifier::keeping(kept);
    lines.iter().try_for_each(|line| verifier.read(line))?;
    verifier.finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_a_time_make_one_chain() {
    let (audit, _folder) = audit().await;
    let mut writing = JoinSet::new();
    for _ in 0..200 {
        let audit = audit.clone();
        writing.spawn(async move { audit.record(decided("malaria")).await });
    }
    assert!(writing.join_all().await.iter().all(Result::is_ok));

    let lines = lines(&audit, &Filter::default()).await;

    let verdict = verify(&lines, Some(audit.head().await.unwrap())).unwrap();
    assert_eq!((verdict.entries, verdict.gaps), (200, 0));
    assert_eq!(verdict.head.unwrap().sequence, 200);
}

#[tokio::test]
async fn whatever_is_changed_later_is_noticed() {
    let (audit, _folder) = audit().await;
    for study in ["malaria", "tb", "malaria"] {
        audit.record(decided(study)).await.unwrap();
    }
    let whole = lines(&audit, &Filter::default()).await;
    let head = audit.head().await.unwrap();

    let changed: Vec<_> = whole.iter().map(|line| line.replace("KE", "US")).collect();
    assert_eq!(verify(&changed, None), Err(Flaw::Changed(1)));
    let swapped = [whole[1].clone(), whole[0].clone()];
    assert_eq!(verify(&swapped, None), Err(Flaw::Disorder(1)));
    // The end is cut off: only who kept a head can tell.
    assert!(verify(&whole[..2], None).is_ok());
    assert_eq!(verify(&whole[..2], Some(head.clone())), Err(Flaw::MissingHead(3)));
    // All is made anew, with another beginning.
    let (forged, _folder) = super::tests::audit().await;
    for _ in 0..3 {
        forged.record(decided("cholera")).await.unwrap();
    }
    let forged = lines(&forged, &Filter::default()).await;
    assert!(verify(&forged, None).is_ok());
    assert_eq!(verify(&forged, Some(head)), Err(Flaw::OtherHead(3)));
    let mixed = [whole[0].clone(), forged[1].clone()];
    assert_eq!(verify(&mixed, None), Err(Flaw::Broken(2)));
    assert!(matches!(verify(&["{}".to_owned()], None), Err(Flaw::Unreadable { line: 1, .. })));
}

#[tokio::test]
async fn an_export_of_one_study_is_verified_too() {
    let (audit, _folder) = audit().await;
    for study in ["malaria", "tb", "malaria"] {
        audit.record(decided(study)).await.unwrap();
    }
    let study = |study: &str| Filter { study: Some(study.to_owned()), ..Filter::default() };

    let lines = lines(&audit, &study("malaria")).await;

    let verdict = verify(&lines, None).unwrap();
    assert_eq!((verdict.entries, verdict.gaps), (2, 1));
    let none = Filter { institution: Some("ILIFU".to_owned()), ..Filter::default() };
    assert!(audit.page(&none, 0, 10).await.unwrap().records.is_empty());
    let page = audit.page(&Filter::default(), 0, 2).await.unwrap();
    assert_eq!(page.next, Some(2));
    assert_eq!(audit.page(&Filter::default(), 2, 2).await.unwrap().next, None);
}

#[tokio::test]
async fn what_cannot_be_written_is_not_permitted() {
    let (audit, _folder) = audit().await;
    audit.inner.database.close().await;

    let refused = audit.record(decided("malaria")).await;

    assert!(matches!(refused, Err(Error::Database(_))), "{refused:?}");
}

#[tokio::test]
async fn a_writer_that_is_stopped_leaves_the_chain_whole() {
    let (audit, _folder) = audit().await;
    for _ in 0..20 {
        let waiting = tokio::time::Duration::from_micros(fastrand::u64(0..2000));
        let _ = tokio::time::timeout(waiting, audit.record(decided("malaria"))).await;
    }

    audit.record(decided("malaria")).await.unwrap();

    assert!(verify(&lines(&audit, &Filter::default()).await, None).is_ok());
}
