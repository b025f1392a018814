//! Jobs as JSON, in the words of either generation.

use serde_json::{Map, Value, json};

use super::{
    files::{self, Output, ResultFile},
    job::Job,
    state::{Moment, Retention, Stage},
    steps,
};

/// How a server shows jobs at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) generation: u8,
    /// Milliseconds since the epoch, by our clock.
    pub(super) now: i64,
    /// How far the server's clock runs ahead of ours.
    pub(super) skew: i64,
    pub(super) retention: Retention,
    /// Whether files lie in an object store.
    pub(super) in_object_store: bool,
}

/// Which members a job shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Details,
    /// Of the older generation: like the details while it runs, less afterwards.
    Status,
    ListItem,
}

/// A job as JSON. `position` is its place in the queue.
pub(super) fn job(job: &Job, moment: &Moment, position: i64, extent: Extent, view: &View) -> Value {
    let mut json = Map::new();
    let mut put = |name: &str, value: Value| json.insert(name.to_owned(), value);
    put("id", json!(job.id));
    put("name", json!(job.name()));
    put("application", json!(format!("{} {}", job.app.name, job.app.version)));
    put("applicationId", json!(job.application_id));
    put("state", json!(moment.state.number()));
    put("positionInQueue", json!(position));
    put("submittedOn", view.time(Some(job.timeline.submitted_at), 0));
    put("startTime", view.time(moment.started_at, 0));
    put("endTime", view.time(moment.ended_at, 0));
    put("deletedOn", view.time(moment.deletion_at, -1));
    put("currentTime", view.time(Some(view.now), 0));
    put("username", json!(job.owner));
    put("userAgent", json!(job.user_agent));
    put("workspaceSize", Value::Null);
    // Shown to administrators only, though the owner may fetch it.
    put("logs", json!(""));
    let is_brief = moment.ended_at.is_some() && extent != Extent::Details;
    if is_brief && view.generation == 3 {
        put("steps", json!([]));
        put("outputParams", json!([]));
    } else if !is_brief {
        put("steps", steps_json(job, moment, view));
        put("outputParams", outputs(job, moment, view));
    }
    if view.generation == 2 {
        older(&mut json, job, moment, extent, view);
    }
    Value::Object(json)
}

/// The page object of the list. No page number: all jobs are one page.
pub(super) fn page(
    mut items: Vec<Value>,
    count: usize,
    page: Option<usize>,
    generation: u8,
) -> Value {
    let size = page.map_or(count, |_| PAGE_SIZE);
    let last = count.div_ceil(size.max(1));
    let current = page.unwrap_or(1);
    items.truncate(size);
    // Up to seven numbers around the current one.
    let first = current.saturating_sub(3).min(last.saturating_sub(6)).max(1);
    let pages: Vec<usize> = (first..=last).take(7).collect();
    let mut json = json!({
        "count": count,
        "page": if count == 0 { 0 } else { current },
        "pageSize": size,
        "prev": (current > 1).then(|| current - 1),
        "next": (current < last).then_some(current + 1),
        "pages": pages,
        "data": items,
    });
    if let (2, Some(members)) = (generation, json.as_object_mut()) {
        members.remove("pageSize");
    }
    json
}

/// Jobs on a page; not to be chosen.
pub(super) const PAGE_SIZE: usize = 15;

impl View {
    /// A time by the server's clock, or what stands for none.
    fn time(&self, time: Option<i64>, unset: i64) -> Value {
        json!(time.map_or(unset, |time| time + self.skew))
    }
}

/// What the older generation has more, and less.
fn older(json: &mut Map<String, Value>, job: &Job, moment: &Moment, extent: Extent, view: &View) {
    let ended = moment.ended_at.is_some();
    let starts_setup = moment.stage > Stage::Unstarted;
    let setup_start = starts_setup.then_some(job.timeline.start_at);
    let setup_end = moment.started_at.or(moment.ended_at.filter(|_| starts_setup));
    let more = json!({
        "app": null,
        "canceld": job.timeline.canceled_at.is_some(),
        "complete": ended,
        "running": !ended && (moment.started_at.is_some() || moment.in_setup),
        "progress": -1,
        "priority": 0,
        "setupStartTime": view.time(setup_start, 0),
        "setupEndTime": view.time(setup_end, 0),
        "setupRunning": moment.in_setup,
        "finishedOn": view.time(moment.ended_at, 0),
    });
    if let Value::Object(more) = more {
        json.extend(more);
    }
    if moment.started_at.is_none() {
        json.insert("endTime".to_owned(), json!(0));
    }
    let less: &[&str] = match extent {
        Extent::Details => &[],
        Extent::Status => &["username"],
        Extent::ListItem => &["applicationId", "deletedOn", "running", "logs"],
    };
    for name in less {
        json.remove(*name);
    }
}

fn steps_json(job: &Job, moment: &Moment, view: &View) -> Value {
    // While a job lives in memory its messages have no time and its steps no id. Once stored, all
    // messages have the time of storage.
    let time = if moment.stored { view.time(moment.ended_at, 0) } else { json!(0) };
    let steps = steps::steps(job, moment).into_iter().enumerate().map(|(index, step)| {
        let messages: Vec<Value> = step
            .messages
            .into_iter()
            .map(|message| {
                json!({
                    "success": true, "type": message.kind as u8, "time": time, "message": message.text,
                })
            })
            .collect();
        let id = if moment.stored { job.number * 10 + index as u64 } else { 0 };
        json!({"id": id, "name": step.name, "empty": messages.is_empty(), "logMessages": messages})
    });
    steps.collect()
}

fn outputs(job: &Job, moment: &Moment, view: &View) -> Value {
    let outputs = job.outputs.iter().enumerate().map(|(index, output)| {
        let files: Vec<&ResultFile> =
            job.listed_files(moment).filter(|file| file.output == index).collect();
        json!({
            "id": if moment.stored { job.number * 10 + index as u64 } else { 0 },
            "name": output.name, "description": output.description,
            "value": format!("{}/{}", job.id, output.name), "type": null, "download": true,
            "autoExport": false, "job": null, "jobId": job.id, "hash": output.hash,
            "files": files.iter().map(|file| file_json(job, output, file, view)).collect::<Vec<_>>(),
            "tree": tree(job, output, &files, view),
        })
    });
    outputs.collect()
}

fn file_json(job: &Job, output: &Output, file: &ResultFile, view: &View) -> Value {
    let place = if view.in_object_store { "s3://simulated-bucket/" } else { "" };
    let mut json = json!({
        "name": file.name,
        "path": format!("{place}{}/{}/{}", job.id, output.name, file.name),
        "hash": file.hash,
        "count": file.left,
        "size": files::size_text(file.content.size()),
        "parameterId": 0,
        "user": null,
    });
    if let (2, Some(members)) = (view.generation, json.as_object_mut()) {
        members.remove("count");
    }
    json
}

/// The same files as a tree of folders.
fn tree(job: &Job, output: &Output, files: &[&ResultFile], view: &View) -> Value {
    let leaf = |file: &ResultFile, name: &str| {
        let path = match view.generation {
            2 => format!("/results/{}/{}/{}", job.id, output.name, file.name),
            _ => format!("/browse/{}/{}", output.hash, file.name),
        };
        json!({
            "name": name, "path": path, "hash": file.hash,
            "size": files::size_text(file.content.size()), "folder": false, "childs": [],
        })
    };
    let mut nodes = Vec::new();
    let mut folders: Vec<(&str, Vec<Value>)> = Vec::new();
    for file in files {
        match file.name.split_once('/') {
            None => nodes.push(leaf(file, &file.name)),
            Some((folder, name)) => match folders.iter_mut().find(|(other, _)| *other == folder) {
                Some((_, childs)) => childs.push(leaf(file, name)),
                None => folders.push((folder, vec![leaf(file, name)])),
            },
        }
    }
    nodes.extend(folders.into_iter().map(|(folder, childs)| {
        json!({
            "name": folder, "path": null, "hash": null, "size": null, "folder": true, "childs": childs,
        })
    }));
    Value::Array(nodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_show_up_to_seven_numbers() {
        for (count, current, prev, next, pages) in [
            (0, 1, Value::Null, Value::Null, json!([])),
            (15, 1, Value::Null, Value::Null, json!([1])),
            (16, 2, json!(1), Value::Null, json!([1, 2])),
            (300, 1, Value::Null, json!(2), json!([1, 2, 3, 4, 5, 6, 7])),
            (300, 10, json!(9), json!(11), json!([7, 8, 9, 10, 11, 12, 13])),
            (300, 20, json!(19), Value::Null, json!([14, 15, 16, 17, 18, 19, 20])),
        ] {
            let json = page(Vec::new(), count, Some(current), 3);
            assert_eq!(json["pages"], pages, "{count} {current}");
            assert_eq!((&json["prev"], &json["next"]), (&prev, &next), "{count} {current}");
        }
        assert_eq!(page(Vec::new(), 0, None, 3)["page"], 0);
        assert_eq!(page(Vec::new(), 40, None, 3)["pageSize"], 40);
        assert!(page(Vec::new(), 40, Some(1), 2).get("pageSize").is_none());
    }
}
