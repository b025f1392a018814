//! How a job will end, decided by what was sent and by the server's mood when it was sent.

use super::{
    apps::{App, Pipeline},
    knobs::Outcome,
    panels::{self, Panel},
    params::Parameters,
    state::Course,
};

/// How a job will end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// All or nearly all results.
    Success {
        /// A chromosome without results.
        missing: Option<String>,
        /// Whether parts were dropped.
        gaps: bool,
    },
    /// A report and nothing else.
    QcOnly,
    /// A failure in the first step, and what it says.
    ValidationError(String),
    /// A failure in the second step, and what it says.
    QcError(String),
    /// A failure before the first step, and what only the server's own log says.
    InitFailure(String),
}

/// What the server makes of a submission.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The panel, if there is such a one.
    pub(super) panel: Option<&'static Panel>,
    /// Chromosomes by the names of the files, sorted.
    pub(super) chromosomes: Vec<String>,
    /// Names of the files that count.
    pub(super) vcf_files: Vec<String>,
    /// How it will end.
    pub(super) ending: Ending,
}

impl Ending {
    /// How far the job goes.
    pub(super) fn course(&self) -> Course {
        match self {
            Self::Success { .. } => Course::Whole,
            Self::QcOnly => Course::QcOnly,
            Self::ValidationError(_) => Course::FailsValidation,
            Self::QcError(_) => Course::FailsQc,
            Self::InitFailure(_) => Course::NeverStarts,
        }
    }
}

/// Judges a submission. `is_offered` tells whether the user may use a panel.
pub(super) fn judge(
    app: &App,
    generation: u8,
    parameters: &Parameters,
    is_offered: impl Fn(&Panel) -> bool,
    outcome: Outcome,
) -> Verdict {
    let named = parameters.value("refpanel");
    let panel = panels::resolve(generation, named).filter(|panel| is_offered(panel));
    let files = parameters.files.iter().map(|(name, _)| name);
    // The pipeline globs for this ending; other files are dropped without a word.
    let vcf_files: Vec<String> = files.filter(|name| name.ends_with(".vcf.gz")).cloned().collect();
    let mut chromosomes: Vec<String> = vcf_files.iter().map(|name| chromosome_of(name)).collect();
    chromosomes.sort_by_key(|chromosome| (chromosome.parse().unwrap_or(23_u8), chromosome.clone()));
    chromosomes.dedup();
    let ending = match panel {
        None => Ending::InitFailure(format!(
            "Application {named} is not installed or wrong permissions."
        )),
        Some(panel) => ending(app, panel, parameters, &chromosomes, outcome),
    };
    Verdict { panel, chromosomes, vcf_files, ending }
}

fn ending(
    app: &App,
    panel: &Panel,
    parameters: &Parameters,
    chromosomes: &[String],
    outcome: Outcome,
) -> Ending {
    if outcome == Outcome::InitFailure {
        return Ending::InitFailure("Workspace could not be created.".to_owned());
    }
    if let Some(fault) = fault(app, panel, parameters, chromosomes) {
        return Ending::ValidationError(fault);
    }
    match outcome {
        Outcome::ValidationError => Ending::ValidationError(
            "The provided VCF file is malformed.<br>Error during index creation: \
             [tabix] was bgzip used to compress this file?"
                .to_owned(),
        ),
        Outcome::QcError => Ending::QcError(
            "<b>Error:</b> No chunks passed the QC step. Imputation cannot be started!".to_owned(),
        ),
        _ if is_qc_only(app, parameters.value("mode")) => Ending::QcOnly,
        Outcome::MissingChunks => Ending::Success {
            missing: chromosomes.last().filter(|_| chromosomes.len() > 1).cloned(),
            gaps: true,
        },
        Outcome::Success | Outcome::InitFailure => Ending::Success { missing: None, gaps: false },
    }
}

/// What validation finds wrong.
fn fault(
    app: &App,
    panel: &Panel,
    parameters: &Parameters,
    chromosomes: &[String],
) -> Option<String> {
    let (population, phasing) = (parameters.value("population"), parameters.value("phasing"));
    let build = parameters.value("build");
    if chromosomes.is_empty() {
        return Some("No vcf.gz input files detected!".to_owned());
    }
    if !["hg19", "hg38"].contains(&build) {
        return Some(format!("Your upload data contains no valid {build} encoding."));
    }
    if !["eagle", "beagle", "no_phasing"].contains(&phasing) {
        return Some(format!(
            "For phasing, only options 'eagle', 'beagle' or 'no_phasing' are allowed, not '{phasing}'."
        ));
    }
    if app.pipeline != Pipeline::Hla && !panel.has_population(population) {
        let ids: Vec<&str> = panel.populations.iter().map(|(id, _)| *id).collect();
        return Some(format!(
            "Population '{population}' is not supported by reference panel '{}'. \
             Available populations: {}",
            panel.id,
            ids.join(", ")
        ));
    }
    let unknown = chromosomes.iter().find(|chromosome| !panel.has_chromosome(chromosome))?;
    Some(format!("The reference panel '{}' doesn't support chromosome {unknown}.", panel.id))
}

/// The newer pipeline compares with `imputation` alone, so that a slip of the pen means quality control.
fn is_qc_only(app: &App, mode: &str) -> bool {
    match app.pipeline {
        Pipeline::Genome => mode != "imputation",
        Pipeline::Hla => false,
        Pipeline::Classic => mode == "qconly",
    }
}

/// The chromosome that a file is about. The real server reads the records; a name is enough here.
fn chromosome_of(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let from = lower.find("chr").map_or(0, |at| at + 3);
    let rest = lower[from..].trim_start_matches(['_', '-', '.']);
    if rest.starts_with('x') {
        return "X".to_owned();
    }
    let digits = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    match digits[..end].trim_start_matches('0') {
        "" => "1".to_owned(),
        "23" => "X".to_owned(),
        number => number.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::apps, *};

    fn course(app: &str, fields: &[(&str, &str)], files: &[&str], outcome: Outcome) -> Course {
        let app = apps::find(2, app).unwrap();
        let mut parameters = Parameters::read(app, 3, Default::default()).unwrap();
        for (name, value) in fields {
            parameters.values.insert((*name).to_owned(), (*value).to_owned());
        }
        parameters.files = files.iter().map(|name| ((*name).to_owned(), 1)).collect();
        judge(app, 3, &parameters, |panel| panel.id != "samoan", outcome).ending.course()
    }

    #[test]
    fn what_is_sent_decides_the_course() {
        let good = [("refpanel", "apps@1000g-phase-3-v5@2.0.0"), ("population", "eur")];
        let with = |name, value| [good[0], good[1], (name, value)];
        for (fields, file, expected) in [
            (&good[..], "chr20.vcf.gz", Course::Whole),
            (&good, "chr20.vcf", Course::FailsValidation),
            (&good, "chrX.vcf.gz", Course::Whole),
            (&good, "chr26.vcf.gz", Course::FailsValidation),
            (&with("refpanel", "apps@samoan@2.0.0"), "chr20.vcf.gz", Course::NeverStarts),
            (&with("refpanel", "1000G Phase 3 v5"), "chr20.vcf.gz", Course::NeverStarts),
            (&with("population", "klingon"), "chr20.vcf.gz", Course::FailsValidation),
            (&with("population", ""), "chr20.vcf.gz", Course::Whole),
            (&with("phasing", "shapeit"), "chr20.vcf.gz", Course::FailsValidation),
            (&with("build", "hg18"), "chr20.vcf.gz", Course::FailsValidation),
            (&with("mode", "qc_only"), "chr20.vcf.gz", Course::QcOnly),
            (&with("mode", "imputaton"), "chr20.vcf.gz", Course::QcOnly),
        ] {
            let course = course("imputationserver2", fields, &[file], Outcome::Success);
            assert_eq!(course, expected, "{fields:?} {file}");
        }
    }

    #[test]
    fn the_hla_app_takes_chromosome_6_alone() {
        let panel = [("refpanel", "multiethnic-hla-panel-Ggroup")];
        for (file, expected) in
            [("chr6.vcf.gz", Course::Whole), ("chr7.vcf.gz", Course::FailsValidation)]
        {
            assert_eq!(
                course("imputationserver2-hla", &panel, &[file], Outcome::Success),
                expected
            );
        }
    }

    #[test]
    fn chromosomes_are_read_from_file_names() {
        for (name, chromosome) in [
            ("chr20.vcf.gz", "20"),
            ("study_CHR_07.vcf.gz", "7"),
            ("chrX.nonPAR.vcf.gz", "X"),
            ("chr23.vcf.gz", "X"),
            ("5.vcf.gz", "5"),
            ("input.vcf.gz", "1"),
        ] {
            assert_eq!(chromosome_of(name), chromosome);
        }
    }
}
