//! Which page of a list is wanted, and of which nodes.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        Api,
        error::Result,
        extract::bad_query,
        page::{page_size, parsed_token},
    },
    domain::ServiceId,
    nodes::Standing,
};

/// Which page is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// How many items at most; from 1 on.
    #[param(value_type = Option<i64>, minimum = 1)]
    page_size: Option<String>,
    /// Where the page starts: the `next_page_token` of the page before.
    page_token: Option<String>,
    /// Only nodes that stand so: `pending`, `approved`, `expired`, `suspended`, `refused` or `withdrawn`.
    standing: Option<String>,
}

impl ListQuery {
    pub(super) fn size(&self, api: &Api) -> Result<u32> {
        page_size(self.page_size.as_deref(), &api.config)
    }

    pub(super) fn after(&self) -> Result<Option<ServiceId>> {
        parsed_token(self.page_token.as_deref())
    }

    pub(super) fn standing(&self) -> Result<Option<Standing>> {
        let Some(word) = self.standing.as_deref() else { return Ok(None) };
        Standing::parse(word).map(Some).ok_or_else(|| {
            let words = Standing::ALL.map(Standing::as_str).join(", ");
            bad_query(&format!("`standing` is one of {words}"))
        })
    }
}
