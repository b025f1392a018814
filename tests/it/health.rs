//! The history of services, on both databases; and the watch as callers see it.

#![expect(clippy::unwrap_used, reason = "the suite is made of functions that only tests call")]

use std::time::Duration;

use ga4gh_gateway::{
    database::Database,
    domain::ServiceId,
    health::{Config, History, Period, Resolution, Sample, Verdict},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::support::{
    eventually::eventually, gateway::TestGateway, postgres::Postgres, services::TestService,
};

fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000 / 86_400 * 86_400).unwrap()
}

fn kenya() -> ServiceId {
    "kenya".parse().unwrap()
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

/// A service that is asked once a minute, is slow now and then, and is down for an hour a day.
async fn live(history: &History, days: i64) {
    for minute in 0..days * 24 * 60 {
        let at = start() + minutes(minute);
        let down = minute % (24 * 60) < 60;
        let latency = Duration::from_millis(if minute % 10 == 0 { 2000 } else { 80 });
        let verdict = if down { Verdict::Unreachable } else { Verdict::Up };
        let latency = (!down).then_some(latency);
        history.add(&kenya(), &Sample { at, verdict, latency });
        history.set_down(&kenya(), down.then_some("no connection"), at);
        if minute % 60 == 59 {
            history.write(at).await.unwrap();
        }
    }
}

async fn what_is_old_is_drawn_together_and_adds_up(database: Database) {
    const DAYS: i64 = 30;
    let history = History::new(database.clone(), Config::default());
    live(&history, DAYS).await;
    let now = start() + minutes(DAYS * 24 * 60);

    let detail = history.samples(&kenya(), start(), now, usize::MAX).await.unwrap();
    assert!(detail.len() >= 48 * 60 && detail.len() <= 50 * 60, "{}", detail.len());
    let days = history.periods(&kenya(), start(), now, Resolution::Day, now).await.unwrap();
    assert_eq!(days.len(), DAYS as usize);
    for (day, period) in &days {
        assert_eq!(period.seconds(Verdict::Unreachable), 3600, "{day}");
        assert_eq!(period.seconds(Verdict::Up), 23 * 3600, "{day}");
        assert_eq!(period.samples(), 24 * 60, "{day}");
    }
    let mut all = Period::default();
    days.iter().for_each(|(_, period)| all.merge(period));
    assert!((all.availability().unwrap() - 23.0 / 24.0).abs() < 1e-9);
    let (p50, p95) = (all.quantile(0.5).unwrap(), all.quantile(0.95).unwrap());
    assert!(p50.abs_diff(Duration::from_millis(80)) < Duration::from_millis(8), "{p50:?}");
    assert!(p95.abs_diff(Duration::from_secs(2)) < Duration::from_millis(200), "{p95:?}");
    assert_eq!(history.incidents(&kenya(), start()).await.unwrap().len(), DAYS as usize);
    let hours = history.periods(&kenya(), now - minutes(600), now, Resolution::Hour, now).await;
    assert_eq!(hours.unwrap().len(), 10);
}

async fn a_restart_goes_on_where_the_last_process_stopped(database: Database) {
    let history = History::new(database.clone(), Config::default());
    let at = |minute| start() + minutes(minute);
    let sample = |minute| Sample { at: at(minute), verdict: Verdict::Up, latency: None };
    history.add(&kenya(), &sample(1));
    history.set_down(&kenya(), Some("no connection"), at(2));
    history.write(at(2)).await.unwrap();
    history.add(&kenya(), &sample(3));
    drop(history);

    let history = History::new(database, Config::default());
    history.resume(at(4)).await.unwrap();
    history.add(&kenya(), &sample(5));
    assert!(!history.set_down(&kenya(), Some("still"), at(5)), "the incident lasts");
    assert!(history.set_down(&kenya(), None, at(6)));
    history.write(at(6)).await.unwrap();

    let seen = history.samples(&kenya(), start(), at(60), 100).await.unwrap();
    let seen: Vec<_> = seen.iter().map(|sample| sample.at).collect();
    assert_eq!(seen, [at(1), at(5)], "what was not written is lost, and nothing else");
    let incidents = history.incidents(&kenya(), start()).await.unwrap();
    assert_eq!(incidents.len(), 1);
    assert_eq!((incidents[0].since, incidents[0].until), (at(2), Some(at(6))));
    assert_eq!(incidents[0].why, "no connection");
}

#[tokio::test]
async fn history_adds_up_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let open = async |name| Database::open_sqlite(&folder.path().join(name)).await.unwrap();

    what_is_old_is_drawn_together_and_adds_up(open("a").await).await;
    a_restart_goes_on_where_the_last_process_stopped(open("b").await).await;
}

#[tokio::test]
async fn history_adds_up_on_postgresql() {
    let open = async |url: &str| Database::open_postgres(url).await.unwrap();
    let server = Postgres::start().await;
    what_is_old_is_drawn_together_and_adds_up(open(&server.url()).await).await;
    let server = Postgres::start().await;
    a_restart_goes_on_where_the_last_process_stopped(open(&server.url()).await).await;
}

/// The promise of the room's documentation.
#[tokio::test]
async fn a_quarter_of_a_year_of_one_service_takes_less_than_32_kib() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open_sqlite(&folder.path().join("db")).await.unwrap();
    let history = History::new(database.clone(), Config::default());

    live(&history, 95).await;

    let Database::Sqlite { read, .. } = &database else { unreachable!("it was just opened") };
    let sum = "SELECT COUNT(*), SUM(LENGTH(data)) FROM health_history";
    let (rows, bytes): (i64, i64) = sqlx::query_as(sum).fetch_one(read).await.unwrap();
    println!("{rows} rows, {bytes} bytes");
    assert!(bytes < 32 * 1024, "{bytes} bytes in {rows} rows");
    assert!(rows < 500, "{rows} rows");
}

#[tokio::test]
async fn callers_see_how_a_service_is_and_was() {
    let site = TestService::start("kenya", "wes", "KE", &[]).await;
    let settings = json!({"health": {"interval": "200ms", "retry_interval": "200ms"}});
    let gateway = TestGateway::start_with(&[&site], settings).await;
    let amina = gateway.client("amina");
    let health = "/services/kenya/health";

    let up = amina.get_v1(health).await.1;
    assert_eq!((&up["state"], &up["usable"]), (&json!("up"), &json!(true)), "{up}");
    assert_eq!(up["circuit"]["state"], "closed");
    assert!(up["latency_ms"].as_f64().unwrap() > 0.0);

    drop(site);
    eventually("the outage shows", || async {
        let down = amina.get_v1(health).await.1;
        (down["state"] == "down").then_some(()).ok_or(down)
    })
    .await;
    let page = amina.get_v1(&format!("{health}/history?resolution=detail&page_size=1")).await.1;
    assert_eq!(page["points"][0]["state"], "up", "{page}");
    let token = page["next_page_token"].as_str().unwrap();
    let next =
        amina.get_v1(&format!("{health}/history?resolution=detail&page_token={token}")).await.1;
    assert!(!next["points"].as_array().unwrap().is_empty(), "{next}");
    let trends = amina.get_v1("/services/kenya/trends?window=7d").await.1;
    assert_eq!(trends["incidents"].as_array().unwrap().len(), 1, "{trends}");

    let gateway = gateway.restart().await;
    let amina = gateway.client("amina");
    let trends = amina.get_v1("/services/kenya/trends").await.1;
    let incidents = trends["incidents"].as_array().unwrap();
    assert_eq!(incidents.len(), 1, "the outage outlives the process: {trends}");
    assert!(incidents[0].get("until").is_none(), "{trends}");
}

#[tokio::test]
async fn strange_questions_about_health_are_refused() {
    let gateway = TestGateway::start(&[]).await;
    let amina = gateway.client("amina");

    let (status, unknown) = amina.get_v1("/services/nobody/health").await;
    assert_eq!((status.as_u16(), &unknown["reason"]), (404, &json!("unknown_service_id")));
    let (status, _) = gateway.stranger().get_v1("/services/nobody/health").await;
    assert_eq!(status, 401);
}
