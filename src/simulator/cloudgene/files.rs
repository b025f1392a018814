//! The result files of a job: which there are, behind which hashes, and what is in them.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::{
    apps::Pipeline,
    archive::ArchiveOrder,
    ending::{Ending, Verdict},
    state::{Moment, Stage},
};

/// An output parameter of a job.
#[derive(Debug)]
pub(super) struct Output {
    /// Its name.
    pub(super) name: &'static str,
    /// Text for people.
    pub(super) description: &'static str,
    /// Random, 40 letters and digits.
    pub(super) hash: String,
}

/// A file of an output.
#[derive(Debug)]
pub(super) struct ResultFile {
    /// Which output, by its index.
    pub(super) output: usize,
    /// Its name; may hold a folder.
    pub(super) name: String,
    /// Random, 64 hexadecimal digits: whoever knows it may fetch the file.
    pub(super) hash: String,
    /// How often it may still be fetched; below zero is without limit.
    pub(super) left: i64,
    /// Its content, made when it is first wanted.
    pub(super) content: Arc<Content>,
}

/// What is in a file.
#[derive(Debug)]
pub(super) struct Content {
    recipe: Recipe,
    size: OnceLock<u64>,
    bytes: OnceLock<Bytes>,
}

#[derive(Debug)]
enum Recipe {
    Text(String),
    Archive(ArchiveOrder),
}

/// What the files of a job are made from.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) pipeline: Pipeline,
    pub(super) verdict: &'a Verdict,
    pub(super) password: &'a str,
    pub(super) aes: bool,
    pub(super) meta: bool,
    pub(super) variants: u32,
    pub(super) downloads_allowed: i64,
}

impl Content {
    /// Its size in bytes.
    pub(super) fn size(&self) -> u64 {
        *self.size.get_or_init(|| match &self.recipe {
            Recipe::Text(text) => text.len() as u64,
            Recipe::Archive(order) => order.size(),
        })
    }

    /// Its bytes. Takes long for a locked archive.
    pub(super) fn bytes(&self) -> Bytes {
        let make = || match &self.recipe {
            Recipe::Text(text) => Bytes::from(text.clone()),
            Recipe::Archive(order) => {
                order.pack().expect("memory takes all, and no password is empty").into()
            }
        };
        self.bytes.get_or_init(make).clone()
    }
}

impl ResultFile {
    /// Whether a job that came so far has exported it: reports once quality control ended, genotypes
    /// at the very end.
    pub(super) fn exists_at(&self, moment: &Moment) -> bool {
        match &self.content.recipe {
            Recipe::Text(_) => moment.stage >= Stage::Checking,
            Recipe::Archive(_) => moment.stage == Stage::Done,
        }
    }
}

/// The outputs that a pipeline declares.
pub(super) fn outputs(pipeline: Pipeline, rng: &mut fastrand::Rng) -> Vec<Output> {
    let declared: &[(&str, &str)] = match pipeline {
        Pipeline::Genome | Pipeline::Hla => &[("output", "Downloads")],
        Pipeline::Classic => &[
            ("qcreport", "Quality-Control Report"),
            ("statisticDir", "Statistics"),
            ("local", "Imputation Results"),
            ("logfile", "Logs"),
        ],
    };
    let mut hash = || (0..40).map(|_| rng.alphanumeric()).collect();
    declared.iter().map(|(name, description)| Output { name, description, hash: hash() }).collect()
}

/// The files that a job will have if nothing stops it.
pub(super) fn files(plan: &Plan<'_>, rng: &mut fastrand::Rng) -> Vec<ResultFile> {
    let mut files = Vec::new();
    let mut add = |output: usize, name: String, recipe: Recipe| {
        let hash = (0..64).map(|_| char::from(b"0123456789abcdef"[rng.usize(..16)])).collect();
        let content = Content { recipe, size: OnceLock::new(), bytes: OnceLock::new() };
        let content = Arc::new(content);
        files.push(ResultFile { output, name, hash, left: plan.downloads_allowed, content });
    };
    let is_classic = plan.pipeline == Pipeline::Classic;
    for chromosome in delivered(plan.verdict) {
        let order = archive(plan, chromosome);
        let output = if is_classic { 2 } else { 0 };
        add(output, format!("chr_{chromosome}.zip"), Recipe::Archive(order));
    }
    if is_classic {
        add(0, "qcreport.html".to_owned(), Recipe::Text(report_page()));
    } else {
        add(0, "qc_report.txt".to_owned(), Recipe::Text(report(plan.verdict)));
        add(0, "quality-control.html".to_owned(), Recipe::Text(report_page()));
    }
    for (name, text) in statistics(plan.verdict) {
        match is_classic {
            true => add(1, name.to_owned(), Recipe::Text(text)),
            false => add(0, format!("statistics/{name}"), Recipe::Text(text)),
        }
    }
    files
}

/// The size as Cloudgene shows it: text, in the largest unit, rounded down.
pub(super) fn size_text(bytes: u64) -> String {
    for (unit, size) in [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)] {
        if bytes >= size {
            return format!("{} {unit}", bytes / size);
        }
    }
    format!("{bytes} bytes")
}

fn delivered(verdict: &Verdict) -> impl Iterator<Item = &String> {
    let (delivers, missing) = match &verdict.ending {
        Ending::Success { missing, .. } => (true, missing.as_ref()),
        Ending::QcOnly
        | Ending::ValidationError(_)
        | Ending::QcError(_)
        | Ending::InitFailure(_) => (false, None),
    };
    verdict.chromosomes.iter().filter(move |chromosome| delivers && Some(*chromosome) != missing)
}

fn archive(plan: &Plan<'_>, chromosome: &str) -> ArchiveOrder {
    ArchiveOrder {
        chromosome: chromosome.to_owned(),
        build: plan.verdict.panel.map_or("hg19", |panel| panel.build),
        password: plan.password.to_owned(),
        aes: plan.aes,
        meta: plan.meta,
        variants: plan.variants,
    }
}

fn report(verdict: &Verdict) -> String {
    format!(
        "Quality control\nPanel: {}\nChromosomes: {}\nExcluded sites in total: 187\n\
         Remaining sites in total: 7637\n",
        verdict.panel.map_or("none", |panel| panel.id),
        verdict.chromosomes.join(", "),
    )
}

fn report_page() -> String {
    "<!DOCTYPE html><title>QC Report</title><h1>Quality Control</h1>\
     <p>Uploaded allele frequencies agree with the panel.</p>\n"
        .to_owned()
}

fn statistics(verdict: &Verdict) -> Vec<(&'static str, String)> {
    let first = verdict.chromosomes.first().map_or("1", String::as_str);
    let mut chunks =
        "#Chunk\tSNPs (#)\tReference Overlap (%)\tLow Sample Call Rates (#)\n".to_owned();
    if let Ending::Success { missing, gaps: true } = &verdict.ending {
        let chromosome = missing.as_deref().unwrap_or(first);
        chunks.push_str(&format!("chunk_{chromosome}_0000000001_0020000000\t2\t0.1\t0\n"));
    }
    let excluded = format!("#Position\tFilterType\tInfo\n{first}:65288:A:C\tMonomorphic\t\n");
    vec![
        ("snps-excluded.txt", excluded),
        ("snps-typed-only.txt", format!("#Position\n{first}:68303:T:G\n")),
        ("chunks-excluded.txt", chunks),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_down_in_the_largest_unit() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (760, "760 bytes"),
            (1024, "1 KB"),
            (2047, "1 KB"),
            (86_000_000, "82 MB"),
            (3 << 30, "3 GB"),
        ] {
            assert_eq!(size_text(bytes), text);
        }
    }
}
