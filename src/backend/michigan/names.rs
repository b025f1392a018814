//! Names for uploads: the pipelines use them in shell commands unquoted, take only `*.vcf.gz`, and let
//! a file overwrite another one of its name.

use std::{collections::HashSet, io};

use futures_util::{StreamExt, stream};

use crate::backend::{Attachment, AttachmentStream, Attachments, ManifestEntry};

/// Gives every file a safe name, both in the manifest and on its way. A submission without files, or
/// with one that the pipelines would leave out, breaks off: the servers would accept it and fail later.
pub(super) fn renamed(attachments: Attachments) -> io::Result<Attachments> {
    let manifest = attachments.manifest.map(rename_manifest).transpose()?;
    Ok(Attachments { manifest, files: rename_stream(attachments.files) })
}

fn rename_manifest(manifest: Vec<ManifestEntry>) -> io::Result<Vec<ManifestEntry>> {
    let mut namer = Namer::default();
    let manifest: Vec<_> = manifest
        .into_iter()
        .map(|entry| Ok(ManifestEntry { name: namer.name(&entry.name)?, length: entry.length }))
        .collect::<io::Result<_>>()?;
    if manifest.is_empty() { Err(no_files()) } else { Ok(manifest) }
}

/// The files come in the order of the manifest, so that a namer of their own gives the same names.
fn rename_stream(files: AttachmentStream) -> AttachmentStream {
    let start = Some((files, Namer::default()));
    Box::pin(stream::unfold(start, |state| async move {
        let (mut files, mut namer) = state?;
        let file = match files.next().await {
            Some(file) => file.and_then(|file| {
                Ok(Attachment { name: namer.name(&file.name)?, bytes: file.bytes })
            }),
            None if namer.given.is_empty() => Err(no_files()),
            None => return None,
        };
        let state = file.is_ok().then_some((files, namer));
        Some((file, state))
    }))
}

/// Hands out safe names, each once.
#[derive(Default)]
struct Namer {
    given: HashSet<String>,
}

impl Namer {
    fn name(&mut self, original: &str) -> io::Result<String> {
        let base = original.rsplit('/').next().unwrap_or(original);
        let stem = stem(base).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "every file must be named *.vcf.gz")
        })?;
        let stem = match chromosome(stem) {
            Some(chromosome) => format!("chr{chromosome}"),
            None => sanitized(stem),
        };
        let mut name = format!("{stem}.vcf.gz");
        let mut next = 2_u32;
        while !self.given.insert(name.clone()) {
            name = format!("{stem}-{next}.vcf.gz");
            next += 1;
        }
        Ok(name)
    }
}

fn no_files() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "an imputation needs at least one file *.vcf.gz")
}

fn stem(name: &str) -> Option<&str> {
    let end = name.len().checked_sub(".vcf.gz".len())?;
    let (stem, suffix) = name.split_at_checked(end)?;
    suffix.eq_ignore_ascii_case(".vcf.gz").then_some(stem)
}

/// The chromosome that a name tells: `chr20` or `chr_X` as a word of its own, or nothing but `20`.
fn chromosome(stem: &str) -> Option<String> {
    let lower = stem.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let named = words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix("chr")? {
        "" => is_chromosome(words.get(at + 1)?),
        rest => is_chromosome(rest),
    });
    named.or_else(|| is_chromosome(&lower))
}

fn is_chromosome(word: &str) -> Option<String> {
    match word.parse::<u8>() {
        Ok(number @ 1..=23) => Some(number.to_string()),
        _ if matches!(word, "x" | "y" | "mt") => Some(word.to_ascii_uppercase()),
        _ => None,
    }
}

fn sanitized(stem: &str) -> String {
    let safe: String = stem
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' })
        .take(80)
        .collect();
    let safe = safe.trim_start_matches(['.', '-']);
    if safe.is_empty() { "input".to_owned() } else { safe.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_tell_the_chromosome() {
        for (original, expected) in [
            ("chr20.vcf.gz", "chr20.vcf.gz"),
            ("study/run 1/Cohort.chr_07.phased.vcf.gz", "chr7.vcf.gz"),
            ("x.VCF.GZ", "chrX.vcf.gz"),
            ("chrX.vcf.gz", "chrX.vcf.gz"),
            ("chr99.vcf.gz", "chr99.vcf.gz"),
            ("chromosomes.vcf.gz", "chromosomes.vcf.gz"),
            ("my $(rm) file;é.vcf.gz", "my___rm__file__.vcf.gz"),
            ("-rf.vcf.gz", "rf.vcf.gz"),
            (".vcf.gz", "input.vcf.gz"),
        ] {
            assert_eq!(Namer::default().name(original).unwrap(), expected, "{original:?}");
        }
    }

    #[test]
    fn no_file_overwrites_another() {
        let mut namer = Namer::default();

        let names = ["a/chr1.vcf.gz", "b/chr1.vcf.gz", "chr1.vcf.gz"].map(|n| namer.name(n));

        assert_eq!(names.map(Result::unwrap), ["chr1.vcf.gz", "chr1-2.vcf.gz", "chr1-3.vcf.gz"]);
    }

    #[test]
    fn other_kinds_of_file_are_not_sent() {
        for name in ["chr1.vcf", "chr1.bcf", "é.gz", ""] {
            assert!(Namer::default().name(name).is_err(), "{name:?}");
        }
    }

    #[tokio::test]
    async fn a_stream_that_brings_nothing_breaks_off() {
        let files = Attachments { manifest: None, files: Box::pin(stream::empty()) };

        let mut files = renamed(files).unwrap().files;

        assert!(files.next().await.unwrap().is_err());
        assert!(files.next().await.is_none());
    }
}
