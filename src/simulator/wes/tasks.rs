//! The tasks of a run: most real servers have none to show.

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{Dialect, Look, Server, error::Problem, run::Run};
use crate::simulator::course::Phase;

/// `GET /runs/{run_id}/tasks`.
pub(super) async fn list_tasks(
    State(server): State<Server>,
    Path(run_id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let look = server.look(&headers);
    if let Some(problem) = look.dialect.has_no_tasks() {
        return look.dialect.error(&problem);
    }
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    server.with_run(&look, &run_id, |run| {
        let page = look.dialect.page(&query)?;
        let tasks = look.tasks(run);
        let from = page.before.unwrap_or(0).min(tasks.len());
        let to = (from + page.size).min(tasks.len());
        let token = if to < tasks.len() { look.dialect.page_token(to) } else { String::new() };
        Ok(Json(json!({ "task_logs": tasks[from..to], "next_page_token": token })).into_response())
    })
}

/// `GET /runs/{run_id}/tasks/{task_id}`.
pub(super) async fn get_task(
    State(server): State<Server>,
    Path((run_id, task_id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let look = server.look(&headers);
    if let Some(problem) = look.dialect.has_no_tasks() {
        return look.dialect.error(&problem);
    }
    server.with_run(&look, &run_id, |run| {
        let tasks = look.tasks(run);
        match tasks.into_iter().find(|task| task["id"] == task_id.as_str()) {
            Some(task) => Ok(Json(task).into_response()),
            None => Err(Problem::new(StatusCode::NOT_FOUND, "the task was not found")),
        }
    })
}

impl Dialect {
    /// What the server says to a question about tasks if it does not know them.
    fn has_no_tasks(self) -> Option<Problem> {
        match self {
            Self::Spec | Self::Galaxy => None,
            Self::Sapporo => Some(Problem::new(StatusCode::BAD_REQUEST, "not implemented")),
            Self::WesService | Self::Toil | Self::StarterKit => {
                let message = "the requested URL was not found on the server";
                Some(Problem::of_framework(StatusCode::NOT_FOUND, message))
            }
        }
    }
}

impl Look {
    /// The tasks of a run, one after the other over the time in which it runs.
    pub(super) fn tasks(&self, run: &Run) -> Vec<Value> {
        let Some(started) = run.course.started_at(self.now) else {
            return Vec::new();
        };
        let phase = run.course.phase(self.now);
        let count = i32::try_from(self.knobs.tasks).unwrap_or(i32::MAX).max(1);
        let span = run.course.ends_at.duration_since(started) / count;
        let until = run.course.ended_at(self.now).unwrap_or(self.now);
        let mut tasks = Vec::new();
        for number in 0..self.knobs.tasks {
            let position = i32::try_from(number).unwrap_or(i32::MAX);
            let Ok(start) = started.checked_add(span * position) else { break };
            if start > until {
                break;
            }
            let last = number + 1 == self.knobs.tasks;
            let end = start.saturating_add(span).unwrap_or(run.course.ends_at);
            // The last task ends with the run; the others end well.
            let (end, exit_code) = match (last || end > until, phase.is_over()) {
                (true, true) => (Some(until), self.dialect.exit_code(phase)),
                (true, false) => (None, Value::Null),
                (false, _) => (Some(end), Value::from(0)),
            };
            tasks.push(self.task(run, number, (start, end), exit_code));
        }
        tasks
    }

    fn task(
        &self,
        run: &Run,
        number: usize,
        (start, end): (jiff::Timestamp, Option<jiff::Timestamp>),
        exit_code: Value,
    ) -> Value {
        let id = match self.dialect {
            Dialect::Galaxy if number == 0 => "0".to_owned(),
            Dialect::Galaxy => format!("1.{number}"),
            Dialect::Spec
            | Dialect::WesService
            | Dialect::Toil
            | Dialect::Sapporo
            | Dialect::StarterKit => format!("task-{}", number + 1),
        };
        let log = |stream: &str| match self.dialect {
            Dialect::Galaxy => Value::from(format!("/api/jobs/{}-{id}/{stream}", run.id)),
            Dialect::Spec => {
                Value::from(format!("{}/tasks/{id}/logs/{stream}", self.run_url(&run.id)))
            }
            Dialect::WesService | Dialect::Toil | Dialect::Sapporo | Dialect::StarterKit => {
                Value::Null
            }
        };
        let mut task = Map::new();
        task.insert("name".to_owned(), Value::from(format!("step {}", number + 1)));
        task.insert("cmd".to_owned(), json!(["run-step", (number + 1).to_string()]));
        task.insert("start_time".to_owned(), Value::from(self.dialect.start_time(start)));
        task.insert("end_time".to_owned(), Value::from(end.map(|end| self.dialect.end_time(end))));
        task.insert("stdout".to_owned(), log("stdout"));
        task.insert("stderr".to_owned(), log("stderr"));
        task.insert("exit_code".to_owned(), exit_code);
        task.insert("id".to_owned(), Value::from(id));
        if self.dialect == Dialect::Spec {
            task.retain(|_, value| !value.is_null());
        }
        Value::from(task)
    }

    /// What a task has written so far.
    pub(super) fn task_text(&self, run: &Run, task_id: &str, stream: &str) -> Option<String> {
        let task = self.tasks(run).into_iter().find(|task| task["id"] == task_id)?;
        let ended = run.course.phase(self.now) != Phase::Running;
        let end = if ended { "done" } else { "at work" };
        Some(format!("{} {stream}: {end}\n", task["name"].as_str().unwrap_or_default()))
    }
}
