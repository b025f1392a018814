use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::{advance, sleep};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    backend::{
        self, Backend, ByteRange, Download, Guarded, RunDetails, Search, Sighting, Submission,
    },
    domain::{BackendRunId, Credential, ManualClock, Offer, Service},
    registry::{Reach, Record, Source},
    vault::{Keyring, MasterKey},
    vitals::{CallKind, CircuitState, Outcome},
};

/// How a service answers when it is asked what it offers.
#[derive(Debug, Clone)]
enum Way {
    Answers,
    Closed,
    Fails,
    Hangs,
}

#[derive(Debug)]
struct Fake {
    way: Mutex<Way>,
    asked: AtomicUsize,
}

impl Fake {
    fn new(way: Way) -> Arc<Self> {
        Arc::new(Self { way: Mutex::new(way), asked: AtomicUsize::new(0) })
    }

    fn turn(&self, way: Way) {
        *self.way.lock().unwrap() = way;
    }

    fn asked(&self) -> usize {
        self.asked.load(Relaxed)
    }
}

impl fmt::Display for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fake")
    }
}

#[async_trait]
impl Backend for Fake {
    async fn describe(&self, _: &Credential) -> backend::Result<Offer> {
        self.asked.fetch_add(1, Relaxed);
        let way = self.way.lock().unwrap().clone();
        match way {
            Way::Answers => Ok(Offer::default()),
            Way::Closed => Ok(Offer { closed: Some("disks".to_owned()), ..Offer::default() }),
            Way::Fails => Err(backend::Error::Unavailable {
                why: "HTTP 500".to_owned(),
                retry_after: None,
                source: Some(backend::client::HttpError::Status(500)),
            }),
            Way::Hangs => std::future::pending().await,
        }
    }
    async fn check_credential(&self, _: &Credential) -> backend::Result<()> {
        unreachable!("probes check no credentials of callers")
    }

    async fn run_workflow(&self, _: &Credential, _: Submission) -> backend::Result<BackendRunId> {
        Err(backend::Error::Unsupported("no"))
    }
    async fn find_run(&self, _: &Credential, _: &Search) -> backend::Result<Option<BackendRunId>> {
        Err(backend::Error::Unsupported("no"))
    }
    async fn run_states(
        &self,
        _: &Credential,
        _: &[BackendRunId],
    ) -> backend::Result<Vec<Sighting>> {
        Err(backend::Error::Unsupported("no"))
    }
    async fn run_details(&self, _: &Credential, _: &BackendRunId) -> backend::Result<RunDetails> {
        Err(backend::Error::Unsupported("no"))
    }
    async fn cancel_run(&self, _: &Credential, _: &BackendRunId) -> backend::Result<()> {
        Err(backend::Error::Unsupported("no"))
    }
    async fn download(
        &self,
        _: &Credential,
        _: &BackendRunId,
        _: &str,
        _: Option<ByteRange>,
    ) -> backend::Result<Download> {
        Err(backend::Error::Unsupported("no"))
    }
}

struct House {
    health: Arc<Health>,
    shutdown: CancellationToken,
    _folder: tempfile::TempDir,
}

impl House {
    /// An empty house whose clock stands still from now on.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open_sqlite(&folder.path().join("db")).await.unwrap();
        let config = Config { write_interval: Duration::from_secs(1_000_000), ..Config::default() };
        let parts = Parts {
            config,
            registry: Arc::new(Registry::new(crate::vitals::Config::default())),
            adapters: Arc::default(),
            vault: Arc::new(Vault::new(
                database.clone(),
                &Keyring::new(MasterKey::new([7; 32]), []),
            )),
            database,
            events: Events::default(),
            clock: Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)),
        };
        tokio::time::pause();
        let health = Health::new(parts, TaskTracker::new());
        Self { health, shutdown: CancellationToken::new(), _folder: folder }
    }

    fn add(&self, name: &str, fake: &Arc<Fake>, mode: Mode) {
        let url = format!("http://{name}").parse().unwrap();
        let service = Service::new(id(name), "wes", url, "KE".parse().unwrap());
        let record = Record::new(service, Source::Operator, self.health.now());
        self.health.parts.registry.put(Record { mode, ..record });
        let fleet = self.health.parts.registry.snapshot();
        let vitals = fleet.get(&id(name)).unwrap().vitals().clone();
        let guarded = Guarded::new(fake.clone(), vitals);
        self.health.parts.adapters.put(id(name), Arc::new(guarded));
    }

    fn watch(&self) {
        self.health.tracker.spawn(self.health.clone().supervise(self.shutdown.clone()));
    }

    fn word(&self, name: &str) -> StateWord {
        self.health.parts.registry.snapshot().get(&id(name)).unwrap().state().word
    }

    fn told(&self, name: &str) -> Option<StateWord> {
        self.health.told.lock().unwrap().get(&id(name)).copied()
    }
}

fn id(name: &str) -> ServiceId {
    name.parse().unwrap()
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_refused_credential_is_no_outage() {
    use super::prober::judge;
    let refused = backend::Error::Credential { message: "expired".to_owned() };

    assert!(matches!(judge(Err(refused)).0, Reach::Unusable { .. }));
    assert!(matches!(judge(Err(backend::Error::unavailable("x"))).0, Reach::Unreachable { .. }));
    assert_eq!(judge(Ok(Offer::default())).0, Reach::Usable);
}

#[tokio::test]
async fn a_service_that_hangs_keeps_no_other_waiting() {
    let house = House::new().await;
    let (hangs, answers) = (Fake::new(Way::Hangs), Fake::new(Way::Answers));
    for number in 0..20 {
        house.add(&format!("hangs-{number}"), &hangs, Mode::Active);
    }
    house.add("kenya", &answers, Mode::Active);

    house.watch();
    sleep(SECOND).await;

    assert_eq!(house.word("kenya"), StateWord::Up);
    assert_eq!(house.word("hangs-7"), StateWord::Unknown);
    sleep(10 * SECOND).await;
    assert_eq!(house.word("hangs-7"), StateWord::Down);
}

#[tokio::test]
async fn services_come_and_go_while_they_are_watched() {
    let house = House::new().await;
    house.watch();
    sleep(SECOND).await;
    let fake = Fake::new(Way::Answers);

    house.add("kenya", &fake, Mode::Active);
    sleep(SECOND).await;
    assert_eq!((fake.asked(), house.told("kenya")), (1, Some(StateWord::Up)));

    house.health.parts.registry.remove(&id("kenya"));
    sleep(600 * SECOND).await;
    assert_eq!((fake.asked(), house.told("kenya")), (1, None));
}

#[tokio::test]
async fn a_dead_service_is_asked_when_its_circuit_allows_and_no_sooner() {
    let house = House::new().await;
    let fake = Fake::new(Way::Fails);
    house.add("kenya", &fake, Mode::Active);
    house.watch();

    // Every ten seconds until five in a row have failed.
    sleep(60 * SECOND).await;
    let fleet = house.health.parts.registry.snapshot();
    let vitals = fleet.get(&id("kenya")).unwrap().vitals();
    assert_eq!(vitals.condition().circuit, CircuitState::Open);
    let before = fake.asked();
    sleep(600 * SECOND).await;
    let asked = fake.asked() - before;
    assert!((9..=14).contains(&asked), "about once a minute, and not {asked} times");

    fake.turn(Way::Answers);
    sleep(70 * SECOND).await;
    assert_eq!(vitals.condition().circuit, CircuitState::Closed);
    assert_ne!(house.word("kenya"), StateWord::Down);
}

#[tokio::test]
async fn live_calls_that_fail_are_told_before_the_next_probe() {
    let house = House::new().await;
    let fake = Fake::new(Way::Answers);
    house.add("kenya", &fake, Mode::Active);
    house.watch();
    sleep(SECOND).await;
    let fleet = house.health.parts.registry.snapshot();
    let vitals = fleet.get(&id("kenya")).unwrap().vitals();

    for _ in 0..5 {
        vitals.admit(CallKind::Read).await.unwrap().done(Outcome::Failure);
    }
    sleep(SECOND).await;
    assert_eq!(house.told("kenya"), Some(StateWord::Down));

    // The probe comes as soon as the circuit allows, long before the usual minute.
    sleep(7 * SECOND).await;
    assert_eq!((fake.asked(), vitals.condition().circuit), (2, CircuitState::Closed));
}

#[tokio::test]
async fn in_maintenance_it_is_asked_and_nothing_is_told() {
    let house = House::new().await;
    let fake = Fake::new(Way::Fails);
    house.add("kenya", &fake, Mode::Maintenance);

    house.watch();
    sleep(30 * SECOND).await;

    assert!(fake.asked() > 1);
    assert_eq!(house.told("kenya"), Some(StateWord::Maintenance));
    assert!(house.health.history.incidents_now(&id("kenya")).is_empty());
}

#[tokio::test]
async fn an_outage_is_one_incident_and_ends_with_it() {
    let house = House::new().await;
    let fake = Fake::new(Way::Closed);
    house.add("kenya", &fake, Mode::Active);
    house.watch();
    sleep(SECOND).await;
    assert_eq!(house.told("kenya"), Some(StateWord::Maintenance), "it says so itself");

    fake.turn(Way::Hangs);
    sleep(300 * SECOND).await;
    let open = house.health.history.incidents_now(&id("kenya"));
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].why, "it does not answer: no answer within 10s");
    assert_eq!(open[0].until, None);

    fake.turn(Way::Answers);
    advance(10 * SECOND).await;
    sleep(120 * SECOND).await;
    let ended = house.health.history.incidents_now(&id("kenya"));
    assert_eq!(ended.len(), 1);
    assert!(ended[0].until.is_some());
}

#[tokio::test]
async fn asking_at_once_keeps_to_the_circuit() {
    let house = House::new().await;
    let fake = Fake::new(Way::Fails);
    house.add("kenya", &fake, Mode::Active);
    for _ in 0..8 {
        house.health.probe_now(&id("kenya")).await;
    }

    assert_eq!(fake.asked(), 5, "five failures opened it");
    assert_eq!(house.health.probe_now(&id("nobody")).await, None);
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_begin_a_written_hour_anew() {
    let house = House::new().await;
    // The database keeps real time.
    tokio::time::resume();
    let history = &house.health.history;
    let at = |second: i64| Timestamp::from_second(12 * 3600 + second).unwrap();
    let up = |at| Sample { at, verdict: Verdict::Up, latency: None };
    for minute in -30..0 {
        history.add(&id("kenya"), &up(at(minute * 60)));
    }
    history.write(at(30)).await.unwrap();

    history.add(&id("kenya"), &up(at(-10)));
    history.write(at(-5)).await.unwrap();

    let samples = history.samples(&id("kenya"), at(-3600), at(3600), 100).await.unwrap();
    assert_eq!(samples.len(), 31);
}

#[tokio::test]
async fn the_outage_of_a_service_that_is_gone_has_ended() {
    let house = House::new().await;
    // The database keeps real time.
    tokio::time::resume();
    let now = house.health.now();
    house.health.history.set_down(&id("gone"), Some("it does not answer"), now);
    house.health.history.write(now).await.unwrap();

    house.health.start(&house.shutdown).await.unwrap();

    let told = house.health.history.incidents(&id("gone"), Timestamp::UNIX_EPOCH).await.unwrap();
    assert!(told[0].until.is_some(), "{told:?}");
}
