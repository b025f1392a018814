//! `GET runs`: filters, and pages that are followed by an absolute URL alone.

use axum::{
    Json,
    extract::{RawQuery, State},
    http::{HeaderMap, Uri},
};
use serde_json::{Value, json};

use super::{
    Look, Problem, Server,
    run::{Run, tags},
};

/// Lists the runs, newest first.
pub(super) async fn list_runs(
    State(server): State<Server>,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let look = server.look(&headers);
    let query = parse(query.as_deref());
    let runs = server.runs();
    let mut found: Vec<&Run> = runs.iter().rev().filter(|run| look.matches(run, &query)).collect();
    if wants_oldest_first(&query) {
        found.reverse();
    }
    let items = found.into_iter().map(|run| look.list_item(run)).collect();
    page(&look, &uri, &query, "runs", items).map(Json)
}

/// The parameters of a query, in order.
pub(super) fn parse(query: Option<&str>) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect()
}

/// One page of items. Its `next_page_url` is absolute and carries every filter itself.
pub(super) fn page(
    look: &Look,
    uri: &Uri,
    query: &[(String, String)],
    key: &str,
    items: Vec<Value>,
) -> Result<Value, Problem> {
    let number = |names: &[&str], default: usize| {
        let found = query.iter().find(|(name, _)| names.contains(&name.as_str()));
        found.map_or(Ok(default), |(name, value)| {
            value.parse().map_err(|_| Problem::bad_request(format!("{name} is no number")))
        })
    };
    let size = number(&["page_size"], 20)?.clamp(1, 100);
    let page = number(&["page", "page_token"], 0)?;
    let total = items.len();
    let first = page.saturating_mul(size);
    let is_last = first.saturating_add(size) >= total;
    let items: Vec<_> = items.into_iter().skip(first).take(size).collect();
    let next = (!is_last).then(|| {
        let mut next = url::form_urlencoded::Serializer::new(String::new());
        let filters = query.iter().filter(|(name, _)| name != "page" && name != "page_token");
        next.extend_pairs(filters).append_pair("page", &(page + 1).to_string());
        format!("{}{}?{}", look.origin, uri.path(), next.finish())
    });
    let token = next.as_ref().map(|_| (page + 1).to_string());
    Ok(json!({
        key: items,
        "pagination": { "next_page_url": next, "total_elements": total },
        "next_page_token": token,
    }))
}

impl Look {
    /// Repeated states are alternatives; everything else narrows.
    fn matches(&self, run: &Run, query: &[(String, String)]) -> bool {
        let values = |name: &'static str| {
            query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
        };
        let tags = tags(&run.request);
        let has_tag = |wanted: &str| {
            wanted
                .split_once(':')
                .is_some_and(|(key, value)| tags.get(key).is_some_and(|tag| tag == value))
        };
        let text = |name: &str| run.request.get(name).and_then(Value::as_str).unwrap_or_default();
        let time = |text: &str| crate::ga4gh::time::parse_lenient(text);
        let shows_hidden = values("show_hidden").any(|value| value.eq_ignore_ascii_case("true"));
        let states: Vec<_> = values("state").collect();
        let started = run.course.submitted_at;
        (states.is_empty() || states.contains(&self.state(run).as_str()))
            && values("tag").all(has_tag)
            && values("engine_id").all(|id| id == run.engine_id)
            && values("batch_id").all(|id| Some(id) == run.batch_id.as_deref())
            && values("workflow_url").all(|url| url == text("workflow_url"))
            && values("workflow_name").all(|name| name == text("workflow_name"))
            && values("workflow_type").all(|name| name == text("workflow_type"))
            && values("search")
                .all(|word| run.id.contains(word) || text("workflow_url").contains(word))
            && values("since").filter_map(time).all(|since| since <= started)
            && values("until").filter_map(time).all(|until| started < until)
            && (shows_hidden || !has_tag("visibility:hidden"))
    }
}

/// `sort=start_time[:ASC]`, or the older `order=start_time` with `direction`.
fn wants_oldest_first(query: &[(String, String)]) -> bool {
    let value =
        |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    match (value("sort"), value("order")) {
        (Some(sort), _) => {
            let first = sort.split(';').next().unwrap_or_default();
            matches!(first.split_once(':'), None | Some((_, "ASC")))
        }
        (None, Some(_)) => value("direction").is_none_or(|word| word.eq_ignore_ascii_case("asc")),
        (None, None) => false,
    }
}
