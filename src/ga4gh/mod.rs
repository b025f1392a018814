//! The words of the GA4GH specifications as they stand on the wire.

pub mod registry;
pub mod service_info;
pub mod time;
pub mod wes;
