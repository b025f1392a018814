//! How many items a page has, as a caller asks and the configuration bounds.

use super::{
    Config,
    error::{ApiError, Result},
};

/// The number of items. Read as text, so that what is no number gets an answer of ours.
pub(super) fn size(wanted: Option<&str>, config: &Config) -> Result<u32> {
    let Some(text) = wanted else { return Ok(config.default_page_size) };
    match text.parse::<i64>() {
        Ok(size) if (1..i64::MAX).contains(&size) => {
            Ok(u32::try_from(size).unwrap_or(u32::MAX).min(config.max_page_size))
        }
        Ok(_) | Err(_) => {
            Err(ApiError::bad_request("bad_page_size", "page_size is a whole number from 1 on"))
        }
    }
}
