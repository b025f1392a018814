//! `page_size` and `page_token`.

use std::str::FromStr;

use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    Config,
    error::{ApiError, Result},
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
        page_size(self.page_size.as_deref(), config)
    }

    /// The token, if there is one.
    pub(super) fn token(&self) -> Option<&str> {
        page_token(self.page_token.as_deref())
    }

    /// Where the page starts, read.
    pub(super) fn after<T: FromStr>(&self) -> Result<Option<T>> {
        parsed_token(self.page_token.as_deref())
    }
}

/// Where a page starts. An empty token is none, since some clients always send one.
pub(super) fn page_token(text: Option<&str>) -> Option<&str> {
    text.filter(|token| !token.is_empty())
}

/// Where a page starts, read. What was not handed out for this list is refused.
pub(super) fn parsed_token<T: FromStr>(text: Option<&str>) -> Result<Option<T>> {
    page_token(text).map(str::parse).transpose().map_err(|_| {
        ApiError::bad_request("bad_page_token", "page_token was not handed out for this list")
    })
}

/// The number of items that a `page_size` means, bounded.
pub(super) fn page_size(text: Option<&str>, config: &Config) -> Result<u32> {
    let Some(text) = text else { return Ok(config.default_page_size) };
    match text.parse::<i64>() {
        Ok(size) if (1..i64::MAX).contains(&size) => {
            Ok(u32::try_from(size).unwrap_or(u32::MAX).min(config.max_page_size))
        }
        Ok(_) | Err(_) => {
            let msg = "page_size is a whole number from 1 on";
            Err(ApiError::bad_request("bad_page_size", msg))
        }
    }
}
