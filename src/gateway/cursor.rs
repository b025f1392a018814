//! Page tokens: opaque, bound to their caller, and worthless in anybody else's hands.

use super::{Error, Result};
use crate::{domain::CallerId, vault::Sealer};

/// A token that says where the next page starts.
pub(super) fn write(sealer: &Sealer, caller: &CallerId, position: &str) -> String {
    format!("{position}.{}", sealer.sign(caller.as_str(), position))
}

/// The position in a token that was handed out to this caller.
pub(super) fn read(sealer: &Sealer, caller: &CallerId, token: &str) -> Result<String> {
    let (position, signature) = token.rsplit_once('.').ok_or(Error::BadPageToken)?;
    if sealer.verify(caller.as_str(), position, signature) {
        Ok(position.to_owned())
    } else {
        Err(Error::BadPageToken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_works_for_its_caller_only() {
        let sealer = Sealer::new(&[7; 32], "cursors");
        let (amina, kofi) = (CallerId::new("i", "amina"), CallerId::new("i", "kofi"));

        let token = write(&sealer, &amina, "42");

        assert_eq!(read(&sealer, &amina, &token).unwrap(), "42");
        assert!(read(&sealer, &kofi, &token).is_err());
        assert!(read(&sealer, &amina, &token.replace("42", "43")).is_err());
        assert!(read(&sealer, &amina, "").is_err());
    }
}
