//! `GET /service-info`: the specification's, and the shapes of real servers that break it.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{Dialect, Look, Server};

/// Tells what the server is.
pub(super) async fn get_service_info(State(server): State<Server>, headers: HeaderMap) -> Response {
    let look = server.look(&headers);
    let mut counts = BTreeMap::new();
    for run in server.runs().iter() {
        *counts.entry(look.state(run)).or_insert(0_u64) += 1;
    }
    Json(look.service_info(&counts)).into_response()
}

impl Dialect {
    /// The workflow languages, in the server's own spelling.
    pub(super) fn workflow_types(self) -> &'static [&'static str] {
        match self {
            Self::Spec => &["CWL", "WDL", "NFL", "SMK"],
            Self::WesService => &["CWL", "WDL", "PY"],
            Self::Toil => &["cwl", "wdl", "py"],
            Self::Sapporo => &["CWL", "WDL", "NFL", "SMK"],
            Self::StarterKit => &["WDL", "NEXTFLOW"],
            Self::Galaxy => &["gx_workflow_ga", "gx_workflow_format2"],
        }
    }

    fn type_versions(self) -> Value {
        let versions = |language: &str| match language {
            "CWL" | "cwl" => json!(["v1.0", "v1.1", "v1.2"]),
            "WDL" | "wdl" => json!(["draft-2", "1.0"]),
            "NFL" | "NEXTFLOW" => json!(["DSL2", "21.04.0"]),
            "SMK" => json!(["7.0"]),
            "py" | "PY" => json!(["2.7", "3.10"]),
            _ => json!(["1.0.0"]),
        };
        self.workflow_types()
            .iter()
            .map(|language| {
                let versions = json!({ "workflow_type_version": versions(language) });
                ((*language).to_owned(), versions)
            })
            .collect()
    }
}

impl Look {
    fn service_info(&self, counts: &BTreeMap<String, u64>) -> Value {
        match self.dialect {
            Dialect::Spec => self.spec(counts),
            Dialect::WesService => self.wes_service(counts),
            Dialect::Toil => self.toil(counts),
            Dialect::Sapporo => self.sapporo(counts),
            Dialect::StarterKit => self.starter_kit(counts),
            Dialect::Galaxy => self.galaxy(),
        }
    }

    fn spec(&self, counts: &BTreeMap<String, u64>) -> Value {
        json!({
            "id": "org.example.wes",
            "name": "Example WES server",
            "type": { "group": "org.ga4gh", "artifact": "wes", "version": "1.1.0" },
            "description": "A simulated WES server",
            "organization": { "name": "Example", "url": "https://example.org" },
            "contactUrl": "mailto:ops@example.org",
            "version": "1.0.0",
            "workflow_type_versions": self.dialect.type_versions(),
            "supported_wes_versions": ["1.0.0", "1.1.0"],
            "supported_filesystem_protocols": ["http", "https", "s3"],
            "workflow_engine_versions": {
                "cwltool": { "workflow_engine_version": ["3.1"] },
                "nextflow": { "workflow_engine_version": ["24.04.4"] },
            },
            "default_workflow_engine_parameters": [
                { "name": "max_memory", "type": "string", "default_value": "8 GB" },
            ],
            "system_state_counts": counts,
            "auth_instructions_url": "https://example.org/auth",
            "tags": {},
        })
    }

    /// WES 1.0: no id, name, type or organization.
    fn wes_service(&self, counts: &BTreeMap<String, u64>) -> Value {
        json!({
            "workflow_type_versions": self.dialect.type_versions(),
            "supported_wes_versions": ["0.3.0", "1.0.0"],
            "supported_filesystem_protocols": ["file", "http", "https"],
            "workflow_engine_versions": { "cwl-runner": "b''" },
            "default_workflow_engine_parameters": [],
            "system_state_counts": counts,
            "auth_instructions_url": "",
            "contact_info_url": "",
            "tags": {},
        })
    }

    fn toil(&self, counts: &BTreeMap<String, u64>) -> Value {
        json!({
            "workflow_type_versions": self.dialect.type_versions(),
            "supported_wes_versions": ["1.0.0"],
            "supported_filesystem_protocols": ["file", "http", "https"],
            "workflow_engine_versions": { "toil": "9.6.0" },
            "default_workflow_engine_parameters": [
                { "name": "--logLevel", "type": "string", "default_value": null },
            ],
            "system_state_counts": counts,
            "auth_instructions_url": "",
            "tags": {},
        })
    }

    fn sapporo(&self, counts: &BTreeMap<String, u64>) -> Value {
        json!({
            "id": "sapporo-service",
            "name": "sapporo-service",
            "type": { "group": "sapporo-wes", "artifact": "wes", "version": "sapporo-wes-2.1.0" },
            "organization": { "name": "Example", "url": "https://example.org" },
            "version": "2.4.0",
            "workflow_type_versions": self.dialect.type_versions(),
            "supported_wes_versions": ["sapporo-wes-2.1.0"],
            "supported_filesystem_protocols": ["http", "https", "file", "s3"],
            "workflow_engine_versions": {
                "cwltool": { "workflow_engine_version": ["3.1"] },
                "nextflow": { "workflow_engine_version": ["24.04.4"] },
            },
            // The specification wants a list here.
            "default_workflow_engine_parameters": {
                "cwltool": [{ "name": "--debug", "type": "boolean", "default_value": "false" }],
            },
            "system_state_counts": counts,
            "auth_instructions_url": "https://example.org/auth",
            "tags": {},
        })
    }

    fn starter_kit(&self, counts: &BTreeMap<String, u64>) -> Value {
        json!({
            "id": "org.ga4gh.starterkit.wes",
            "name": "GA4GH Starter Kit WES Service",
            "type": { "group": "org.ga4gh", "artifact": "wes", "version": "1.0.1" },
            "organization": { "name": "Example", "url": "https://example.org" },
            "version": "0.3.2",
            "workflow_type_versions": self.dialect.type_versions(),
            "supported_wes_versions": ["1.0.1"],
            "supported_filesystem_protocols": ["file", "http", "https"],
            "workflow_engine_versions": { "NATIVE": "21.04.0", "SLURM": "21.04.0" },
            "default_workflow_engine_parameters": [],
            "system_state_counts": counts,
            "auth_instructions_url": "",
            "tags": {},
        })
    }

    /// Its counts are always zero.
    fn galaxy(&self) -> Value {
        json!({
            "id": "org.galaxyproject.wes",
            "name": "Galaxy WES API",
            "type": { "group": "org.ga4gh", "artifact": "wes", "version": "1.0.0" },
            "organization": { "name": "Example", "url": "https://example.org" },
            "version": "25.0",
            "workflow_type_versions": self.dialect.type_versions(),
            "supported_wes_versions": ["1.0.0"],
            "supported_filesystem_protocols": [],
            "workflow_engine_versions": { "galaxy": { "workflow_engine_version": ["25.0"] } },
            "default_workflow_engine_parameters": [],
            "system_state_counts": { "QUEUED": 0, "RUNNING": 0, "COMPLETE": 0 },
            "auth_instructions_url": "TODO",
            "tags": {},
        })
    }
}
