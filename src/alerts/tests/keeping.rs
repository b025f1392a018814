//! Alerts and their messages in the database, over a restart.

use std::{collections::HashMap, path::Path};

use crate::{
    alerts::{Change, Error, Filter, Kind, Severity, Store, Transition},
    database::Database,
};

/// A store over a file of its own.
async fn store(folder: &Path) -> Store {
    Store::new(Database::open_sqlite(&folder.join("alerts.sqlite")).await.unwrap())
}

fn raised(rule: &str, severity: Severity) -> Transition {
    let (service, message) = ("kenya".parse().unwrap(), "kenya cannot be reached".to_owned());
    Transition {
        rule: rule.to_owned(),
        subject: "service/kenya".to_owned(),
        change: Change::Raised { service, severity, message },
    }
}

fn resolved(rule: &str) -> Transition {
    let change = Change::Resolved { why: "kenya can be used again".to_owned() };
    Transition { rule: rule.to_owned(), subject: "service/kenya".to_owned(), change }
}

fn listeners() -> Vec<(String, Severity)> {
    vec![("pager".to_owned(), Severity::Critical), ("smtp".to_owned(), Severity::Info)]
}

#[tokio::test]
async fn an_alert_and_its_messages_outlive_a_restart_and_are_not_written_twice() {
    let folder = tempfile::tempdir().unwrap();
    let before = store(folder.path()).await;
    let down = [raised("down", Severity::Critical), raised("slow", Severity::Warning)];

    assert_eq!(before.apply(&down, &listeners(), 1).await.unwrap().len(), 2);
    assert_eq!(before.apply(&down, &listeners(), 2).await.unwrap(), []);
    before.database.close().await;
    let after = store(folder.path()).await;

    assert_eq!(after.open().await.unwrap().len(), 2);
    assert_eq!(after.apply(&down, &listeners(), 3).await.unwrap(), []);
    let pager = after.due("pager", 3, 10).await.unwrap();
    let smtp = after.due("smtp", 3, 10).await.unwrap();
    assert_eq!((pager.len(), smtp.len()), (1, 2), "channels are chosen by severity");
    let happened = after.apply(&[resolved("down")], &listeners(), 4).await.unwrap();
    assert_eq!((happened.len(), happened[0].kind), (1, Kind::Resolved));
    assert_eq!(after.apply(&[resolved("down")], &listeners(), 5).await.unwrap(), []);
}

#[tokio::test]
async fn messages_about_an_alert_go_out_in_order_and_are_given_up_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    store.apply(&[raised("down", Severity::Critical)], &listeners(), 1).await.unwrap();
    store.apply(&[resolved("down")], &listeners(), 2).await.unwrap();
    let due = async |now| {
        let due = store.due("pager", now, 10).await.unwrap();
        due.into_iter().map(|delivery| (delivery.id, delivery.kind)).collect::<Vec<_>>()
    };

    let first = due(3).await;
    assert_eq!(first.iter().map(|(_, kind)| kind.as_str()).collect::<Vec<_>>(), ["raised"]);
    store.missed(&first[0].0, "HTTP 500", Some(100)).await.unwrap();

    assert_eq!(due(99).await, [], "the second waits for the first");
    assert_eq!(store.next_due("pager").await.unwrap(), Some(100));
    assert_eq!(due(100).await, first);
    store.missed(&first[0].0, "HTTP 500", None).await.unwrap();
    let second = due(101).await;
    assert_eq!(second[0].1, "resolved");
    store.delivered(&second[0].0, 102).await.unwrap();
    assert_eq!(store.next_due("pager").await.unwrap(), None);
    store.give_up_without(&["pager"]).await.unwrap();
    assert_eq!(store.next_due("smtp").await.unwrap(), None);
    let alert = store.list(&Filter::default(), None, 10).await.unwrap().alerts.remove(0);
    let states: HashMap<_, Vec<_>> = store.deliveries(&alert.id).await.unwrap().into_iter().fold(
        HashMap::new(),
        |mut all, d| {
            all.entry(d.channel).or_insert_with(Vec::new).push((d.state, d.attempts));
            all
        },
    );
    let state = |word: &str, attempts| (word.to_owned(), attempts);
    assert_eq!(states["pager"], [state("failed", 2), state("delivered", 1)]);
    assert_eq!(states["smtp"], [state("failed", 0), state("failed", 0)]);
}

#[tokio::test]
async fn the_list_has_pages_and_filters_and_old_alerts_go() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    for (rule, at) in [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5)] {
        store.apply(&[raised(rule, Severity::Warning)], &listeners(), at).await.unwrap();
    }
    store.apply(&[resolved("a"), resolved("b")], &listeners(), 10).await.unwrap();
    let rules = async |filter: Filter| {
        let (mut token, mut rules) = (None::<String>, String::new());
        loop {
            let page = store.list(&filter, token.as_deref(), 2).await.unwrap();
            assert!(page.alerts.len() <= 2);
            rules.extend(page.alerts.iter().map(|alert| alert.rule.as_str()));
            token = page.next_page_token;
            if token.is_none() {
                return rules;
            }
        }
    };
    let open = |open| Filter { open: Some(open), ..Filter::default() };
    let severe = |severity| Filter { severity: Some(severity), ..Filter::default() };

    assert_eq!(rules(Filter::default()).await, "edcba");
    assert_eq!((rules(open(true)).await, rules(open(false)).await), ("edc".into(), "ba".into()));
    assert_eq!(rules(severe(Severity::Warning)).await, "edcba");
    assert_eq!(rules(severe(Severity::Critical)).await, "");
    assert_eq!(rules(Filter { rule: Some("c".to_owned()), ..Filter::default() }).await, "c");
    assert_eq!(rules(Filter { service: Some("mali".to_owned()), ..Filter::default() }).await, "");
    let odd = store.list(&Filter::default(), Some("c"), 2).await;
    assert!(matches!(odd, Err(Error::BadPageToken)), "{odd:?}");
    assert_eq!(store.prune(10).await.unwrap(), 0);
    assert_eq!(store.prune(11).await.unwrap(), 2);
    assert_eq!(rules(Filter::default()).await, "edc");
}
