//! Which entries are wanted, and which of them the caller may see.

use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        Config,
        caller::Authenticated,
        error::{ApiError, Result},
        extract::{bad_query, time},
        page,
    },
    audit::{Act, Filter},
    domain::Role,
};

/// Which entries are wanted. All that is said must be true of an entry.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// From this time on.
    from: Option<String>,
    /// Before this time.
    to: Option<String>,
    /// Acts of this kind: `gateway.started`, `run.decided`, `run.submitted`, `run.canceled`,
    /// `file.opened`, `change.asked`, `change.done` or `keys.rotated`.
    act: Option<String>,
    /// Asked for by this caller: issuer, `#` and subject.
    caller: Option<String>,
    /// Of callers of this institution.
    institution: Option<String>,
    /// About this run.
    run_id: Option<String>,
    /// At this service.
    service: Option<String>,
    /// Of runs with this tag `study`.
    study: Option<String>,
    /// Of runs with this tag `dataset`.
    dataset: Option<String>,
    /// How many entries at most; from 1 on.
    #[param(value_type = Option<i64>, minimum = 1)]
    page_size: Option<String>,
    /// Where the page starts: the `next_page_token` of the page before.
    page_token: Option<String>,
}

impl AuditQuery {
    /// What the caller may see of it: operators all, a data steward what concerns the own institution.
    pub(super) fn for_caller(self, caller: &Authenticated) -> Result<Filter> {
        caller.require(&[Role::Operator, Role::DataSteward])?;
        let mut institution = self.institution;
        if !caller.0.roles.contains(&Role::Operator) {
            let Some(own) = &caller.0.institution else {
                let msg = "a data steward sees what concerns the own institution, and the token names none";
                return Err(ApiError::new(StatusCode::FORBIDDEN, "institution_required", msg));
            };
            if institution.as_ref().is_some_and(|wanted| wanted != own) {
                let msg = "a data steward sees what concerns the own institution alone";
                return Err(ApiError::new(StatusCode::FORBIDDEN, "institution_required", msg));
            }
            institution = Some(own.clone());
        }
        let act =
            self.act.as_deref().map(|word| Act::parse(word).ok_or_else(bad_act)).transpose()?;
        Ok(Filter {
            from: self.from.as_deref().map(|text| time("from", text)).transpose()?,
            to: self.to.as_deref().map(|text| time("to", text)).transpose()?,
            act,
            caller: self.caller,
            institution,
            run_id: self.run_id,
            service: self.service,
            study: self.study,
            dataset: self.dataset,
        })
    }

    /// How many entries, and after which one.
    pub(super) fn page(&self, config: &Config) -> Result<(u32, i64)> {
        let size = page::page_size(self.page_size.as_deref(), config)?;
        Ok((size, page::parsed_token(self.page_token.as_deref())?.unwrap_or(0)))
    }
}

fn bad_act() -> ApiError {
    bad_query(&format!("act is one of {}", Act::ALL.map(Act::as_str).join(", ")))
}
