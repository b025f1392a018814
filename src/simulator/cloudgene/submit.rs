//! Submissions, and all the ways in which they go wrong.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;

use super::{
    Server, Shared, access,
    access::Caller,
    apps::{self, App},
    close_connection,
    ending::{self, Verdict},
    failure::{self, Failure},
    files, header_text,
    job::Job,
    knobs::CloudgeneKnobs,
    params::{Parameters, Received},
    password, server_info,
    state::Timeline,
    store::Store,
    upload::{self, UploadError},
};
use crate::simulator::Submission;

/// `POST /api/v2/jobs/submit/{app}`.
pub(super) async fn submit(
    State(server): State<Shared>,
    Path(named): Path<String>,
    request: Request,
) -> Response {
    let knobs = server.knobs();
    let path = request.uri().path().to_owned();
    if knobs.hang {
        return server.hang().await;
    }
    if let Some(status) = knobs.fail_submit_with {
        upload::drain(request.into_body()).await;
        return failure::injected(status, &knobs, server.generation, &path);
    }
    let (head, body) = request.into_parts();
    let (caller, app) = match admit(&server, &knobs, &named, &head.headers) {
        Ok(admitted) => admitted,
        Err(failure) => {
            upload::linger(body.into_data_stream()).await;
            return server.refuse(failure, &path);
        }
    };
    let received = upload::receive(&head.headers, body, knobs.upload_limit_bytes).await;
    // The knobs are read again: an upload takes its time.
    let knobs = server.knobs();
    let placed = received
        .map_err(|error| refused_upload(server.generation, error))
        .and_then(|received| place(&server, &knobs, &caller, app, &named, &head.headers, received));
    match placed {
        Ok(id) => confirm(&server, &knobs, &id, &path).await,
        Err(failure) => server.refuse(failure, &path),
    }
}

/// What is checked before the upload.
fn admit(
    server: &Server,
    knobs: &CloudgeneKnobs,
    named: &str,
    headers: &HeaderMap,
) -> Result<(Caller, &'static App), Failure> {
    let missing = || {
        let message = match server.generation {
            2 => format!(
                "Application '{named}' not found or the request requires user authentication."
            ),
            _ => format!("Application '{named}' not found"),
        };
        Failure::new(StatusCode::NOT_FOUND, message)
    };
    let caller = access::caller_or(server, headers, missing)?;
    if knobs.maintenance {
        return Err(Failure::maintenance());
    }
    if server.generation == 2 {
        check_limit(server, knobs, &caller)?;
    }
    let app = apps::find(server.generation, named).ok_or_else(missing)?;
    Ok((caller, app))
}

fn check_limit(server: &Server, knobs: &CloudgeneKnobs, caller: &Caller) -> Result<(), Failure> {
    let now = server.now();
    let active = server.store(now).active_jobs(Some(&caller.user), now);
    match knobs.jobs_per_user {
        Some(limit) if active >= limit => Err(Failure::new(
            StatusCode::BAD_REQUEST,
            format!("Only {limit} jobs per user can be executed simultaneously."),
        )),
        _ => Ok(()),
    }
}

fn refused_upload(generation: u8, error: UploadError) -> Failure {
    match (generation, error) {
        (2, UploadError::TooLarge) => {
            Failure::new(StatusCode::BAD_REQUEST, "Upload limit reached.")
        }
        (2, _) => Failure::new(StatusCode::BAD_REQUEST, "Error during input parameter parsing."),
        (_, UploadError::TooLarge) => Failure::Framework(StatusCode::PAYLOAD_TOO_LARGE),
        (_, UploadError::NotAForm) => Failure::Framework(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (_, UploadError::Broken(why)) => {
            Failure::Plain(StatusCode::BAD_REQUEST, format!("java.lang.RuntimeException: {why}"))
        }
    }
}

/// Makes the job, and answers with its id.
fn place(
    server: &Server,
    knobs: &CloudgeneKnobs,
    caller: &Caller,
    app: &'static App,
    named: &str,
    headers: &HeaderMap,
    received: Received,
) -> Result<String, Failure> {
    if server.generation == 3 {
        check_limit(server, knobs, caller)?;
    }
    let parameters = Parameters::read(app, server.generation, received)
        .map_err(|message| Failure::new(StatusCode::BAD_REQUEST, message))?;
    let now = server.now();
    let id_of = |at: i64| job_id(at + knobs.clock_skew_ms);
    if knobs.lose_job {
        return Ok(id_of(now));
    }
    let is_offered = |panel: &_| server_info::is_offered(knobs, panel);
    let verdict = ending::judge(app, server.generation, &parameters, is_offered, knobs.outcome);
    let user_agent =
        header_text(headers, "user-agent").map(|text| text.chars().take(350).collect());
    let mut store = server.store(now);
    let made = make(server.generation, knobs, app, parameters, verdict, now, &mut store);
    let job = store.add(id_of, now, |id, number| Job {
        id,
        number,
        owner: caller.user.clone(),
        application_id: named.to_owned(),
        user_agent,
        ..made
    });
    server.submissions.push(submission(job, server.clock.now()));
    Ok(job.id.clone())
}

/// A job that has no id yet.
fn make(
    generation: u8,
    knobs: &CloudgeneKnobs,
    app: &'static App,
    parameters: Parameters,
    verdict: Verdict,
    now: i64,
    store: &mut Store,
) -> Job {
    let span = |span: u64| i64::try_from(span).unwrap_or(i64::MAX / 8).min(i64::MAX / 8);
    let password = password::effective(parameters.value("password"))
        .unwrap_or_else(|| password::random(&mut store.rng));
    let outputs = files::outputs(app.pipeline, &mut store.rng);
    let plan = files::Plan {
        pipeline: app.pipeline,
        verdict: &verdict,
        password: &password,
        aes: parameters.is_on("aesEncryption"),
        meta: parameters.is_on("meta"),
        variants: knobs.variants.min(1_000_000),
        downloads_allowed: knobs.downloads_allowed,
    };
    let files = files::files(&plan, &mut store.rng);
    let timeline = Timeline {
        generation,
        submitted_at: now,
        // A blocked queue puts off only jobs that have not started; this one must not start at once.
        start_at: now + span(knobs.queue_ms) + i64::from(knobs.block_queue),
        run_ms: span(knobs.run_ms),
        export_ms: span(knobs.export_ms),
        gap_ms: span(knobs.gap_after_success_ms),
        course: verdict.ending.course(),
        canceled_at: None,
        died_at: None,
        deleted: false,
        flickers: false,
    };
    Job {
        id: String::new(),
        number: 0,
        owner: String::new(),
        app,
        application_id: String::new(),
        user_agent: None,
        parameters,
        verdict,
        timeline,
        hidden_until: now + span(knobs.visible_after_ms),
        password,
        mail: knobs.mail,
        outputs,
        files,
    }
}

/// What the frame's list of accepted submissions tells.
fn submission(job: &Job, accepted_at: Timestamp) -> Submission {
    let parameters = &job.parameters;
    let sent = parameters.sent.iter().filter(|name| *name != "password");
    let fields: BTreeMap<String, String> =
        sent.map(|name| (name.clone(), parameters.value(name).to_owned())).collect();
    Submission {
        id: job.id.clone(),
        job_name: parameters.job_name.clone(),
        tags: BTreeMap::new(),
        fields,
        files: parameters.files.clone(),
        bytes: parameters.files.iter().map(|(_, bytes)| bytes).sum(),
        accepted_at,
    }
}

/// Answers for a job that was made, or fails to.
async fn confirm(server: &Server, knobs: &CloudgeneKnobs, id: &str, path: &str) -> Response {
    if knobs.answer_delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(knobs.answer_delay_ms)).await;
    }
    if knobs.hang_after_upload {
        return server.hang().await;
    }
    if knobs.reset_after_upload {
        close_connection();
    }
    if let Some(status) = knobs.create_then_fail_with {
        return failure::injected(status, knobs, server.generation, path);
    }
    let message = "Your job was successfully added to the job queue.";
    Json(json!({"success": true, "message": message, "id": id})).into_response()
}

/// The id of a job that is submitted at a time, in milliseconds by the server's clock.
fn job_id(at: i64) -> String {
    let time = Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(TimeZone::UTC);
    format!("job-{}-{:03}", time.strftime("%Y%m%d-%H%M%S"), time.millisecond())
}
