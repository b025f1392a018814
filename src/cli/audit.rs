//! `audit`: what an institution does with an export of the trail, without any gateway.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use clap::Subcommand;

use crate::audit::{Head, Verdict, Verifier};

/// What is done with an export.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Verifies an export of the audit trail: that no entry was changed, and that those which follow each
    /// other in it do so in the trail.
    Verify {
        /// The export, as `GET /api/v1/audit/export` gives it; `-` is standard input.
        file: PathBuf,
        /// A head that was kept, as `SEQUENCE:HASH`. It must be in the export: then nothing before it was
        /// changed since, if the export is whole.
        #[arg(long, value_parser = parse_head)]
        head: Option<Head>,
    },
}

pub(super) fn run(command: &Command) -> Result<()> {
    let Command::Verify { file, head } = command;
    let verdict = if file == Path::new("-") {
        verify(io::stdin().lock(), head.clone())
    } else {
        let opened = File::open(file);
        let opened = opened.with_context(|| format!("{} cannot be read", file.display()))?;
        verify(BufReader::new(opened), head.clone())
    }?;
    println!("{}", told(&verdict));
    Ok(())
}

fn verify(mut export: impl BufRead, head: Option<Head>) -> Result<Verdict> {
    let mut verifier = Verifier::keeping(head);
    let mut line = String::new();
    while export.read_line(&mut line).context("the export cannot be read")? > 0 {
        if !line.ends_with('\n') {
            anyhow::bail!("the export broke off in its last line; fetch it again");
        }
        verifier.read(line.trim_end())?;
        line.clear();
    }
    Ok(verifier.finish()?)
}

fn told(verdict: &Verdict) -> String {
    let Some(head) = &verdict.head else { return "the export holds no entry".to_owned() };
    let whole = match verdict.gaps {
        0 => "one chain from the first entry on".to_owned(),
        1 => "with entries left out at 1 place".to_owned(),
        gaps => format!("with entries left out at {gaps} places"),
    };
    format!(
        "{} entries verified, {whole}; the last one is {}:{}",
        verdict.entries, head.sequence, head.hash
    )
}

fn parse_head(text: &str) -> Result<Head, String> {
    let parsed = text.split_once(':').and_then(|(sequence, hash)| {
        let sequence = sequence.parse().ok().filter(|sequence| *sequence > 0)?;
        let fits = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then(|| Head { sequence, hash: hash.to_ascii_lowercase() })
    });
    parsed.ok_or_else(|| "it is SEQUENCE:HASH, as `GET /api/v1/audit/head` tells them".to_owned())
}
