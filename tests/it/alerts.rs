//! Alerts through the whole product: raised once, told on every channel until it was heard, resolved
//! once, and seen in the API.

#![expect(clippy::unwrap_used, reason = "much of it is in functions that only tests call")]

use std::{fs, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ga4gh_gateway::domain::{Clock, Role, SystemClock};
use http::{Method, StatusCode};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use serde_json::{Value, json};

use crate::support::{
    TestGateway, TestService,
    client::WesClient,
    eventually::eventually,
    mailbox::Mailbox,
    postgres::Postgres,
    receiver::{Receiver, Reply},
    services::secret_file,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_told_once_and_its_end_once_over_a_restart() {
    outage(json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_told_once_and_its_end_once_with_postgres() {
    let postgres = Postgres::start().await;
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("url");
    fs::write(&url, postgres.url()).unwrap();

    outage(json!({"database_url": format!("file:{}", url.display())})).await;
}

async fn outage(mut settings: Value) {
    let receiver = Receiver::start([(500, None), (429, Some("1"))]).await;
    let mailbox = Mailbox::start().await;
    let wes = TestService::start("mali", "wes", "ML", &[]).await;
    settings["alerts"] = alerts(&[&receiver], Some(&mailbox));
    let gateway = TestGateway::start_with(&[&wes], settings).await;
    let operator = gateway.client_as("olu", &[Role::Operator]);
    assert_eq!(open(&operator).await, json!([]));

    wes.set("fail_service_info_with", "503");
    eventually("the first try fails", || async {
        if receiver.seen().is_empty() { Err(open(&operator).await) } else { Ok(()) }
    })
    .await;
    let gateway = gateway.restart().await;
    let operator = gateway.client_as("olu", &[Role::Operator]);
    eventually("the third try is taken", || async {
        if receiver.taken() == ["alert.raised"] { Ok(()) } else { Err(receiver.seen()) }
    })
    .await;

    let alert = only(&open(&operator).await);
    assert_eq!(alert["rule"], "service-down");
    assert_eq!(alert["subject"], "service/mali");
    assert_eq!(alert["severity"], "critical");
    wes.set("fail_service_info_with", "null");
    let details = eventually("its end was told to all", || async {
        let (_, details) = operator.get_v1(&path(&alert)).await;
        let mut states = deliveries(&details).into_iter().map(|delivery| delivery["state"].clone());
        let told = states.len() == 4 && states.all(|state| state == "delivered");
        if told { Ok(details) } else { Err(details) }
    })
    .await;

    assert_eq!(details["state"], "resolved");
    assert_eq!(details["resolution"], "mali can be used again");
    assert_eq!(receiver.taken(), ["alert.raised", "alert.resolved"]);
    let tries = receiver.seen();
    assert_eq!(tries.iter().map(|t| t.answered).collect::<Vec<_>>(), [500, 429, 200, 200]);
    assert!(tries[..3].iter().all(|t| t.id == tries[0].id), "one message, one id: {tries:?}");
    assert!(tries[2].at - tries[1].at >= Duration::from_secs(1), "Retry-After is honored");
    assert_eq!(
        mailbox.subjects(),
        [
            "[ga4gh-gateway] raised: service-down of mali (critical)",
            "[ga4gh-gateway] resolved: service-down of mali (critical)",
        ]
    );
    let mail = &mailbox.mails()[1];
    assert_eq!(mail.to, ["<operators@example.org>"]);
    assert!(mail.text.contains("Resolved: mali can be used again."), "{}", mail.text);
    let (_, all) = operator.get_v1("/alerts?state=all").await;
    assert_eq!(all["alerts"].as_array().map(Vec::len), Some(1), "{all}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_nobody_takes_is_given_up_and_shown() {
    let refusing: Vec<Reply> = vec![(500, None); 2];
    let receiver = Receiver::start(refusing).await;
    let gone = Receiver::start([(410, None)]).await;
    let wes = TestService::start("mali", "wes", "ML", &[("fail_service_info_with", "503")]).await;
    let mut alerts = alerts(&[&receiver, &gone], None);
    alerts["max_attempts"] = json!(2);
    let gateway = TestGateway::start_with(&[&wes], json!({"alerts": alerts})).await;
    let operator = gateway.client_as("olu", &[Role::Operator]);

    let details = eventually("both messages are given up", || async {
        let open = open(&operator).await;
        let Some(alert) = open.get(0) else { return Err(open) };
        let (_, details) = operator.get_v1(&path(alert)).await;
        let failed = deliveries(&details).iter().all(|delivery| delivery["state"] == "failed");
        if failed { Ok(details) } else { Err(details) }
    })
    .await;

    let told: Vec<_> = deliveries(&details)
        .iter()
        .map(|d| (d["channel"].clone(), d["attempts"].clone(), d["last_error"].clone()))
        .collect();
    assert!(told.contains(&(
        json!("hook-0"),
        json!(2),
        json!("it answered with 500 Internal Server Error")
    )));
    assert!(told.contains(&(json!("hook-1"), json!(1), json!("it answered with 410 Gone"))));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_tells_what_comes_of_every_channel_and_follows_no_redirect() {
    let good = Receiver::start([]).await;
    let moved = Receiver::start([(307, Some("/elsewhere"))]).await;
    let mailbox = Mailbox::start().await;
    let alerts = alerts(&[&good, &moved], Some(&mailbox));
    let gateway = TestGateway::start_with(&[], json!({"alerts": alerts})).await;
    let operator = gateway.client_as("olu", &[Role::Operator]);

    let (status, tested) = post(&operator, "/alerts/test", "").await;

    assert_eq!(status, StatusCode::OK, "{tested}");
    let why = "it answered with 307 Temporary Redirect";
    assert_eq!(
        tested["channels"],
        json!([
            {"channel": "hook-0", "delivered": true, "error": null},
            {"channel": "hook-1", "delivered": false, "error": why},
            {"channel": "smtp", "delivered": true, "error": null},
        ])
    );
    assert_eq!((good.taken(), moved.seen().len()), (vec!["alert.test".to_owned()], 1));
    assert_eq!(mailbox.subjects(), ["[ga4gh-gateway] test"]);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_are_for_those_who_run_the_federation() {
    let wes = TestService::start("mali", "wes", "ML", &[("fail_service_info_with", "503")]).await;
    let gateway = TestGateway::start_with(&[&wes], json!({"alerts": alerts(&[], None)})).await;
    let operator = gateway.client_as("olu", &[Role::Operator]);
    let alert = eventually("the alert is open", || async {
        let open = open(&operator).await;
        open.get(0).cloned().ok_or(open)
    })
    .await;
    let acknowledge = format!("{}/acknowledge", path(&alert));
    let note = json!({"note": "The cable was cut; a ship is on its way."}).to_string();

    for (role, reads) in [
        (Role::Researcher, false),
        (Role::NodeOperator, true),
        (Role::DataSteward, true),
        (Role::Operator, true),
    ] {
        let caller = gateway.client_as("somebody", &[role]);
        for path in ["/alerts", "/alerts/rules", &path(&alert)] {
            let (status, body) = caller.get_v1(path).await;
            assert_eq!(status == StatusCode::OK, reads, "{role:?} {path}: {body}");
        }
        let may = role == Role::Operator;
        for (path, body) in [("/alerts/test", ""), (acknowledge.as_str(), note.as_str())] {
            let (status, body) = post(&caller, path, body).await;
            assert_eq!(status == StatusCode::OK, may, "{role:?} {path}: {body}");
            assert!(may || body["reason"] == "role_required", "{body}");
        }
    }

    let (_, shown) = operator.get_v1(&path(&alert)).await;
    assert_eq!(shown["acknowledged"]["note"], "The cable was cut; a ship is on its way.");
    assert!(shown["acknowledged"]["by"].as_str().is_some_and(|by| by.ends_with("#somebody")));
    wes.set("fail_service_info_with", "null");
    eventually("the alert is resolved", || async {
        let open = open(&operator).await;
        if open == json!([]) { Ok(()) } else { Err(open) }
    })
    .await;
    let long = json!({"note": "n".repeat(1001)}).to_string();
    for (path, body, reason) in [
        (acknowledge.as_str(), "", "alert_resolved"),
        (acknowledge.as_str(), "{", "bad_json"),
        (acknowledge.as_str(), &long, "bad_note"),
        ("/alerts/nothing/acknowledge", "", "unknown_alert"),
    ] {
        let (_, refused) = post(&operator, path, body).await;
        assert_eq!(refused["reason"], reason, "{path} {refused}");
    }
    for (query, reason) in [
        ("/alerts?state=closed", "bad_filter"),
        ("/alerts?severity=bad", "bad_filter"),
        ("/alerts?state=all&state=open", "bad_query"),
        ("/alerts?page_token=1", "bad_page_token"),
        ("/alerts/nothing", "unknown_alert"),
    ] {
        let (_, refused) = operator.get_v1(query).await;
        assert_eq!(refused["reason"], reason, "{query} {refused}");
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_and_a_token_that_expire_are_told_before() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let day = 24 * 3600;
    let now = SystemClock.now().as_second();
    let (authority, certificate, key) = certificate(now + 10 * day);
    for (name, pem) in [("ca.pem", authority), ("tls.crt", certificate), ("tls.key", key)] {
        fs::write(file(name), pem).unwrap();
    }
    // A gateway over TLS is a WES service like any other.
    let tls = json!({"server": {"tls": {"certificate": file("tls.crt"), "key": file("tls.key")}}});
    let far = TestGateway::start_with(&[], tls).await;
    let claims =
        URL_SAFE_NO_PAD.encode(json!({"sub": "gateway", "exp": now + 2 * day}).to_string());
    let token = format!("eyJhbGciOiJIUzI1NiJ9.{claims}.c2lnbmF0dXJl");
    let service = json!({
        "id": "far",
        "kind": "wes",
        "url": far.base_url().replace("http://", "https://"),
        "jurisdiction": "ZA",
        "credential": {"type": "bearer", "token": secret_file(&token)},
    });
    let settings = json!({
        "client": {"extra_ca_file": file("ca.pem")},
        "alerts": {"interval": "50ms", "rules": [{"name": "service-down", "enabled": false}]},
    });

    let gateway = TestGateway::start_configured(vec![service], settings).await;

    let operator = gateway.client_as("olu", &[Role::Operator]);
    let open = eventually("both are told", || async {
        let open = open(&operator).await;
        if open.as_array().is_some_and(|open| open.len() == 2) { Ok(open) } else { Err(open) }
    })
    .await;
    let told = |rule: &str| {
        let alert = open.as_array().into_iter().flatten().find(|alert| alert["rule"] == rule);
        let alert = alert.unwrap_or_else(|| panic!("no {rule} in {open}"));
        let message = alert["message"].as_str().unwrap_or_default().to_owned();
        (alert["subject"].clone(), alert["severity"].clone(), message)
    };
    let (subject, severity, message) = told("certificate-expiring");
    assert_eq!((subject, severity), (json!("certificate/far"), json!("warning")));
    assert!(message.starts_with("the certificate of far expires in 9days"), "{message}");
    let (subject, severity, message) = told("credential-expiring");
    assert_eq!((subject, severity), (json!("credential/far"), json!("warning")));
    assert!(message.starts_with("the credential for far expires in 1day"), "{message}");
    assert!(!open.to_string().contains("eyJ"), "{open}");
    gateway.stop().await;
    far.stop().await;
}

/// `[alerts]` in a hurry, with one rule.
fn alerts(receivers: &[&Receiver], mailbox: Option<&Mailbox>) -> Value {
    let others = ["failure-rate", "slow-responses", "circuit-flapping"];
    let mut rules: Vec<_> =
        others.iter().map(|name| json!({"name": name, "enabled": false})).collect();
    rules.push(json!({"name": "service-down", "for": "300ms", "clear_after": "300ms"}));
    let webhooks: Vec<_> = receivers
        .iter()
        .enumerate()
        .map(|(n, receiver)| {
            json!({
                "name": format!("hook-{n}"),
                "url": receiver.url(),
                "secret": secret_file(&Receiver::secret()),
                "from_severity": "warning",
            })
        })
        .collect();
    let mut alerts = json!({
        "interval": "50ms",
        "first_retry": "200ms",
        "longest_retry": "2s",
        "rules": rules,
        "webhooks": webhooks,
    });
    if let Some(mailbox) = mailbox {
        alerts["smtp"] = json!({
            "host": "127.0.0.1",
            "port": mailbox.port,
            "tls": "none",
            "from": "Gateway <gateway@example.org>",
            "to": ["operators@example.org"],
        });
    }
    alerts
}

/// An authority, and a certificate for 127.0.0.1 by it that expires then, with its key: all in PEM.
fn certificate(expires_at: i64) -> (String, String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_after = epoch + Duration::from_secs(u64::try_from(expires_at).unwrap());
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap().pem();
    (authority, certificate, key.serialize_pem())
}

async fn open(operator: &WesClient) -> Value {
    let (status, list) = operator.get_v1("/alerts").await;
    assert_eq!(status, StatusCode::OK, "{list}");
    list["alerts"].clone()
}

/// Sends a body as it is.
async fn post(caller: &WesClient, path: &str, body: &str) -> (StatusCode, Value) {
    let (path, body) = (format!("/api/v1{path}"), Value::from(body));
    let (status, _, answer) = caller.send(Method::POST, &path, &[], Some(&body)).await;
    (status, answer)
}

fn only(alerts: &Value) -> Value {
    match alerts.as_array().map(Vec::as_slice) {
        Some([alert]) => alert.clone(),
        _ => panic!("not one alert: {alerts}"),
    }
}

fn path(alert: &Value) -> String {
    format!("/alerts/{}", alert["id"].as_str().unwrap_or_default())
}

fn deliveries(details: &Value) -> Vec<Value> {
    details["deliveries"].as_array().cloned().unwrap_or_default()
}
