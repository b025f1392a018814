//! What every adapter does when its service, or the way to it, fails.

use std::{io, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use ga4gh_gateway::{
    backend::{Attachment, Attachments, Backend, Error},
    domain::{BackendRunId, Credential, RunId},
};
use tokio::{net::TcpListener, time::Instant};

use super::subject::{Kind, Subject, Unknown, adapter, search, state};

/// Far more than an impatient adapter needs, and far less than a patient one would wait.
const IN_TIME: Duration = Duration::from_secs(12);

pub(super) async fn nobody_there_is_unavailable(kind: &Kind) {
    let subject = Subject::start(kind).await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    let url = format!("http://{address}").parse().expect("an address makes a URL");
    let backend = adapter(kind, &url, Duration::from_secs(5));

    for (method, error) in each_method(&subject, &*backend, &Credential::None).await {
        assert!(matches!(error, Error::Unavailable { .. }), "{method}: {error:?}");
    }
}

pub(super) async fn refusals_are_told_apart(kind: &Kind) {
    let subject = Subject::start_with(kind, &[("retry_after_s", "7")]).await;
    let wait = Some(Duration::from_secs(7));
    let submit = async || {
        let submission = subject.submission(RunId::generate());
        subject.backend.run_workflow(&subject.credential, submission).await
    };

    subject.set("fail_submit_with", 503);
    let down = submit().await;
    subject.set("fail_submit_with", 429);
    let throttled = submit().await;
    subject.set("fail_submit_with", 400);
    let refused = submit().await;
    subject.set("fail_submit_with", "null");
    subject.set(kind.limit, 0);
    let full = submit().await;

    assert!(
        matches!(down, Err(Error::Unavailable { retry_after, .. }) if retry_after == wait),
        "{down:?}"
    );
    assert!(
        matches!(throttled, Err(Error::Busy { retry_after, .. }) if retry_after == wait),
        "{throttled:?}"
    );
    assert!(matches!(refused, Err(Error::Refused { status: 400, .. })), "{refused:?}");
    assert!(matches!(full, Err(Error::Busy { .. })), "{full:?}");
    assert_eq!(subject.accepted(), 0);
}

pub(super) async fn failing_reads_are_no_news_of_a_run(kind: &Kind) {
    let subject = Subject::start_with(kind, &[("retry_after_s", "7")]).await;
    let (backend, credential) = (&subject.backend, &subject.credential);
    let id = subject.ended().await;

    for (html, status) in [(false, 503), (true, 503), (true, 502), (true, 404)] {
        subject.set("html_errors", html);
        subject.set("fail_reads_with", status);
        let errors = [
            state(&**backend, credential, &id).await.map(drop).expect_err("it fails"),
            backend.run_details(credential, &id).await.map(drop).expect_err("it fails"),
            backend.find_run(credential, &search(RunId::generate())).await.expect_err("it fails"),
        ];
        for error in errors {
            let fits = match &error {
                Error::Unavailable { retry_after, .. } => {
                    status == 502 || *retry_after == Some(Duration::from_secs(7))
                }
                Error::Malformed(_) => status == 404,
                _ => false,
            };
            assert!(fits, "{status}: {error:?}");
        }
    }
}

pub(super) async fn a_bad_credential_is_called_so_everywhere(kind: &Kind) {
    let subject = Subject::start(kind).await;
    let id = subject.ended().await;
    if kind.adapter() == "wes" {
        subject.set("auth", "bearer");
    }
    let backend = subject.impatient();
    let bad = subject.bad_credential();

    let mut errors = each_method(&subject, &*backend, &bad).await;
    errors.push(("a known run", state(&*backend, &bad, &id).await.expect_err("it is shown")));
    // Service-info of sapporo is public.
    let public = kind.knobs.contains(&("dialect", "sapporo"));
    errors.retain(|(method, _)| !(public && *method == "describe"));

    for (method, error) in errors {
        assert!(matches!(error, Error::Credential { .. }), "{method}: {error:?}");
    }
    assert_eq!(subject.accepted(), 1);
}

pub(super) async fn a_page_of_a_proxy_proves_nothing(kind: &Kind) {
    let subject = Subject::start_with(kind, &[("html_errors", "true")]).await;
    let run_id = RunId::generate();
    subject.set("fail_submit_with", 502);

    let submission = subject.submission(run_id);
    let lost = subject.backend.run_workflow(&subject.credential, submission).await;

    assert!(matches!(lost, Err(Error::Uncertain { .. })), "{lost:?}");
    assert_eq!(subject.find(run_id).await, None);
}

pub(super) async fn a_hang_ends_in_time(kind: &Kind) {
    let subject = Subject::start(kind).await;
    let backend = subject.impatient();
    backend.describe(&subject.credential).await.expect("it answers");
    subject.set("hang", true);
    let began = Instant::now();

    let errors = each_method(&subject, &*backend, &subject.credential).await;

    assert!(began.elapsed() < IN_TIME, "{:?}", began.elapsed());
    for (method, error) in errors {
        match error {
            Error::Unavailable { .. } => {}
            // Where nothing is asked before, the submission itself got lost.
            Error::Uncertain { .. } if method == "run_workflow" => {}
            error => panic!("{method}: {error:?}"),
        }
    }
    assert_eq!(subject.accepted(), 0);
}

pub(super) async fn a_lost_answer_is_uncertain_and_found(kind: &Kind) {
    for (knob, value, off) in [
        ("reset_after_upload", "true", "false"),
        ("create_then_fail_with", "504", "null"),
        ("answer_delay_ms", "60000", "0"),
    ] {
        let subject = Subject::start_with(kind, &[(knob, value)]).await;
        let backend = subject.impatient();
        let run_id = RunId::generate();

        let lost = backend.run_workflow(&subject.credential, subject.submission(run_id)).await;

        assert!(matches!(lost, Err(Error::Uncertain { .. })), "{knob}: {lost:?}");
        subject.set(knob, off);
        let accepted = subject.simulator.submissions.all();
        assert_eq!(accepted.len(), 1, "{knob}");
        let expected = kind.finds.then(|| BackendRunId::new(&accepted[0].id));
        assert_eq!(subject.find(run_id).await, expected, "{knob}");
    }
}

/// Many servers answer 500 to mistakes of a request, so that adapters look whether the run is there.
pub(super) async fn a_crash_after_placing_is_no_refusal(kind: &Kind) {
    let subject = Subject::start_with(kind, &[("create_then_fail_with", "500")]).await;

    let submission = subject.submission(RunId::generate());
    let placed = subject.backend.run_workflow(&subject.credential, submission).await;

    let accepted = subject.simulator.submissions.all();
    assert_eq!(accepted.len(), 1);
    match placed {
        Ok(id) => assert_eq!(id.as_str(), accepted[0].id),
        Err(Error::Uncertain { .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
}

pub(super) async fn a_lost_run_is_not_made_up(kind: &Kind) {
    let subject = Subject::start_with(kind, &[(kind.lose, "true")]).await;
    let run_id = RunId::generate();
    let submission = subject.submission(run_id);

    let id = subject.backend.run_workflow(&subject.credential, submission).await;

    let id = id.expect("it is confirmed");
    assert_eq!(subject.find(run_id).await, None);
    let seen = subject.state(&id).await;
    match kind.unknown {
        Unknown::Told => assert!(matches!(seen, Err(Error::UnknownRun)), "{seen:?}"),
        Unknown::Crash => assert!(matches!(seen, Err(Error::Unavailable { .. })), "{seen:?}"),
        Unknown::MadeUp => assert!(seen.is_ok(), "{seen:?}"),
    }
}

pub(super) async fn a_broken_upload_places_nothing(kind: &Kind) {
    let subject = Subject::start(kind).await;
    let name = "chr1.vcf.gz".to_owned();
    let chunks = [Ok(Bytes::from_static(&[7; 100_000])), Err(io::ErrorKind::UnexpectedEof.into())];
    let file = Attachment { name: name.clone(), bytes: Box::pin(stream::iter(chunks)) };
    let files = Box::pin(stream::iter([Ok(file)]));
    let run_id = RunId::generate();
    let submission = subject.submission_of(run_id, &name, Attachments { manifest: None, files });

    let broken = subject.backend.run_workflow(&subject.credential, submission).await;

    assert!(matches!(broken, Err(Error::Input(_))), "{broken:?}");
    assert_eq!(subject.find(run_id).await, None);
    assert_eq!(subject.accepted(), 0);
}

/// Calls every method once, at a service that can answer none of them.
async fn each_method(
    subject: &Subject,
    backend: &dyn Backend,
    credential: &Credential,
) -> Vec<(&'static str, Error)> {
    let id = BackendRunId::new(subject.kind.strange_id);
    let search = search(RunId::generate());
    let submission = subject.submission(RunId::generate());
    let locator = subject.locator(&id);
    let mut errors = Vec::new();
    let mut note = |method, outcome: Result<(), Error>| {
        errors.extend(outcome.err().map(|error| (method, error)));
    };
    let (described, submitted, found, seen, told, canceled, opened) = tokio::join!(
        backend.describe(credential),
        backend.run_workflow(credential, submission),
        backend.find_run(credential, &search),
        state(backend, credential, &id),
        backend.run_details(credential, &id),
        backend.cancel_run(credential, &id),
        backend.download(credential, &id, &locator, None),
    );
    note("describe", described.map(drop));
    note("run_workflow", submitted.map(drop));
    note("find_run", found.map(drop));
    note("run_states", seen.map(drop));
    note("run_details", told.map(drop));
    note("cancel_run", canceled.map(drop));
    note("download", opened.map(drop));
    assert!(errors.len() >= 6, "something was answered: {errors:?}");
    errors
}
