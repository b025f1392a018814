//! The jobs and tokens of a server, behind one lock that is held for one request's reading or writing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    job::Job,
    knobs::CloudgeneKnobs,
    state::{JobState, Moment, Retention},
};

/// The jobs and tokens of a server.
#[derive(Debug)]
pub(super) struct Store {
    /// All jobs by id, which is also their order of submission.
    jobs: BTreeMap<String, Job>,
    /// Jobs that had not ended when last looked.
    active: BTreeSet<String>,
    /// Where each result file is.
    files: HashMap<String, (String, usize)>,
    /// When the jobs were last looked at.
    looked_at: i64,
    /// Random hashes and passwords.
    pub(super) rng: fastrand::Rng,
    /// API tokens that were minted, newest last. Only the newest is alive.
    pub(super) minted: Vec<String>,
    /// Whether the user's token was revoked through the API.
    pub(super) revoked: bool,
    /// Failed logins in a row.
    pub(super) failed_logins: u32,
    /// Calls to the object store that carried the server's own token.
    pub(super) leaked_tokens: u64,
}

impl Store {
    pub(super) fn new(rng: fastrand::Rng) -> Self {
        Self {
            jobs: BTreeMap::new(),
            active: BTreeSet::new(),
            files: HashMap::new(),
            looked_at: i64::MIN,
            rng,
            minted: Vec::new(),
            revoked: false,
            failed_logins: 0,
            leaked_tokens: 0,
        }
    }

    /// Lets happen what the knobs ask for: blocked jobs are put off, and a restart kills active ones.
    pub(super) fn look(&mut self, now: i64, knobs: &mut CloudgeneKnobs) {
        let retention = retention(knobs);
        if knobs.block_queue {
            for id in &self.active {
                let Some(job) = self.jobs.get_mut(id) else { continue };
                let timeline = &mut job.timeline;
                if timeline.start_at > self.looked_at {
                    let queue_ms = i64::try_from(knobs.queue_ms).unwrap_or(i64::MAX / 4);
                    timeline.start_at = timeline.start_at.max(now + queue_ms.max(1));
                }
            }
        }
        if std::mem::take(&mut knobs.restart_now) {
            for id in &self.active {
                let Some(job) = self.jobs.get_mut(id) else { continue };
                if job.at(now, retention).state.is_active() {
                    // A job dies after the moment in which it was last seen alive.
                    job.timeline.died_at = Some(now);
                }
            }
        }
        let jobs = &self.jobs;
        self.active
            .retain(|id| jobs.get(id).is_some_and(|job| job.at(now, retention).ended_at.is_none()));
        self.looked_at = now;
    }

    /// Adds a job. Ids tell the time of submission to the millisecond, so two jobs of one millisecond
    /// are told apart by the next free one.
    pub(super) fn add(
        &mut self,
        id_of: impl Fn(i64) -> String,
        at: i64,
        make: impl FnOnce(String, u64) -> Job,
    ) -> &Job {
        let mut at = at;
        while self.jobs.contains_key(&id_of(at)) {
            at += 1;
        }
        let id = id_of(at);
        let job = make(id.clone(), self.jobs.len() as u64 + 1);
        for (index, file) in job.files.iter().enumerate() {
            self.files.insert(file.hash.clone(), (id.clone(), index));
        }
        self.active.insert(id.clone());
        self.jobs.entry(id).or_insert(job)
    }

    /// A job that its owner can see.
    pub(super) fn find(&self, id: &str, now: i64) -> Option<&Job> {
        self.jobs.get(id).filter(|job| job.is_visible(now))
    }

    /// A job that its owner can see, to change it.
    pub(super) fn find_mut(&mut self, id: &str, now: i64) -> Option<&mut Job> {
        self.jobs.get_mut(id).filter(|job| job.is_visible(now))
    }

    /// Counts a restarted job as active again.
    pub(super) fn revive(&mut self, id: &str) {
        self.active.insert(id.to_owned());
    }

    /// The job and the place of the file with a hash.
    pub(super) fn file(&mut self, hash: &str) -> Option<(&mut Job, usize)> {
        let (id, index) = self.files.get(hash)?;
        Some((self.jobs.get_mut(id)?, *index))
    }

    /// The visible jobs of a user, newest first.
    pub(super) fn jobs_of(&self, user: &str, now: i64) -> impl Iterator<Item = &Job> {
        self.jobs.values().rev().filter(move |job| job.owner == user && job.is_visible(now))
    }

    /// All jobs.
    pub(super) fn all(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values()
    }

    /// How many jobs of a user, or of all, wait or run.
    pub(super) fn active_jobs(&self, user: Option<&str>, now: i64) -> usize {
        let active = self.active.iter().filter_map(|id| self.jobs.get(id));
        active
            .filter(|job| user.is_none_or(|user| job.owner == user))
            .filter(|job| job.at(now, Retention::default()).state.is_active())
            .count()
    }

    /// The rank of a waiting job, 0 for a running one, -1 for one that is only in the database.
    pub(super) fn position(&self, job: &Job, moment: &Moment, now: i64) -> i64 {
        if moment.stored {
            return -1;
        }
        if moment.state != JobState::Waiting {
            return 0;
        }
        let before = self.active.iter().filter_map(|id| self.jobs.get(id)).filter(|other| {
            other.number < job.number
                && other.at(now, Retention::default()).state == JobState::Waiting
        });
        i64::try_from(before.count()).unwrap_or(i64::MAX)
    }
}

/// The retention that the knobs ask for.
pub(super) fn retention(knobs: &CloudgeneKnobs) -> Retention {
    let span = |after: Option<u64>| after.map(|after| i64::try_from(after).unwrap_or(i64::MAX / 4));
    Retention {
        notify_after: span(knobs.notify_after_ms),
        retire_after: span(knobs.retire_after_ms),
    }
}
