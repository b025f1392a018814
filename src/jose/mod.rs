//! Signed JSON (RFC 7515) and the keys that sign it (RFC 7517, RFC 7638, RFC 8037), with ring.
//!
//! It checks signatures and tells what was signed. Who may sign what is decided above.

mod algorithm;
mod jws;
mod key;
mod signer;

pub use self::{
    algorithm::Algorithm,
    jws::{Header, Jws, Malformed},
    key::{Key, KeySet, NotAKeySet},
    signer::{NotASigner, Signer},
};
