//! Fetches a log or a result with exactly one GET: every request counts against the file's allowance of
//! downloads, HEAD and ranges too.

use http::StatusCode;
use url::Url;

use super::{
    LOG_LOCATOR,
    api::{Api, Refusal},
};
use crate::{
    backend::{ByteRange, Download, Error, Result, client::Answer},
    domain::{BackendRunId, Credential},
};

/// Opens a log or a result.
pub(super) async fn download(
    api: &Api,
    credential: &Credential,
    id: &BackendRunId,
    locator: &str,
    range: Option<ByteRange>,
) -> Result<Download> {
    if locator == LOG_LOCATOR {
        return log(api, credential, id, range).await;
    }
    let segments: Vec<&str> = locator.split('/').collect();
    let hostile = |segment: &&str| matches!(*segment, "" | "." | "..");
    if !locator.starts_with("share/results/") || segments.iter().any(hostile) {
        return Err(Error::Gone("the service lists no such file".to_owned()));
    }
    result(api, api.url(&segments), range).await
}

async fn log(
    api: &Api,
    credential: &Credential,
    id: &BackendRunId,
    range: Option<ByteRange>,
) -> Result<Download> {
    let url = api.url(&["logs", id.as_str()]);
    let answer = api.fetch(credential, &url, range).await?;
    match answer.status() {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok(answer.into_download()),
        // Version 3 fails so if the job died before its log was begun.
        StatusCode::INTERNAL_SERVER_ERROR => {
            Err(Error::Gone("the service has no log of this run".to_owned()))
        }
        _ => {
            let refusal = Refusal::read(answer).await;
            let unknown = refusal.is_about_a_thing();
            Err(if unknown { Error::UnknownRun } else { refusal.into_read_error() })
        }
    }
}

/// No credential goes along: the hash in the address is one, and a redirect leads to another host.
async fn result(api: &Api, url: Url, range: Option<ByteRange>) -> Result<Download> {
    let answer = api.fetch_following(&url, range).await?;
    match answer.status() {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok(opened(answer)),
        _ => Err(refused(Refusal::read(answer).await)),
    }
}

fn opened(answer: Answer) -> Download {
    let mut download = answer.into_download();
    // Version 3 sets no media type, and its framework calls every archive JSON.
    download.content_type = download.content_type.filter(|told| !told.contains("json"));
    download
}

/// A refusal is about the file, since nobody is known by a credential here.
fn refused(refusal: Refusal) -> Error {
    match refusal.status {
        400 if refusal.message.to_lowercase().contains("max") => Error::Gone(refusal.message),
        404 | 410 => Error::Gone(refusal.message),
        401 | 403 => Error::Gone(refusal.message),
        _ => refusal.into_read_error(),
    }
}
