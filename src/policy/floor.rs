//! The floor: where data may go by where they come from. No policy can widen it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Area, Ask, Denial, Refusal};
use crate::domain::{Blocs, Countries, DataClass, Dataset, Jurisdiction, Transfer};

/// What the floor is made of, beside the records of datasets.
#[derive(Debug, Clone, Default)]
pub struct Floor {
    /// Refuse data of which no record says where they come from.
    pub require_origin: bool,
    /// Where the gateway keeps what it keeps; data that may not be there are only passed on.
    pub gateway: Option<Jurisdiction>,
    /// The blocs, with their members.
    pub blocs: Blocs,
    /// Where the data of callers come from, by their institution.
    pub institutions: BTreeMap<String, Countries>,
    /// What allows data to go elsewhere.
    pub transfers: Vec<Transfer>,
}

impl Floor {
    /// Where the data of a run may be.
    pub(super) fn area(&self, ask: &Ask<'_>) -> Result<Area, Denial> {
        let wanted: Countries = ask.needs.origin.iter().copied().collect();
        let Some(mut area) = self.recorded(ask)? else {
            if self.require_origin {
                return Err(Denial::new(
                    Refusal::NoOrigin,
                    "no record says where these data come from: name their dataset in the tag \
                     `dataset`, or have your institution recorded",
                ));
            }
            return Ok(if wanted.is_empty() {
                Area::anywhere()
            } else {
                Area::said_by_caller(wanted)
            });
        };
        if !wanted.is_empty() {
            area.narrow(wanted);
        }
        Ok(area)
    }

    /// Where they may be by the record of their dataset, or of the caller's institution.
    fn recorded(&self, ask: &Ask<'_>) -> Result<Option<Area>, Denial> {
        let institution = ask.caller.institution.as_deref();
        if let Some(id) = &ask.needs.dataset {
            // One that the caller may not name is not there.
            let dataset =
                ask.dataset.filter(|dataset| dataset.id == *id && named_by(dataset, institution));
            let dataset = dataset.ok_or_else(|| {
                Denial::new(Refusal::UnknownDataset, format!("there is no dataset `{id}`"))
            })?;
            let mut area = Area::of(&format!("data of the dataset `{id}`"), dataset.origin);
            let agreed = self.transfers.iter().chain(&dataset.transfers);
            open(&mut area, agreed, Some(dataset.class), ask.now);
            return Ok(Some(area));
        }
        let recorded = institution.and_then(|name| self.institutions.get_key_value(name));
        Ok(recorded.map(|(name, origin)| {
            let mut area = Area::of(&format!("data of {name}"), *origin);
            open(&mut area, &self.transfers, None, ask.now);
            area
        }))
    }
}

fn named_by(dataset: &Dataset, institution: Option<&str>) -> bool {
    dataset.institutions.is_empty()
        || institution.is_some_and(|name| dataset.institutions.contains(name))
}

fn open<'a>(
    area: &mut Area,
    transfers: impl IntoIterator<Item = &'a Transfer>,
    class: Option<DataClass>,
    now: Timestamp,
) {
    let origin = area.origin;
    let covering = transfers.into_iter().filter(|basis| basis.covers(&origin, class));
    covering.for_each(|basis| area.open(basis, now));
}
