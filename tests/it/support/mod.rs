//! What the tests may use: real servers and clients, private databases, and patience.

pub(crate) mod eventually;
pub(crate) mod http;
pub(crate) mod ports;
pub(crate) mod postgres;
pub(crate) mod program;
pub(crate) mod real;
pub(crate) mod redis;
mod tests;
