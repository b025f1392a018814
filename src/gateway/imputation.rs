//! The canonical imputation request, checked completely before anything is sent: the services would
//! accept most mistakes and fail hours later.

use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::InputFault;
use crate::domain::{Build, Imputation, InputFile, ServiceId};

/// `workflow_params` of an imputation run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    panel: String,
    build: String,
    #[serde(default)]
    population: Option<String>,
    #[serde(default)]
    phasing: Option<String>,
    #[serde(default)]
    mode: Option<String>,
    #[serde(default)]
    r2_filter: Option<Value>,
    #[serde(default)]
    aes_encryption: bool,
    #[serde(default)]
    meta: bool,
    #[serde(default)]
    files: Vec<String>,
}

/// Reads `workflow_params`.
pub(super) fn parse(params: &Map<String, Value>) -> Result<Imputation, InputFault> {
    let params: Params = serde_path_to_error::deserialize(Value::Object(params.clone()))
        .map_err(|error| bad(format!("workflow_params: {error}")))?;
    let build: Build = params.build.parse().map_err(|why: String| {
        InputFault::new("bad_build", format!("workflow_params.build: {why}"))
    })?;
    let phasing = params.phasing.as_deref().map(str::parse).transpose().map_err(bad)?;
    let mode = params.mode.as_deref().map(str::parse).transpose().map_err(bad)?;
    Ok(Imputation {
        panel: params.panel,
        build,
        population: params.population.filter(|population| !population.is_empty()),
        phasing: phasing.unwrap_or_default(),
        mode: mode.unwrap_or_default(),
        r2_filter: r2_filter(params.r2_filter.as_ref())?,
        aes_encryption: params.aes_encryption,
        meta: params.meta,
        files: params.files.into_iter().map(input_file).collect::<Result<_, _>>()?,
    })
}

/// The service that `workflow_url` names: `imputation://auto` names none.
pub(super) fn service_of_url(workflow_url: &str) -> Result<Option<ServiceId>, InputFault> {
    let Some(name) = workflow_url.strip_prefix("imputation://") else {
        return Err(InputFault::new(
            "bad_workflow_url",
            "an imputation run has the workflow_url `imputation://auto` or `imputation://<service id>`",
        ));
    };
    match name.trim_end_matches('/') {
        "auto" => Ok(None),
        id => id.parse().map(Some).map_err(|_| {
            InputFault::new("bad_workflow_url", format!("`{workflow_url}` names no service"))
        }),
    }
}

/// Checks the names of the files, as far as they are known.
pub(super) fn check_files(
    imputation: &Imputation,
    names: Option<&[String]>,
) -> Result<(), InputFault> {
    for name in names.unwrap_or_default() {
        check_name(imputation, name)?;
    }
    let announced = imputation.files.iter().filter_map(|file| match file {
        InputFile::Attachment(name) => Some(name),
        InputFile::Url(_) => None,
    });
    if let Some(names) = names {
        if let Some(missing) = announced.clone().find(|name| !names.contains(name)) {
            return Err(InputFault::new(
                "file_not_attached",
                format!("workflow_params.files names `{missing}`, and no attachment has that name"),
            ));
        }
        if names.is_empty() && imputation.files.is_empty() {
            return Err(InputFault::new(
                "no_input_files",
                "an imputation run needs at least one *.vcf.gz, attached or named by URL in files",
            ));
        }
    }
    Ok(())
}

/// Checks the name of one attachment.
pub(super) fn check_name(imputation: &Imputation, name: &str) -> Result<(), InputFault> {
    if !name.ends_with(".vcf.gz") {
        return Err(InputFault::new(
            "not_a_vcf",
            format!(
                "`{name}` is not named *.vcf.gz; the imputation servers would drop it silently"
            ),
        ));
    }
    let announced: Vec<_> = imputation
        .files
        .iter()
        .filter_map(|file| match file {
            InputFile::Attachment(name) => Some(name.as_str()),
            InputFile::Url(_) => None,
        })
        .collect();
    if !announced.is_empty() && !announced.contains(&name) {
        return Err(InputFault::new(
            "file_not_announced",
            format!("`{name}` is attached, and workflow_params.files does not name it"),
        ));
    }
    Ok(())
}

fn input_file(text: String) -> Result<InputFile, InputFault> {
    let file = match Url::parse(&text) {
        Ok(url) if url.host().is_some() => {
            let name = url.path().rsplit('/').next().unwrap_or_default().to_owned();
            (InputFile::Url(url), name)
        }
        Ok(_) | Err(_) => (InputFile::Attachment(text.clone()), text),
    };
    if !file.1.ends_with(".vcf.gz") {
        return Err(InputFault::new("not_a_vcf", format!("`{}` is not named *.vcf.gz", file.1)));
    }
    Ok(file.0)
}

/// A number from 0 to 1, as a number or as text; clients send both.
fn r2_filter(value: Option<&Value>) -> Result<f64, InputFault> {
    let number = match value {
        None => Some(0.0),
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_f64(),
    };
    number
        .filter(|number| (0.0..=1.0).contains(number))
        .ok_or_else(|| bad("workflow_params.r2_filter: a number from 0 to 1".to_owned()))
}

fn bad(message: String) -> InputFault {
    InputFault::new("bad_workflow_params", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn mistakes_are_named() {
        for (params, reason, part) in [
            (json!({"build": "hg38"}), "bad_workflow_params", "panel"),
            (json!({"panel": "p", "build": "hg18"}), "bad_build", "hg19"),
            (
                json!({"panel": "p", "build": "hg38", "refpanel": "x"}),
                "bad_workflow_params",
                "refpanel",
            ),
            (
                json!({"panel": "p", "build": "hg38", "phasing": "shapeit"}),
                "bad_workflow_params",
                "eagle",
            ),
            (
                json!({"panel": "p", "build": "hg38", "mode": "qconly"}),
                "bad_workflow_params",
                "qc_only",
            ),
            (
                json!({"panel": "p", "build": "hg38", "r2_filter": 1.5}),
                "bad_workflow_params",
                "r2_filter",
            ),
            (json!({"panel": "p", "build": "hg38", "files": ["a.bcf"]}), "not_a_vcf", "a.bcf"),
            (json!({"panel": 7, "build": "hg38"}), "bad_workflow_params", "panel"),
        ] {
            let fault = parse(params.as_object().unwrap()).unwrap_err();

            assert_eq!(fault.reason, reason, "{params}");
            assert!(fault.message.contains(part), "{}", fault.message);
        }
    }

    #[test]
    fn files_are_attachments_or_urls() {
        let params = json!({
            "panel": "p", "build": "GRCh38", "r2_filter": "0.3",
            "files": ["chr20.vcf.gz", "https://data.example.org/x/chr21.vcf.gz?sig=1"],
        });

        let imputation = parse(params.as_object().unwrap()).unwrap();

        assert!(
            matches!(&imputation.files[0], InputFile::Attachment(name) if name == "chr20.vcf.gz")
        );
        assert!(matches!(&imputation.files[1], InputFile::Url(_)));
        assert!((imputation.r2_filter - 0.3).abs() < 1e-9);
    }

    #[test]
    fn names_are_checked_against_what_was_announced() {
        let params = json!({"panel": "p", "build": "hg38", "files": ["chr20.vcf.gz"]});
        let imputation = parse(params.as_object().unwrap()).unwrap();
        for (names, reason) in [
            (vec!["chr20.vcf.gz"], None),
            (vec![], Some("file_not_attached")),
            (vec!["chr20.vcf.gz", "chr21.vcf.gz"], Some("file_not_announced")),
            (vec!["chr20.vcf.gz", "notes.txt"], Some("not_a_vcf")),
        ] {
            let names: Vec<_> = names.into_iter().map(str::to_owned).collect();

            let fault = check_files(&imputation, Some(&names)).err();

            assert_eq!(fault.map(|fault| fault.reason), reason, "{names:?}");
        }
    }
}
