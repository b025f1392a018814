//! Reading, canceling, restarting and deleting jobs. Canceling and restarting are GET with effects.

use axum::{
    Json,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, Uri};
use serde::Deserialize;
use serde_json::json;

use super::{
    Answer, Server, Shared,
    access::{self, Caller},
    answer,
    failure::Failure,
    job::Job,
    knobs::CloudgeneKnobs,
    state::JobState,
    store::{self, Store},
    wire::{self, Extent, View},
};

/// Which page of the list.
#[derive(Debug, Deserialize)]
pub(super) struct PageQuery {
    page: Option<i64>,
}

/// `GET /api/v2/jobs`: a page, or all jobs where no page is named.
pub(super) async fn list(
    State(server): State<Shared>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    answer(&server, uri.path(), list_jobs(&server, &headers, query.page))
}

fn list_jobs(server: &Server, headers: &HeaderMap, page: Option<i64>) -> Answer {
    let refused =
        || Failure::new(StatusCode::UNAUTHORIZED, "The request requires user authentication.");
    let caller = access::caller_or(server, headers, refused)?;
    let (now, knobs) = (server.now(), server.knobs());
    if knobs.maintenance {
        return Err(Failure::maintenance());
    }
    let page = page.map(|page| usize::try_from(page).unwrap_or(1).max(1));
    let skip = page.map_or(0, |page| (page - 1).saturating_mul(wire::PAGE_SIZE));
    let size = page.map_or(usize::MAX, |_| wire::PAGE_SIZE);
    let view = server.view(now, &knobs);
    let store = server.store(now);
    let count = store.jobs_of(&caller.user, now).count();
    let jobs = store.jobs_of(&caller.user, now).skip(skip).take(size);
    let items = jobs.map(|job| list_item(&store, job, &knobs, &view)).collect();
    Ok(Json(wire::page(items, count, page, server.generation)).into_response())
}

fn list_item(store: &Store, job: &Job, knobs: &CloudgeneKnobs, view: &View) -> serde_json::Value {
    let mut moment = job.at(view.now, view.retention);
    let ended_just_now = moment.ended_at.is_some_and(|ended_at| view.now - ended_at < STALE_MS);
    let position = store.position(job, &moment, view.now);
    if knobs.stale_list && ended_just_now {
        moment.state = JobState::Waiting;
    }
    wire::job(job, &moment, position, Extent::ListItem, view)
}

/// How long the list is behind.
const STALE_MS: i64 = 3000;

/// `GET /api/v2/jobs/{job}`.
pub(super) async fn details(
    State(server): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let shown = read_caller(&server, &headers)
        .and_then(|caller| show(&server, &caller, &id, Extent::Details));
    answer(&server, uri.path(), shown)
}

/// `GET /api/v2/jobs/{job}/status`. In Cloudgene 3 the same as the details.
pub(super) async fn status(
    State(server): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let shown = if server.generation == 2 {
        older_caller(&server, &headers)
            .and_then(|caller| show(&server, &caller, &id, Extent::Status))
    } else {
        read_caller(&server, &headers)
            .and_then(|caller| show(&server, &caller, &id, Extent::Details))
    };
    answer(&server, uri.path(), shown)
}

/// `GET /api/v2/jobs/{job}/cancel`.
pub(super) async fn cancel(
    State(server): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    answer(&server, uri.path(), cancel_job(&server, &id, &headers))
}

fn cancel_job(server: &Server, id: &str, headers: &HeaderMap) -> Answer {
    // Cloudgene 2 lets people cancel under maintenance.
    let caller = match server.generation {
        2 => older_caller(server, headers)?,
        _ => read_caller(server, headers)?,
    };
    let (now, knobs) = (server.now(), server.knobs());
    let mut store = server.store(now);
    let retention = store::retention(&knobs);
    let job = own_job(&mut store, &caller, id, now)?;
    if job.at(now, retention).state.is_active() {
        job.timeline.canceled_at = Some(now);
        job.timeline.flickers = knobs.flicker_on_cancel;
    } else if server.generation == 2 {
        return Err(Failure::new(StatusCode::NOT_FOUND, format!("Job {id} not found in queue.")));
    }
    drop(store);
    show_at(server, &caller, id, Extent::Details, now)
}

/// `GET /api/v2/jobs/{job}/restart`: only for jobs that died with the server.
pub(super) async fn restart(
    State(server): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    answer(&server, uri.path(), restart_job(&server, &id, &headers))
}

fn restart_job(server: &Server, id: &str, headers: &HeaderMap) -> Answer {
    let caller = match server.generation {
        2 => access::logged_in(server, headers)?,
        _ => read_caller(server, headers)?,
    };
    let (now, knobs) = (server.now(), server.knobs());
    let mut store = server.store(now);
    let job = own_job(&mut store, &caller, id, now)?;
    if job.at(now, store::retention(&knobs)).state != JobState::Dead {
        return Err(Failure::new(StatusCode::BAD_REQUEST, format!("Job {id} is not pending.")));
    }
    job.timeline.died_at = None;
    job.timeline.submitted_at = now;
    job.timeline.start_at = now + i64::try_from(knobs.queue_ms).unwrap_or(0);
    store.revive(id);
    let message = "Your job was successfully added to the job queue.";
    Ok(Json(json!({"success": true, "message": message, "type": 0, "time": 0})).into_response())
}

/// `DELETE /api/v2/jobs/{job}`: not for API tokens.
pub(super) async fn delete(
    State(server): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let deleted = access::logged_in(&server, &headers).and_then(|caller| {
        let now = server.now();
        let shown = show_at(&server, &caller, &id, Extent::Details, now)?;
        own_job(&mut server.store(now), &caller, &id, now)?.timeline.deleted = true;
        Ok(shown)
    });
    answer(&server, uri.path(), deleted)
}

/// `GET /logs/{job}`.
pub(super) async fn log(
    State(server): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    answer(&server, uri.path(), read_log(&server, &id, &headers))
}

fn read_log(server: &Server, id: &str, headers: &HeaderMap) -> Answer {
    let caller = older_caller(server, headers)?;
    let (now, knobs) = (server.now(), server.knobs());
    let mut store = server.store(now);
    let job = own_job(&mut store, &caller, id, now)?;
    match job.log(&job.at(now, store::retention(&knobs))) {
        Some(log) => Ok(log.into_response()),
        None if server.generation == 2 => Ok(String::new().into_response()),
        None => Err(Failure::Framework(StatusCode::INTERNAL_SERVER_ERROR)),
    }
}

/// Someone who may read jobs, unless the server is under maintenance.
fn read_caller(server: &Server, headers: &HeaderMap) -> Result<Caller, Failure> {
    let caller = older_caller(server, headers)?;
    if server.knobs().maintenance { Err(Failure::maintenance()) } else { Ok(caller) }
}

/// Someone known; the older generation denies others what it would not show them.
fn older_caller(server: &Server, headers: &HeaderMap) -> Result<Caller, Failure> {
    access::caller_or(server, headers, Failure::denied)
}

fn show(server: &Server, caller: &Caller, id: &str, extent: Extent) -> Answer {
    show_at(server, caller, id, extent, server.now())
}

fn show_at(server: &Server, caller: &Caller, id: &str, extent: Extent, now: i64) -> Answer {
    let view = server.view(now, &server.knobs());
    let mut store = server.store(now);
    own_job(&mut store, caller, id, now)?;
    let job = store.find(id, now).ok_or_else(|| Failure::no_job(id))?;
    let moment = job.at(now, view.retention);
    let position = store.position(job, &moment, now);
    Ok(Json(wire::job(job, &moment, position, extent, &view)).into_response())
}

fn own_job<'a>(
    store: &'a mut Store,
    caller: &Caller,
    id: &str,
    now: i64,
) -> Result<&'a mut Job, Failure> {
    let job = store.find_mut(id, now).ok_or_else(|| Failure::no_job(id))?;
    if job.owner == caller.user { Ok(job) } else { Err(Failure::denied()) }
}
