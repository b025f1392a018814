//! What can be set on a simulated Cloudgene server, before it starts and while it runs.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::panels;

/// What can be set. Times are in milliseconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CloudgeneKnobs {
    /// Prefix of all paths (Cloudgene 3 `baseUrl`, 2 `urlPrefix`). Read at start only.
    pub base_path: String,
    /// The server's name for people.
    pub name: String,
    /// The API token that is accepted.
    pub token: String,
    /// The API token of a second user, who sees none of the first one's jobs.
    pub other_token: String,
    /// Name of the user behind `token`; also the name to log in with.
    pub username: String,
    /// What to log in with.
    pub login_password: String,
    /// Whether calls need a token at all.
    pub require_token: bool,
    /// What the API token is worth.
    pub token_state: TokenState,
    /// Ids of the panels that are installed. A list, `a,b` as text, or a preset: `michigan`, `h3africa`.
    #[serde(deserialize_with = "panel_ids")]
    pub panels: Vec<String>,
    /// Panels among them that the user may not use: never listed, and fatal to a job that names one.
    pub restricted_panels: Vec<String>,
    /// In which of the server's lists its apps stand.
    pub listed_as: ListedAs,
    /// Whether the server is under maintenance.
    pub maintenance: bool,
    /// Waiting and running jobs that a user may have. None: as many as they like.
    pub jobs_per_user: Option<usize>,
    /// Largest request, and largest file. None: no limit.
    pub upload_limit_bytes: Option<u64>,
    /// How long the server thinks after an upload. The job exists by then.
    pub answer_delay_ms: u64,
    /// How long every other call takes.
    pub read_delay_ms: u64,
    /// Status that answers an upload; no job is made.
    pub fail_submit_with: Option<u16>,
    /// Status that answers an upload although the job was made.
    pub create_then_fail_with: Option<u16>,
    /// Status that answers all calls but uploads.
    pub fail_reads_with: Option<u16>,
    /// `Retry-After` in seconds on those injected answers.
    pub retry_after_s: Option<u64>,
    /// Whether injected failures have a body of HTML, as a proxy writes it.
    pub html_errors: bool,
    /// Makes the job, then closes the connection without an answer.
    pub reset_after_upload: bool,
    /// Makes the job, then never answers.
    pub hang_after_upload: bool,
    /// Never answers anything, and makes no job.
    pub hang: bool,
    /// Answers an upload with an id, and knows no such job afterwards.
    pub lose_job: bool,
    /// How long a new job stays out of sight of its owner.
    pub visible_after_ms: u64,
    /// How long a job waits.
    pub queue_ms: u64,
    /// How long it runs.
    pub run_ms: u64,
    /// How long its results are exported.
    pub export_ms: u64,
    /// How long state 4 shows before the results can be fetched.
    pub gap_after_success_ms: u64,
    /// How new jobs end, where their input does not decide it.
    pub outcome: Outcome,
    /// Keeps waiting jobs waiting.
    pub block_queue: bool,
    /// Restarts the server once, at the next call: jobs in state 1, 2 and 3 die.
    pub restart_now: bool,
    /// Whether the list shows a job that has just ended as waiting.
    pub stale_list: bool,
    /// Whether a canceled running job shows state 5 for a second or so before it settles at 6.
    pub flicker_on_cancel: bool,
    /// After how long an ended job is marked as notified (4 to 8, 5 and 6 to 9). None: never.
    pub notify_after_ms: Option<u64>,
    /// After how long its data are deleted (state 7). None: never.
    pub retire_after_ms: Option<u64>,
    /// Whether the server sends mail. If not, the last step tells the password.
    pub mail: bool,
    /// How often each file may be fetched; -1 is without limit. Read when the job is made.
    pub downloads_allowed: i64,
    /// Records in each imputed file, to make results as large as a test needs them.
    pub variants: u32,
    /// Sends results without a length.
    pub omit_length: bool,
    /// Whether results lie in an object store: the server redirects there with 301.
    pub s3_redirect: bool,
    /// Host and port under which the object store appears. None: the host that was asked.
    pub s3_host: Option<String>,
    /// How long its signed addresses are good.
    pub s3_expires_ms: u64,
    /// How far the server's clock runs ahead of ours; may be negative.
    pub clock_skew_ms: i64,
}

/// What the API token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// It is good.
    Valid,
    /// Its time is over.
    Expired,
    /// It was revoked, or replaced by a newer one.
    Revoked,
}

/// In which of the server's lists its apps stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListedAs {
    /// `apps`.
    Current,
    /// `experimentalApps`.
    Experimental,
    /// `deprecatedApps`.
    Deprecated,
}

/// How a job ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All results.
    Success,
    /// The files are found wanting in the first step.
    ValidationError,
    /// Quality control finds nothing that can be imputed; its report is exported.
    QcError,
    /// The job fails before its first step.
    InitFailure,
    /// Success, but the last chromosome is missing, or a part of the only one.
    MissingChunks,
}

impl CloudgeneKnobs {
    /// How a server of a generation is set up out of the box.
    pub(super) fn of_generation(generation: u8) -> Self {
        // Cloudgene 3 takes 5000 MB unless told otherwise; Cloudgene 2 takes all.
        let upload_limit_bytes = (generation == 3).then_some(5000 * 1024 * 1024);
        Self { upload_limit_bytes, ..Self::default() }
    }
}

impl Default for CloudgeneKnobs {
    fn default() -> Self {
        Self {
            base_path: String::new(),
            name: "Simulated Imputation Server".to_owned(),
            token: "sim-token".to_owned(),
            other_token: "other-token".to_owned(),
            username: "gateway".to_owned(),
            login_password: "sim-password".to_owned(),
            require_token: true,
            token_state: TokenState::Valid,
            panels: panels::preset("both").unwrap_or_default(),
            restricted_panels: vec!["samoan".to_owned()],
            listed_as: ListedAs::Current,
            maintenance: false,
            jobs_per_user: None,
            upload_limit_bytes: None,
            answer_delay_ms: 0,
            read_delay_ms: 0,
            fail_submit_with: None,
            create_then_fail_with: None,
            fail_reads_with: None,
            retry_after_s: None,
            html_errors: false,
            reset_after_upload: false,
            hang_after_upload: false,
            hang: false,
            lose_job: false,
            visible_after_ms: 0,
            queue_ms: 500,
            run_ms: 2000,
            export_ms: 500,
            gap_after_success_ms: 250,
            outcome: Outcome::Success,
            block_queue: false,
            restart_now: false,
            stale_list: false,
            flicker_on_cancel: false,
            notify_after_ms: None,
            retire_after_ms: None,
            mail: true,
            downloads_allowed: 10,
            variants: 50,
            omit_length: false,
            s3_redirect: false,
            s3_host: None,
            s3_expires_ms: 3_600_000,
            clock_skew_ms: 0,
        }
    }
}

/// Reads a list, a list as text, or a preset; an unknown panel is a mistake.
fn panel_ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Ids {
        List(Vec<String>),
        Text(String),
    }
    let ids = match Ids::deserialize(deserializer)? {
        Ids::List(ids) => ids,
        Ids::Text(text) => panels::preset(text.trim())
            .unwrap_or_else(|| text.split(',').map(|id| id.trim().to_owned()).collect()),
    };
    match ids.iter().find(|id| panels::find(id).is_none()) {
        Some(unknown) => Err(D::Error::custom(format!("there is no panel `{unknown}`"))),
        None => Ok(ids),
    }
}
