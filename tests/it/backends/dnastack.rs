//! DNAstack Workbench.

use futures_util::future::join_all;
use ga4gh_gateway::{backend::Error, domain::RunId, ga4gh::wes::State};

use super::{
    keeps_the_contract,
    subject::{Kind, Subject, Unknown},
};

const WORKBENCH: Kind = Kind {
    simulator: "dnastack",
    knobs: &[],
    workflow_type: "WDL",
    failing: "executor_error",
    limit: "max_runs",
    lose: "lose_run",
    waiting: State::Queued,
    finds: true,
    cancels: true,
    canceled_after_end: State::Complete,
    unknown: Unknown::Told,
    strange_id: "00000000-0000-4000-8000-000000000000",
    times: true,
    exit_code: true,
    tasks: 3,
    logs: (8, 0),
    // Its outputs lie in a bucket.
    files: false,
    ranges: false,
    keeps_names: true,
    large: 64 << 20,
};

keeps_the_contract!(workbench, WORKBENCH);

#[tokio::test]
async fn a_token_that_dies_early_is_renewed_once_and_nothing_is_placed_twice() {
    let subject = Subject::start(&WORKBENCH).await;
    let (backend, credential) = (&subject.backend, &subject.credential);
    backend.describe(credential).await.unwrap();

    subject.set("refuse_once", true);
    let id = subject.submit().await;
    subject.set("refuse_once", true);
    let seen = subject.state(&id).await;

    assert!(seen.is_ok(), "{seen:?}");
    assert_eq!(subject.accepted(), 1);
}

#[tokio::test]
async fn pages_are_followed_by_their_absolute_url() {
    let subject = Subject::start(&WORKBENCH).await;
    subject.set("run_ms", 3_600_000);
    let ids = join_all((0..105).map(|_| subject.submit())).await;

    let seen = subject.backend.run_states(&subject.credential, &ids).await.unwrap();

    assert_eq!(seen.len(), ids.len());
    let is_running = |state: &Result<_, Error>| {
        state
            .as_ref()
            .is_ok_and(|seen: &ga4gh_gateway::backend::Observed| seen.state == State::Running)
    };
    assert!(seen.iter().all(|sighting| is_running(&sighting.observed)), "{seen:?}");
}

#[tokio::test]
async fn a_refusal_inside_a_good_answer_is_a_refusal() {
    let subject = Subject::start_with(&WORKBENCH, &[("refuse_inside", "true")]).await;
    subject.set("submissions_refused", true);

    let submission = subject.submission(RunId::generate());
    let refused = subject.backend.run_workflow(&subject.credential, submission).await;

    assert!(matches!(refused, Err(Error::Refused { status: 400, .. })), "{refused:?}");
}

#[tokio::test]
async fn a_workflow_that_cannot_be_stored_leaves_nothing_uncertain() {
    let subject = Subject::start_with(&WORKBENCH, &[("fail_workflow_with", "504")]).await;
    let files = vec![("main.wdl".to_owned(), "version 1.0".into())];
    let files = ga4gh_gateway::backend::Attachments::in_memory(files);

    let submission = subject.submission_of(RunId::generate(), "main.wdl", files);
    let failed = subject.backend.run_workflow(&subject.credential, submission).await;

    assert!(matches!(failed, Err(Error::Unavailable { .. })), "{failed:?}");
}
