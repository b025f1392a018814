//! Whole-product tests: the real application on real sockets.

mod floors;
mod support;
