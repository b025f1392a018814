//! Reads a TOML file, lays the environment over it, and finds every problem rather than the first.

use std::{collections::HashSet, fs, path::Path};

use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{Config, Problem, SecretRef, ServiceConfig, service::CredentialConfig};
use crate::{alerts, redis_link::RedisLink};

/// Environment variables that begin so overlay the file: `GA4GH_GATEWAY__SERVER__LISTEN` is
/// `server.listen`.
pub const ENV_PREFIX: &str = "GA4GH_GATEWAY__";

/// Most problems that are told of one section.
const MAX_PROBLEMS: usize = 20;

/// Reads the configuration: the file, if there is one, under the variables of the environment. All
/// problems are told, each with its place.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, Vec<Problem>> {
    let source = file.map_or_else(|| "environment".to_owned(), |file| file.display().to_string());
    let mut table = match file {
        Some(file) => read(file).map_err(|problem| vec![problem])?,
        None => Table::new(),
    };
    let mut problems = Vec::new();
    overlay(&mut table, environment, &mut problems);
    from_table(table, source, problems)
}

/// Reads a configuration that a program made, such as the demo's.
pub fn from_value(value: &serde_json::Value) -> Result<Config, Vec<Problem>> {
    let source = "the program's own configuration";
    let table = Table::try_from(value)
        .map_err(|error| vec![Problem::new(source, "", error.to_string().trim_end())])?;
    from_table(table, source.to_owned(), Vec::new())
}

fn from_table(
    mut table: Table,
    source: String,
    problems: Vec<Problem>,
) -> Result<Config, Vec<Problem>> {
    let mut reader = Reader { source, problems };
    let config = Config {
        data_dir: reader.value(&mut table, "data_dir").unwrap_or_else(|| "data".into()),
        database_url: reader.value(&mut table, "database_url"),
        redis_url: reader.value(&mut table, "redis_url"),
        redis: reader.section(&mut table, "redis"),
        server: reader.section(&mut table, "server"),
        api: reader.section(&mut table, "api"),
        auth: reader.section(&mut table, "auth"),
        client: reader.section(&mut table, "client"),
        discovery: reader.section(&mut table, "discovery"),
        gateway: reader.section(&mut table, "gateway"),
        limits: reader.section(&mut table, "limits"),
        health: reader.section(&mut table, "health"),
        circuit: reader.section(&mut table, "circuit"),
        events: reader.section(&mut table, "events"),
        alerts: reader.section(&mut table, "alerts"),
        panels: reader.section(&mut table, "panels"),
        policy: reader.section(&mut table, "policy"),
        vault: reader.section(&mut table, "vault"),
        nodes: reader.section(&mut table, "nodes"),
        log: reader.section(&mut table, "log"),
        services: reader.services(&mut table),
    };
    for key in table.keys() {
        reader.problem(key, "there is no such key");
    }
    reader.check(&config);
    if reader.problems.is_empty() { Ok(config) } else { Err(reader.problems) }
}

fn read(file: &Path) -> Result<Table, Problem> {
    let source = file.display().to_string();
    let text = fs::read_to_string(file)
        .map_err(|error| Problem::new(&source, "", format!("cannot be read: {error}")))?;
    toml::from_str(&text).map_err(|error| Problem::new(&source, "", error.to_string().trim_end()))
}

/// Lays variables over the table. A value is read as TOML, or as text where it is none.
fn overlay(
    table: &mut Table,
    environment: impl IntoIterator<Item = (String, String)>,
    problems: &mut Vec<Problem>,
) {
    for (name, text) in environment {
        let Some(path) = name.strip_prefix(ENV_PREFIX) else { continue };
        let path = path.to_ascii_lowercase();
        let value = format!("value = {text}").parse::<Table>().ok();
        let value = value.and_then(|mut table| table.remove("value"));
        let value = value.unwrap_or(Value::String(text));
        if !set(table, &path.split("__").collect::<Vec<_>>(), value) {
            problems.push(Problem::new("environment", name, "it names a part of what is no table"));
        }
    }
}

/// Sets a value deep in a table. `false` means that there is something else on the way.
fn set(table: &mut Table, path: &[&str], value: Value) -> bool {
    match path {
        [] => false,
        [last] => {
            table.insert((*last).to_owned(), value);
            true
        }
        [first, rest @ ..] => {
            match table.entry(*first).or_insert_with(|| Value::Table(Table::new())) {
                Value::Table(inner) => set(inner, rest, value),
                _ => false,
            }
        }
    }
}

struct Reader {
    source: String,
    problems: Vec<Problem>,
}

impl Reader {
    fn problem(&mut self, key: &str, message: impl std::fmt::Display) {
        self.problems.push(Problem::new(&self.source, key, message));
    }

    fn value<T: DeserializeOwned>(&mut self, table: &mut Table, key: &str) -> Option<T> {
        let value = table.remove(key)?;
        match value.try_into() {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(key, error.to_string().trim_end());
                None
            }
        }
    }

    fn section<T: DeserializeOwned + Default>(&mut self, table: &mut Table, key: &str) -> T {
        match table.remove(key) {
            None => T::default(),
            Some(Value::Table(section)) => self.read(key, section).unwrap_or_default(),
            Some(_) => {
                self.problem(key, "it is a table, written as [section]");
                T::default()
            }
        }
    }

    /// Reads a section. After a problem, what is wrong is taken out and the rest is read on, so that one
    /// look shows all of it.
    fn read<T: DeserializeOwned>(&mut self, key: &str, mut section: Table) -> Option<T> {
        let before = self.problems.len();
        for _ in 0..MAX_PROBLEMS {
            let error = match serde_path_to_error::deserialize(Value::Table(section.clone())) {
                Ok(value) if self.problems.len() == before => return Some(value),
                Ok(_) => return None,
                Err(error) => error,
            };
            let path = error.path().to_string();
            let message = error.into_inner().to_string();
            let message = message.lines().next().unwrap_or_default().to_owned();
            let unknown = message
                .strip_prefix("unknown field `")
                .and_then(|rest| rest.split('`').next().map(str::to_owned));
            let culprit = match path.split(['.', '[']).next() {
                Some(first) if section.contains_key(first) => first.to_owned(),
                _ => unknown.clone().unwrap_or_default(),
            };
            let full = if path == "." || path.is_empty() { culprit.clone() } else { path };
            self.problem(format!("{key}.{full}").trim_end_matches('.'), message);
            section.remove(&culprit)?;
        }
        None
    }

    fn services(&mut self, table: &mut Table) -> Vec<ServiceConfig> {
        let list = match table.remove("services") {
            None => return Vec::new(),
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.problem("services", "it is a list, written as [[services]]");
                return Vec::new();
            }
        };
        let mut services = Vec::new();
        for (position, item) in list.into_iter().enumerate() {
            let key = format!("services[{position}]");
            match item {
                Value::Table(mut section) => {
                    let credential = self.credential(&key, section.remove("credential"));
                    let document = self.read(&key, section);
                    let both = document.zip(credential);
                    services.extend(
                        both.map(|(document, credential)| ServiceConfig { document, credential }),
                    );
                }
                _ => self.problem(&key, "a service is a table"),
            }
        }
        services
    }

    fn credential(&mut self, key: &str, value: Option<Value>) -> Option<CredentialConfig> {
        let key = format!("{key}.credential");
        match value {
            None => Some(CredentialConfig::None),
            Some(Value::Table(section)) => self.read(&key, section),
            Some(_) => {
                self.problem(&key, "it is a table, such as { type = \"none\" }");
                None
            }
        }
    }

    /// What no section can see alone.
    fn check(&mut self, config: &Config) {
        self.check_services(config);
        self.check_database(config);
        self.check_limits(config);
        for (key, message) in config.health.problems() {
            self.problem(&format!("health.{key}"), message);
        }
        let authorities = config.client.extra_ca_file.as_deref();
        let alerts = config.alerts.with_secrets(SecretRef::read);
        if let Err((key, why)) = alerts.and_then(|alerts| alerts::check(&alerts, authorities)) {
            self.problem(&format!("alerts.{key}"), why);
        }
        if let Err((key, why)) = config.vault.keys(SecretRef::read) {
            self.problem(&format!("vault.{key}"), why);
        }
        for (key, message) in config.vault.problems() {
            self.problem(&format!("vault.{key}"), message);
        }
        for (key, message) in config.circuit.problems() {
            self.problem(&format!("circuit.{key}"), message);
        }
        if let Err((key, why)) = config.policy.floor() {
            self.problem(&format!("policy.{key}"), why);
        }
        if config.gateway.poll_min > config.gateway.poll_max {
            self.problem("gateway.poll_min", "it is longer than gateway.poll_max");
        }
        self.check_events(&config.events);
        if config.nodes.heartbeat >= config.nodes.lease {
            self.problem("nodes.heartbeat", "it is not shorter than nodes.lease");
        }
        if config.api.default_page_size > config.api.max_page_size || config.api.max_page_size == 0
        {
            self.problem(
                "api.default_page_size",
                "it is larger than api.max_page_size, or that is 0",
            );
        }
    }

    fn check_database(&mut self, config: &Config) {
        match config.database_url.as_ref().map(SecretRef::read) {
            Some(Ok(url)) if !url.expose_secret().starts_with("postgres") => {
                self.problem("database_url", "the URL begins with postgres://");
            }
            Some(Err(message)) => self.problem("database_url", message),
            Some(Ok(_)) | None => {}
        }
    }

    fn check_limits(&mut self, config: &Config) {
        match config.redis_url.as_ref().map(SecretRef::read) {
            Some(Ok(url)) if RedisLink::check(&url).is_err() => {
                self.problem("redis_url", "the URL begins with redis:// or rediss://");
            }
            Some(Err(message)) => self.problem("redis_url", message),
            Some(Ok(_)) | None => {}
        }
        for (key, message) in config.redis.problems() {
            self.problem(&format!("redis.{key}"), message);
        }
        for (key, message) in config.limits.problems() {
            self.problem(&format!("limits.{key}"), message);
        }
    }

    fn check_services(&mut self, config: &Config) {
        let mut ids = HashSet::new();
        for (position, service) in config.services.iter().enumerate() {
            let key = format!("services[{position}]");
            let ServiceConfig { document, credential } = service;
            if let Err(flaw) = document.to_service() {
                self.problem(&format!("{key}.{}", flaw.member), flaw.why);
            }
            if !crate::backend::KINDS.contains(&document.kind.as_str()) {
                let kinds = crate::backend::KINDS.join(", ");
                self.problem(&format!("{key}.kind"), format!("a kind is one of {kinds}"));
            }
            if let Err(message) = credential.read() {
                self.problem(&format!("{key}.credential"), message);
            }
            if !ids.insert(&document.id) {
                self.problem(&format!("{key}.id"), format!("`{}` is taken", document.id));
            }
        }
    }

    fn check_events(&mut self, events: &crate::events::Config) {
        for (key, wrong) in [
            ("capacity", events.capacity == 0),
            ("heartbeat", events.heartbeat.is_zero()),
            ("ping_interval", events.ping_interval.is_zero()),
            ("recheck_interval", events.recheck_interval.is_zero()),
        ] {
            if wrong {
                self.problem(&format!("events.{key}"), "it must be more than 0");
            }
        }
    }
}
