//! A caller lists their runs: from the ledger alone, since no service's list can be trusted for whose a
//! run is, or to be complete.

use super::{Error, Gateway, Result, cursor};
use crate::{domain::Caller, ledger::Entry};

/// A page of runs.
#[derive(Debug)]
pub struct RunPage {
    /// The runs, newest first.
    pub runs: Vec<Entry>,
    /// Where the next page starts, if there is one.
    pub next_page_token: Option<String>,
}

impl Gateway {
    /// A page of the caller's runs.
    pub async fn list_runs(
        &self,
        caller: &Caller,
        page_size: u32,
        page_token: Option<&str>,
    ) -> Result<RunPage> {
        let after = match page_token {
            None => None,
            Some(token) => {
                let position = cursor::read(&self.parts.cursors, &caller.id, token)?;
                Some(position.parse().map_err(|_| Error::BadPageToken)?)
            }
        };
        let page = self.parts.ledger.list(&caller.id, after, i64::from(page_size)).await?;
        let next_page_token = page
            .next
            .map(|run_id| cursor::write(&self.parts.cursors, &caller.id, &run_id.to_string()));
        Ok(RunPage { runs: page.runs, next_page_token })
    }

    /// A page of positions in a list that is already in hand, such as the tasks of a run: the first
    /// position, the one after the last, and where the next page starts.
    pub fn page_of(
        &self,
        caller: &Caller,
        list: &str,
        length: usize,
        page_size: u32,
        page_token: Option<&str>,
    ) -> Result<(std::ops::Range<usize>, Option<String>)> {
        let prefix = format!("{list}:");
        let first = match page_token {
            None => 0,
            Some(token) => cursor::read(&self.parts.cursors, &caller.id, token)?
                .strip_prefix(&prefix)
                .and_then(|position| position.parse::<usize>().ok())
                .filter(|position| *position <= length)
                .ok_or(Error::BadPageToken)?,
        };
        let end = length.min(first.saturating_add(page_size as usize));
        let next = (end < length)
            .then(|| cursor::write(&self.parts.cursors, &caller.id, &format!("{prefix}{end}")));
        Ok((first..end, next))
    }
}
