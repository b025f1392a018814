//! Whole-product tests: the real application on real sockets.

// What every adapter does, and what each does alone.
mod backends;

// The house itself.
mod floors;

// A run from its submission to its results.
mod submit;

// What the tests stand on.
mod support;
