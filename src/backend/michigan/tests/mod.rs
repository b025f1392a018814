//! The adapter against small servers that answer from a script.

mod fake;
mod reading;
mod rules;
mod submitting;

use bytes::Bytes;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::MichiganBackend;
use crate::{
    backend::{
        Attachments, ImputationOrder, Submission,
        client::{Client, Config},
    },
    domain::{
        BackendRunId, Build, Credential, Imputation, Mode, Phasing, Population, ReferencePanel,
        RunId, Service,
    },
    ga4gh::wes::RunRequest,
};

/// The adapter for a server at this URL.
fn backend(url: &str) -> MichiganBackend {
    backend_with(url, json!({}))
}

/// The adapter for a server at this URL, with these settings.
fn backend_with(url: &str, settings: Value) -> MichiganBackend {
    let client = Client::try_new(Config::default()).unwrap();
    MichiganBackend::try_new(&service(url, settings), client).unwrap()
}

fn service(url: &str, settings: Value) -> Service {
    let Value::Object(settings) = settings else { panic!("settings are an object") };
    let (id, law) = ("afrigen".parse().unwrap(), "ZA".parse().unwrap());
    Service { settings, ..Service::new(id, "michigan", url.parse().unwrap(), law) }
}

fn token() -> Credential {
    Credential::Header {
        name: "X-Auth-Token".to_owned(),
        value: SecretString::from("the-token".to_owned()),
    }
}

fn id(text: &str) -> BackendRunId {
    BackendRunId::new(text)
}

fn server_json() -> Value {
    json!({
        "name": "Sim", "emailRequired": true, "oauth": [], "loggedIn": true,
        "apps": [
            {"id": "imputationserver2@2.0.9", "name": "Old", "version": "2.0.9"},
            {"id": "imputationserver2@2.0.12", "name": "New", "version": "2.0.12"},
            {"id": "imputationserver2-hla@1.0.0", "name": "HLA", "version": "1.0.0"},
        ],
        "deprecatedApps": [], "experimentalApps": [], "navigation": [], "maintenace": false,
    })
}

fn app_json() -> Value {
    let panel =
        |key: &str, name: &str| json!({"key": key, "value": name, "label": null, "values": null});
    json!({"id": "imputationserver2", "name": "Imputation", "version": "2.0.12", "params": [
        {"id": "refpanel", "type": "app_list", "required": true, "value": "", "values": [
            panel("", "-- select --"),
            panel("apps@demo-afr@1.0.0", "Demo &amp; AFR (GRCh38/hg38)"),
            panel("apps@demo-eur@1.0.9", "Demo EUR (GRCh37/hg19)"),
            panel("apps@demo-eur@1.0.10", "Demo EUR (GRCh37/hg19)"),
            panel("apps@both", "hg19 and hg38"),
        ]},
        {"id": "files", "type": "local_folder", "required": true, "source": "upload"},
        {"id": "build", "type": "list", "value": "hg19",
         "values": [{"key": "hg19", "value": "GRCh37"}, {"key": "hg38", "value": "GRCh38"}]},
        {"id": "r2Filter", "type": "list", "values": [{"key": "0", "value": "off"}]},
        {"id": "phasing", "type": "list", "values": [
            {"key": "eagle", "value": "Eagle"}, {"key": "no_phasing", "value": "No"}]},
        {"id": "population", "type": "binded_list", "bind": "refpanel", "values": [
            {"key": "apps@demo-afr@1.0.0", "label": "Demo AFR", "value": null, "values": [
                {"key": "afr", "value": "AFR"}, {"key": "off", "value": "Off"}]},
            {"key": "apps@demo-eur@1.0.10", "label": "Demo EUR", "value": null, "values": [
                {"key": "eur", "value": "EUR"}]},
        ]},
        {"id": "mode", "type": "list", "values": [
            {"key": "imputation", "value": "all"}, {"key": "qconly", "value": "QC"}]},
        {"id": "aesEncryption", "type": "checkbox", "value": "no",
         "values": [{"key": "false", "value": "no"}, {"key": "true", "value": "yes"}]},
    ]})
}

/// A job with the members that a test cares about, over those of a running one.
fn job_json(changes: Value) -> Value {
    let mut job = json!({
        "id": "job-1", "name": "job-1", "application": "Genotype Imputation 2.0.12",
        "applicationId": "imputationserver2@2.0.12", "state": 2, "positionInQueue": 0,
        "submittedOn": 1_767_322_800_000_i64, "startTime": 1_767_322_801_000_i64, "endTime": 0,
        "deletedOn": -1, "currentTime": 1_767_323_000_000_i64, "logs": "", "steps": [],
        "outputParams": [],
    });
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    job.as_object_mut().unwrap().extend(changes);
    job
}

fn page_json(jobs: Vec<Value>, next: Option<u32>) -> Value {
    json!({"count": jobs.len(), "page": 1, "pageSize": 15, "prev": null, "next": next, "pages": [1], "data": jobs})
}

/// A message of a step: kind and text.
fn step_json(name: &str, messages: &[(i64, &str)]) -> Value {
    let messages: Vec<_> = messages
        .iter()
        .map(|(kind, text)| json!({"success": true, "type": kind, "time": 0, "message": text}))
        .collect();
    json!({"id": 0, "name": name, "empty": messages.is_empty(), "logMessages": messages})
}

fn order() -> ImputationOrder {
    let imputation = Imputation {
        panel: "demo-afr".to_owned(),
        build: Build::Hg19,
        population: Some("AFR".to_owned()),
        phasing: Phasing::Eagle,
        mode: Mode::Imputation,
        r2_filter: 0.3,
        aes_encryption: true,
        meta: false,
        files: Vec::new(),
    };
    let panel = ReferencePanel {
        id: "demo-afr".to_owned(),
        key: "apps@demo-afr@1.0.0".to_owned(),
        name: "Demo AFR".to_owned(),
        build: Some(Build::Hg38),
        input_builds: vec![Build::Hg19, Build::Hg38],
        populations: ["afr", "off"]
            .map(|id| Population { id: id.to_owned(), name: id.to_owned() })
            .to_vec(),
        ..ReferencePanel::default()
    };
    let archive_password = SecretString::from("Gw123abc".to_owned());
    ImputationOrder { imputation, panel, archive_password }
}

fn submission(run_id: RunId) -> Submission {
    let request = RunRequest {
        workflow_type: "IMPUTATION".to_owned(),
        tags: [("name".to_owned(), "Öko <run> 1".to_owned())].into(),
        ..RunRequest::default()
    };
    let file = |name: &str| (name.to_owned(), Bytes::from_static(b"genotypes"));
    Submission {
        run_id,
        request,
        imputation: Some(order()),
        attachments: Attachments::in_memory(vec![
            file("my study.chr20.vcf.gz"),
            file("x/chr20.vcf.gz"),
        ]),
    }
}
