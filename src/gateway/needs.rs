//! Reads off a request what it needs, and refuses what contradicts itself.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use super::{InputFault, imputation};
use crate::{
    domain::{DatasetId, InputFile, Jurisdiction, Needs, ServiceId, Term},
    ga4gh::wes::RunRequest,
    routing::is_imputation,
};

/// What the run needs of a service. `names` are the names of all its files, if all have arrived.
pub(super) fn of(request: &RunRequest, names: Option<&[String]>) -> Result<Needs, InputFault> {
    for (name, value) in [
        ("workflow_type", &request.workflow_type),
        ("workflow_type_version", &request.workflow_type_version),
        ("workflow_url", &request.workflow_url),
    ] {
        if value.trim().is_empty() {
            return Err(InputFault::new("missing_field", format!("`{name}` is missing or empty")));
        }
    }
    if request.workflow_engine_version.is_some() && request.workflow_engine.is_none() {
        return Err(InputFault::new(
            "missing_field",
            "`workflow_engine_version` needs a `workflow_engine`",
        ));
    }

    let tagged = service_of_tag(request)?;
    let (imputation, service) = if is_imputation(&request.workflow_type) {
        let named = imputation::service_of_url(&request.workflow_url)?;
        if let (Some(tagged), Some(named)) = (&tagged, &named)
            && tagged != named
        {
            return Err(InputFault::new(
                "contradictory_fields",
                format!("tag `service` says {tagged}, and workflow_url says {named}"),
            ));
        }
        let imputation = imputation::parse(&request.workflow_params)?;
        imputation::check_files(&imputation, names)?;
        (Some(imputation), named.or(tagged))
    } else {
        (None, tagged)
    };
    Ok(Needs {
        workflow_type: request.workflow_type.clone(),
        workflow_type_version: request.workflow_type_version.clone(),
        workflow_engine: request.workflow_engine.clone(),
        catalogue: imputation.is_none() && is_elsewhere(request, names),
        imputation,
        protocols: BTreeSet::new(),
        origin: origin_of_tag(request)?,
        dataset: dataset_of_tag(request)?,
        purpose: purpose_of_tag(request)?,
        service,
        own_credentials: BTreeMap::new(),
    })
}

/// Whether `workflow_url` names a file that did not come along. While files are still arriving, it may
/// yet come.
fn is_elsewhere(request: &RunRequest, names: Option<&[String]>) -> bool {
    if Url::parse(&request.workflow_url).is_ok() {
        return false;
    }
    let file = request.workflow_url.split('#').next().unwrap_or_default();
    let file = file.trim_start_matches("./");
    names.is_some_and(|names| !names.iter().any(|name| name == file))
}

/// The files that have to be fetched, by the service or for it.
pub(super) fn urls(needs: &Needs) -> Vec<Url> {
    let files = needs.imputation.iter().flat_map(|imputation| &imputation.files);
    files
        .filter_map(|file| match file {
            InputFile::Url(url) => Some(url.clone()),
            InputFile::Attachment(_) => None,
        })
        .collect()
}

fn service_of_tag(request: &RunRequest) -> Result<Option<ServiceId>, InputFault> {
    let Some(text) = request.tags.get("service") else { return Ok(None) };
    let id = text
        .parse()
        .map_err(|_| InputFault::new("bad_tag", "tag `service` is not the id of a service"))?;
    Ok(Some(id))
}

/// Countries, separated by commas or blanks.
fn origin_of_tag(request: &RunRequest) -> Result<BTreeSet<Jurisdiction>, InputFault> {
    let Some(text) = request.tags.get("origin") else { return Ok(BTreeSet::new()) };
    let origin = text
        .split([',', ' '])
        .filter(|word| !word.is_empty())
        .map(str::parse)
        .collect::<Result<BTreeSet<Jurisdiction>, _>>()
        .map_err(|error| InputFault::new("bad_tag", format!("tag `origin`: {error}")))?;
    // An empty list must not read as "anywhere".
    if origin.is_empty() {
        return Err(InputFault::new("bad_tag", "tag `origin` names no country"));
    }
    Ok(origin)
}

fn dataset_of_tag(request: &RunRequest) -> Result<Option<DatasetId>, InputFault> {
    let Some(text) = request.tags.get("dataset") else { return Ok(None) };
    let id = text.parse();
    id.map(Some).map_err(|error| InputFault::new("bad_tag", format!("tag `dataset`: {error}")))
}

/// Terms of ontologies, separated by commas or blanks.
fn purpose_of_tag(request: &RunRequest) -> Result<BTreeSet<Term>, InputFault> {
    let text = request.tags.get("purpose").map_or("", String::as_str);
    let words = text.split([',', ' ']).filter(|word| !word.is_empty());
    words
        .map(str::parse)
        .collect::<Result<_, _>>()
        .map_err(|error| InputFault::new("bad_tag", format!("tag `purpose`: {error}")))
}
