//! A run that might be: as people write it down to ask what would become of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Ask;
use crate::{
    datasets::DatasetDocument,
    domain::{Blocs, Caller, CallerId, Dataset, Needs, PanelTerms, Role, Visa},
};

/// A run that might be.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// Who would submit it.
    pub caller: Option<CallerFacts>,
    /// The tag `origin`: countries.
    pub origin: Vec<String>,
    /// The tag `dataset`: the id of a dataset that is on record.
    pub dataset: Option<String>,
    /// A dataset that might be on record, instead.
    pub dataset_record: Option<DatasetDocument>,
    /// The tag `purpose`: terms such as `DUO:0000042`.
    pub purpose: Vec<String>,
    /// The reference panel, by its id.
    pub panel: Option<String>,
    /// What might be said of a reference panel, instead.
    pub panel_terms: Option<PanelFacts>,
    /// The workflow type; `IMPUTATION`, unless set.
    pub workflow_type: Option<String>,
    /// When it would be submitted, as `2027-06-30T00:00:00Z`; now, unless set.
    pub at: Option<String>,
}

/// Who would submit a run.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CallerFacts {
    /// Issuer and subject, as `https://login.example.org#amina`.
    pub id: String,
    /// The institution that the issuer vouches for.
    pub institution: Option<String>,
    /// `researcher`, `node_operator`, `data_steward`, `operator`; a researcher, unless set.
    pub roles: Option<Vec<String>>,
    /// What trusted sources assert.
    pub visas: Vec<VisaFacts>,
}

/// What a trusted source asserts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisaFacts {
    /// Its type, such as `ControlledAccessGrants`.
    pub kind: String,
    /// What it asserts, such as the URL of a dataset.
    pub value: String,
    /// The organization behind it.
    #[serde(default)]
    pub source: String,
    /// Who signed it.
    #[serde(default)]
    pub issuer: String,
}

/// What might be said of a reference panel.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PanelFacts {
    /// The panel.
    pub id: String,
    /// Terms such as `DUO:0000006`.
    pub duo: Vec<String>,
    /// Where it may be used: countries.
    pub jurisdictions: Vec<String>,
    /// Under which conditions it may be used, in words.
    pub terms_of_use: Option<String>,
}

/// A scenario, understood: what an [`Ask`] borrows.
#[derive(Debug, Clone)]
pub struct Question {
    /// Who would submit it.
    pub caller: Caller,
    /// What it would need.
    pub needs: Needs,
    /// The record of its dataset.
    pub dataset: Option<Dataset>,
    /// What is said of its panel.
    pub panel: Option<PanelTerms>,
    /// When it would be submitted, where the scenario says so.
    pub at: Option<Timestamp>,
}

impl Question {
    /// What is asked.
    pub fn ask(&self, now: Timestamp) -> Ask<'_> {
        Ask {
            caller: &self.caller,
            needs: &self.needs,
            dataset: self.dataset.as_ref(),
            panel: self.panel.as_ref(),
            now: self.at.unwrap_or(now),
        }
    }
}

impl Scenario {
    /// Understands it. What is only named, and not written out, is left for who has the records. The error
    /// names the member and what is wrong with it.
    pub fn read(&self, blocs: &Blocs) -> Result<Question, String> {
        let record = self.dataset_record.as_ref().map(|document| {
            document.to_dataset(blocs).map_err(|flaw| format!("dataset_record.{flaw}"))
        });
        let record = record.transpose()?;
        let named = match (&self.dataset, &record) {
            (Some(_), Some(_)) => {
                return Err("dataset_record: `dataset` names one already".to_owned());
            }
            (Some(id), None) => Some(id.parse().map_err(|error| format!("dataset: {error}"))?),
            (None, record) => record.as_ref().map(|dataset| dataset.id.clone()),
        };
        let panel = self.panel_terms.as_ref().map(|facts| {
            let jurisdictions = facts.jurisdictions.iter().map(|text| text.parse());
            let jurisdictions = jurisdictions.collect::<Result<_, _>>();
            Ok(PanelTerms {
                id: facts.id.clone(),
                duo: facts.duo.iter().cloned().collect(),
                jurisdictions: jurisdictions
                    .map_err(|e| format!("panel_terms.jurisdictions: {e}"))?,
                terms_of_use: facts.terms_of_use.clone(),
            })
        });
        let at = self.at.as_ref().map(|text| {
            text.parse()
                .map_err(|_| format!("at: `{text}` is not a time such as 2027-06-30T00:00:00Z"))
        });
        Ok(Question {
            caller: self.caller.clone().unwrap_or_default().read()?,
            needs: self.needs(named)?,
            dataset: record,
            panel: panel.transpose().map_err(|error: String| error)?,
            at: at.transpose()?,
        })
    }

    fn needs(&self, dataset: Option<crate::domain::DatasetId>) -> Result<Needs, String> {
        let origin = self.origin.iter().map(|text| text.parse());
        let purpose = self.purpose.iter().map(|text| text.parse());
        Ok(Needs {
            workflow_type: self.workflow_type.clone().unwrap_or_else(|| "IMPUTATION".to_owned()),
            workflow_type_version: "1".to_owned(),
            workflow_engine: None,
            catalogue: false,
            imputation: None,
            protocols: BTreeSet::new(),
            origin: origin.collect::<Result<_, _>>().map_err(|error| format!("origin: {error}"))?,
            dataset,
            purpose: purpose
                .collect::<Result<_, _>>()
                .map_err(|error| format!("purpose: {error}"))?,
            service: None,
            own_credentials: BTreeMap::new(),
        })
    }
}

impl CallerFacts {
    fn read(self) -> Result<Caller, String> {
        let words = self.roles.unwrap_or_else(|| vec![Role::Researcher.as_str().to_owned()]);
        let roles = words.iter().map(|word| {
            Role::parse(word).ok_or_else(|| format!("caller.roles: `{word}` is no role"))
        });
        let roles = roles.collect::<Result<_, _>>()?;
        let visas = self.visas.into_iter().map(|visa| Visa {
            kind: visa.kind,
            value: visa.value,
            source: visa.source,
            by: None,
            issuer: visa.issuer,
            asserted: i64::MIN,
            expires: i64::MAX,
        });
        let id = CallerId::from_stored(self.id);
        Ok(Caller {
            institution: self.institution,
            roles,
            visas: visas.collect(),
            ..Caller::new(id)
        })
    }
}
