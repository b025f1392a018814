//! File descriptors: every connection holds one, and many systems allow a process only 1024 at first.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tracing::warn;

/// Descriptors for everything but callers' connections: database, services, files, operators.
const OTHERS: u64 = 1024;

/// Takes as many descriptors as the system gives, and tells if they are fewer than the configured
/// connections need.
pub(super) fn raise_limit(max_connections: usize) {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    let raised = soft >= hard || setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    let limit = if raised { hard } else { soft };
    let wanted = max_connections as u64 + OTHERS;
    if limit < wanted {
        warn!(
            limit,
            wanted,
            "only {limit} file descriptors are allowed; server.max_connections needs {wanted}"
        );
    }
}
