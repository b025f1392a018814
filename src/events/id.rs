//! Where an event stands among the others.

use std::{fmt, str::FromStr};

use crate::domain::NotAnId;

/// Id of an event: `<epoch>-<sequence>`. The epoch is that of one process, so that an id from before a
/// restart is known to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventId {
    pub(super) epoch: u64,
    pub(super) sequence: u64,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.sequence)
    }
}

impl FromStr for EventId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let (epoch, sequence) = text.split_once('-').ok_or(NotAnId)?;
        let number = |text: &str| match text.as_bytes() {
            [b'0'..=b'9', ..] => text.parse().map_err(|_| NotAnId),
            _ => Err(NotAnId),
        };
        Ok(Self { epoch: number(epoch)?, sequence: number(sequence)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = EventId { epoch: 1_795_782_776_000_000, sequence: 17 };

        assert_eq!(id.to_string().parse(), Ok(id));
        for text in ["", "1", "-1", "1-", "1-+2", "1-2-3", "a-b", "1-99999999999999999999"] {
            assert_eq!(text.parse::<EventId>(), Err(NotAnId), "{text:?}");
        }
    }
}
