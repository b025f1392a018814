//! What the gateway keeps of a run whose data may not be where the gateway stands: that it exists, whose it
//! is, where it went and how it ended, and nothing of what it was made of or came to.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Gateway, InputFault, Result};
use crate::{
    backend::RunDetails, domain::RunId, ga4gh::wes::RunRequest, ledger::Entry, policy::Permit,
};

/// The tags that say where a run may go; they name no person and no file.
const ROUTING_TAGS: [&str; 4] = ["origin", "dataset", "purpose", "service"];

/// The one member of a decision that counts here.
#[derive(Deserialize)]
struct Kept {
    #[serde(default = "yes")]
    kept_here: bool,
}

fn yes() -> bool {
    true
}

/// Whether the gateway may keep what belongs to a run.
pub(super) fn is_kept(entry: &Entry) -> bool {
    // What cannot be read is older than the question, or is not ours to guess: it is not kept.
    serde_json::from_str(&entry.decision).is_ok_and(|kept: Kept| kept.kept_here)
}

/// A request as the ledger may keep it.
pub(super) fn request(request: &RunRequest, kept_here: bool) -> Cow<'_, RunRequest> {
    if kept_here {
        return Cow::Borrowed(request);
    }
    let tags = request.tags.iter().filter(|(name, _)| ROUTING_TAGS.contains(&name.as_str()));
    Cow::Owned(RunRequest {
        workflow_type: request.workflow_type.clone(),
        workflow_type_version: request.workflow_type_version.clone(),
        workflow_engine: request.workflow_engine.clone(),
        workflow_engine_version: request.workflow_engine_version.clone(),
        tags: tags.map(|(name, value)| (name.clone(), value.clone())).collect(),
        ..RunRequest::default()
    })
}

/// Files came before the fields that say that they may not be kept here.
pub(super) fn in_the_wrong_order() -> InputFault {
    InputFault::new(
        "not_to_be_kept_here",
        "these data may not be kept where the gateway stands, not even for a moment; send the fields of \
         the run before its files, so that they are passed on as they come",
    )
}

impl Gateway {
    /// Whether the gateway may keep what belongs to a run.
    pub(super) fn keeps(&self, permit: &Permit) -> bool {
        let floor = self.parts.law.current().floor().clone();
        floor.gateway.is_none_or(|country| permit.may_stay_in(country))
    }

    /// What a service told about an ended run, as the ledger may keep it.
    pub(super) async fn details_to_keep(
        &self,
        run_id: &RunId,
        details: &RunDetails,
    ) -> Result<Option<String>> {
        let entry = self.parts.ledger.get(run_id).await?;
        if !entry.as_ref().is_some_and(is_kept) {
            return Ok(None);
        }
        Ok(serde_json::to_string(details).ok())
    }
}
