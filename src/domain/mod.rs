//! Our nouns. They do not cross a wire: what does stands in `ga4gh`, in a `wire.rs` or with the ledger.

mod bloc;
mod caller;
mod clock;
mod countries;
mod credential;
mod dataset;
mod flaw;
mod id;
mod imputation;
mod jurisdiction;
mod needs;
mod offer;
mod panel;
mod service;
mod visa;

pub use self::{
    bloc::{Blocs, NotAPlace},
    caller::{Caller, Role, Scope},
    clock::{Clock, ManualClock, SystemClock},
    countries::Countries,
    credential::{CallerCredential, Credential, Lack},
    dataset::{DataClass, Dataset, DatasetId, NotADatasetId, NotATerm, PanelTerms, Term, Transfer},
    flaw::Flaw,
    id::{BackendRunId, CallerId, NotAnId, RunId, ServiceId},
    imputation::{Imputation, InputFile, Mode, Phasing},
    jurisdiction::{Jurisdiction, NotAJurisdiction},
    needs::Needs,
    offer::{Offer, Queue, same_workflow_type},
    panel::{Build, Population, ReferencePanel},
    service::{Service, StandIn},
    visa::Visa,
};
