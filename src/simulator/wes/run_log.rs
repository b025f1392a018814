//! The log of a run, as each server writes it.

use serde_json::{Map, Value, json};

use super::{Dialect, Look, run::Run};
use crate::simulator::{Outcome, course::Phase};

/// How a terminal shows bold text; servers that put the log into the answer keep such codes.
const BOLD: &str = "\u{1b}[1;30m";
const PLAIN: &str = "\u{1b}[0m";

impl Look {
    /// The answer to `GET /runs/{run_id}`.
    pub(super) fn run_log(&self, run: &Run) -> Value {
        let url = self.run_url(&run.id);
        let phase = run.course.phase(self.now);
        let mut log = Map::new();
        log.insert("run_id".to_owned(), Value::from(run.id.as_str()));
        log.insert("request".to_owned(), self.request(run));
        log.insert("state".to_owned(), Value::from(self.state(run)));
        let (run_log, tasks_url, tasks) = match self.dialect {
            Dialect::Spec => {
                (self.log(run, phase), json!(format!("{url}/tasks")), json!(self.tasks(run)))
            }
            Dialect::Galaxy => {
                let path = format!("{}/runs/{}/tasks", super::BASE, run.id);
                (Value::Null, Value::from(path), Value::Null)
            }
            Dialect::Sapporo => (self.log(run, phase), Value::Null, Value::Null),
            Dialect::Toil => {
                let mut tasks = self.tasks(run);
                tasks.iter_mut().filter_map(Value::as_object_mut).for_each(|task| {
                    task.remove("id");
                });
                (self.log(run, phase), Value::Null, Value::from(tasks))
            }
            Dialect::WesService | Dialect::StarterKit => {
                (self.log(run, phase), Value::Null, json!([]))
            }
        };
        log.insert("run_log".to_owned(), run_log);
        // The servers of WES 1.0 do not know the URL.
        if matches!(self.dialect, Dialect::Spec | Dialect::Sapporo | Dialect::Galaxy) {
            log.insert("task_logs_url".to_owned(), tasks_url);
        }
        log.insert("task_logs".to_owned(), tasks);
        log.insert("outputs".to_owned(), self.outputs(run, phase));
        Value::from(log)
    }

    /// The request as it is echoed.
    fn request(&self, run: &Run) -> Value {
        if self.dialect == Dialect::Galaxy {
            return Value::Null;
        }
        let mut request = Map::new();
        for (name, text) in &run.fields {
            let value = match name.as_str() {
                "workflow_params" | "tags" | "workflow_engine_parameters" => run.json_field(name),
                _ => Value::from(text.as_str()),
            };
            request.insert(name.clone(), value);
        }
        if self.dialect == Dialect::WesService {
            // It replaces the URL by a path of its own, and shows where it staged the files.
            let path = format!("file:///srv/workflows/{}/{}", run.id, run.field("workflow_url"));
            request.insert("workflow_url".to_owned(), Value::from(path));
            let staged = format!("file:///srv/workflows/{}/files", run.id);
            request.insert("workflow_attachment".to_owned(), Value::from(staged));
        }
        Value::from(request)
    }

    /// The log of the run as a whole. Members that are not known yet are left out by the specification
    /// and `null` elsewhere.
    fn log(&self, run: &Run, phase: Phase) -> Value {
        let started = run.course.started_at(self.now).map(|time| self.dialect.start_time(time));
        let ended = run.course.ended_at(self.now).map(|time| self.dialect.end_time(time));
        let cmd = match self.dialect {
            Dialect::WesService => json!([""]),
            Dialect::Toil => Value::from(format!("toil-cwl-runner {}", run.field("workflow_url"))),
            Dialect::Spec | Dialect::Sapporo | Dialect::StarterKit | Dialect::Galaxy => {
                json!(["cwltool", run.field("workflow_url")])
            }
        };
        let mut log = Map::new();
        log.insert("name".to_owned(), Value::from(run.field("workflow_url")));
        log.insert("cmd".to_owned(), cmd);
        log.insert("start_time".to_owned(), self.time(started));
        log.insert("end_time".to_owned(), self.time(ended));
        log.insert("stdout".to_owned(), self.stream(run, phase, "stdout"));
        log.insert("stderr".to_owned(), self.stream(run, phase, "stderr"));
        log.insert("exit_code".to_owned(), self.dialect.exit_code(phase));
        if self.dialect == Dialect::Spec {
            if phase == Phase::Ended(Outcome::SystemError) {
                log.insert("system_logs".to_owned(), json!(["no space left on device"]));
            }
            log.retain(|_, value| !value.is_null());
        }
        Value::from(log)
    }

    fn time(&self, time: Option<String>) -> Value {
        match (time, self.dialect) {
            (None, Dialect::WesService) => Value::from(""),
            (time, _) => Value::from(time),
        }
    }

    /// What stands for a log: its URL, a path that means something from the run's URL, or its text.
    fn stream(&self, run: &Run, phase: Phase, stream: &str) -> Value {
        let id = &run.id;
        match self.dialect {
            Dialect::Spec => Value::from(format!("{}/logs/{stream}", self.run_url(id))),
            Dialect::Toil => Value::from(format!("../../../../toil/wes/v1/logs/{id}/{stream}")),
            Dialect::StarterKit => {
                Value::from(format!("{}/logs/nextflow/{stream}/{id}", self.origin))
            }
            Dialect::WesService | Dialect::Sapporo => {
                Value::from(format!("{BOLD}{stream}{PLAIN} {}", run.log_text(phase, stream)))
            }
            Dialect::Galaxy => Value::Null,
        }
    }

    /// The outputs, once the run is complete.
    fn outputs(&self, run: &Run, phase: Phase) -> Value {
        if phase != Phase::Ended(Outcome::Complete) {
            let none = self.dialect == Dialect::Sapporo;
            return if none { Value::Null } else { json!({}) };
        }
        let size = self.knobs.output_bytes;
        let checksums = run.checksums().len();
        let url = format!("{}/outputs", self.run_url(&run.id));
        match self.dialect {
            Dialect::Spec => json!({
                "result": {
                    "class": "File",
                    "basename": "result.bin",
                    "location": format!("{url}/result.bin"),
                    "size": size,
                },
                "checksums": format!("{url}/statistics/checksums.txt"),
                "chunks": 3,
            }),
            Dialect::Sapporo => json!([
                { "file_name": "result.bin", "file_url": format!("{url}/result.bin") },
                {
                    "file_name": "statistics/checksums.txt",
                    "file_url": format!("{url}/statistics/checksums.txt"),
                },
            ]),
            Dialect::WesService | Dialect::Toil => {
                let folder = format!("file:///srv/workflows/{}/outputs", run.id);
                let file = |name: &str, size: u64| {
                    json!({
                        "class": "File",
                        "basename": name,
                        "location": format!("{folder}/{name}"),
                        "path": format!("/srv/workflows/{}/outputs/{name}", run.id),
                        "size": size,
                    })
                };
                json!({
                    "result": file("result.bin", size),
                    "checksums": file("checksums.txt", checksums as u64),
                })
            }
            Dialect::StarterKit => json!({ "result": format!("/srv/{}/result.bin", run.id) }),
            Dialect::Galaxy => json!({
                "result": {
                    "src": "hda",
                    "id": run.id,
                    "drs_uri": format!("drs://localhost/hda-{}", run.id),
                },
            }),
        }
    }
}
