//! The services that take part: how they come, change and go.

mod compare;
mod document;
mod panels;
mod standing;

pub use self::{
    compare::{Comparison, HeldPanel, PanelRow, Side},
    document::{Flaw, OrganizationDocument, ServiceDocument, StandInDocument},
    panels::{
        Facts, Holder, PanelCatalogue, PanelEntry, PanelFilter, PanelPage, PanelView, PanelWatch,
        PanelsConfig, PanelsError, ShelfView, TermsDocument,
    },
    standing::STANDINGS,
};
