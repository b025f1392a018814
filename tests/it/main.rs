//! Whole-product tests: the real application on real sockets.

// The example configurations, and the catalogue of errors.
mod config;
mod errors;

// The house itself.
mod floors;

// What is remembered, on both databases.
mod ledger;

// What survives.
mod crash;

// Real clients in front of us, real servers behind us.
mod real_clients;

// A run from its submission to its results.
mod submit;

// What the tests stand on.
mod support;
