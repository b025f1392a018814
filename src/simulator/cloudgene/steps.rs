//! The steps of a job and what they say, in HTML, as the pipelines say it.

use super::{
    apps::Pipeline,
    ending::Ending,
    job::Job,
    state::{JobState, Moment, Stage},
};

/// A step.
#[derive(Debug)]
pub(super) struct Step {
    /// Its name.
    pub(super) name: &'static str,
    /// What it says.
    pub(super) messages: Vec<Message>,
}

/// A message of a step.
#[derive(Debug)]
pub(super) struct Message {
    /// What it means.
    pub(super) kind: Kind,
    /// HTML.
    pub(super) text: String,
}

/// What a message means, with its number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ok = 0,
    Error = 1,
    Warning = 2,
    Running = 3,
}

/// The steps that show at a moment. Nextflow creates all at once; the older pipeline one by one.
pub(super) fn steps(job: &Job, moment: &Moment) -> Vec<Step> {
    if moment.stage == Stage::Unstarted {
        return Vec::new();
    }
    let validation = Step { name: "Input Validation", messages: validation(job, moment) };
    let checking = Step { name: "Quality Control", messages: checking(job, moment) };
    let imputing = imputing(job, moment);
    let last = last(job, moment);
    match job.app.pipeline {
        Pipeline::Genome | Pipeline::Hla => vec![
            validation,
            checking,
            Step { name: "Phasing and Imputation", messages: imputing },
            Step { name: "Summary", messages: last },
        ],
        Pipeline::Classic => {
            let mut steps = vec![validation, checking];
            if job.parameters.value("population") != "mixed" {
                let name = "Quality Control (Report)";
                steps.push(Step { name, messages: report(moment) });
            }
            steps.push(Step { name: "Pre-phasing and Imputation", messages: imputing });
            steps.push(Step { name: "Data Compression and Encryption", messages: last });
            steps.retain(|step| !step.messages.is_empty());
            steps
        }
    }
}

fn message(kind: Kind, text: impl Into<String>) -> Message {
    Message { kind, text: text.into() }
}

fn validation(job: &Job, moment: &Moment) -> Vec<Message> {
    if moment.stage > Stage::Validating {
        return vec![message(Kind::Ok, summary(job))];
    }
    match &job.verdict.ending {
        Ending::ValidationError(reason) if moment.ended_at.is_some() => {
            vec![message(Kind::Error, reason.clone())]
        }
        _ => vec![message(Kind::Running, "<b>Input Validation</b><br>Analyze files…")],
    }
}

fn summary(job: &Job) -> String {
    let (files, chromosomes) = (&job.verdict.vcf_files, &job.verdict.chromosomes);
    let count = chromosomes.len();
    let panel = job.verdict.panel;
    let mut text = format!(
        "{} valid VCF file(s) found.\n\nSamples: 51\nChromosomes: {}\nSNPs: {}\nChunks: {}\n\
         Datatype: unphased\nBuild: {}\nReference Panel: {} ({})\nPopulation: {}\nPhasing: {}\nMode: {}",
        files.len(),
        chromosomes.join(" "),
        7824 * count,
        chunks(job),
        job.parameters.value("build"),
        panel.map_or("", |panel| panel.id),
        panel.map_or("", |panel| panel.build),
        job.parameters.value("population"),
        job.parameters.value("phasing"),
        job.parameters.value("mode"),
    );
    let r2 = job.parameters.value("r2Filter");
    if !["", "0"].contains(&r2) {
        text.push_str(&format!("\nRsq filter: {r2}"));
    }
    text
}

fn checking(job: &Job, moment: &Moment) -> Vec<Message> {
    if moment.stage < Stage::Checking {
        return Vec::new();
    }
    let has_failed = moment.ended_at.is_some() && moment.stage == Stage::Checking;
    let mut messages = match &job.verdict.ending {
        Ending::QcError(_) => vec![message(Kind::Warning, DROPPED)],
        Ending::Success { gaps: true, .. } if moment.stage > Stage::Checking => {
            vec![message(Kind::Warning, DROPPED)]
        }
        _ => Vec::new(),
    };
    match &job.verdict.ending {
        Ending::QcError(reason) if has_failed => {
            messages.push(message(Kind::Error, reason.clone()))
        }
        _ if moment.stage == Stage::Checking => {
            messages.push(message(Kind::Running, "<b>Quality Control</b><br>Filter sites…"));
        }
        _ => messages.insert(0, message(Kind::Ok, STATISTICS)),
    }
    messages
}

const STATISTICS: &str = "<b>Statistics:</b><br>Alternative allele frequency > 0.5 sites: 185<br>\
    Reference Overlap: 99.91 %<br>Match: 7,637<br>Allele switch: 0<br>Strand flip: 0<br><br>\
    <b>Filtered sites:</b><br>Filter flag set: 0<br>Monomorphic sites: 185<br>SNPs call rate < 90%: 0<br>\
    <br>Excluded sites in total: 187<br>Remaining sites in total: 7,637<br>";

const DROPPED: &str = "<b>Warning:</b> 1 Chunk(s) excluded: < 3 SNPs \
    (see <a href=\"#\">chunks-excluded.txt</a> for details).";

fn report(moment: &Moment) -> Vec<Message> {
    match moment.stage > Stage::Checking {
        true => vec![message(Kind::Ok, "Execution successful.")],
        false => Vec::new(),
    }
}

fn imputing(job: &Job, moment: &Moment) -> Vec<Message> {
    if job.verdict.ending == Ending::QcOnly {
        return Vec::new();
    }
    let all = chunks(job);
    let progress = |name: &str, percent: u8| {
        let done = all * usize::from(percent) / 100;
        let bar = format!(
            "<div class=\"progress\"><div class=\"progress-bar\" style=\"width: {percent}%\"></div></div>"
        );
        message(Kind::Running, format!("<b>{name} ({done}/{all})</b><br>{bar}"))
    };
    match moment.stage {
        Stage::Unstarted | Stage::Validating | Stage::Checking => Vec::new(),
        Stage::Phasing(percent) => vec![progress("Phasing", percent)],
        Stage::Imputing(percent) => {
            vec![
                message(Kind::Ok, format!("<b>Phasing ({all}/{all})</b>")),
                progress("Imputation", percent),
            ]
        }
        Stage::Exporting | Stage::Done => vec![
            message(Kind::Ok, format!("<b>Phasing ({all}/{all})</b>")),
            message(Kind::Ok, format!("<b>Imputation ({all}/{all})</b>")),
        ],
    }
}

fn last(job: &Job, moment: &Moment) -> Vec<Message> {
    match moment.state {
        JobState::Canceled => vec![message(Kind::Error, "Pipeline execution canceled.")],
        _ if moment.ended_at.is_none() => Vec::new(),
        _ if moment.stage < Stage::Done => vec![
            message(Kind::Error, "Pipeline execution failed."),
            message(Kind::Error, "Imputation job failed. Please see the steps above for details."),
        ],
        _ if job.verdict.ending == Ending::QcOnly => {
            vec![message(Kind::Ok, "Quality control finished. No genotypes were imputed.")]
        }
        _ if job.mail => vec![
            message(Kind::Ok, "Data have been exported successfully."),
            message(
                Kind::Ok,
                format!(
                    "We have sent an email to <b>{}@example.org</b> with the password.",
                    job.owner
                ),
            ),
        ],
        _ => vec![message(
            Kind::Ok,
            format!(
                "Email notification is disabled. All results are encrypted with password <b>{}</b>",
                job.password
            ),
        )],
    }
}

/// About the number for a chromosome in parts of 20 Mb.
fn chunks(job: &Job) -> usize {
    4 * job.verdict.chromosomes.len()
}
