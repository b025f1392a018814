//! The same suite on both databases: what the ledger promises does not depend on where it is kept.

#![expect(clippy::unwrap_used, reason = "the suite is made of functions that only tests call")]

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use ga4gh_gateway::{
    database::Database,
    domain::{BackendRunId, Caller, CallerId, ManualClock, RunId, ServiceId},
    ga4gh::wes::{RunRequest, State},
    ledger::{Entry, Ledger, NewRun, Opened, Outcome, Phase, Seen},
};

use crate::support::postgres::Postgres;

struct Suite {
    database: Database,
    ledger: Ledger,
    clock: Arc<ManualClock>,
    amina: Caller,
    service: ServiceId,
}

impl Suite {
    fn over(database: Database) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
        Self {
            ledger: Ledger::new(database.clone(), clock.clone()),
            database,
            clock,
            amina: caller("amina"),
            service: "kenya".parse().unwrap(),
        }
    }

    async fn open(&self, key: Option<&str>) -> (RunId, Opened) {
        let run_id = RunId::generate();
        let request = RunRequest { workflow_type: "CWL".to_owned(), ..RunRequest::default() };
        let opened = self
            .ledger
            .open(NewRun {
                run_id,
                caller: &self.amina,
                request: &request,
                decision: "{}",
                sealed_password: Some("sealed"),
                idempotency_key: key,
                fingerprint: None,
            })
            .await
            .unwrap();
        (run_id, opened)
    }

    async fn placed(&self, id: &str) -> RunId {
        let (run_id, _) = self.open(None).await;
        self.ledger.begin_attempt(&run_id, &self.service, false).await.unwrap();
        self.ledger.place(&run_id, &BackendRunId::new(id)).await.unwrap();
        run_id
    }

    async fn entry(&self, run_id: &RunId) -> Entry {
        self.ledger.get(run_id).await.unwrap().unwrap()
    }

    async fn see(&self, run_id: &RunId, state: State) -> bool {
        let seen = Seen { state, word: format!("{state:?}"), expired: false };
        let before = self.entry(run_id).await.state;
        self.ledger.observe(run_id, before, &seen).await.unwrap()
    }

    async fn a_run_is_known_before_any_service_hears_of_it(&self) {
        let (run_id, opened) = self.open(None).await;

        let entry = self.entry(&run_id).await;
        assert_eq!(opened, Opened::New);
        assert_eq!((entry.phase, entry.state), (Phase::Open, State::Initializing));
        assert_eq!((entry.caller_id, entry.service_id), (self.amina.id.clone(), None));
        assert_eq!(entry.sealed_password.as_deref(), Some("sealed"));
        let unsettled = self.ledger.unsettled().await.unwrap();
        assert!(unsettled.iter().any(|run| run.run_id == run_id));
    }

    async fn the_first_terminal_state_stays(&self) {
        let run_id = self.placed("job-first").await;

        assert!(self.see(&run_id, State::Running).await);
        assert!(self.see(&run_id, State::Complete).await);
        self.clock.advance(Duration::from_secs(60));
        assert!(!self.see(&run_id, State::Canceled).await);
        let retired = Seen { state: State::Unknown, word: "7".to_owned(), expired: true };
        let before = State::Complete;
        assert!(!self.ledger.observe(&run_id, before, &retired).await.unwrap());

        let entry = self.entry(&run_id).await;
        assert_eq!((entry.state, entry.word.as_str()), (State::Complete, "Complete"));
        assert!(entry.expired);
        assert!(entry.ended_at < entry.seen_at);
    }

    async fn what_was_seen_does_not_undo_what_came_since(&self) {
        let run_id = self.placed("job-canceled").await;
        assert!(self.see(&run_id, State::Running).await);
        assert!(self.see(&run_id, State::Canceling).await);

        // Its service was asked before the wish to cancel, and answers after it.
        let late = Seen { state: State::Running, word: "2".to_owned(), expired: false };
        assert!(!self.ledger.observe(&run_id, State::Running, &late).await.unwrap());

        assert_eq!(self.entry(&run_id).await.state, State::Canceling);
    }

    async fn attempts_are_kept_in_order(&self) {
        let (run_id, _) = self.open(None).await;
        let ghana: ServiceId = "ghana".parse().unwrap();

        self.ledger.begin_attempt(&run_id, &self.service, false).await.unwrap();
        self.ledger.attempt_failed(&run_id, Outcome::Unavailable, "503").await.unwrap();
        self.ledger.begin_attempt(&run_id, &ghana, false).await.unwrap();
        self.ledger.place(&run_id, &BackendRunId::new("job-order")).await.unwrap();

        let attempts = self.ledger.attempts(&run_id).await.unwrap();
        let told: Vec<_> = attempts
            .iter()
            .map(|a| (a.number, a.service_id.as_str(), a.outcome.as_str(), a.detail.as_str()))
            .collect();
        assert_eq!(told, [(1, "kenya", "unavailable", "503"), (2, "ghana", "placed", "")]);
        assert_eq!(self.entry(&run_id).await.service_id, Some(ghana));
    }

    async fn a_key_names_one_run_until_it_is_refused(&self) {
        let (first, _) = self.open(Some("key")).await;
        assert_eq!(self.open(Some("key")).await.1, Opened::KeyInUse);
        self.ledger.set_fingerprint(&first, "print").await.unwrap();
        let known = self.ledger.run_of_key(&self.amina.id, "key").await.unwrap().unwrap();
        assert_eq!((known.run_id, known.fingerprint.as_deref()), (first, Some("print")));
        assert!(self.ledger.run_of_key(&caller("kofi").id, "key").await.unwrap().is_none());

        self.ledger.refuse(&first, "no service took it").await.unwrap();

        assert_eq!(self.open(Some("key")).await.1, Opened::New);
        let notes = self.ledger.notes(&first).await.unwrap();
        assert_eq!(notes[0].message, "no service took it");
    }

    async fn two_runs_never_share_a_run_of_a_service(&self) {
        self.placed("job-shared").await;
        let (run_id, _) = self.open(None).await;
        self.ledger.begin_attempt(&run_id, &self.service, false).await.unwrap();

        let placed = self.ledger.place(&run_id, &BackendRunId::new("job-shared")).await;

        assert!(placed.is_err());
        let since = Timestamp::from_second(0).unwrap();
        let known = self.ledger.known_runs(&self.service, since).await.unwrap();
        assert!(known.contains(&BackendRunId::new("job-shared")));
    }

    async fn a_wish_to_cancel_is_taken_down_once_and_never_after_the_end(&self) {
        let run_id = self.placed("job-cancel").await;
        assert!(self.ledger.ask_cancel(&run_id).await.unwrap());
        assert!(!self.ledger.ask_cancel(&run_id).await.unwrap());
        assert_eq!(self.entry(&run_id).await.state, State::Canceling);

        let ended = self.placed("job-ended").await;
        self.see(&ended, State::Complete).await;
        assert!(!self.ledger.ask_cancel(&ended).await.unwrap());
        assert_eq!(self.entry(&ended).await.state, State::Complete);
    }

    async fn settled_runs_are_not_followed_any_more(&self) {
        let run_id = self.placed("job-settled").await;
        let live = async || {
            let live = self.ledger.live_runs(&self.service, 1000).await.unwrap();
            live.iter().any(|run| run.run_id == run_id)
        };
        assert!(live().await);

        self.ledger.settle(&run_id, Some("{}")).await.unwrap();

        assert!(!live().await);
        assert_eq!(self.entry(&run_id).await.details.as_deref(), Some("{}"));
    }

    async fn pages_hold_every_run_once_while_others_arrive(&self) {
        let kofi = Self { amina: caller("kofi"), ..Self::over(self.database.clone()) };
        let mut expected = Vec::new();
        for _ in 0..7 {
            expected.push(kofi.open(None).await.0);
        }
        let (refused, _) = kofi.open(None).await;
        kofi.ledger.refuse(&refused, "no").await.unwrap();
        expected.reverse();

        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = kofi.ledger.list(&kofi.amina.id, after, 3).await.unwrap();
            seen.extend(page.runs.iter().map(|entry| entry.run_id));
            kofi.open(None).await;
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }

        assert_eq!(seen, expected);
    }

    async fn all(self) {
        self.a_run_is_known_before_any_service_hears_of_it().await;
        self.the_first_terminal_state_stays().await;
        self.what_was_seen_does_not_undo_what_came_since().await;
        self.attempts_are_kept_in_order().await;
        self.a_key_names_one_run_until_it_is_refused().await;
        self.two_runs_never_share_a_run_of_a_service().await;
        self.a_wish_to_cancel_is_taken_down_once_and_never_after_the_end().await;
        self.settled_runs_are_not_followed_any_more().await;
        self.pages_hold_every_run_once_while_others_arrive().await;
        assert!(self.ledger.count_states().await.unwrap()[&State::Complete] >= 2);
        self.ledger.check().await.unwrap();
    }
}

fn caller(subject: &str) -> Caller {
    Caller::new(CallerId::new("issuer", subject))
}

#[tokio::test]
async fn the_ledger_keeps_its_promises_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open_sqlite(&folder.path().join("ledger.sqlite")).await.unwrap();

    Suite::over(database).all().await;
}

#[tokio::test]
async fn the_ledger_keeps_its_promises_on_postgresql() {
    let postgres = Postgres::start().await;
    let database = Database::open_postgres(&postgres.url()).await.unwrap();

    Suite::over(database).all().await;
}
