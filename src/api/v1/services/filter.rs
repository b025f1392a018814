//! Which services are wanted.

use serde::{Deserialize, Deserializer, de::Error as _};
use utoipa::IntoParams;

use crate::{
    api::{
        Api,
        error::Result,
        page::{page_size, parsed_token},
    },
    domain::{Offer, ServiceId},
    registry::{Listing, StateWord},
};

/// Which services are wanted. Filters of different kinds are joined by `and`.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Kind: `michigan`, `dnastack` or `wes`.
    kind: Option<String>,
    /// Country under whose law it stands.
    jurisdiction: Option<String>,
    /// How it is doing: `up`, `degraded`, `down`, `maintenance`, `draining` or `unknown`.
    #[serde(default, deserialize_with = "state_word")]
    #[param(value_type = Option<String>)]
    state: Option<StateWord>,
    /// Id of a reference panel that it offers.
    panel: Option<String>,
    /// Workflow type that it runs.
    workflow_type: Option<String>,
    /// Text in its id, name or description, whatever the case.
    q: Option<String>,
    /// How many services at most; from 1 on.
    #[param(value_type = Option<i64>, minimum = 1)]
    page_size: Option<String>,
    /// Where the page starts: the `next_page_token` of the page before.
    page_token: Option<String>,
}

impl Filter {
    /// Whether a service is wanted.
    pub(super) fn admits(&self, listing: &Listing) -> bool {
        let service = listing.service();
        let is = |wanted: &Option<String>, has: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(has))
        };
        let offers = |wanted: &Option<String>, look: fn(&Offer, &str) -> bool| {
            wanted
                .as_deref()
                .is_none_or(|wanted| listing.offer().is_some_and(|offer| look(offer, wanted)))
        };
        is(&self.kind, &service.kind)
            && is(&self.jurisdiction, service.jurisdiction.as_str())
            && self.state.is_none_or(|wanted| wanted == listing.state().word)
            && offers(&self.panel, |offer, wanted| offer.panel(wanted).is_some())
            && offers(&self.workflow_type, |offer, wanted| offer.workflow_type(wanted).is_some())
            && self.q.as_deref().is_none_or(|text| {
                let texts = [service.id.as_str(), &service.name];
                let description = service.description.as_deref();
                texts.into_iter().chain(description).any(|has| contains(has, text))
            })
    }

    /// How many services, and where the page starts.
    pub(super) fn page(&self, api: &Api) -> Result<(usize, Option<ServiceId>)> {
        let size = page_size(self.page_size.as_deref(), &api.config)?;
        Ok((size as usize, parsed_token(self.page_token.as_deref())?))
    }
}

fn state_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<StateWord>, D::Error> {
    let word = String::deserialize(deserializer)?;
    StateWord::parse(&word).map(Some).ok_or_else(|| {
        let words = StateWord::ALL.map(StateWord::as_str).join(", ");
        D::Error::custom(format!("it is one of {words}"))
    })
}

/// Whether a text holds another one, whatever the case. ASCII only, without making copies.
fn contains(text: &str, wanted: &str) -> bool {
    wanted.is_empty()
        || text
            .as_bytes()
            .windows(wanted.len())
            .any(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}
