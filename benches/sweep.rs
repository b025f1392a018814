//! What it costs to watch a thousand services, of which two hundred hang and a hundred fail.
//!
//! `cargo bench --bench sweep` prints, in one run: how long it takes to ask all of them once against the
//! time-out of a probe; the p99 of `GET /service-info` on a gateway that asks nobody and on one that asks
//! all of them again and again, measured turn by turn; and how the memory of the latter grows.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use ga4gh_gateway::{
    backend::{
        self, Adapters, Guarded,
        client::{Client, Config},
    },
    database::Database,
    domain::{Credential, Service, SystemClock},
    events::Events,
    health::{self, Health},
    registry::{Record, Registry, Source},
    simulator::Fleet,
    vault::{Keyring, MasterKey, Vault},
    vitals,
};
use tokio_util::task::TaskTracker;
use url::Url;

const SERVICES: usize = 1000;
const TIMEOUT: Duration = Duration::from_secs(5);
/// Turns of each of both gateways, and requests of one turn.
const TURNS: usize = 8;
const REQUESTS: usize = 1000;
const PACE: Duration = Duration::from_millis(5);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be built");
    runtime.block_on(measure());
}

async fn measure() {
    let fleet = Fleet::start(Fleet::sick(SERVICES)).await.expect("loopback has free ports");
    let folder = tempfile::tempdir().expect("the temporary folder can be written");
    sweeps(&fleet, &folder.path().join("db")).await;
    let quiet = Gateway::start(&folder.path().join("quiet"), &fleet, "10h");
    let busy = Gateway::start(&folder.path().join("busy"), &fleet, "10s");

    let client = Client::try_new(Config::default()).expect("the machine trusts somebody");
    // Both are warm before anything counts.
    turn(&client, &quiet.url).await;
    turn(&client, &busy.url).await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    let memory = busy.resident_kib();
    let (mut calm, mut under) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        calm.extend(turn(&client, &quiet.url).await);
        under.extend(turn(&client, &busy.url).await);
    }
    let (calm, under) = (sorted(calm), sorted(under));
    for (what, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
        let (calm, under) = (quantile(&calm, share), quantile(&under, share));
        println!(
            "{what} of GET /service-info: quiet {calm:.2} ms, asking {SERVICES} services every 10 s {under:.2} ms, ratio {:.2}",
            under / calm
        );
    }
    let grown = busy.resident_kib() as i64 - memory as i64;
    println!(
        "resident memory: {} KiB, grown by {grown} KiB over {} sweeps",
        memory,
        (TURNS * 2 * REQUESTS) as u128 * PACE.as_millis() / 10_000
    );
}

fn over(took: Duration) -> f64 {
    (took.as_secs_f64() / TIMEOUT.as_secs_f64() - 1.0) * 100.0
}

/// Asks all services once, a few times over, in this process.
async fn sweeps(fleet: &Fleet, database: &Path) {
    let database = Database::open_sqlite(database).await.expect("a database can be made");
    let never =
        vitals::Config { max_failures: u32::MAX, min_samples: u32::MAX, ..Default::default() };
    let (registry, adapters) = (Arc::new(Registry::new(never)), Arc::new(Adapters::default()));
    let client = Client::try_new(Config::default()).expect("the machine trusts somebody");
    for (number, (url, _)) in fleet.services.iter().enumerate() {
        let id = format!("service-{number}").parse().expect("it is an id");
        let law = "KE".parse().expect("it is a country");
        let service = Service::new(id, "wes", url.clone(), law);
        let (id, adapter) = (service.id.clone(), backend::build(&service, &client));
        registry.put(Record::new(service, Source::Operator, jiff::Timestamp::UNIX_EPOCH));
        let vitals = registry.snapshot().get(&id).expect("it was just put").vitals().clone();
        let adapter = adapter.expect("it needs no settings");
        adapters.put(id, Arc::new(Guarded::new(adapter, vitals)));
    }
    let parts = health::Parts {
        config: health::Config { timeout: TIMEOUT, ..Default::default() },
        registry,
        adapters,
        vault: Arc::new(Vault::new(database.clone(), &Keyring::new(MasterKey::new([7; 32]), []))),
        database,
        events: Events::default(),
        clock: Arc::new(SystemClock),
    };
    let health = Health::new(parts, TaskTracker::new());
    for _ in 0..3 {
        let began = Instant::now();
        health.sweep().await;
        let took = began.elapsed();
        let seconds = took.as_secs_f64();
        println!("a sweep: {seconds:.2} s at a time-out of {TIMEOUT:?} ({:+.1} %)", over(took));
    }
}

/// Asks at a fixed pace, and says how long each answer took, in milliseconds.
async fn turn(client: &Client, url: &Url) -> Vec<f64> {
    let mut took = Vec::with_capacity(REQUESTS);
    let mut pace = tokio::time::interval(PACE);
    for _ in 0..REQUESTS {
        pace.tick().await;
        let began = Instant::now();
        let answer = client.get(&Credential::None, url).await.expect("the gateway answers");
        assert!(answer.status().is_success());
        answer.bytes().await.expect("the answer is whole");
        took.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    took
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}

/// A gateway in a process of its own.
struct Gateway {
    process: Child,
    url: Url,
}

impl Gateway {
    fn start(data_dir: &Path, fleet: &Fleet, interval: &str) -> Self {
        fs::create_dir_all(data_dir).expect("the folder can be made");
        let port = free_port();
        let config = data_dir.join("config.toml");
        fs::write(&config, configuration(data_dir, fleet, interval, port)).expect("it is written");
        let mut process = Command::new(env!("CARGO_BIN_EXE_ga4gh-gateway"))
            .args(["serve", "--config"])
            .arg(&config)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the gateway starts");
        let mut log = BufReader::new(process.stderr.take().expect("it was piped"));
        let mut line = String::new();
        while !line.contains("the gateway serves") {
            line.clear();
            let read = log.read_line(&mut line).expect("the log is text");
            assert!(read > 0, "the gateway ended");
        }
        // A pipe that nobody reads would stop it.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let url = format!("http://127.0.0.1:{port}/ga4gh/wes/v1/service-info");
        Self { process, url: url.parse().expect("it is a URL") }
    }

    fn resident_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = fs::read_to_string(path).expect("the gateway runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.expect("the kernel tells it")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("it is bound").port()
}

/// Every service is asked at every interval, whatever its circuit thinks of that.
fn configuration(data_dir: &Path, fleet: &Fleet, interval: &str, port: u16) -> String {
    let mut text = format!(
        "data_dir = {data_dir:?}\n\
         [server]\nlisten = \"127.0.0.1:{port}\"\nops_listen = \"127.0.0.1:0\"\n\
         [health]\ninterval = \"{interval}\"\nretry_interval = \"{interval}\"\ntimeout = {TIMEOUT:?}\n\
         [circuit]\nmax_failures = 1000000\nmin_samples = 1000000\n",
        TIMEOUT = format!("{}s", TIMEOUT.as_secs()),
    );
    for (number, (url, _)) in fleet.services.iter().enumerate() {
        write!(
            text,
            "[[services]]\nid = \"service-{number}\"\nkind = \"wes\"\nurl = \"{url}\"\njurisdiction = \"KE\"\n"
        )
        .expect("a text can be written to");
    }
    text
}
