//! Whole-product tests: the real application on real sockets.

// Imports point down the floor plan.
mod floors;

// What the tests use: real servers and clients, private databases, patience.
mod support;
