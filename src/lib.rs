//! The GA4GH federation gateway: one WES endpoint in front of many services.
//!
//! The floor plan. Imports point down this list, never up and never sideways; `tests/it/floors.rs`
//! checks it.

// Faces.
pub mod edge;
pub mod simulator;

// Stores and seams. They never import each other.
pub mod auth;
pub mod backend;

// Words.
pub mod domain;

// Ground.
pub mod ga4gh;
pub mod telemetry;
