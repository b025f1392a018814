//! What somebody who is trusted says about a caller.

/// An assertion about a caller, verified: signature, issuer, source and time (GA4GH Passport 1.2, visa
/// object). Only `auth` makes one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Visa {
    /// Its type: `ControlledAccessGrants`, `ResearcherStatus`, and so on.
    pub kind: String,
    /// What it asserts, such as the URL of a dataset.
    pub value: String,
    /// The organization behind the assertion: a URL.
    pub source: String,
    /// Who within it said so: `so`, `dac`, `system`, `peer` or `self`.
    pub by: Option<String>,
    /// Who signed it.
    pub issuer: String,
    /// When it was asserted, in seconds since 1970.
    pub asserted: i64,
    /// When it ends, in seconds since 1970.
    pub expires: i64,
}
