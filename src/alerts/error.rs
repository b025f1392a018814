//! What can go wrong with alerts.

/// Why something about alerts could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not do it; nothing was changed. A later moment may do.
    #[error("the alerts cannot be read or written")]
    Database(#[from] sqlx::Error),
    /// There is no such alert, or none any more.
    #[error("there is no such alert")]
    UnknownAlert,
    /// The alert is over: there is nothing to look after.
    #[error("the alert is resolved already")]
    Resolved,
    /// The page token is none that was handed out.
    #[error("the page_token is not one that was handed out for this list")]
    BadPageToken,
}

/// The result of asking about alerts.
pub type Result<T, E = Error> = std::result::Result<T, E>;
