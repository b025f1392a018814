//! Submits a run: always as a multipart form, which every known server takes.

use http::{Method, Request, StatusCode, header};
use serde_json::{Map, Value};
use url::Url;

use super::{
    Site, WesBackend,
    find::Found,
    read::hidden_problem,
    service_info::{Told, engine_for},
    wire,
};
use crate::{
    backend::{
        Attachments, Error, RUN_TAG, Result, Submission,
        client::{Answer, Form, HttpError, Problem, join, slash_variant},
        imputation_template::ImputationTemplate,
    },
    domain::{BackendRunId, Credential, InputFile, RunId},
    ga4gh::wes::RunRequest,
};

/// How long after a failed answer a server may take to list the run that it placed all the same.
const LISTED_WITHIN: std::time::Duration = std::time::Duration::from_secs(1);

impl WesBackend {
    /// Submits the run, and looks for it where the answer leaves open whether it was placed.
    pub(super) async fn submit(
        &self,
        credential: &Credential,
        submission: Submission,
    ) -> Result<BackendRunId> {
        // Nothing was sent yet: an unanswered probe proves that nothing was placed.
        let site = self.site(credential).await?;
        let request = match &self.imputation {
            Some(template) if submission.imputation.is_some() => imputing(template, &submission)?,
            None if submission.imputation.is_some() => {
                return Err(Error::Unsupported("no workflow that imputes is set for this service"));
            }
            Some(_) | None => submission.request,
        };
        let run_id = submission.run_id;
        let request = prepare(request, run_id, &site.told);
        let answer = self.post(credential, &site, &request, submission.attachments).await?;
        match judge(answer).await? {
            Verdict::Placed(id) => Ok(id),
            Verdict::Failed(problem) => {
                self.after_failure(credential, &site, run_id, problem).await
            }
        }
    }

    /// Sends the form. It is sent a second time only without files and only after an answer that
    /// proves that nothing was placed: a redirect to the same path with or without a slash at its
    /// end, or a token that was refused and can be renewed.
    async fn post(
        &self,
        credential: &Credential,
        site: &Site,
        request: &RunRequest,
        attachments: Attachments,
    ) -> Result<Answer> {
        let mut url = join(&site.base, &["runs"]);
        if attachments.is_empty() {
            let answer = self.post_once(credential, site, &url, request, attachments).await?;
            let renewable = matches!(credential, Credential::ClientCredentials { .. });
            if let Some(next) = slash_variant(&answer, &url) {
                url = next;
            } else if !(renewable && answer.status() == StatusCode::UNAUTHORIZED) {
                return Ok(answer);
            }
            return self.post_once(credential, site, &url, request, Attachments::none()).await;
        }
        self.post_once(credential, site, &url, request, attachments).await
    }

    async fn post_once(
        &self,
        credential: &Credential,
        site: &Site,
        url: &Url,
        request: &RunRequest,
        attachments: Attachments,
    ) -> Result<Answer> {
        let form = form(request, &site.told);
        let request = Request::builder()
            .method(Method::POST)
            .uri(url.as_str())
            .header(header::CONTENT_TYPE, form.content_type())
            .header(header::ACCEPT, "application/json")
            .body(form.into_body_with("workflow_attachment", attachments, str::to_owned))
            .map_err(|_| HttpError::BadUrl.into_submit_error())?;
        let wait = self.client.config().submit_timeout;
        self.client.send(credential, request, wait).await.map_err(HttpError::into_submit_error)
    }

    /// Many servers answer 500 to a mistake in the request. Only a search tells that from a crash
    /// after the run was placed.
    async fn after_failure(
        &self,
        credential: &Credential,
        site: &Site,
        run_id: RunId,
        problem: Problem,
    ) -> Result<BackendRunId> {
        // A server may list a run a moment after it failed to answer for it; so it is asked twice.
        for last in [false, true] {
            match self.look_for(credential, site, run_id, None, &Default::default()).await {
                Ok(Found::Run(id)) => return Ok(id),
                Ok(Found::Absent) if last => {
                    return Err(Error::Refused {
                        status: problem.status,
                        message: problem.message,
                    });
                }
                Ok(Found::Absent) => tokio::time::sleep(LISTED_WITHIN).await,
                Ok(Found::Untold | Found::TooMany) | Err(_) => break,
            }
        }
        Err(problem.into_submit_error())
    }
}

/// The request in the words of the operator's workflow.
fn imputing(template: &ImputationTemplate, submission: &Submission) -> Result<RunRequest> {
    let order = submission.imputation.as_ref().expect("the caller saw that there is one");
    let announced = || {
        let files = order.imputation.files.iter();
        files.filter_map(|file| match file {
            InputFile::Attachment(name) => Some(name.clone()),
            InputFile::Url(_) => None,
        })
    };
    let names: Vec<String> = match &submission.attachments.manifest {
        Some(manifest) => manifest.iter().map(|file| file.name.clone()).collect(),
        None => announced().collect(),
    };
    let unknown = submission.attachments.manifest.is_none() && names.is_empty();
    if unknown && template.names_files() {
        return Err(Error::Unsupported(
            "its workflow must be told the names of the files before they are sent: announce them \
             in `files`",
        ));
    }
    Ok(template.fill(&submission.request, order, &names))
}

/// Makes the request one that this server takes: its own spelling, an engine where it wants one, and
/// the tag by which the run is found again.
fn prepare(mut request: RunRequest, run_id: RunId, told: &Told) -> RunRequest {
    if let Some(own) = told.offer.workflow_type(&request.workflow_type) {
        request.workflow_type = own.to_owned();
    }
    if request.workflow_engine.is_none()
        && told.wants_engine
        && let Some((name, version)) = engine_for(&told.offer.engines, &request.workflow_type)
    {
        request.workflow_engine = Some(name.to_owned());
        request.workflow_engine_version = version.map(str::to_owned);
    }
    request.tags.insert(RUN_TAG.to_owned(), run_id.to_string());
    request
}

fn form(request: &RunRequest, told: &Told) -> Form {
    let json = |map: Map<String, Value>| Value::Object(map).to_string();
    let texts = |map: &std::collections::BTreeMap<String, String>| {
        json(map.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect())
    };
    let mut form = Form::new()
        .text("workflow_params", &json(request.workflow_params.clone()))
        .text("workflow_type", &request.workflow_type)
        .text("workflow_type_version", &request.workflow_type_version)
        .text("tags", &texts(&request.tags));
    // genpei fails without them, sapporo refuses them when it runs registered workflows only.
    if !(told.spare_parameters && request.workflow_engine_parameters.is_empty()) {
        form = form.text("workflow_engine_parameters", &texts(&request.workflow_engine_parameters));
    }
    if let Some(engine) = &request.workflow_engine {
        form = form.text("workflow_engine", engine);
    }
    if let Some(version) = &request.workflow_engine_version {
        form = form.text("workflow_engine_version", version);
    }
    form.text("workflow_url", &request.workflow_url)
}

enum Verdict {
    /// The server confirmed the run.
    Placed(BackendRunId),
    /// The server failed, which proves nothing by itself.
    Failed(Problem),
}

/// What an answer to a submission proves.
async fn judge(answer: Answer) -> Result<Verdict> {
    let status = answer.status();
    if status.is_success() {
        let body = answer.bytes().await.map_err(HttpError::into_submit_error)?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let told: wire::Submitted = serde_json::from_value(body.clone()).unwrap_or_default();
        return match (told.run_id, hidden_problem(&body)) {
            (Some(id), _) => Ok(Verdict::Placed(BackendRunId::new(id))),
            (None, Some(problem)) if problem.status == 500 => Ok(Verdict::Failed(problem)),
            (None, Some(problem)) => Err(problem.into_submit_error()),
            (None, None) => Err(Error::uncertain("its answer names no run")),
        };
    }
    match status.as_u16() {
        500 | 501 => Ok(Verdict::Failed(answer.problem().await)),
        // 303 says that something was done, and where to read about it.
        code @ (301 | 302 | 307 | 308) => Err(Error::Refused {
            status: code,
            message: "it redirects submissions; its address in the registry must be the one that \
                      it redirects to"
                .to_owned(),
        }),
        300..=399 => Err(Error::uncertain(format!("HTTP {status} instead of a run"))),
        _ => Err(answer.problem().await.into_submit_error()),
    }
}

#[cfg(test)]
mod tests;
