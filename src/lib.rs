//! The GA4GH federation gateway: one WES endpoint in front of many services.
//!
//! The floor plan. Imports point down this list, never up and never sideways; `tests/it/floors.rs`
//! checks it.

// Roof.
pub mod cli;

pub mod app;

pub mod config;

// Faces.
pub mod api;
pub mod edge;
pub mod simulator;

// Use cases.
pub mod alerts;
pub mod federation;
pub mod gateway;
pub mod health;

// Rules. Pure: no async, no clock, no I/O.
pub mod routing;

pub mod policy;

// Stores and seams. They never import each other.
pub mod audit;
pub mod auth;
pub mod backend;
pub mod events;
pub mod ledger;
pub mod limit;
pub mod nodes;
pub mod panels;
pub mod registry;
pub mod vault;

// The live condition of a service.
pub mod vitals;

// Words.
pub mod domain;

// Ground.
pub mod database;
pub mod ga4gh;
pub mod jose;
pub mod redis_link;
pub mod telemetry;
