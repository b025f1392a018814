//! Whole-product tests: the real application on real sockets.

// The house itself.
mod floors;

// Real clients in front of us, real servers behind us.
mod real_clients;

// A run from its submission to its results.
mod submit;

// What the tests stand on.
mod support;
