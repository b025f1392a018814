//! Whole-product tests: the real application on real sockets.

// Requests that are wrong.
mod bad_input;

// Runs that are not wanted any more.
mod cancel;

// When another service is asked, and when not.
mod failover;

// Services that fail.
mod failures;

// One service of every kind behind one gateway.
mod federation;

// The house itself.
mod floors;

// Submissions that are sent again.
mod idempotency;

// Lists and their pages.
mod list;

// Reading about a run, its logs and its results.
mod read;

// A run from its submission to its results.
mod submit;

// What the tests stand on.
mod support;

// Uploads that break off or break a rule.
mod uploads;
