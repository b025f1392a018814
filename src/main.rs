//! The gateway's executable.

fn main() {}
