//! Reads JSON members that real servers fill in more ways than their specification knows.
//!
//! For `#[serde(deserialize_with = ...)]`, together with `#[serde(default)]`: an odd member is left
//! out, so that it never costs the rest of the answer.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

/// Anything: what does not fit is the default.
pub fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// A list; an element that does not fit is left out alone.
pub fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let items: Vec<Value> = or_default(deserializer)?;
    Ok(items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect())
}

/// A text, or a number that stands where a text belongs. The empty text is none.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(to_text(&Value::deserialize(deserializer)?))
}

/// A list of texts, or a single one. Empty texts are left out.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(to_texts(&Value::deserialize(deserializer)?))
}

/// A whole number, or a text that is one.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

/// The text in a value, as [`text`] reads it.
pub fn to_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

/// The texts in a value, as [`texts`] reads them.
pub fn to_texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(to_text).collect(),
        other => to_text(other).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Odd {
        #[serde(deserialize_with = "text")]
        time: Option<String>,
        #[serde(deserialize_with = "texts")]
        cmd: Vec<String>,
        #[serde(deserialize_with = "number")]
        code: Option<i64>,
        #[serde(deserialize_with = "list")]
        list: Vec<String>,
        #[serde(deserialize_with = "or_default")]
        flag: bool,
    }

    #[test]
    fn odd_members_cost_only_themselves() {
        for (body, expected) in [
            (json!({"time": null, "cmd": null, "code": null, "list": null}), Odd::default()),
            (
                json!({"time": {}, "cmd": {}, "code": "", "list": {"a": 1}, "flag": 7}),
                Odd::default(),
            ),
            (
                json!({"time": 12.5, "cmd": "ls -l", "code": "3", "list": [{}, "a", null], "flag": true}),
                Odd {
                    time: Some("12.5".to_owned()),
                    cmd: vec!["ls -l".to_owned()],
                    code: Some(3),
                    list: vec!["a".to_owned()],
                    flag: true,
                },
            ),
        ] {
            assert_eq!(serde_json::from_value::<Odd>(body).unwrap(), expected);
        }
    }
}
