//! What state a job is in: a pure function of its timeline and of the time.
//!
//! Times are milliseconds since the epoch, by our clock.

/// The numbered states, the same in both generations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JobState {
    Waiting = 1,
    Running = 2,
    /// The pipeline went well and its files are being registered; not yet a success.
    Exporting = 3,
    Success = 4,
    Failed = 5,
    Canceled = 6,
    /// Its data are gone; how it ended is no longer told.
    Retired = 7,
    SuccessNotified = 8,
    /// Was failed or canceled.
    FailedNotified = 9,
    /// Its owner deleted it; no answer shows it.
    Deleted = 10,
    /// The server was restarted under it.
    Dead = -1,
}

/// How far a job goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// All the way.
    Whole,
    /// To the end of quality control, with success.
    QcOnly,
    /// It fails in the first step.
    FailsValidation,
    /// It fails in quality control.
    FailsQc,
    /// It fails before the first step, at once.
    NeverStarts,
}

/// How far the pipeline has come, or had come when the job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Unstarted,
    Validating,
    Checking,
    /// With the percentage done.
    Phasing(u8),
    /// With the percentage done.
    Imputing(u8),
    Exporting,
    Done,
}

/// All that decides a job's state over time.
#[derive(Debug, Clone)]
pub(super) struct Timeline {
    /// Generation of the server: the older one validates while the job still counts as waiting.
    pub(super) generation: u8,
    pub(super) submitted_at: i64,
    pub(super) start_at: i64,
    pub(super) run_ms: i64,
    pub(super) export_ms: i64,
    /// How long the end shows before it is stored.
    pub(super) gap_ms: i64,
    pub(super) course: Course,
    pub(super) canceled_at: Option<i64>,
    pub(super) died_at: Option<i64>,
    pub(super) deleted: bool,
    /// Whether a cancellation shows as a failure for a moment.
    pub(super) flickers: bool,
}

/// After how long an ended job is marked, and its data deleted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Retention {
    pub(super) notify_after: Option<i64>,
    pub(super) retire_after: Option<i64>,
}

/// A job at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) state: JobState,
    pub(super) stage: Stage,
    /// Whether the setup phase of the older generation is on.
    pub(super) in_setup: bool,
    /// When it became running.
    pub(super) started_at: Option<i64>,
    pub(super) ended_at: Option<i64>,
    /// When its data are deleted, once that is announced.
    pub(super) deletion_at: Option<i64>,
    /// Whether its files are listed; they may still not be there.
    pub(super) lists_files: bool,
    /// Whether the ended job is in the database: positions, ids and times are final.
    pub(super) stored: bool,
}

impl JobState {
    /// Its number on the wire.
    pub(super) fn number(self) -> i8 {
        self as i8
    }

    /// Whether the job is in the queue: it counts against limits, and can be canceled.
    pub(super) fn is_active(self) -> bool {
        matches!(self, Self::Waiting | Self::Running | Self::Exporting)
    }
}

impl Timeline {
    /// The job at a time.
    pub(super) fn at(&self, now: i64, retention: Retention) -> Moment {
        let (ended_at, end_state) = self.end();
        let ended = now >= ended_at;
        let stage = if ended { self.last_stage() } else { self.stage_at(now) };
        let in_setup = self.is_setup(stage) && !ended;
        // Where the setup is not part of the run, a job that fails in it never started.
        let runs = stage > Stage::Unstarted && !self.is_setup(stage);
        let mut moment = Moment {
            state: self.active_state(now, in_setup),
            stage,
            in_setup,
            started_at: runs.then_some(if self.generation == 2 {
                self.checked_at()
            } else {
                self.start_at
            }),
            ended_at: ended.then_some(ended_at),
            deletion_at: None,
            lists_files: ended && now - ended_at >= self.gap_ms / 2,
            stored: ended && now - ended_at >= self.gap_ms,
        };
        if ended {
            self.age(&mut moment, now - ended_at, end_state, retention);
        }
        if self.deleted {
            moment.state = JobState::Deleted;
        }
        moment
    }

    /// When and how it ends, unless something else happens.
    fn end(&self) -> (i64, JobState) {
        let (at, state) = match self.course {
            Course::Whole => (self.run_end() + self.export_ms, JobState::Success),
            Course::QcOnly => (self.run_end() + self.export_ms, JobState::Success),
            Course::FailsValidation | Course::FailsQc => (self.run_end(), JobState::Failed),
            Course::NeverStarts => (self.submitted_at, JobState::Failed),
        };
        let stops = [(self.canceled_at, JobState::Canceled), (self.died_at, JobState::Dead)];
        stops
            .into_iter()
            .filter_map(|(stop, state)| Some((stop?, state)))
            .filter(|(stop, _)| *stop < at)
            .min_by_key(|(stop, _)| *stop)
            .unwrap_or((at, state))
    }

    fn run_end(&self) -> i64 {
        match self.course {
            Course::Whole => self.start_at + self.run_ms,
            Course::QcOnly | Course::FailsQc => self.checked_at(),
            Course::FailsValidation => self.validated_at(),
            Course::NeverStarts => self.submitted_at,
        }
    }

    fn validated_at(&self) -> i64 {
        self.start_at + self.run_ms / 4
    }

    fn checked_at(&self) -> i64 {
        self.start_at + self.run_ms / 2
    }

    fn active_state(&self, now: i64, in_setup: bool) -> JobState {
        if now < self.start_at || in_setup {
            JobState::Waiting
        } else if now < self.run_end() {
            JobState::Running
        } else {
            JobState::Exporting
        }
    }

    fn is_setup(&self, stage: Stage) -> bool {
        self.generation == 2 && matches!(stage, Stage::Validating | Stage::Checking)
    }

    fn stage_at(&self, now: i64) -> Stage {
        if now < self.start_at {
            Stage::Unstarted
        } else if now < self.validated_at() {
            Stage::Validating
        } else if now < self.checked_at() {
            Stage::Checking
        } else if now >= self.run_end() {
            Stage::Exporting
        } else {
            let half = (self.run_ms - self.run_ms / 2).max(1);
            let percent = (now - self.checked_at()) * 200 / half;
            match u8::try_from(percent.clamp(0, 199)).expect("below 200") {
                phased @ 0..100 => Stage::Phasing(phased),
                imputed => Stage::Imputing(imputed - 100),
            }
        }
    }

    fn last_stage(&self) -> Stage {
        let (at, state) = self.end();
        match (state, self.course) {
            (JobState::Canceled | JobState::Dead, _) => self.stage_at(at),
            (_, Course::Whole | Course::QcOnly) => Stage::Done,
            (_, Course::FailsValidation) => Stage::Validating,
            (_, Course::FailsQc) => Stage::Checking,
            (_, Course::NeverStarts) => Stage::Unstarted,
        }
    }

    /// What time does to an ended job.
    fn age(&self, moment: &mut Moment, age: i64, end_state: JobState, retention: Retention) {
        moment.state = end_state;
        if end_state == JobState::Dead {
            return;
        }
        let was_running = moment.stage > Stage::Unstarted;
        if end_state == JobState::Canceled && self.flickers && was_running && FLICKER.contains(&age)
        {
            moment.state = JobState::Failed;
        }
        let ended_at = moment.ended_at.unwrap_or(self.submitted_at);
        let notify_after = retention.notify_after.filter(|after| age >= *after);
        if let Some(notify_after) = notify_after {
            moment.state = match end_state {
                JobState::Success => JobState::SuccessNotified,
                _ => JobState::FailedNotified,
            };
            let retire_after = retention.retire_after.unwrap_or(notify_after + TWO_DAYS);
            moment.deletion_at = Some(ended_at + retire_after);
        }
        if let Some(retire_after) = retention.retire_after.filter(|after| age >= *after) {
            moment.state = JobState::Retired;
            moment.deletion_at = Some(ended_at + retire_after);
        }
    }
}

/// While the worker cleans up after a cancellation, the job shows as failed.
const FLICKER: std::ops::Range<i64> = 50..1500;

/// What real servers leave between the notice and the deletion.
const TWO_DAYS: i64 = 2 * 24 * 3600 * 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(generation: u8, course: Course) -> Timeline {
        Timeline {
            generation,
            submitted_at: 0,
            start_at: 100,
            run_ms: 400,
            export_ms: 50,
            gap_ms: 20,
            course,
            canceled_at: None,
            died_at: None,
            deleted: false,
            flickers: false,
        }
    }

    fn numbers(timeline: &Timeline, times: &[i64]) -> Vec<i8> {
        let state = |at: &i64| timeline.at(*at, Retention::default()).state.number();
        times.iter().map(state).collect()
    }

    #[test]
    fn every_course_passes_its_states() {
        let times = [0, 99, 100, 199, 200, 300, 349, 499, 500, 549, 550];
        for (generation, course, states) in [
            (3, Course::Whole, [1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 4]),
            (2, Course::Whole, [1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4]),
            (3, Course::QcOnly, [1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 4]),
            (3, Course::FailsValidation, [1, 1, 2, 2, 5, 5, 5, 5, 5, 5, 5]),
            (2, Course::FailsValidation, [1, 1, 1, 1, 5, 5, 5, 5, 5, 5, 5]),
            (3, Course::FailsQc, [1, 1, 2, 2, 2, 5, 5, 5, 5, 5, 5]),
            (3, Course::NeverStarts, [5; 11]),
        ] {
            assert_eq!(numbers(&timeline(generation, course), &times), states, "{course:?}");
        }
    }

    #[test]
    fn a_setup_failure_of_the_older_generation_never_started() {
        let moment = timeline(2, Course::FailsValidation).at(1000, Retention::default());

        assert_eq!((moment.started_at, moment.ended_at), (None, Some(200)));
        let running = timeline(2, Course::Whole).at(150, Retention::default());
        assert!(running.in_setup);
    }

    #[test]
    fn a_cancellation_may_flicker_and_comes_too_late_after_the_end() {
        let mut canceled = Timeline { canceled_at: Some(120), ..timeline(3, Course::Whole) };
        assert_eq!(numbers(&canceled, &[119, 120, 200, 1700]), [2, 6, 6, 6]);

        canceled.flickers = true;
        assert_eq!(numbers(&canceled, &[120, 170, 1619, 1620]), [6, 5, 5, 6]);
        canceled.canceled_at = Some(550);
        assert_eq!(numbers(&canceled, &[550, 700]), [4, 4]);
        canceled.canceled_at = Some(50);
        assert_eq!(numbers(&canceled, &[50, 120]), [6, 6]);
    }

    #[test]
    fn retention_erases_how_a_job_ended() {
        let retention = Retention { notify_after: Some(1000), retire_after: Some(2000) };
        let states = |timeline: &Timeline| {
            [1549, 1550, 2550].map(|now| timeline.at(now, retention).state.number())
        };
        let success = timeline(3, Course::Whole);
        let canceled = Timeline { canceled_at: Some(549), ..success.clone() };

        assert_eq!(states(&success), [4, 8, 7]);
        assert_eq!(states(&canceled), [9, 9, 7]);
        assert_eq!(success.at(1550, retention).deletion_at, Some(2550));
    }

    #[test]
    fn the_end_shows_before_it_is_stored() {
        let success = timeline(3, Course::Whole);
        let seen = |now| {
            let moment = success.at(now, Retention::default());
            (moment.state.number(), moment.lists_files, moment.stored)
        };

        assert_eq!(seen(550), (4, false, false));
        assert_eq!(seen(560), (4, true, false));
        assert_eq!(seen(570), (4, true, true));
    }
}
