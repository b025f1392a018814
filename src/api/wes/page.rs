//! `page_size` and `page_token`.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::Config,
    api::error::{ApiError, Result},
};

/// Which page is wanted. Read as text, so that what is no number gets an answer of ours; other
/// parameters are ignored, since clients send filters of other servers.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many items at most; from 1 on. Fewer may come, and that is not the end.
    #[param(value_type = Option<i64>, minimum = 1)]
    page_size: Option<String>,
    /// Where the page starts: the `next_page_token` of the page before.
    page_token: Option<String>,
}

impl PageQuery {
    /// The number of items, bounded.
    pub(super) fn size(&self, config: &Config) -> Result<u32> {
        let Some(text) = self.page_size.as_deref() else {
            return Ok(config.default_page_size);
        };
        let size: u32 = match text.parse::<i64>() {
            Ok(size) if size >= 1 && size < i64::MAX => u32::try_from(size).unwrap_or(u32::MAX),
            Ok(_) | Err(_) => {
                return Err(ApiError::bad_request(
                    "bad_page_size",
                    "page_size is a whole number from 1 on",
                ));
            }
        };
        Ok(size.min(config.max_page_size))
    }

    /// The token, if there is one.
    pub(super) fn token(&self) -> Option<&str> {
        self.page_token.as_deref().filter(|token| !token.is_empty())
    }
}
