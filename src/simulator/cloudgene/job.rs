//! A job: what it was made from, and what will become of it.

use super::{
    apps::App,
    ending::Verdict,
    files::{Output, ResultFile},
    params::Parameters,
    state::{Course, Moment, Retention, Timeline},
    steps,
};

/// A job.
#[derive(Debug)]
pub(super) struct Job {
    /// `job-yyyyMMdd-HHmmss-SSS`.
    pub(super) id: String,
    /// Counts the jobs of the server; ids of the database derive from it.
    pub(super) number: u64,
    /// Who submitted it.
    pub(super) owner: String,
    /// What it runs.
    pub(super) app: &'static App,
    /// The app as the submission named it.
    pub(super) application_id: String,
    /// `User-Agent` of the submission, cut to 350 characters.
    pub(super) user_agent: Option<String>,
    /// What was sent.
    pub(super) parameters: Parameters,
    /// What the server makes of it.
    pub(super) verdict: Verdict,
    /// When it does what.
    pub(super) timeline: Timeline,
    /// Until when it is out of sight.
    pub(super) hidden_until: i64,
    /// What its archives are locked with.
    pub(super) password: String,
    /// Whether the password goes by mail; if not, the last step tells it.
    pub(super) mail: bool,
    /// Its outputs.
    pub(super) outputs: Vec<Output>,
    /// Its files, whether or not they exist yet.
    pub(super) files: Vec<ResultFile>,
}

impl Job {
    /// The job at a time.
    pub(super) fn at(&self, now: i64, retention: Retention) -> Moment {
        self.timeline.at(now, retention)
    }

    /// Its name: the given one or its id.
    pub(super) fn name(&self) -> &str {
        self.parameters.job_name.as_deref().unwrap_or(&self.id)
    }

    /// Whether its owner can see it.
    pub(super) fn is_visible(&self, now: i64) -> bool {
        !self.timeline.deleted && now >= self.hidden_until
    }

    /// The files that it lists at a moment.
    pub(super) fn listed_files(&self, moment: &Moment) -> impl Iterator<Item = &ResultFile> {
        self.files.iter().filter(|file| moment.lists_files && file.exists_at(moment))
    }

    /// The text of its log. None if it died before it could write one.
    pub(super) fn log(&self, moment: &Moment) -> Option<String> {
        if self.verdict.ending.course() == Course::NeverStarts {
            return None;
        }
        let mut log = format!(
            "Details:\n  Name: {}\n  Application: {} {}\n  Submitted On: {}\n",
            self.name(),
            self.app.name,
            self.app.version,
            self.timeline.submitted_at,
        );
        for step in steps::steps(self, moment) {
            log.push_str(&format!("\n{}\n", step.name));
            for message in step.messages {
                log.push_str(&format!("  [{:?}] {}\n", message.kind, message.text));
            }
        }
        Some(log)
    }
}
