//! Writes an imputation as the form that an app declares. Pure, but for the random boundary.

use secrecy::ExposeSecret;

use super::wire::{App, Param};
use crate::{
    backend::{Error, ImputationOrder, RUN_TAG, Result, client::Form},
    domain::{Mode, Phasing, RunId},
};

/// The part under which files are uploaded.
pub(super) const FILES: &str = "files";

/// Where a run is planted: the beginning of the job's name. Plain ASCII, since the servers escape the
/// rest, and far below their bound of 300 characters.
pub(super) fn job_marker(run_id: RunId) -> String {
    format!("{RUN_TAG}-{run_id}")
}

/// The name of a job: the marker, and what the caller calls the run.
pub(super) fn job_name(run_id: RunId, called: Option<&str>) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || " ._-".contains(*c);
    let called: String = called.unwrap_or_default().chars().filter(fits).take(80).collect();
    format!("{} {}", job_marker(run_id), called.trim()).trim_end().to_owned()
}

/// Whether a job was submitted for that run.
pub(super) fn is_named_for(job_name: &str, run_id: RunId) -> bool {
    job_name
        .strip_prefix(&job_marker(run_id))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// The form without its files. A field that the app does not declare makes the servers refuse the whole
/// form after the upload, so a wish that the app cannot hear is refused here.
pub(super) fn form(app: &App, order: &ImputationOrder, job_name: &str) -> Result<Form> {
    let imputation = &order.imputation;
    let fields = Fields { app, form: Form::new().text("job-name", job_name) };
    let fields = fields
        .text("refpanel", Some(order.panel.key.clone()))?
        .text("population", population(order)?)?
        .choice("build", imputation.build.as_str(), order.panel.build == Some(imputation.build))?
        .text("r2Filter", r2_filter(app, imputation.r2_filter))?
        .choice("phasing", imputation.phasing.as_str(), imputation.phasing == Phasing::default())?
        .choice("mode", imputation.mode.as_str(), imputation.mode == Mode::default())?
        .checkbox("aesEncryption", imputation.aes_encryption)?
        .checkbox("meta", imputation.meta)?;
    // The apps hide this field, but take it.
    Ok(fields.form.text("password", order.archive_password.expose_secret()))
}

struct Fields<'a> {
    app: &'a App,
    form: Form,
}

impl Fields<'_> {
    /// A word out of a list, spelled as the app spells it. The servers check no membership, and the
    /// pipelines take a `mode` that they do not know for quality control only.
    fn choice(self, id: &str, word: &str, default: bool) -> Result<Self> {
        let Some(param) = self.app.param(id) else {
            return if default { Ok(self) } else { Err(undeclared(id)) };
        };
        let spelled = spelling(param, word)
            .ok_or_else(|| refused(format!("the app's `{id}` has no choice `{word}`")))?
            .to_owned();
        Ok(self.field(id, &spelled))
    }

    /// A text; `None` leaves the app's default.
    fn text(self, id: &str, value: Option<String>) -> Result<Self> {
        match (self.app.param(id), value) {
            (Some(_), Some(value)) => Ok(self.field(id, &value)),
            (_, None) => Ok(self),
            (None, Some(_)) => Err(undeclared(id)),
        }
    }

    /// A checkbox is on if it is sent, whatever it says: so one that is off is left out.
    fn checkbox(self, id: &str, on: bool) -> Result<Self> {
        match (self.app.param(id), on) {
            (_, false) => Ok(self),
            (None, true) => Err(undeclared(id)),
            (Some(param), true) => {
                let told = param.choices().find(|(key, _)| *key == "true");
                let word = told.and_then(|(_, choice)| choice.value.clone());
                Ok(self.field(id, word.as_deref().unwrap_or("true")))
            }
        }
    }

    fn field(mut self, id: &str, value: &str) -> Self {
        self.form = self.form.text(id, value);
        self
    }
}

fn spelling<'a>(param: &'a Param, word: &'a str) -> Option<&'a str> {
    let same = |key: &str| key == word || plain(key) == plain(word);
    let mut keys = param.choices().map(|(key, _)| key).peekable();
    if keys.peek().is_none() { Some(word) } else { keys.find(|key| same(key)) }
}

/// `qc_only`, `qc-only` and `qconly` are one word.
fn plain(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

/// Without one, the pipelines take `off` and fail if the panel does not know it.
fn population(order: &ImputationOrder) -> Result<Option<String>> {
    let panel = &order.panel;
    match &order.imputation.population {
        Some(wanted) => {
            let known = panel.population(wanted);
            Ok(Some(known.map_or_else(|| wanted.clone(), |known| known.id.clone())))
        }
        None if panel.populations.is_empty() => Ok(None),
        None => match panel.population("off") {
            Some(off) => Ok(Some(off.id.clone())),
            None => {
                let ids: Vec<&str> = panel.populations.iter().map(|p| p.id.as_str()).collect();
                Err(refused(format!("this panel needs a population: {}", ids.join(", "))))
            }
        },
    }
}

/// Nothing is filtered by an app that has no filter.
fn r2_filter(app: &App, value: f64) -> Option<String> {
    (value > 0.0 || app.param("r2Filter").is_some()).then(|| value.to_string())
}

fn undeclared(id: &str) -> Error {
    refused(format!("the app has no field `{id}`"))
}

fn refused(message: String) -> Error {
    Error::Refused { status: 400, message }
}
