//! The outputs of a WES run: what can be fetched becomes a file of ours, what only the server can
//! reach loses its address. Pure.

use serde_json::{Map, Value, json};
use url::Url;

use crate::backend::{OutputFile, client::as_home, output_marker};

/// What is said where an address was taken away.
const STAYS: &str = "the file stays on the service";

/// Nested deeper than this, outputs are cut.
const MAX_DEPTH: usize = 32;

/// The outputs in our words.
pub(super) struct Outputs {
    pub(super) value: Map<String, Value>,
    pub(super) files: Vec<OutputFile>,
}

/// Reads outputs in any of their shapes: an object, a list (sapporo), or nothing.
pub(super) fn translate(told: &Value, home: &Url) -> Outputs {
    let mut reader = Reader { home, files: Vec::new() };
    let value = match told {
        Value::Object(members) => reader.members(members, 0),
        Value::Null => Map::new(),
        Value::Array(items) if items.is_empty() => Map::new(),
        other => Map::from_iter([("outputs".to_owned(), reader.value(other, 0))]),
    };
    Outputs { value, files: reader.files }
}

struct Reader<'a> {
    home: &'a Url,
    files: Vec<OutputFile>,
}

impl Reader<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> Value {
        match value {
            Value::Array(_) | Value::Object(_) if depth >= MAX_DEPTH => Value::Null,
            Value::Array(items) => {
                items.iter().map(|item| self.value(item, depth + 1)).collect::<Vec<_>>().into()
            }
            Value::Object(members) => match sapporo_file(members) {
                Some((name, url)) => {
                    json!({ "name": name, "url": self.text(url, Some(name), None) })
                }
                None => self.members(members, depth + 1).into(),
            },
            Value::String(text) if stays(text) => {
                json!({ "basename": last_segment(text), "note": STAYS })
            }
            Value::String(text) => self.text(text, None, None),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    fn members(&mut self, members: &Map<String, Value>, depth: usize) -> Map<String, Value> {
        let basename = members.get("basename").and_then(Value::as_str);
        let size = members.get("size").and_then(Value::as_u64);
        let mut kept = Map::new();
        let mut lost = None;
        for (name, member) in members {
            let address = matches!(name.as_str(), "location" | "path" | "dirname" | "url");
            match member {
                Value::String(text) if address && stays(text) => {
                    if name != "dirname" {
                        lost = Some(last_segment(text));
                    }
                }
                Value::String(text) if address => {
                    kept.insert(name.clone(), self.text(text, basename, size));
                }
                other => {
                    kept.insert(name.clone(), self.value(other, depth));
                }
            }
        }
        if let Some(lost) = lost {
            kept.entry("basename").or_insert_with(|| lost.into());
            kept.entry("note").or_insert_with(|| STAYS.into());
        }
        kept
    }

    /// A text among the outputs. One that is a URL of the service's own becomes a file.
    fn text(&mut self, text: &str, name: Option<&str>, size: Option<u64>) -> Value {
        let own = text.parse::<Url>().ok().and_then(|url| as_home(self.home, url));
        let Some(url) = own else { return text.into() };
        // CWL names a file twice, by `location` and by `path`.
        if let Some(file) = self.files.iter().find(|file| file.locator == url.as_str()) {
            return output_marker(&file.path).into();
        }
        let last = last_segment(&url[..url::Position::AfterPath]);
        let path = self.free_path(&clean_path(name.unwrap_or(&last)));
        let marker = output_marker(&path);
        self.files.push(OutputFile { path, size, locator: url.into() });
        marker.into()
    }

    fn free_path(&self, wanted: &str) -> String {
        let taken = |path: &str| self.files.iter().any(|file| file.path == path);
        if !taken(wanted) {
            return wanted.to_owned();
        }
        (2..)
            .map(|n| format!("{n}/{wanted}"))
            .find(|path| !taken(path))
            .expect("there are more numbers than files")
    }
}

/// sapporo lists `{file_name, file_url}`.
fn sapporo_file(members: &Map<String, Value>) -> Option<(&str, &str)> {
    Some((members.get("file_name")?.as_str()?, members.get("file_url")?.as_str()?))
}

/// Whether a text is an address on the server's own disk.
fn stays(text: &str) -> bool {
    let path = text.len() > 1 && text.starts_with('/') && !text.contains(['\n', '\r']);
    path || text.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("file://"))
}

/// The last part of an address. What stands in a URL is percent-encoded, a bare path is not.
fn last_segment(address: &str) -> String {
    let last = address.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if address.starts_with('/') {
        last.to_owned()
    } else {
        percent_encoding::percent_decode_str(last).decode_utf8_lossy().into_owned()
    }
}

/// A path without parts that climb.
fn clean_path(name: &str) -> String {
    let parts: Vec<&str> = name.split(['/', '\\']).filter(|part| is_plain(part)).collect();
    if parts.is_empty() { "output".to_owned() } else { parts.join("/") }
}

fn is_plain(part: &str) -> bool {
    !matches!(part, "" | "." | "..") && !part.contains(|c: char| c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_of_real_servers_are_read() {
        let home: Url = "https://wes.example/ga4gh/wes/v1".parse().unwrap();
        let file = "ga4gh-gateway-output:";
        for (server, told, expected, paths) in [
            ("running", json!(null), json!({}), vec![]),
            (
                "wes-service",
                json!({"out": {"class": "File", "location": "file:///w/a/out%20put.txt",
                    "path": "/w/a/out put.txt", "basename": "out put.txt",
                    "checksum": "sha1$1", "size": 3}}),
                json!({"out": {"class": "File", "basename": "out put.txt", "checksum": "sha1$1",
                    "size": 3, "note": STAYS}}),
                vec![],
            ),
            (
                "wes-service on Toil",
                json!({"out": {"class": "File", "location": "/w/out.txt", "size": 3}}),
                json!({"out": {"class": "File", "basename": "out.txt", "size": 3, "note": STAYS}}),
                vec![],
            ),
            (
                "genpei",
                json!({"out": "/w/out.txt", "n": 3}),
                json!({"out": {"basename": "out.txt", "note": STAYS}, "n": 3}),
                vec![],
            ),
            (
                "sapporo",
                json!([
                    {"file_name": "sub/a.txt", "file_url": "http://wes.example/runs/1/outputs/sub/a.txt"},
                    {"file_name": "../b", "file_url": "https://wes.example/runs/1/outputs/b"},
                    {"file_name": "b", "file_url": "https://wes.example/runs/1/outputs/b2"},
                ]),
                json!({"outputs": [
                    {"name": "sub/a.txt", "url": format!("{file}sub/a.txt")},
                    {"name": "../b", "url": format!("{file}b")},
                    {"name": "b", "url": format!("{file}2/b")},
                ]}),
                vec!["sub/a.txt", "b", "2/b"],
            ),
            (
                "galaxy",
                json!({"out": {"src": "hda", "id": "1f", "drs_uri": "drs://wes.example/1"}}),
                json!({"out": {"src": "hda", "id": "1f", "drs_uri": "drs://wes.example/1"}}),
                vec![],
            ),
            (
                "links",
                json!({"mine": "https://wes.example/f/x.vcf.gz?a=b", "theirs": "https://s3.example/y",
                    "bucket": "gs://b/z"}),
                json!({"mine": format!("{file}x.vcf.gz"), "theirs": "https://s3.example/y",
                    "bucket": "gs://b/z"}),
                vec!["x.vcf.gz"],
            ),
        ] {
            let outputs = translate(&told, &home);

            assert_eq!(Value::Object(outputs.value), expected, "{server}");
            let found: Vec<_> = outputs.files.iter().map(|file| file.path.as_str()).collect();
            assert_eq!(found, paths, "{server}");
        }
    }
}
