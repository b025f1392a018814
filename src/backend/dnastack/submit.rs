//! Submits a run to Workbench. A workflow that comes along is first put into the catalogue, since
//! EWES runs only what stands there.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use http::{Request, StatusCode, header};

use super::{DnastackBackend, translate, wire};
use crate::{
    backend::{
        Attachments, Error, ManifestEntry, RUN_TAG, Result, Submission,
        client::{Form, HttpError, full, join},
    },
    domain::{BackendRunId, Credential, InputFile, RunId},
    ga4gh::wes::RunRequest,
};

impl DnastackBackend {
    /// Submits the run under the engine that it asks for, else the one of the settings, else the
    /// default one.
    pub(super) async fn submit(
        &self,
        credential: &Credential,
        submission: Submission,
    ) -> Result<BackendRunId> {
        let request = self.request(&submission)?;
        let run_id = submission.run_id;
        let attachments = has_files(submission.attachments).await?;
        let engine_id = self.engine_for(credential, request.workflow_engine.as_deref()).await?;
        let workflow_url = match attachments {
            None => request.workflow_url.clone(),
            Some(_) if submission.imputation.is_some() => {
                return Err(Error::Unsupported(
                    "it takes no data files; name them by URL in `files`",
                ));
            }
            Some(files) => self.add_workflow(credential, run_id, &request, files).await?,
        };
        let body = body(&request, run_id, &workflow_url, engine_id.as_deref());
        self.post_run(credential, body).await
    }

    fn request(&self, submission: &Submission) -> Result<RunRequest> {
        let Some(order) = &submission.imputation else { return Ok(submission.request.clone()) };
        let Some(template) = &self.settings.imputation else {
            return Err(Error::Unsupported("no workflow that imputes is set for this service"));
        };
        let attached = |file: &InputFile| matches!(file, InputFile::Attachment(_));
        if order.imputation.files.iter().any(attached) {
            return Err(Error::Unsupported("it takes no data files; name them by URL in `files`"));
        }
        Ok(template.fill(&submission.request, order, &[]))
    }

    /// The engine to run on: `None` leaves the choice to Workbench.
    async fn engine_for(
        &self,
        credential: &Credential,
        wanted: Option<&str>,
    ) -> Result<Option<String>> {
        let set = self.settings.engine_id.as_deref();
        if wanted.is_none() && set.is_some() {
            return Ok(set.map(str::to_owned));
        }
        let engines = self.engines(credential).await?;
        let asked = engines.iter().find(|engine| {
            wanted.is_some() && (engine.id.as_deref() == wanted || engine.name.as_deref() == wanted)
        });
        // An engine such as `cromwell` is a program, not one of Workbench's engines.
        let default = engines.iter().find(|engine| engine.default);
        let fallback = || set.map(str::to_owned).or_else(|| default?.id.clone());
        Ok(asked.and_then(|engine| engine.id.clone()).or_else(fallback))
    }

    /// Puts the attached workflow into the catalogue and returns what EWES calls it. No failure here
    /// is uncertain: nothing runs yet.
    async fn add_workflow(
        &self,
        credential: &Credential,
        run_id: RunId,
        request: &RunRequest,
        files: Attachments,
    ) -> Result<String> {
        let entrypoint = &request.workflow_url;
        let is_workflow = |file: &ManifestEntry| &file.name == entrypoint;
        if files.manifest.as_ref().is_some_and(|manifest| !manifest.iter().any(is_workflow)) {
            return Err(Error::Unsupported(
                "it takes no files besides those of an attached workflow",
            ));
        }
        let form = Form::new()
            .text("name", &format!("{RUN_TAG}-{run_id}"))
            .text("version_name", "1")
            .text("entrypoint", entrypoint);
        let request = Request::post(join(&self.catalog, &["workflows"]).as_str())
            .header(header::CONTENT_TYPE, form.content_type())
            .body(form.into_body_with("workflow_file", files, str::to_owned))
            .map_err(|_| HttpError::BadUrl.into_read_error())?;
        let wait = self.client.config().submit_timeout;
        let sent = self.client.send(credential, request, wait).await;
        let answer = sent.map_err(|error| certain(error.into_submit_error()))?;
        if !answer.status().is_success() {
            return Err(certain(translate::problem(answer).await.into_submit_error()));
        }
        let workflow: wire::Workflow = answer.json().await?;
        match (workflow.internal_id, workflow.latest_version) {
            (Some(id), Some(version)) => Ok(format!("{id}/{version}")),
            _ => Err(Error::Malformed("the new workflow has no id or no version".to_owned())),
        }
    }

    /// Sends the run. It is sent a second time only after a token was refused and can be renewed,
    /// which proves that nothing was placed.
    async fn post_run(&self, credential: &Credential, body: Vec<u8>) -> Result<BackendRunId> {
        let url = self.api(&["runs"]);
        let send = async || {
            let request = Request::post(url.as_str())
                .header(header::CONTENT_TYPE, "application/json")
                .body(full(body.clone()))
                .map_err(|_| HttpError::BadUrl.into_submit_error())?;
            let wait = self.client.config().submit_timeout;
            self.client.send(credential, request, wait).await.map_err(HttpError::into_submit_error)
        };
        let mut answer = send().await?;
        let renewable = matches!(credential, Credential::ClientCredentials { .. });
        if renewable && answer.status() == StatusCode::UNAUTHORIZED {
            answer = send().await?;
        }
        if !answer.status().is_success() {
            return Err(translate::problem(answer).await.into_submit_error());
        }
        let told = answer.bytes().await.map_err(HttpError::into_submit_error)?;
        let run: wire::MinimalRun = serde_json::from_slice(&told).unwrap_or_default();
        match (run.run_id, translate::hidden_problem(&run.failure)) {
            (Some(id), _) => Ok(BackendRunId::new(id)),
            (None, Some(problem)) => Err(problem.into_submit_error()),
            (None, None) => Err(Error::uncertain("its answer names no run")),
        }
    }
}

/// The files of a submission, or none if there are none. Where they are still arriving, only waiting
/// for the first one tells.
async fn has_files(attachments: Attachments) -> Result<Option<Attachments>> {
    let Attachments { manifest, mut files } = attachments;
    if let Some(manifest) = &manifest {
        return Ok((!manifest.is_empty())
            .then_some(Attachments { manifest: Some(manifest.clone()), files }));
    }
    match files.next().await {
        None => Ok(None),
        Some(first) => {
            let first = first.map_err(Error::Input)?;
            let files = Box::pin(stream::iter([Ok(first)]).chain(files));
            Ok(Some(Attachments { manifest, files }))
        }
    }
}

fn body(
    request: &RunRequest,
    run_id: RunId,
    workflow_url: &str,
    engine_id: Option<&str>,
) -> Vec<u8> {
    fn borrowed(map: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
        map.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
    let run_id = run_id.to_string();
    let mut tags = borrowed(&request.tags);
    tags.insert(RUN_TAG, &run_id);
    let mut workflow_engine_parameters = borrowed(&request.workflow_engine_parameters);
    if let Some(engine_id) = engine_id {
        workflow_engine_parameters.entry("engine_id").or_insert(engine_id);
    }
    let request = wire::RunRequest {
        workflow_url,
        workflow_type: &request.workflow_type,
        workflow_type_version: &request.workflow_type_version,
        workflow_params: &request.workflow_params,
        workflow_engine_parameters,
        tags,
    };
    serde_json::to_vec(&request).expect("texts and JSON values are JSON")
}

/// A failure before the run was submitted: nothing can have been placed.
fn certain(error: Error) -> Error {
    match error {
        Error::Uncertain { why, source } => Error::Unavailable { why, retry_after: None, source },
        other => other,
    }
}
