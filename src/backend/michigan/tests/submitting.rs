//! Placing a run, and finding it again.

use std::{collections::HashSet, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    app_json, backend, backend_with,
    fake::{Fake, Reply},
    id, job_json, order, page_json, server_json, submission, token,
};
use crate::{
    backend::{
        Attachment, Attachments, Backend, Error, ImputationOrder, Search, Submission,
        client::{Client, Config},
        michigan::{MichiganBackend, submit},
    },
    domain::{Credential, Mode, Phasing, RunId},
};

const SUBMIT: &str = "POST /api/v2/jobs/submit/imputationserver2@2.0.12";

/// A version 3 server that answers submissions so.
async fn answering(submitted: impl Fn() -> Reply + Send + Sync + 'static) -> Fake {
    Fake::start(move |line| match line {
        "GET /api/v2/server" => Reply::Json(200, server_json()),
        "GET /api/v2/server/apps/imputationserver2@2.0.12" => Reply::Json(200, app_json()),
        "GET /api/v2/jobs?page=1" => Reply::Json(200, page_json(vec![job_json(json!({}))], None)),
        SUBMIT => submitted(),
        other => panic!("nobody should ask {other}"),
    })
    .await
}

fn accepted() -> Reply {
    Reply::Json(200, json!({"success": true, "message": "ok", "id": "job-20260102-030405-678"}))
}

fn own(status: u16, message: &str) -> Reply {
    Reply::Json(status, json!({"success": false, "message": message}))
}

#[tokio::test]
async fn a_run_becomes_the_form_that_the_app_declares() {
    let server = answering(accepted).await;
    let run_id = RunId::generate();

    let placed = backend(&server.url).run_workflow(&token(), submission(run_id)).await.unwrap();

    assert_eq!(placed, id("job-20260102-030405-678"));
    let sent = server.seen().pop().unwrap();
    assert_eq!((sent.line.as_str(), sent.token.as_deref()), (SUBMIT, Some("the-token")));
    let parts: Vec<(&str, &str)> = sent
        .body
        .split("Content-Disposition: form-data; name=\"")
        .skip(1)
        .map(|part| {
            let (head, value) = part.split_once("\r\n\r\n").unwrap();
            (head.split("\r\n").next().unwrap(), value.split("\r\n").next().unwrap())
        })
        .collect();
    let name = format!("ga4gh-gateway-run-{run_id} ko run 1");
    assert_eq!(
        parts,
        [
            ("job-name\"", name.as_str()),
            ("refpanel\"", "apps@demo-afr@1.0.0"),
            ("population\"", "afr"),
            ("build\"", "hg19"),
            ("r2Filter\"", "0.3"),
            ("phasing\"", "eagle"),
            ("mode\"", "imputation"),
            ("aesEncryption\"", "yes"),
            ("password\"", "Gw123abc"),
            ("files\"; filename=\"chr20.vcf.gz\"", "genotypes"),
            ("files\"; filename=\"chr20-2.vcf.gz\"", "genotypes"),
        ]
    );
}

#[tokio::test]
async fn what_a_refused_submission_proves() {
    type Script = fn() -> Reply;
    let cases: Vec<(Script, &str)> = vec![
        (|| own(400, "Only 3 jobs per user can be executed simultaneously."), "Busy"),
        (|| own(400, "Parameter 'x' not found"), "Refused"),
        (|| Reply::Text(400, "java.lang.NullPointerException"), "Refused"),
        (|| own(401, "Unauthorized"), "Credential"),
        (|| own(403, "Access denied."), "Credential"),
        (|| own(404, "Application 'x' not found"), "Refused"),
        (|| Reply::Text(408, ""), "Unavailable"),
        (|| Reply::Text(413, "<h1>413</h1>"), "Refused"),
        (|| Reply::Text(429, ""), "Busy"),
        (|| own(503, "This server is under maintenance"), "Unavailable"),
        (|| Reply::Redirect(301, "https://elsewhere/".to_owned()), "Refused"),
        (|| own(500, "oops"), "Uncertain"),
        (|| Reply::Text(502, "<html>502</html>"), "Uncertain"),
        (|| Reply::Text(504, "<html>504</html>"), "Uncertain"),
        (|| Reply::Text(200, "<html>Welcome</html>"), "Uncertain"),
        (|| Reply::Json(200, json!({"success": true, "message": "no id"})), "Uncertain"),
        (|| Reply::Lost, "Uncertain"),
    ];

    for (reply, expected) in cases {
        let server = answering(reply).await;

        let error = backend(&server.url)
            .run_workflow(&token(), submission(RunId::generate()))
            .await
            .unwrap_err();

        assert_eq!(kind(&error), expected, "{error}");
        let submits = server.lines().into_iter().filter(|line| line == SUBMIT).count();
        assert_eq!(submits, 1, "a submission is never repeated");
    }
}

fn kind(error: &Error) -> String {
    format!("{error:?}").split([' ', '(']).next().unwrap().to_owned()
}

#[tokio::test]
async fn an_answer_that_never_comes_is_uncertain() {
    let server = answering(|| Reply::Silence).await;
    let config = Config { submit_timeout: Duration::from_millis(50), ..Config::default() };
    let config = Config { stall_timeout: Duration::from_millis(50), ..config };
    let client = Client::try_new(config).unwrap();
    let service = super::service(&server.url, json!({}));
    let backend = MichiganBackend::try_new(&service, client).unwrap();

    let placed = backend.run_workflow(&token(), submission(RunId::generate())).await;

    assert!(matches!(placed, Err(Error::Uncertain { .. })), "{placed:?}");
}

#[tokio::test]
async fn nothing_is_uploaded_to_a_server_that_would_refuse_it() {
    for (name, value, expected) in
        [("maintenace", json!(true), "Unavailable"), ("loggedIn", json!(false), "Credential")]
    {
        let mut server = server_json();
        server[name] = value;
        let server = Fake::start(move |line| match line {
            "GET /api/v2/server" => Reply::Json(200, server.clone()),
            other => panic!("nobody should ask {other}"),
        })
        .await;

        let placed =
            backend(&server.url).run_workflow(&token(), submission(RunId::generate())).await;

        assert_eq!(kind(&placed.unwrap_err()), expected);
        assert_eq!(server.lines(), ["GET /api/v2/server"]);
    }
}

#[tokio::test]
async fn a_learned_job_limit_saves_the_next_upload() {
    let server = answering(|| own(400, "Only 1 jobs per user can be executed")).await;
    let backend = backend(&server.url);
    for _ in 0..2 {
        let placed = backend.run_workflow(&token(), submission(RunId::generate())).await;
        assert!(matches!(placed, Err(Error::Busy { .. })), "{placed:?}");
    }

    let uploads = server.lines().into_iter().filter(|line| line == SUBMIT).count();

    assert_eq!(uploads, 1);
}

#[tokio::test]
async fn uploads_at_once_do_not_exceed_the_limit_together() {
    let server = answering(accepted).await;
    let backend = backend_with(&server.url, json!({"max_jobs_per_user": 3}));
    let other = Credential::Bearer("another-token".to_owned().into());

    // Of three jobs one runs already. Three uploads at once for this user, and one for another.
    let user = token();
    let (a, b, c, d) = tokio::join!(
        backend.run_workflow(&user, submission(RunId::generate())),
        backend.run_workflow(&user, submission(RunId::generate())),
        backend.run_workflow(&user, submission(RunId::generate())),
        backend.run_workflow(&other, submission(RunId::generate())),
    );

    assert!(a.is_ok() && b.is_ok() && d.is_ok(), "{a:?} {b:?} {d:?}");
    assert!(matches!(c, Err(Error::Busy { .. })), "{c:?}");
    let uploads = server.lines().into_iter().filter(|line| line == SUBMIT).count();
    assert_eq!(uploads, 3);
}

#[tokio::test]
async fn a_version_2_server_hides_its_apps_from_a_dead_token() {
    for (listed, expected) in [(401, "Credential"), (200, "Refused")] {
        let server = Fake::start(move |line| match line {
            "GET /api/v2/server" => {
                Reply::Json(200, json!({"apps": [{"id": "imputationserver2", "name": "I"}]}))
            }
            "GET /api/v2/server/apps/imputationserver2" => Reply::Json(200, app_json()),
            "GET /api/v2/jobs?page=1" => Reply::Json(listed, page_json(Vec::new(), None)),
            "POST /api/v2/jobs/submit/imputationserver2" => {
                own(404, "Application 'imputationserver2' not found or requires authentication")
            }
            other => panic!("nobody should ask {other}"),
        })
        .await;

        let placed =
            backend(&server.url).run_workflow(&token(), submission(RunId::generate())).await;

        assert_eq!(kind(&placed.unwrap_err()), expected);
    }
}

#[tokio::test]
async fn files_that_break_off_are_an_input_error() {
    let server = answering(accepted).await;
    let bytes = stream::iter([Ok(Bytes::from_static(b"half")), Err(std::io::Error::other("gone"))]);
    let file = Attachment { name: "chr1.vcf.gz".to_owned(), bytes: bytes.boxed() };
    let attachments = Attachments { manifest: None, files: stream::iter([Ok(file)]).boxed() };
    let submission = Submission { attachments, ..submission(RunId::generate()) };

    let placed = backend(&server.url).run_workflow(&token(), submission).await;

    assert!(matches!(placed, Err(Error::Input(_))), "{placed:?}");
}

#[test]
fn a_wish_that_the_app_cannot_hear_is_refused() {
    let mut without_mode: Value = app_json();
    without_mode["params"].as_array_mut().unwrap().retain(|param| param["id"] != "mode");
    type Change = fn(&mut ImputationOrder);
    let changes: [(Value, Change, bool); 7] = [
        (app_json(), |_| {}, true),
        (app_json(), |order| order.imputation.mode = Mode::QcOnly, true),
        (without_mode.clone(), |_| {}, true),
        (without_mode, |order| order.imputation.mode = Mode::QcOnly, false),
        (app_json(), |order| order.imputation.phasing = Phasing::Beagle, false),
        (app_json(), |order| order.imputation.meta = true, false),
        (
            app_json(),
            |order| {
                order.imputation.population = None;
                order.panel.populations.retain(|population| population.id != "off");
            },
            false,
        ),
    ];
    for (at, (app, change, fits)) in changes.into_iter().enumerate() {
        let mut order = order();
        change(&mut order);

        let form = submit::form(&serde_json::from_value(app).unwrap(), &order, "name");

        assert_eq!(form.is_ok(), fits, "case {at}: {form:?}");
    }
}

#[tokio::test]
async fn a_lost_run_is_found_by_its_name() {
    let run_id = RunId::generate();
    let named = |id: &str, name: String| job_json(json!({"id": id, "name": name}));
    let marker = submit::job_marker(run_id);
    let pages = [
        page_json(
            vec![named("job-9", format!("{marker}0")), named("job-8", marker.clone())],
            Some(2),
        ),
        page_json(vec![named("job-7", format!("{marker} my run"))], Some(3)),
    ];
    let server = Fake::start(move |line| match line {
        "GET /api/v2/jobs?page=1" => Reply::Json(200, pages[0].clone()),
        "GET /api/v2/jobs?page=2" => Reply::Json(200, pages[1].clone()),
        other => panic!("nobody should ask {other}"),
    })
    .await;
    let since: Timestamp = "2026-01-02T03:00:00Z".parse().unwrap();
    let known = HashSet::from([id("job-8")]);

    let found =
        backend(&server.url).find_run(&token(), &Search { run_id, since, known }).await.unwrap();

    assert_eq!(found, Some(id("job-7")));
}

#[tokio::test]
async fn a_search_ends_where_the_jobs_are_too_old() {
    let server = Fake::start(|line| match line {
        "GET /api/v2/jobs?page=1" => {
            Reply::Json(200, page_json(vec![job_json(json!({}))], Some(2)))
        }
        other => panic!("nobody should ask {other}"),
    })
    .await;
    let since: Timestamp = "2026-01-05T00:00:00Z".parse().unwrap();
    let search = Search { run_id: RunId::generate(), since, known: HashSet::new() };

    let found = backend(&server.url).find_run(&token(), &search).await.unwrap();

    assert_eq!(found, None);
}
