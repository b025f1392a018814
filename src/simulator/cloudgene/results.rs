//! Fetching results. A hash is all that is asked for, and every fetch counts, HEAD too.

use axum::{
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};

use super::{
    Answer, Server, Shared, access, answer,
    failure::Failure,
    header_text,
    job::Job,
    knobs::CloudgeneKnobs,
    object_store,
    state::JobState,
    store::{self, Store},
};

/// Which of the routes was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    /// Of those that know a hash.
    Share,
    /// The older ways, which fail harder when the data are gone.
    Older,
}

/// `GET /share/results/{hash}/{name}`. Cloudgene 3 does not look at the name.
pub(super) async fn share(
    State(server): State<Shared>,
    Path((hash, name)): Path<(String, String)>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let is_match = |name_of_file: &str| server.generation == 3 || name_of_file == name;
    let found = find_hash(&server, &hash, is_match);
    fetch(&server, found, Route::Share, &headers, &uri).await
}

/// `GET /downloads/{job}/{hash}/{name}`: in the older generation for the owner only.
pub(super) async fn download(
    State(server): State<Shared>,
    Path((job, hash, name)): Path<(String, String, String)>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let found = allowed(&server, &job, &headers).and_then(|()| {
        if server.store(server.now()).find(&job, server.now()).is_none() {
            return Err(Failure::no_job(&job));
        }
        let is_match = |name_of_file: &str| {
            server.generation == 3 || (name_of_file == name && !name.contains('/'))
        };
        find_hash(&server, &hash, is_match)
    });
    fetch(&server, found, Route::Older, &headers, &uri).await
}

/// `GET /browse/{hash of output}/{name}`. Cloudgene 3 only.
pub(super) async fn browse(
    State(server): State<Shared>,
    Path((hash, name)): Path<(String, String)>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let found =
        find_named(&server, &name, |job| job.outputs.iter().position(|output| output.hash == hash));
    fetch(&server, found, Route::Older, &headers, &uri).await
}

/// `GET /results/{job}/{output}/{name}`. Cloudgene 2 only, for the owner.
pub(super) async fn result(
    State(server): State<Shared>,
    Path((job, output, name)): Path<(String, String, String)>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let found = allowed(&server, &job, &headers).and_then(|()| {
        find_named(&server, &name, |candidate| {
            let outputs = &candidate.outputs;
            outputs.iter().position(|known| candidate.id == job && known.name == output)
        })
    });
    fetch(&server, found, Route::Older, &headers, &uri).await
}

/// `GET /get/{hash of output}`, in the older generation `/get/{id of output}/{hash}`: a script that
/// fetches every file.
pub(super) async fn script(
    State(server): State<Shared>,
    Path(parts): Path<Vec<String>>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let (now, knobs) = (server.now(), server.knobs());
    let host = header_text(&headers, "host").unwrap_or("localhost");
    let store = server.store(now);
    let wanted = parts.last().map_or("", String::as_str);
    let found = store
        .all()
        .filter(|job| job.is_visible(now))
        .find_map(|job| Some((job, job.outputs.iter().position(|output| output.hash == wanted)?)));
    let said = found.ok_or_else(not_found).map(|(job, output)| {
        let moment = job.at(now, store::retention(&knobs));
        let files = job.listed_files(&moment).filter(|file| file.output == output);
        let lines = files.map(|file| {
            format!(
                "curl -L http://{host}{}/share/results/{}/{} -o {}\n",
                server.base_path, file.hash, file.name, file.name
            )
        });
        format!("#!/bin/bash\n{}", lines.collect::<String>()).into_response()
    });
    answer(&server, uri.path(), said)
}

/// The owner, where the older generation asks for one.
fn allowed(server: &Server, job: &str, headers: &HeaderMap) -> Result<(), Failure> {
    if server.generation == 3 {
        return Ok(());
    }
    let caller = access::caller_or(server, headers, Failure::denied)?;
    let now = server.now();
    match server.store(now).find(job, now) {
        Some(job) if job.owner != caller.user => Err(Failure::denied()),
        _ => Ok(()),
    }
}

fn not_found() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "download not found.")
}

fn find_hash(
    server: &Server,
    hash: &str,
    is_match: impl Fn(&str) -> bool,
) -> Result<String, Failure> {
    let mut store = server.store(server.now());
    let (job, index) = store.file(hash).ok_or_else(not_found)?;
    if is_match(&job.files[index].name) { Ok(hash.to_owned()) } else { Err(not_found()) }
}

/// The hash of a file by its name in an output.
fn find_named(
    server: &Server,
    name: &str,
    output_of: impl Fn(&Job) -> Option<usize>,
) -> Result<String, Failure> {
    let store = server.store(server.now());
    store
        .all()
        .find_map(|job| {
            let output = output_of(job)?;
            job.files.iter().find(|file| file.output == output && file.name == name)
        })
        .map(|file| file.hash.clone())
        .ok_or_else(not_found)
}

async fn fetch(
    server: &Shared,
    found: Result<String, Failure>,
    route: Route,
    headers: &HeaderMap,
    uri: &Uri,
) -> Response {
    let fetched = match found {
        Ok(hash) => deliver(server, &hash, route, headers, uri).await,
        Err(failure) => Err(failure),
    };
    answer(server, uri.path(), fetched)
}

async fn deliver(
    server: &Shared,
    hash: &str,
    route: Route,
    headers: &HeaderMap,
    uri: &Uri,
) -> Answer {
    let (now, knobs) = (server.now(), server.knobs());
    let content = {
        let mut store = server.store(now);
        let (job, index) = take(&mut store, hash, now, &knobs)?;
        let moment = job.at(now, store::retention(&knobs));
        if knobs.s3_redirect {
            // Also for data that are gone: the object store tells.
            let host = header_text(headers, "host").unwrap_or("localhost");
            return Ok(object_store::redirect(server, &knobs, host, job, index, now));
        }
        if moment.state == JobState::Retired {
            return Err(gone(route));
        }
        job.files[index].content.clone()
    };
    let bytes = tokio::task::spawn_blocking(move || content.bytes())
        .await
        .map_err(|_| Failure::Framework(StatusCode::INTERNAL_SERVER_ERROR))?;
    Ok(file_response(bytes, server.generation, uri.path(), knobs.omit_length))
}

/// Finds a file that is there, and counts one fetch.
fn take<'a>(
    store: &'a mut Store,
    hash: &str,
    now: i64,
    knobs: &CloudgeneKnobs,
) -> Result<(&'a Job, usize), Failure> {
    let (job, index) = store.file(hash).ok_or_else(not_found)?;
    let moment = job.at(now, store::retention(knobs));
    let is_there = moment.stored && job.is_visible(now) && job.files[index].exists_at(&moment);
    if !is_there {
        return Err(not_found());
    }
    let left = &mut job.files[index].left;
    match *left {
        0 => {
            let message = "number of max downloads exceeded.";
            return Err(Failure::new(StatusCode::BAD_REQUEST, message));
        }
        1.. => *left -= 1,
        _ => {}
    }
    Ok((job, index))
}

fn gone(route: Route) -> Failure {
    match route {
        Route::Share => Failure::new(StatusCode::NOT_FOUND, "File not found in workspace."),
        Route::Older => Failure::Framework(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Cloudgene 3 calls every file JSON; the older generation goes by the name.
fn file_response(bytes: Bytes, generation: u8, path: &str, omit_length: bool) -> Response {
    let kind = match path.rsplit_once('.') {
        _ if generation == 3 => "application/json",
        Some((_, "zip")) => "application/zip",
        Some((_, "txt")) => "text/plain",
        Some((_, "html")) => "text/html",
        _ => "application/octet-stream",
    };
    let body = if omit_length {
        let chunks: Vec<_> = (0..bytes.len())
            .step_by(CHUNK)
            .map(|at| Ok::<_, std::io::Error>(bytes.slice(at..bytes.len().min(at + CHUNK))))
            .collect();
        Body::from_stream(futures_util::stream::iter(chunks))
    } else {
        Body::from(bytes)
    };
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

const CHUNK: usize = 64 * 1024;
