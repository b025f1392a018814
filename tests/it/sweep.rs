//! A thousand services, of which two hundred hang and a hundred fail: how long it takes to ask them all.
//! `benches/sweep.rs` measures it closely; here it must only hold on a machine that is busy.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ga4gh_gateway::{
    backend::{self, Adapters, Guarded, client::Client},
    database::Database,
    domain::{Service, SystemClock},
    events::Events,
    health::{Config, Health, Parts},
    registry::{Record, Registry, Source, StateWord},
    simulator::{Fleet, Manner},
    vault::{Keyring, MasterKey, Vault},
    vitals,
};
use tokio_util::task::TaskTracker;

const COUNT: usize = 1000;
const TIMEOUT: Duration = Duration::from_secs(4);

fn watch(fleet: &Fleet, database: Database, max_probes: usize) -> (Arc<Health>, Arc<Registry>) {
    let registry = Arc::new(Registry::new(vitals::Config::default()));
    let adapters = Arc::new(Adapters::default());
    let client = Client::try_new(backend::client::Config::default()).expect("it trusts somebody");
    for (number, (url, _)) in fleet.services.iter().enumerate() {
        let id = format!("service-{number}").parse().expect("it is an id");
        let law = "KE".parse().expect("it is a country");
        let service = Service::new(id, "wes", url.clone(), law);
        let adapter = backend::build(&service, &client).expect("it needs no settings");
        let id = service.id.clone();
        registry.put(Record::new(service, Source::Operator, jiff::Timestamp::UNIX_EPOCH));
        let vitals = registry.snapshot().get(&id).expect("it was just put").vitals().clone();
        adapters.put(id, Arc::new(Guarded::new(adapter, vitals)));
    }
    let parts = Parts {
        config: Config { timeout: TIMEOUT, max_probes, ..Config::default() },
        registry: registry.clone(),
        adapters,
        vault: Arc::new(Vault::new(database.clone(), &Keyring::new(MasterKey::new([7; 32]), []))),
        database,
        events: Events::default(),
        clock: Arc::new(SystemClock),
    };
    (Health::new(parts, TaskTracker::new()), registry)
}

async fn time(health: &Arc<Health>) -> Duration {
    let began = Instant::now();
    health.sweep().await;
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_that_hang_cost_one_time_out_and_not_two_hundred() {
    let fleet = Fleet::start(Fleet::sick(COUNT)).await.expect("loopback has free ports");
    let folder = tempfile::tempdir().expect("the temporary folder can be written");
    let database = Database::open_sqlite(&folder.path().join("db")).await.expect("it opens");
    let (health, registry) = watch(&fleet, database.clone(), COUNT);
    let healthy = Fleet::start((0..COUNT).map(|_| Manner::Answers)).await.expect("as many again");
    let (alike, _) = watch(&healthy, database, COUNT);

    let unhindered = time(&alike).await;
    let took = time(&health).await;

    println!("a sweep took {took:?} at a time-out of {TIMEOUT:?}, {unhindered:?} if none is sick");
    assert!(took >= TIMEOUT, "{took:?}: somebody was not waited for");
    // What it takes to ask so many at all is the machine's; what the sick ones add is ours.
    assert!(
        took < TIMEOUT * 3 / 2 + unhindered * 2,
        "{took:?}, and {unhindered:?} if none is sick"
    );
    let snapshot = registry.snapshot();
    for (listing, number) in snapshot.services().map(|listing| {
        let number = listing.id().as_str().trim_start_matches("service-").parse::<usize>();
        (listing, number.expect("it ends in a number"))
    }) {
        let up = fleet.services[number].1 == Manner::Answers;
        let word = if up { StateWord::Up } else { StateWord::Down };
        assert_eq!(listing.state().word, word, "{}: {:?}", listing.id(), listing.reach());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_services_than_places_take_turns() {
    // Each place waits the whole time-out for each that hangs, so three of them take it three times.
    let fleet = Fleet::start((0..6).map(|_| Manner::Hangs)).await.expect("there are ports");
    let folder = tempfile::tempdir().expect("the temporary folder can be written");
    let database = Database::open_sqlite(&folder.path().join("db")).await.expect("it opens");
    let (health, registry) = watch(&fleet, database, 2);

    let took = time(&health).await;

    assert!(took >= TIMEOUT * 3, "{took:?}");
    let down = registry.snapshot().services().filter(|l| l.state().word == StateWord::Down).count();
    assert_eq!(down, 6);
}
