//! Where a run may go at all.
//!
//! Pure: no async, no clock, no I/O. First the floor, in Rust: where data may go by where they come from.
//! Then the policies that people wrote in Cedar, which may only take services away. The permitted set can
//! only shrink; nothing but [`Law::evaluate`] makes a [`Permit`], and routing takes nothing else.

mod area;
mod bits;
mod config;
mod explain;
mod floor;
mod law;
mod permit;
mod rules;
mod scenario;
mod table;

pub use self::{
    area::Area,
    config::Config,
    explain::{Explained, Ruling},
    floor::Floor,
    law::{Ask, Law, Lawbook},
    permit::{Denial, Forbidden, Permit, Refusal},
    rules::{Flaw, RuleSet, SCHEMA},
    scenario::{CallerFacts, PanelFacts, Question, Scenario, VisaFacts},
    table::{Case, Failure, Report},
};

#[cfg(test)]
mod tests;
