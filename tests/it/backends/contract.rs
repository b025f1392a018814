//! What every adapter does when its service does what it should.

use bytes::Bytes;
use futures_util::stream;
use ga4gh_gateway::{
    backend::{
        Attachment, Attachments, ByteRange, Error, LogSource, RUN_TAG, RunDetails, output_path,
    },
    domain::{BackendRunId, RunId},
    ga4gh::wes::State,
};
use serde_json::Value;

use super::subject::{Kind, Subject, Unknown, all};

pub(super) async fn says_what_it_offers(kind: &Kind) {
    let subject = Subject::start(kind).await;

    let offer = subject.backend.describe(&subject.credential).await.expect("it answers");

    assert!(offer.workflow_type(kind.workflow_type).is_some(), "{offer:?}");
    assert_eq!(offer.closed, None);
    assert_eq!(offer.panels.is_empty(), kind.adapter() != "michigan", "{offer:?}");
}

pub(super) async fn finds_a_run_by_its_tag(kind: &Kind) {
    let subject = Subject::start(kind).await;
    let run_id = RunId::generate();
    let submission = subject.submission(run_id);
    subject.submit_waiting().await;

    let placed = subject.backend.run_workflow(&subject.credential, submission).await;

    let placed = placed.expect("it is taken");
    let accepted = subject.simulator.submissions.all().pop().expect("it was accepted");
    assert_eq!(accepted.id, placed.as_str());
    let planted = match accepted.job_name {
        Some(name) => name,
        None => accepted.tags.get(RUN_TAG).cloned().unwrap_or_default(),
    };
    assert!(planted.contains(&run_id.to_string()), "{planted}");
    assert_eq!(subject.find(run_id).await, kind.finds.then_some(placed));
    assert_eq!(subject.find(RunId::generate()).await, None);
}

pub(super) async fn sees_many_runs_in_one_call(kind: &Kind) {
    let subject = Subject::start(kind).await;
    let waiting = subject.submit_waiting().await;
    let ended = subject.ended().await;
    let running = subject.submit_running().await;
    subject.set("outcome", kind.failing);
    let failed = subject.submit().await;
    subject.reaches(&failed, State::ExecutorError).await;
    let strange = BackendRunId::new(kind.strange_id);
    let ids = [&waiting, &running, &ended, &failed, &strange].map(Clone::clone);

    let mut seen = subject.backend.run_states(&subject.credential, &ids).await.expect("it answers");

    assert_eq!(seen.len(), ids.len(), "{seen:?}");
    let mut take = |id: &BackendRunId| {
        let at = seen.iter().position(|sighting| &sighting.id == id).expect("one for every id");
        seen.remove(at).observed
    };
    for (id, state) in [
        (waiting, kind.waiting),
        (running, State::Running),
        (ended, State::Complete),
        (failed, State::ExecutorError),
    ] {
        assert_eq!(take(&id).expect("it is known").state, state);
    }
    match (kind.unknown, take(&strange)) {
        (Unknown::Told, Err(Error::UnknownRun)) => {}
        (Unknown::Crash, Err(Error::Unavailable { .. })) => {}
        (Unknown::MadeUp, Ok(seen)) => assert_eq!(seen.state, State::Running),
        (_, seen) => panic!("{seen:?}"),
    }
}

pub(super) async fn tells_no_more_than_it_knows(kind: &Kind) {
    let subject = Subject::start(kind).await;
    let waiting = subject.submit_waiting().await;
    let running = subject.submit_running().await;

    for (id, has_begun) in [(&waiting, false), (&running, true)] {
        let told = details(&subject, id).await;
        assert_eq!(told.start_time.is_some(), has_begun && kind.times, "{told:?}");
        assert_eq!((told.end_time, told.exit_code), (None, None), "{told:?}");
        assert!(told.files.is_empty() && told.outputs.is_empty(), "{told:?}");
    }
    let strange = BackendRunId::new(kind.strange_id);
    let told = subject.backend.run_details(&subject.credential, &strange).await;
    match kind.unknown {
        Unknown::Told => assert!(matches!(told, Err(Error::UnknownRun)), "{told:?}"),
        Unknown::Crash | Unknown::MadeUp => {
            assert!(matches!(told, Err(Error::Unavailable { .. })), "{told:?}");
        }
    }
}

pub(super) async fn tells_how_a_run_ended(kind: &Kind) {
    let subject = Subject::start(kind).await;
    let ended = subject.ended().await;
    subject.set("outcome", kind.failing);
    let failed = subject.submit().await;
    subject.reaches(&failed, State::ExecutorError).await;

    let told = details(&subject, &ended).await;

    assert_eq!(told.exit_code, kind.exit_code.then_some(0), "{told:?}");
    assert_eq!((told.start_time.is_some(), told.end_time.is_some()), (kind.times, kind.times));
    assert!(told.start_time <= told.end_time, "{told:?}");
    assert_eq!(told.tasks.len(), kind.tasks, "{told:?}");
    assert!(told.tasks.iter().all(|task| task.exit_code == Some(0)), "{told:?}");
    assert!(!told.outputs.is_empty(), "{told:?}");
    assert_eq!(told.files.is_empty(), !kind.files, "{told:?}");
    let mut marked = markers(&Value::Object(told.outputs.clone()));
    let mut paths: Vec<_> = told.files.iter().map(|file| file.path.clone()).collect();
    marked.sort();
    paths.sort();
    assert_eq!(marked, paths, "each file is marked once");
    let outputs = Value::Object(told.outputs).to_string();
    assert!(!outputs.contains("http://") && !outputs.contains("file://"), "{outputs}");

    let told = details(&subject, &failed).await;
    assert_eq!(told.exit_code, kind.exit_code.then_some(1), "{told:?}");
}

pub(super) async fn serves_files_whole_and_in_part(kind: &Kind) {
    let subject = Subject::start(kind).await;
    let id = subject.ended().await;
    let told = details(&subject, &id).await;
    let (backend, credential) = (&subject.backend, &subject.credential);

    // Locked archives take long to make, and nothing can be cut out of the empty list of checksums.
    let plain = |path: &str| !path.ends_with(".zip") && !path.ends_with("checksums.txt");
    let Some(file) = told.files.iter().find(|file| plain(&file.path)) else {
        assert!(!kind.files, "{told:?}");
        let made_up = format!("{}-nothing", subject.locator(&id));
        let opened = backend.download(credential, &id, &made_up, None).await;
        assert!(matches!(opened, Err(Error::Gone(_))), "{opened:?}");
        return;
    };
    let whole = subject.read(&id, &file.locator).await;
    let again = subject.read(&id, &file.locator).await;
    let range = Some(ByteRange::From(2, Some(5)));
    let part = backend.download(credential, &id, &file.locator, range).await.expect("it opens");

    assert!(whole.len() > 6, "{file:?}");
    assert_eq!(again, whole);
    assert!(file.size.is_none_or(|size| size == whole.len() as u64), "{file:?}");
    match part.range {
        Some((first, last, length)) => {
            assert!(kind.ranges);
            assert_eq!((first, last, length), (2, 5, Some(whole.len() as u64)));
            assert_eq!(all(part).await, whole[2..=5]);
        }
        None => {
            assert!(!kind.ranges);
            assert_eq!(all(part).await, whole);
        }
    }
}

pub(super) async fn serves_its_logs(kind: &Kind) {
    let subject = Subject::start(kind).await;
    let id = subject.ended().await;
    let told = details(&subject, &id).await;
    let of_tasks = told.tasks.iter().flat_map(|task| [&task.stdout, &task.stderr]);
    let sources: Vec<_> = [&told.stdout, &told.stderr].into_iter().chain(of_tasks).collect();

    let (mut remote, mut inline, mut text) = (0, 0, String::new());
    for source in sources {
        match source {
            LogSource::None => {}
            LogSource::Inline(log) => {
                inline += 1;
                text.push_str(log);
            }
            LogSource::Remote(locator) => {
                remote += 1;
                text.push_str(&String::from_utf8_lossy(&subject.read(&id, locator).await));
            }
        }
    }

    assert_eq!((remote, inline), kind.logs, "{told:?}");
    assert!(!text.trim().is_empty());
}

pub(super) async fn cancels_what_it_can(kind: &Kind) {
    let subject = Subject::start(kind).await;
    let ended = subject.ended().await;
    let waiting = subject.submit_waiting().await;
    let running = subject.submit_running().await;
    let (backend, credential) = (&subject.backend, &subject.credential);

    for id in [&waiting, &running, &ended] {
        backend.cancel_run(credential, id).await.expect("it is asked");
    }

    for (id, otherwise) in [(&waiting, kind.waiting), (&running, State::Running)] {
        subject.reaches(id, if kind.cancels { State::Canceled } else { otherwise }).await;
    }
    subject.reaches(&ended, kind.canceled_after_end).await;
    let strange = BackendRunId::new(kind.strange_id);
    let asked = backend.cancel_run(credential, &strange).await;
    match kind.unknown {
        Unknown::Told => assert!(matches!(asked, Err(Error::UnknownRun)), "{asked:?}"),
        Unknown::Crash | Unknown::MadeUp => assert!(asked.is_ok(), "{asked:?}"),
    }
}

pub(super) async fn takes_a_large_file_whole(kind: &Kind) {
    const CHUNK: Bytes = Bytes::from_static(&[7; 64 * 1024]);
    let subject = Subject::start(kind).await;
    let name = "chr1.vcf.gz".to_owned();
    let chunks = kind.large / CHUNK.len() as u64;
    let bytes = Box::pin(stream::iter((0..chunks).map(|_| Ok(CHUNK))));
    let file = Attachment { name: name.clone(), bytes };
    let attachments = Attachments { manifest: None, files: Box::pin(stream::iter([Ok(file)])) };
    let submission = subject.submission_of(RunId::generate(), &name, attachments);

    let placed = subject.backend.run_workflow(&subject.credential, submission).await;

    assert!(placed.is_ok(), "{placed:?}");
    let accepted = subject.simulator.submissions.all();
    assert_eq!(accepted[0].files, [(name, kind.large)]);
}

pub(super) async fn takes_odd_file_names(kind: &Kind) {
    let subject = Subject::start(kind).await;
    let names =
        ["main a.vcf.gz", "sub/a \"b\".vcf.gz", "späte/größe;'x'.vcf.gz", "b/main a.vcf.gz"];
    let files = names.iter().map(|name| ((*name).to_owned(), Bytes::from_static(b"abc")));
    let attachments = Attachments::in_memory(files.collect());
    let submission = subject.submission_of(RunId::generate(), names[0], attachments);

    let placed = subject.backend.run_workflow(&subject.credential, submission).await;

    assert!(placed.is_ok(), "{placed:?}");
    let files = subject.simulator.submissions.all().remove(0).files;
    let arrived: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert!(files.iter().all(|(_, bytes)| *bytes == 3), "{files:?}");
    if kind.keeps_names {
        // A quotation mark travels as browsers write it.
        assert_eq!(arrived, names.map(|name| name.replace('"', "%22")));
    } else {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        assert!(arrived.iter().all(|name| name.chars().all(plain)), "{arrived:?}");
        let unique: std::collections::HashSet<_> = arrived.iter().collect();
        assert_eq!(unique.len(), names.len(), "{arrived:?}");
    }
}

async fn details(subject: &Subject, id: &BackendRunId) -> RunDetails {
    let told = subject.backend.run_details(&subject.credential, id).await;
    told.unwrap_or_else(|error| panic!("{}: {error}", subject.backend))
}

/// The paths of all output files that are marked somewhere in the outputs.
fn markers(outputs: &Value) -> Vec<String> {
    match outputs {
        Value::String(text) => output_path(text).map(str::to_owned).into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(markers).collect(),
        Value::Object(members) => members.values().flat_map(markers).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
