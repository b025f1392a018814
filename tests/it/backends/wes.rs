//! Plain WES servers, each dialect of its own.

use ga4gh_gateway::{backend::LogSource, ga4gh::wes::State};

use super::{
    keeps_the_contract,
    subject::{Kind, Subject, Unknown},
};

const SPEC: Kind = Kind {
    simulator: "wes",
    knobs: &[("dialect", "spec")],
    workflow_type: "CWL",
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
    files: true,
    ranges: true,
    keeps_names: true,
    large: 64 << 20,
};

/// Knows three states, does nothing on a cancel, and makes up every run that it is asked for.
const WES_SERVICE: Kind = Kind {
    knobs: &[("dialect", "wes-service")],
    waiting: State::Running,
    cancels: false,
    unknown: Unknown::MadeUp,
    times: false,
    tasks: 0,
    logs: (0, 2),
    files: false,
    ranges: false,
    large: 8 << 20,
    ..SPEC
};

const TOIL: Kind = Kind {
    knobs: &[("dialect", "toil")],
    logs: (2, 0),
    files: false,
    ranges: false,
    large: 8 << 20,
    ..SPEC
};

const SAPPORO: Kind =
    Kind { knobs: &[("dialect", "sapporo")], tasks: 0, logs: (0, 2), large: 8 << 20, ..SPEC };

/// Keeps no tags, lists ended runs only, and crashes over ids that it does not know.
const STARTER_KIT: Kind = Kind {
    knobs: &[("dialect", "starter-kit")],
    workflow_type: "WDL",
    finds: false,
    cancels: false,
    unknown: Unknown::Crash,
    tasks: 0,
    logs: (2, 0),
    files: false,
    ranges: false,
    large: 8 << 20,
    ..SPEC
};

/// Repeats nothing of a request, and cancels even what has ended.
const GALAXY: Kind = Kind {
    knobs: &[("dialect", "galaxy")],
    workflow_type: "gx_workflow_ga",
    finds: false,
    canceled_after_end: State::Canceled,
    strange_id: "0123456789abcdef",
    times: false,
    exit_code: false,
    logs: (6, 0),
    files: false,
    ranges: false,
    large: 8 << 20,
    ..SPEC
};

keeps_the_contract!(spec, SPEC);
keeps_the_contract!(wes_service, WES_SERVICE);
keeps_the_contract!(toil, TOIL);
keeps_the_contract!(sapporo, SAPPORO);
keeps_the_contract!(starter_kit, STARTER_KIT);
keeps_the_contract!(galaxy, GALAXY);

#[tokio::test]
async fn logs_of_toil_are_found_beside_its_api() {
    let subject = Subject::start(&TOIL).await;
    let id = subject.ended().await;

    let told = subject.backend.run_details(&subject.credential, &id).await.unwrap();

    let expected = format!("{}toil/wes/v1/logs/{id}/stdout", subject.simulator.url());
    assert_eq!(told.stdout, LogSource::Remote(expected));
}

#[tokio::test]
async fn sapporo_is_told_the_engine_that_it_insists_on() {
    let subject = Subject::start(&SAPPORO).await;

    subject.submit().await;

    let fields = subject.simulator.submissions.all().remove(0).fields;
    assert_eq!(fields["workflow_engine"], "cwltool");
}

#[tokio::test]
async fn a_sapporo_run_whose_files_were_deleted_has_expired() {
    let subject = Subject::start(&SAPPORO).await;
    let id = subject.ended().await;
    subject.set("show_state", "DELETED");

    let seen = subject.state(&id).await.unwrap();

    assert_eq!((seen.state, seen.expired), (State::Unknown, true));
}

#[tokio::test]
async fn a_service_is_found_at_its_root_and_below() {
    let subject = Subject::start(&SPEC).await;
    for path in ["/", "/ga4gh/wes/v1", "/ga4gh/wes/v1/"] {
        let url = subject.simulator.url().join(path).unwrap();
        let backend = super::subject::adapter(&SPEC, &url, std::time::Duration::from_secs(5));

        let offer = backend.describe(&subject.credential).await;

        assert!(offer.is_ok(), "{path}: {offer:?}");
    }
}
