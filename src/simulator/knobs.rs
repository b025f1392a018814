//! Knobs: named settings of a simulator that can be turned while it runs.

use std::{fmt, sync::Arc};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// The knobs of a running simulator, whatever their type.
#[derive(Clone)]
pub struct Knobs {
    inner: Arc<dyn Turn>,
}

trait Turn: Send + Sync {
    fn read(&self) -> Value;
    fn turn(&self, changes: Map<String, Value>) -> Result<(), String>;
}

/// A value behind a lock that is held for one read or one change.
struct Shared<K>(Arc<std::sync::Mutex<K>>);

impl<K> Turn for Shared<K>
where
    K: Serialize + DeserializeOwned + Send,
{
    fn read(&self) -> Value {
        serde_json::to_value(&*self.0.lock().expect("no holder panics")).unwrap_or_default()
    }

    fn turn(&self, changes: Map<String, Value>) -> Result<(), String> {
        let mut value = self.read();
        let all = value.as_object_mut().ok_or("knobs are an object")?;
        for (name, change) in changes {
            if !all.contains_key(&name) {
                return Err(format!("there is no knob `{name}`"));
            }
            all.insert(name, change);
        }
        let turned = serde_json::from_value(value).map_err(|error| error.to_string())?;
        *self.0.lock().expect("no holder panics") = turned;
        Ok(())
    }
}

/// Makes the knobs of a simulator out of `name=value` settings. Every knob must have a default, and
/// must be serialized even when it is unset (as `null`), so that it can be found by its name.
pub fn knobs_from<K>(
    defaults: K,
    settings: &[(String, String)],
) -> Result<(Arc<std::sync::Mutex<K>>, Knobs), String>
where
    K: Serialize + DeserializeOwned + Send + 'static,
{
    let shared = Arc::new(std::sync::Mutex::new(defaults));
    let knobs = Knobs { inner: Arc::new(Shared(shared.clone())) };
    for (name, value) in settings {
        knobs.set(name, value)?;
    }
    Ok((shared, knobs))
}

impl Knobs {
    /// Turns one knob. The value is JSON, or text where it is not.
    pub fn set(&self, name: &str, value: &str) -> Result<(), String> {
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        self.inner.turn(Map::from_iter([(name.to_owned(), value)]))
    }

    /// `GET` and `PATCH /_sim/knobs`.
    pub(super) fn router(&self) -> Router {
        Router::new().route("/_sim/knobs", get(read).patch(turn)).with_state(self.clone())
    }
}

impl fmt::Debug for Knobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Knobs").field(&self.inner.read()).finish()
    }
}

async fn read(State(knobs): State<Knobs>) -> Json<Value> {
    Json(knobs.inner.read())
}

async fn turn(
    State(knobs): State<Knobs>,
    Json(changes): Json<Map<String, Value>>,
) -> Result<Json<Value>, (StatusCode, String)> {
    knobs.inner.turn(changes).map_err(|error| (StatusCode::BAD_REQUEST, error))?;
    Ok(Json(knobs.inner.read()))
}
