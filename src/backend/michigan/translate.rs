//! What a job's numbered state means in WES words. Pure.

use jiff::Timestamp;

use super::wire::{Job, JobState};
use crate::{
    backend::{Error, Observed, Result, client::plain_text},
    ga4gh::wes::State,
};

/// How long a successful job without files may still be registering them, by the server's own clock.
const SETTLING_MS: i64 = 60_000;

/// The condition of a job that was read whole. `canceling` says that a cancel was asked for a moment
/// ago: a job that is being canceled may show state 5 before it shows 6 again.
pub(super) fn observe(job: &Job, canceling: bool) -> Result<Observed> {
    let plain = |state| Ok(Observed::new(state, word(job.state)));
    match job.state {
        JobState::Waiting if job.setup_running == Some(true) => {
            Ok(Observed::new(State::Initializing, "waiting (1), validating"))
        }
        JobState::Waiting => plain(State::Queued),
        JobState::Running | JobState::Exporting => plain(State::Running),
        JobState::Success if is_settled(job) => plain(State::Complete),
        JobState::Success => {
            Ok(Observed::new(State::Running, "success (4), results not yet listed"))
        }
        JobState::SuccessNotified => plain(State::Complete),
        JobState::Failed if says_canceled(job) => plain(State::Canceled),
        JobState::Failed if canceling => plain(State::Canceling),
        JobState::Failed => plain(failure(job)),
        // It was 5 or 6 before; the messages tell which, as far as anything does.
        JobState::FailedNotified if says_canceled(job) => plain(State::Canceled),
        JobState::FailedNotified => plain(State::ExecutorError),
        JobState::Canceled => plain(State::Canceled),
        JobState::Retired => {
            Ok(Observed { expired: true, ..Observed::new(State::Unknown, word(job.state)) })
        }
        JobState::Deleted => Err(Error::UnknownRun),
        JobState::Dead => plain(State::SystemError),
        JobState::Other(_) => plain(State::Unknown),
    }
}

/// Whether a row of a list does not tell enough: there, jobs that are over have no steps and no files,
/// and one that has just ended may still show itself waiting, though it has started or left the queue.
pub(super) fn needs_whole_job(row: &Job) -> bool {
    match row.state {
        JobState::Success | JobState::Failed | JobState::FailedNotified => true,
        JobState::Waiting => {
            let left_queue = row.position_in_queue.is_some_and(|position| position < 0);
            left_queue || timestamp(row.start_time).is_some() || ended(row).is_some()
        }
        JobState::Running
        | JobState::Exporting
        | JobState::Canceled
        | JobState::Retired
        | JobState::SuccessNotified
        | JobState::Deleted
        | JobState::Dead
        | JobState::Other(_) => false,
    }
}

/// Whether the job will not change any more, whatever became of it.
pub(super) fn is_over(state: JobState) -> bool {
    match state {
        JobState::Success
        | JobState::Failed
        | JobState::Canceled
        | JobState::Retired
        | JobState::SuccessNotified
        | JobState::FailedNotified
        | JobState::Deleted
        | JobState::Dead => true,
        JobState::Waiting | JobState::Running | JobState::Exporting | JobState::Other(_) => false,
    }
}

/// Whether the job takes a place among those that its owner may have at once.
pub(super) fn is_active(state: JobState) -> bool {
    matches!(state, JobState::Waiting | JobState::Running | JobState::Exporting)
}

/// Whether the results of a successful job can be fetched: state 4 is told some seconds before.
pub(super) fn is_settled(job: &Job) -> bool {
    let stored = job.position_in_queue.is_none_or(|position| position < 0);
    let listed = job.outputs().iter().any(|output| !output.files().is_empty());
    let rested = || {
        let end = ended_ms(job)?;
        Some(set(job.current_time)? - end > SETTLING_MS)
    };
    // A job may have nothing to download, so that waiting for files must end.
    (stored && listed) || rested().unwrap_or(false)
}

/// The service's word and number of a state.
pub(super) fn word(state: JobState) -> String {
    let word = match state {
        JobState::Waiting => "waiting (1)",
        JobState::Running => "running (2)",
        JobState::Exporting => "exporting (3)",
        JobState::Success => "success (4)",
        JobState::Failed => "failed (5)",
        JobState::Canceled => "canceled (6)",
        JobState::Retired => "retired (7)",
        JobState::SuccessNotified => "success, owner notified (8)",
        JobState::FailedNotified => "failed or canceled, owner notified (9)",
        JobState::Deleted => "deleted (10)",
        JobState::Dead => {
            "dead (-1): the server was restarted; the job's owner may restart it there"
        }
        JobState::Other(number) => return format!("state {number}"),
    };
    word.to_owned()
}

/// When the job started, if it did. In version 2 the validation comes first.
pub(super) fn started(job: &Job) -> Option<Timestamp> {
    timestamp(job.start_time).or_else(|| timestamp(job.setup_start_time))
}

/// When the job ended, if it did.
pub(super) fn ended(job: &Job) -> Option<Timestamp> {
    timestamp(ended_ms(job))
}

/// A time of the service; zero and below are none.
pub(super) fn timestamp(ms: Option<i64>) -> Option<Timestamp> {
    Timestamp::from_millisecond(set(ms)?).ok()
}

fn ended_ms(job: &Job) -> Option<i64> {
    set(job.finished_on).or_else(|| set(job.end_time))
}

fn set(ms: Option<i64>) -> Option<i64> {
    ms.filter(|ms| *ms > 0)
}

/// A heuristic: the pipeline says why it rejects an input, in a message of its own. A job that never had
/// a step, or only the general failure, broke on the server's side.
fn failure(job: &Job) -> State {
    let reasoned = errors(job).any(|error| !is_general(&error));
    if reasoned { State::ExecutorError } else { State::SystemError }
}

fn says_canceled(job: &Job) -> bool {
    errors(job).any(|error| is_about_the_job(&error) && error.contains("cancel"))
}

fn is_general(error: &str) -> bool {
    is_about_the_job(error) && error.trim_end_matches(['.', '!', ' ']).ends_with("failed")
}

fn is_about_the_job(error: &str) -> bool {
    ["pipeline execution", "imputation job", "job execution"]
        .iter()
        .any(|start| error.starts_with(start))
}

fn errors(job: &Job) -> impl Iterator<Item = String> {
    job.steps()
        .iter()
        .flat_map(|step| step.messages())
        .filter(|message| message.kind == 1)
        .filter_map(|message| Some(plain_text(message.message.as_deref()?).to_lowercase()))
}
