//! Our nouns. They do not cross a wire: what does stands in `ga4gh`, in a `wire.rs` or with the ledger.

mod caller;
mod clock;
mod credential;
mod id;
mod imputation;
mod jurisdiction;
mod needs;
mod offer;
mod panel;
mod service;
mod visa;

pub use self::{
    caller::{Caller, Role},
    clock::{Clock, ManualClock, SystemClock},
    credential::{CallerCredential, Credential, Lack},
    id::{BackendRunId, CallerId, NotAnId, RunId, ServiceId},
    imputation::{Imputation, InputFile, Mode, Phasing},
    jurisdiction::{Jurisdiction, NotAJurisdiction},
    needs::Needs,
    offer::{Offer, Queue, same_workflow_type},
    panel::{Build, Population, ReferencePanel},
    service::{Service, StandIn},
    visa::Visa,
};
