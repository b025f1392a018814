//! The chain: each entry's hash covers the hash of the one before it. Pure, so that an export can be
//! verified anywhere.

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What stands before the first entry.
pub(super) const BEGINNING: &str =
    "0000000000000000000000000000000000000000000000000000000000000000";

/// The SHA-256 of the hash before and of the entry, byte for byte, in hexadecimal.
pub(super) fn hash(previous: &str, entry: &str) -> String {
    let bytes = [previous.as_bytes(), b"\n", entry.as_bytes()].concat();
    digest(&SHA256, &bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A place in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Number of the entry; 0 before the first one.
    pub sequence: i64,
    /// Its hash.
    pub hash: String,
}

/// One line of an export.
#[derive(Debug, Serialize, Deserialize)]
pub struct Line {
    /// Number of the entry.
    pub sequence: i64,
    /// Hash of the entry before it.
    pub previous: String,
    /// Hash of this one.
    pub hash: String,
    /// The entry, byte for byte as it was hashed.
    pub entry: Box<RawValue>,
}

/// Why an export is not what the trail was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The line is no line of an export.
    #[error("line {line} is no entry of a trail: {why}")]
    Unreadable {
        /// Which line, from 1 on.
        line: usize,
        /// Why.
        why: String,
    },
    /// The entry is not what was hashed.
    #[error("entry {0} was changed: its hash does not fit")]
    Changed(i64),
    /// Two entries that follow each other do not fit.
    #[error("entry {0} does not follow the one before it")]
    Broken(i64),
    /// The numbers do not rise.
    #[error("entry {0} is out of order")]
    Disorder(i64),
    /// The entry at a place that somebody kept is another one.
    #[error("entry {0} is not the one whose hash was kept")]
    OtherHead(i64),
    /// The place that somebody kept is not there.
    #[error("entry {0}, whose hash was kept, is missing")]
    MissingHead(i64),
}

/// What an export comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Entries that were read.
    pub entries: usize,
    /// Places where entries are left out, as in an export of one study.
    pub gaps: usize,
    /// The last entry.
    pub head: Option<Head>,
}

/// Reads an export line by line.
#[derive(Debug, Default)]
pub struct Verifier {
    verdict: Verdict,
    kept: Option<Head>,
    met: bool,
}

impl Verifier {
    /// Verifies that the chain also holds the entry of a head that was kept.
    pub fn keeping(kept: Option<Head>) -> Self {
        Self { kept, ..Self::default() }
    }

    /// Takes the next line.
    pub fn read(&mut self, text: &str) -> Result<(), Flaw> {
        let line = self.verdict.entries + 1;
        let unreadable =
            |error: serde_json::Error| Flaw::Unreadable { line, why: error.to_string() };
        let Line { sequence, previous, hash: told, entry } =
            serde_json::from_str(text).map_err(unreadable)?;
        if hash(&previous, entry.get()) != told {
            return Err(Flaw::Changed(sequence));
        }
        let before = self.verdict.head.as_ref().map_or(0, |head| head.sequence);
        if sequence <= before {
            return Err(Flaw::Disorder(sequence));
        }
        let last = self.verdict.head.as_ref().map_or(BEGINNING, |head| &head.hash);
        if sequence == before + 1 {
            if previous != last {
                return Err(Flaw::Broken(sequence));
            }
        } else {
            self.verdict.gaps += 1;
        }
        if let Some(kept) = self.kept.as_ref().filter(|kept| kept.sequence == sequence) {
            if kept.hash != told {
                return Err(Flaw::OtherHead(sequence));
            }
            self.met = true;
        }
        self.verdict.entries += 1;
        self.verdict.head = Some(Head { sequence, hash: told });
        Ok(())
    }

    /// What all of it comes to.
    pub fn finish(self) -> Result<Verdict, Flaw> {
        match self.kept {
            Some(kept) if !self.met => Err(Flaw::MissingHead(kept.sequence)),
            Some(_) | None => Ok(self.verdict),
        }
    }
}
