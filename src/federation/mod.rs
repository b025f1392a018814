//! The services that take part: how they come, change and go.

mod document;

pub use self::document::{Flaw, OrganizationDocument, ServiceDocument, StandInDocument};
