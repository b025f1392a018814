//! Whole-product tests: the real application on real sockets.

// The house itself: its floors, its example configurations, its catalogue of errors.
mod config;
mod errors;
mod floors;

// A run from its submission to its results.
mod submit;

// Reading about a run, its logs and its results.
mod read;

// Lists and their pages.
mod list;

// Runs that are not wanted any more.
mod cancel;

// Submissions that are sent again.
mod idempotency;

// Requests that are wrong.
mod bad_input;

// Uploads that break off or break a rule.
mod uploads;

// When another service is asked, and when not.
mod failover;

// Where a run goes, and why.
mod routing;

// Inputs that are named by URL.
mod fetching;

// How much each may ask for, alone and with a shared Redis.
mod limits;

// Services that fail.
mod failures;

// What survives kill -9, and what large files cost.
mod crash;
mod memory;

// What is remembered, on both databases.
mod health;
mod ledger;
mod roles;
mod roster;

// A thousand services, many of them sick.
mod sweep;

// One service of every kind behind one gateway, and one that imputes by a template.
mod federation;
mod templates;

// Services that come, change and go, and the registry that lists them.
mod registry;
mod services;

// Nodes that register themselves.
mod nodes;

// What every adapter does, and what each does alone.
mod backends;

// What lives at an address, and what can be relied upon there.
mod discovery;
// Reference panels: the catalogue on both databases, and what callers read of it.
mod panel_store;
mod panels;

// Who listens, and what they hear.
mod events;

// What operators ask, and what they are told.
mod alerts;
mod audit;
mod ops;

// Real clients in front of us, real servers behind us.
mod real_clients;

// What the tests stand on.
mod support;
