//! Cloudgene servers, both generations.

use std::io::{Cursor, Read};

use ga4gh_gateway::{
    backend::Error,
    domain::{BackendRunId, RunId},
    ga4gh::wes::State,
};

use super::{
    keeps_the_contract,
    subject::{Kind, PASSWORD, Subject, Unknown},
};
use crate::support::http;

const CLOUDGENE_3: Kind = Kind {
    simulator: "cloudgene3",
    knobs: &[("variants", "3")],
    workflow_type: "IMPUTATION",
    failing: "validation_error",
    limit: "jobs_per_user",
    lose: "lose_job",
    waiting: State::Queued,
    finds: true,
    cancels: true,
    canceled_after_end: State::Complete,
    unknown: Unknown::Told,
    strange_id: "job-20260101-000000-000",
    times: true,
    exit_code: true,
    tasks: 4,
    logs: (1, 0),
    files: true,
    ranges: false,
    keeps_names: false,
    large: 64 << 20,
};

const CLOUDGENE_2: Kind = Kind { simulator: "cloudgene2", large: 8 << 20, ..CLOUDGENE_3 };

const BOTH: [Kind; 2] = [CLOUDGENE_3, CLOUDGENE_2];

keeps_the_contract!(cloudgene_3, CLOUDGENE_3);
keeps_the_contract!(cloudgene_2, CLOUDGENE_2);

#[tokio::test]
async fn a_job_stays_complete_until_its_data_are_deleted() {
    for kind in BOTH {
        let subject = Subject::start(&kind).await;
        let id = subject.ended().await;

        subject.set("notify_after_ms", 0);
        let notified = subject.state(&id).await.unwrap();
        subject.set("retire_after_ms", 0);
        let retired = subject.state(&id).await.unwrap();

        assert_eq!((notified.state, notified.expired), (State::Complete, false), "{notified:?}");
        // How it ended is no longer told; the ledger knows.
        assert_eq!((retired.state, retired.expired), (State::Unknown, true), "{retired:?}");
        let told = subject.backend.run_details(&subject.credential, &id).await.unwrap();
        assert!(told.files.is_empty(), "{told:?}");
    }
}

#[tokio::test]
async fn a_restart_of_the_server_kills_its_jobs() {
    for kind in BOTH {
        let subject = Subject::start(&kind).await;
        let id = subject.submit_waiting().await;
        subject.set("restart_now", true);

        let seen = subject.state(&id).await.unwrap();

        assert_eq!(seen.state, State::SystemError, "{seen:?}");
        assert!(seen.word.contains("restarted"), "{seen:?}");
    }
}

#[tokio::test]
async fn the_object_store_never_sees_the_token() {
    for kind in BOTH {
        let subject = Subject::start_with(&kind, &[("s3_redirect", "true")]).await;
        let port = subject.simulator.address.port();
        subject.simulator.set("s3_host", &format!("\"localhost:{port}\"")).unwrap();
        let id = subject.ended().await;
        let locator = locator(&subject, &id, ".txt").await;

        let bytes = subject.read(&id, &locator).await;

        assert!(!bytes.is_empty());
        let leaks = http::get(&format!("{}_sim/leaks", subject.simulator.url())).await.unwrap();
        assert_eq!(leaks["leaked_tokens"], 0);
    }
}

#[tokio::test]
async fn a_file_is_gone_when_its_allowance_is_used_up() {
    for kind in BOTH {
        let subject = Subject::start_with(&kind, &[("downloads_allowed", "1")]).await;
        let id = subject.ended().await;
        let locator = locator(&subject, &id, ".txt").await;
        subject.read(&id, &locator).await;

        let again = subject.backend.download(&subject.credential, &id, &locator, None).await;

        assert!(matches!(again, Err(Error::Gone(_))), "{again:?}");
    }
}

#[tokio::test]
async fn a_list_that_is_behind_deceives_nobody() {
    for kind in BOTH {
        let subject = Subject::start_with(&kind, &[("stale_list", "true")]).await;
        let ids = [subject.submit().await, subject.submit().await];

        let seen = subject.backend.run_states(&subject.credential, &ids).await.unwrap();

        let states: Vec<_> =
            seen.iter().map(|seen| seen.observed.as_ref().unwrap().state).collect();
        assert_eq!(states, [State::Complete; 2]);
    }
}

#[tokio::test]
async fn a_cancel_that_flickers_is_never_a_failure() {
    for kind in BOTH {
        let subject = Subject::start_with(&kind, &[("flicker_on_cancel", "true")]).await;
        let id = subject.submit_running().await;
        subject.backend.cancel_run(&subject.credential, &id).await.unwrap();

        crate::support::eventually::eventually("the run is canceled", || async {
            let seen = subject.state(&id).await.unwrap();
            match seen.state {
                State::Canceled => Ok(()),
                State::Canceling => Err(seen),
                _ => panic!("{seen:?}"),
            }
        })
        .await;
    }
}

#[tokio::test]
async fn the_chosen_password_opens_the_archive() {
    for kind in BOTH {
        let subject = Subject::start(&kind).await;
        let mut submission = subject.submission(RunId::generate());
        let order = submission.imputation.as_mut().unwrap();
        order.imputation.aes_encryption = true;
        let placed = subject.backend.run_workflow(&subject.credential, submission).await;
        let id = placed.unwrap();
        subject.reaches(&id, State::Complete).await;
        let locator = locator(&subject, &id, ".zip").await;

        let archive = subject.read(&id, &locator).await;

        let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
        assert!(archive.by_index_decrypt(0, b"wrong").is_err());
        let mut bytes = Vec::new();
        let mut file = archive.by_index_decrypt(0, PASSWORD.as_bytes()).unwrap();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes[..2], [0x1f, 0x8b]);
    }
}

async fn locator(subject: &Subject, id: &BackendRunId, ending: &str) -> String {
    let told = subject.backend.run_details(&subject.credential, id).await;
    let told = told.expect("the run is known");
    let file = told.files.iter().find(|file| file.path.ends_with(ending));
    file.unwrap_or_else(|| panic!("no {ending}: {told:?}")).locator.clone()
}
