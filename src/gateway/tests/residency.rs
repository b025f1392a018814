//! The places where the law is enforced around a run. Each test fails when its place is taken away.

use std::{
    io,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use serde_json::json;

use super::{
    scripted::{Answer, Scripted},
    *,
};
use crate::{
    audit,
    policy::{Floor, Law, RuleSet},
    registry::{Record, Source},
};

/// Forbids a service by its id, and permits the others.
fn without(service: &str) -> Law {
    let policies = format!(
        "@id(\"all\") permit (principal, action, resource);\n@id(\"closed\") @reason(\"its contract \
         ended\") forbid (principal, action, resource == Service::\"{service}\");"
    );
    let rules = RuleSet::compile(&[("a.cedar".to_owned(), policies)].into()).unwrap();
    Law::new(Arc::default(), Some(rules.into()), 7)
}

/// A gateway that stands in the US, where data of Kenya may not be kept.
fn gateway_abroad() -> Law {
    let floor = Floor { gateway: Some("US".parse().unwrap()), ..Floor::default() };
    Law::new(floor.into(), None, 0)
}

/// A run with data of Kenya, whose parameters and tags name a sample.
fn of_kenya() -> RunRequest {
    let params = json!({"sample": "NA12878"});
    RunRequest {
        workflow_params: params.as_object().unwrap().clone(),
        tags: [("origin", "KE"), ("name", "NA12878")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..request()
    }
}

#[tokio::test]
async fn routing_never_sees_a_forbidden_service() {
    let (kenya, mali) = (Scripted::new([]), Scripted::new([]));
    let house = House::over(&[("kenya", &kenya), ("mali", &mali)]).await;
    house.gateway.parts.law.replace(without("kenya"));

    let run_id = house.submit(Files::none()).await.unwrap();

    assert!(!kenya.was_asked() && mali.runs() == 1);
    let decision = house.decision(run_id).await;
    assert_eq!((decision.policy_epoch, decision.candidates), (7, vec!["mali".to_owned()]));
    assert_eq!(decision.forbidden["kenya"], "policy `closed` forbids it: its contract ended");
    house.stop().await;
}

#[tokio::test]
async fn a_service_that_is_forbidden_while_another_is_asked_gets_nothing() {
    type Change = fn(&House) -> Box<dyn Fn() + Send + Sync>;
    let changes: [Change; 2] = [
        |house| {
            let law = house.gateway.parts.law.clone();
            Box::new(move || law.replace(without("mali")))
        },
        |house| {
            let registry = house.registry.clone();
            let moved = Service { jurisdiction: "US".parse().unwrap(), ..service("mali") };
            Box::new(move || {
                registry.put(Record::new(moved.clone(), Source::Operator, Timestamp::UNIX_EPOCH));
            })
        },
    ];
    for change in changes {
        let (kenya, mali) = (Scripted::new([Answer::Unavailable]), Scripted::new([]));
        let house = House::over(&[("kenya", &kenya), ("mali", &mali)]).await;
        kenya.before_it_answers(change(&house));

        let error = house.submit_request(of_kenya(), Files::none()).await.unwrap_err();

        let Error::NoService { excluded, .. } = error else {
            panic!("nobody may have it: {error}")
        };
        assert!(kenya.was_asked() && !mali.was_asked());
        let why = &excluded[&"mali".parse().unwrap()];
        assert_eq!(why, "not asked after all: the data may no longer go there");
        house.stop().await;
    }
}

#[tokio::test]
async fn what_may_not_be_here_is_not_kept_in_memory_for_the_next_one_who_asks() {
    for (law, asked) in [(Law::default(), 1), (gateway_abroad(), 3)] {
        let kenya = Scripted::new([]);
        let config = Config { details_fresh_for: Duration::from_secs(60), ..Config::default() };
        let house = House::with(&[("kenya", &kenya)], config).await;
        house.gateway.parts.law.replace(law);
        let run_id = house.submit_request(of_kenya(), Files::none()).await.unwrap();
        let before = kenya.asked_for_details();

        for _ in 0..3 {
            house.gateway.get_run(&amina(), &run_id.to_string()).await.unwrap();
        }

        // A cache that is fresh for ten milliseconds only may ask again.
        let times = kenya.asked_for_details() - before;
        assert!(if asked == 3 { times == 3 } else { times >= 1 }, "{times}");
        house.stop().await;
    }
}

#[tokio::test]
async fn of_data_that_may_not_be_here_the_ledger_keeps_no_word() {
    for (law, kept) in [(Law::default(), true), (gateway_abroad(), false)] {
        let kenya = Scripted::new([]);
        let house = House::over(&[("kenya", &kenya)]).await;
        house.gateway.parts.law.replace(law);
        house.follow();
        let run_id = house.submit_request(of_kenya(), Files::none()).await.unwrap();
        kenya.all_are(State::Complete);
        house.reaches(run_id, State::Complete).await;
        let ledger = &house.gateway.parts.ledger;
        let settled = async {
            while ledger.get(&run_id).await.unwrap().unwrap().phase != crate::ledger::Phase::Settled
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), settled).await.unwrap();

        let entry = ledger.get(&run_id).await.unwrap().unwrap();

        assert_eq!(format!("{:?}", entry.request).contains("NA12878"), kept);
        assert_eq!(entry.details.is_some(), kept);
        assert_eq!(entry.request.tags["origin"], "KE");
        assert_eq!(house.decision(run_id).await.kept_here, kept);
        // What is not kept is asked for anew, so that its caller misses nothing.
        let view = house.gateway.get_run(&amina(), &run_id.to_string()).await.unwrap();
        assert_eq!(view.details.unwrap().exit_code, Some(0));
        house.stop().await;
    }
}

#[tokio::test]
async fn what_a_service_says_of_data_that_may_not_be_here_is_not_written_down() {
    for (law, kept) in [(Law::default(), true), (gateway_abroad(), false)] {
        let kenya = Scripted::new([Answer::RefusesByName]);
        let house = House::over(&[("kenya", &kenya)]).await;
        house.gateway.parts.law.replace(law);

        let error = house.submit_request(of_kenya(), Files::none()).await.unwrap_err();

        // Its caller reads the words, wherever the gateway stands.
        assert!(error.to_string().contains("NA12878"), "{error}");
        let file = house._folder.path().join("house.sqlite");
        let Database::Sqlite { read: pool, .. } = Database::open_sqlite(&file).await.unwrap()
        else {
            panic!("it is a file of SQLite");
        };
        let attempts: Vec<String> =
            sqlx::query_scalar("SELECT detail FROM attempts").fetch_all(&pool).await.unwrap();
        let notes: Vec<String> =
            sqlx::query_scalar("SELECT message FROM notes").fetch_all(&pool).await.unwrap();
        assert_eq!(format!("{attempts:?}{notes:?}").contains("NA12878"), kept);
        house.stop().await;
    }
}

#[tokio::test]
async fn files_that_lie_aside_are_refused_where_they_may_not_be() {
    for (law, fits) in [(Law::default(), true), (gateway_abroad(), false)] {
        let kenya = Scripted::new([]);
        let house = House::over(&[("kenya", &kenya)]).await;
        house.gateway.parts.law.replace(law);
        let mut staging = house.gateway.staging();
        staging.begin("reads.txt").unwrap();
        staging.push(Bytes::from(vec![0; 65])).await.unwrap();

        let submitted = house.submit_request(of_kenya(), staging.finish()).await;

        assert_eq!(kenya.was_asked(), fits);
        match submitted {
            Ok(_) => assert!(fits),
            Err(Error::Input(fault)) => assert_eq!(fault.reason, "not_to_be_kept_here"),
            Err(other) => panic!("{other}"),
        }
        house.stop().await;
    }
}

#[tokio::test]
async fn of_data_that_may_not_be_here_the_trail_keeps_no_names_of_results() {
    for (law, kept) in [(Law::default(), true), (gateway_abroad(), false)] {
        let kenya = Scripted::new([]);
        let house = House::over(&[("kenya", &kenya)]).await;
        house.gateway.parts.law.replace(law);
        let run_id = house.submit_request(of_kenya(), Files::none()).await.unwrap().to_string();

        for wanted in [
            WantedFile::Output("NA12878.vcf.gz".to_owned()),
            WantedFile::Log { task: None, stderr: true },
        ] {
            let _ = house.gateway.open_file(&amina(), &run_id, &wanted, None).await;
        }

        let filter = audit::Filter { act: Some(audit::Act::FileOpened), ..Default::default() };
        let page = house.gateway.parts.audit.page(&filter, 0, 10).await.unwrap();
        let [output, log] = page.records.as_slice() else { panic!("{page:?}") };
        assert_eq!(output.entry.contains("NA12878"), kept, "{output:?}");
        assert!(log.entry.contains("stderr"), "{log:?}");
        house.stop().await;
    }
}

#[tokio::test]
async fn no_word_of_the_data_is_logged_or_told_to_listeners() {
    let log = Log::default();
    let written = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || written.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let kenya = Scripted::new([Answer::RefusesByName]);
    let house = House::over(&[("kenya", &kenya)]).await;

    house.submit_request(of_kenya(), Files::none()).await.unwrap_err();
    house.submit_request(of_kenya(), Files::none()).await.unwrap();

    let text = log.text();
    assert!(text.contains("kenya did not take run") && text.contains("refused"), "{text}");
    assert!(!text.contains("NA12878"), "{text}");
    house.stop().await;
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
