//! The services that take part: how they come, change and go.

mod credential;
mod document;

pub use self::{
    credential::CredentialDocument,
    document::{Flaw, OrganizationDocument, ServiceDocument, StandInDocument},
};
