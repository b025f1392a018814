//! Submissions, accepted, refused and lost.

use std::io;

use bytes::Bytes;
use futures_util::stream;

use super::*;
use crate::backend::{Attachment, AttachmentStream, ByteStream};

#[tokio::test]
async fn an_accepted_job_is_listed_without_its_password() {
    let sim = Sim::start("cloudgene3", &[SLOW]).await;

    let id = sim.submit(&[("job-name", "run <1>"), ("password", "GwSecret"), ("meta", "no")]).await;

    let accepted = sim.simulator.submissions.all();
    assert_eq!(accepted.len(), 1);
    assert_eq!(accepted[0].id, id);
    assert_eq!(accepted[0].job_name.as_deref(), Some("run &lt;1&gt;"));
    assert_eq!(accepted[0].files, [("chr20.vcf.gz".to_owned(), 70)]);
    assert_eq!(accepted[0].fields["meta"], "true");
    assert!(!format!("{accepted:?}").contains("GwSecret"));
}

#[tokio::test]
async fn refused_submissions_make_no_job() {
    for (kind, knobs, app, field, status) in [
        ("cloudgene3", ("name", "x"), "imputationserver2", ("files-source", "file"), 400),
        ("cloudgene3", ("name", "x"), "imputationserver2-hla", ("mode", "imputation"), 400),
        ("cloudgene3", ("name", "x"), "imputationserver", ("build", "hg19"), 404),
        ("cloudgene3", ("jobs_per_user", "0"), "imputationserver2", ("build", "hg19"), 400),
        ("cloudgene2", ("jobs_per_user", "0"), "imputationserver2", ("build", "hg19"), 400),
        ("cloudgene3", ("upload_limit_bytes", "50"), "imputationserver2", ("build", "hg19"), 413),
        ("cloudgene2", ("upload_limit_bytes", "50"), "imputationserver2", ("build", "hg19"), 400),
        ("cloudgene3", ("maintenance", "true"), "imputationserver2", ("build", "hg19"), 503),
        ("cloudgene3", ("fail_submit_with", "502"), "imputationserver2", ("build", "hg19"), 502),
        ("cloudgene3", ("token_state", "expired"), "imputationserver2", ("build", "hg19"), 401),
        ("cloudgene3", ("token_state", "revoked"), "imputationserver2", ("build", "hg19"), 403),
        ("cloudgene2", ("token_state", "expired"), "imputationserver2", ("build", "hg19"), 404),
    ] {
        let sim = Sim::start(kind, &[knobs]).await;

        let answer = sim.send(app, &[PANEL, field], &["chr20.vcf.gz"]).await.unwrap();

        assert_eq!(answer.status().as_u16(), status, "{kind} {knobs:?} {app} {field:?}");
        assert!(sim.simulator.submissions.all().is_empty());
    }
}

#[tokio::test]
async fn a_lost_answer_leaves_a_job() {
    for (knob, value) in [
        ("reset_after_upload", "true"),
        ("hang_after_upload", "true"),
        ("answer_delay_ms", "60000"),
        ("create_then_fail_with", "504"),
    ] {
        let sim = Sim::start("cloudgene3", &[(knob, value)]).await;

        let answer = sim.send("imputationserver2", &[PANEL], &["chr20.vcf.gz"]).await;

        assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status() == 504), "{knob}");
        let accepted = sim.simulator.submissions.all();
        assert_eq!(accepted.len(), 1, "{knob}");
        assert_eq!(sim.status(&format!("/api/v2/jobs/{}", accepted[0].id)).await, 200);
    }
}

#[tokio::test]
async fn a_confirmed_job_may_be_unknown_afterwards() {
    let sim = Sim::start("cloudgene3", &[("lose_job", "true")]).await;

    let id = sim.submit(&[]).await;

    assert_eq!(sim.status(&format!("/api/v2/jobs/{id}")).await, 404);
    assert!(sim.simulator.submissions.all().is_empty());
}

#[tokio::test]
async fn a_job_may_show_later_than_it_exists() {
    let sim = Sim::start("cloudgene3", &[("visible_after_ms", "3600000")]).await;

    let id = sim.submit(&[]).await;

    assert_eq!(sim.status(&format!("/api/v2/jobs/{id}")).await, 404);
    assert_eq!(sim.json("/api/v2/jobs").await["count"], 0);
    assert_eq!(sim.simulator.submissions.all().len(), 1);
}

#[tokio::test]
async fn the_limit_of_jobs_counts_those_of_the_user_that_have_not_ended() {
    let sim = Sim::start("cloudgene3", &[("jobs_per_user", "1"), SLOW]).await;
    let id = sim.submit(&[]).await;

    let answer = sim.send("imputationserver2", &[PANEL], &["chr20.vcf.gz"]).await.unwrap();

    let problem = answer.problem().await;
    assert_eq!(problem.status, 400);
    assert!(problem.message.starts_with("Only 1 jobs per user"), "{}", problem.message);
    sim.get(&format!("/api/v2/jobs/{id}/cancel")).await;
    sim.submit(&[]).await;
}

#[tokio::test]
async fn a_large_file_is_counted_and_not_kept() {
    const PIECES: usize = 256;
    let sim = Sim::start("cloudgene3", &[]).await;
    let piece = Bytes::from(vec![7; 1024 * 1024]);
    let bytes: ByteStream =
        Box::pin(stream::iter(std::iter::repeat_n(piece, PIECES).map(Ok::<_, io::Error>)));
    let file = Attachment { name: "chr1.vcf.gz".to_owned(), bytes };
    let files: AttachmentStream = Box::pin(stream::iter([Ok(file)]));
    let before = memory_kb();

    let attachments = Attachments { manifest: None, files };
    let answer = sim.send_files("imputationserver2", &[PANEL], attachments).await.unwrap();

    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(sim.simulator.submissions.all()[0].bytes, PIECES as u64 * 1024 * 1024);
    let grown = memory_kb().saturating_sub(before);
    assert!(grown < 128 * 1024, "the peak of memory grew by {grown} kB");
}

#[tokio::test]
async fn an_upload_that_breaks_off_makes_no_job() {
    let sim = Sim::start("cloudgene3", &[]).await;
    let pieces = [Ok(Bytes::from_static(b"half a file")), Err(io::ErrorKind::BrokenPipe.into())];
    let file = Attachment { name: "chr1.vcf.gz".into(), bytes: Box::pin(stream::iter(pieces)) };
    let files: AttachmentStream = Box::pin(stream::iter([Ok(file)]));

    let attachments = Attachments { manifest: None, files };
    let answer = sim.send_files("imputationserver2", &[PANEL], attachments).await;

    assert!(matches!(answer, Err(HttpError::Upload(_))), "{answer:?}");
    assert!(sim.simulator.submissions.all().is_empty());
}

/// The peak of memory of this process.
fn memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
