//! The one place that reserves a port, for programs that cannot report the one they bound.

use std::{
    net::{Ipv4Addr, TcpListener},
    process,
    sync::atomic::{AtomicU16, Ordering},
};

/// Below the range from which the kernel serves outgoing connections, so that none of those can
/// take the port between our look and the program's bind.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port of 127.0.0.1 that is free now and is not handed out again by this process.
pub(crate) fn free_port() -> u16 {
    // Test runs at the same time start at different places.
    let start = (process::id().wrapping_mul(61) % u32::from(COUNT)) as u16;
    (0..COUNT)
        .map(|_| FIRST + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("one of twenty thousand ports is free")
}
