//! A caller's credential as its caller sees it: everything but the credential itself.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{domain::Lack, federation::OwnView, ga4gh::time};

/// A caller's credential. What it is is never told again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallerCredentialView {
    /// For which service.
    service: String,
    /// `header`, `bearer` or `basic`.
    r#type: String,
    /// The only place that it is sent to: scheme, host and port.
    origin: String,
    /// `usable`; `expired`; `moved`, if the service is at another place by now; `unused`, if the service is
    /// not shown credentials of callers any more.
    state: &'static str,
    /// What to do, unless it is usable.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Whether the service accepted it and refuses callers without one. Where anybody may read, nothing is
    /// proven by an answer.
    proven: bool,
    /// When it expires, where it says so.
    expires_at: Option<String>,
    /// When it was entered.
    entered_at: String,
}

impl From<OwnView> for CallerCredentialView {
    fn from(OwnView { own, lack, used }: OwnView) -> Self {
        let state = match &lack {
            _ if !used => "unused",
            None => "usable",
            Some(Lack::Expired(_)) => "expired",
            Some(Lack::Moved { .. }) => "moved",
            Some(Lack::Missing | Lack::Unreadable | Lack::Refused(_)) => "unusable",
        };
        Self {
            message: lack.map(|lack| lack.words(&own.service)),
            service: own.service.to_string(),
            r#type: own.kind,
            origin: own.origin,
            state,
            proven: own.proven,
            expires_at: own.expires_at.map(time::format),
            entered_at: time::format(own.entered_at),
        }
    }
}
