//! Our values in Cedar's words, made natively and checked against the schema.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request,
    RestrictedExpression as Value, Schema,
};

use super::{groups::Facts, verdicts::Key};
use crate::domain::Blocs;

/// The visas that grant access to data.
const GRANTS: &str = "ControlledAccessGrants";

/// Stands for all services that no policy names. It is no id of a service.
const NOBODY: &str = "";

type Error = Box<dyn std::error::Error>;

/// One question to Cedar: may the caller of this key run something at such a service?
pub(super) fn question(
    key: &Key,
    service: &Facts,
    blocs: &Blocs,
    schema: &Schema,
) -> Result<(Request, Entities), Error> {
    let caller = uid("Caller", key.caller.as_ref().map_or(NOBODY, |id| id.as_str()));
    let place = uid("Service", service.named.as_ref().map_or(NOBODY, |id| id.as_str()));
    let entities = [
        Entity::new(caller.clone(), attributes_of_caller(key)?, HashSet::new())?,
        Entity::new(place.clone(), attributes_of_service(service, blocs), HashSet::new())?,
    ];
    let entities = Entities::from_entities(entities, Some(schema))?;
    let context = Context::from_pairs(context(key)?)?;
    let request = Request::new(caller, uid("Action", "run"), place, context, Some(schema))?;
    Ok((request, entities))
}

fn uid(kind: &str, id: &str) -> EntityUid {
    let kind: EntityTypeName = kind.parse().expect("a plain name");
    EntityUid::from_type_name_and_id(kind, EntityId::new(id))
}

fn attributes_of_caller(key: &Key) -> Result<HashMap<String, Value>, Error> {
    let visas = key.visas.iter().map(|visa| {
        Value::new_record([
            pair("kind", text(&visa.kind)),
            pair("value", text(&visa.value)),
            pair("source", text(&visa.source)),
            pair("issuer", text(&visa.issuer)),
        ])
    });
    let visas: Vec<Value> = visas.collect::<Result<_, _>>()?;
    let grants = key.visas.iter().filter(|visa| visa.kind == GRANTS);
    let mut attributes = HashMap::from([
        pair("roles", texts(key.roles.iter().map(|role| role.as_str()))),
        pair("visas", Value::new_set(visas)),
        pair("visa_kinds", texts(key.visas.iter().map(|visa| visa.kind.as_str()))),
        pair("grants", texts(grants.map(|visa| visa.value.as_str()))),
    ]);
    attributes.extend(key.institution.iter().map(|name| pair("institution", text(name))));
    Ok(attributes)
}

fn attributes_of_service(service: &Facts, blocs: &Blocs) -> HashMap<String, Value> {
    let mut attributes = HashMap::from([
        pair("kind", text(&service.kind)),
        pair("jurisdiction", text(service.jurisdiction.as_str())),
        pair("controller_jurisdiction", text(service.controller.as_str())),
        pair("blocs", texts(blocs.of(service.jurisdiction))),
        pair("controller_blocs", texts(blocs.of(service.controller))),
        pair("certifications", texts(service.certifications.iter().map(String::as_str))),
    ]);
    attributes.extend(service.organization.iter().map(|name| pair("organization", text(name))));
    attributes
}

fn context(key: &Key) -> Result<Vec<(String, Value)>, Error> {
    let origin: Vec<_> = key.origin.iter().collect();
    let mut context = vec![
        pair("origin", texts(origin.iter().map(|country| country.as_str()))),
        pair("purpose", texts(key.purpose.iter().map(|term| term.as_str()))),
        pair("workflow_type", text(&key.workflow_type)),
    ];
    if let Some(dataset) = &key.dataset {
        let mut facts = vec![
            pair("id", text(dataset.id.as_str())),
            pair("class", text(dataset.class.as_str())),
            pair("duo", texts(dataset.duo.iter().map(|term| term.as_str()))),
        ];
        facts.extend(dataset.grant.iter().map(|grant| pair("grant", text(grant))));
        context.push(pair("dataset", Value::new_record(facts)?));
    }
    if let Some(panel) = &key.panel {
        let countries: Vec<_> = panel.jurisdictions.iter().collect();
        let mut facts = vec![
            pair("id", text(&panel.id)),
            pair("duo", texts(panel.duo.iter().map(String::as_str))),
            pair("jurisdictions", texts(countries.iter().map(|country| country.as_str()))),
        ];
        facts.extend(panel.terms_of_use.iter().map(|words| pair("terms_of_use", text(words))));
        context.push(pair("panel", Value::new_record(facts)?));
    }
    Ok(context)
}

fn pair(name: &str, value: Value) -> (String, Value) {
    (name.to_owned(), value)
}

fn text(value: &str) -> Value {
    Value::new_string(value.to_owned())
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> Value {
    Value::new_set(values.map(text))
}
