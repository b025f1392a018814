//! The line to a service: whether it opens, what secures it, how fast it is, and whose clock is right.

use http::header;
use jiff::{SignedDuration, Timestamp, fmt::rfc2822::DateTimeParser};
use tokio::time::Instant;
use url::Url;

use super::{Scores, Unexamined};
use crate::{
    backend::client::{Certificate, Client, LineError},
    domain::{Clock, Credential},
};

/// Answers that take longer are slow for a read that others wait for.
const SLOW: std::time::Duration = std::time::Duration::from_secs(2);

/// Certificates are renewed a month before their end; one with less left was forgotten.
const SHORT_DAYS: i64 = 14;

/// Clocks that differ by more get in the way of tokens.
const SKEWED: SignedDuration = SignedDuration::from_secs(30);

/// Clocks that differ by more make the gateway look for lost runs in the wrong hours.
const WRONG: SignedDuration = SignedDuration::from_hours(1);

/// Opens the line. `false` means that there is none, so that nothing else can be asked.
pub(super) async fn open(
    url: &Url,
    client: &Client,
    now: Timestamp,
    scores: &Scores,
) -> Result<bool, Unexamined> {
    let meaning = "it gets no runs while this is so";
    match client.examine(url).await {
        Ok(line) => {
            scores.pass(
                "reachable",
                format!("a connection opens in {} ms", line.opened_in.as_millis()),
            );
            match (url.scheme(), line.certificate) {
                ("https", Some(certificate)) => score_certificate(&certificate, now, scores),
                ("https", None) => scores.unknown("tls", "the certificate could not be read"),
                _ => scores.warn(
                    "tls",
                    "it is reached by plain http",
                    "credentials and genotypes cross the network readable by others; only good \
                     within one machine or a network of your own",
                ),
            }
            Ok(true)
        }
        Err(LineError::Forbidden(refusal)) => Err(Unexamined::Forbidden(refusal)),
        Err(LineError::Tls(why)) => {
            scores.pass("reachable", "a connection opens");
            scores.fail("tls", why, "the gateway sends nothing over a line that it cannot trust");
            Ok(false)
        }
        Err(error @ (LineError::Name(_) | LineError::Connect(_))) => {
            scores.fail("reachable", error.to_string(), meaning);
            Ok(false)
        }
    }
}

/// Judged by the time that is left; all else was checked when the line opened.
fn score_certificate(certificate: &Certificate, now: Timestamp, scores: &Scores) {
    let Certificate { subject, issuer, not_after, .. } = certificate;
    let days = not_after.duration_since(now).as_hours() / 24;
    let said = format!("{subject}, signed by {issuer}, valid for {days} more days");
    if days < SHORT_DAYS {
        scores.warn("tls", said, "it gets no runs from the day on which the certificate expires");
    } else {
        scores.pass("tls", said);
    }
}

/// Measures one answer and compares the clocks.
pub(super) async fn time(url: &Url, client: &Client, clock: &dyn Clock, scores: &Scores) {
    let began = Instant::now();
    let answer = match client.get(&Credential::None, url).await {
        Ok(answer) => answer,
        Err(error) => {
            let why = format!("a plain GET of {url} fails: {error}");
            return scores.warn("latency", why, "questions to it may fail or take long");
        }
    };
    let took = began.elapsed();
    let now = clock.now();
    let said = format!("an answer takes {} ms", took.as_millis());
    if took > SLOW {
        scores.warn("latency", said, "callers who wait for details wait long");
    } else {
        scores.pass("latency", said);
    }
    let date = answer.headers().get(header::DATE).and_then(|value| value.to_str().ok());
    match date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok()) {
        Some(theirs) => score_clock(theirs, now, took, scores),
        None => scores.unknown("clock", "its answers carry no date"),
    }
}

/// `Date` has whole seconds, and the answer was on its way for a while.
fn score_clock(theirs: Timestamp, ours: Timestamp, took: std::time::Duration, scores: &Scores) {
    let apart = theirs.duration_since(ours);
    let doubt = SignedDuration::try_from(took).unwrap_or_default() + SignedDuration::from_secs(1);
    let off = (apart.abs() - doubt).max(SignedDuration::ZERO);
    let direction = if apart.is_negative() { "behind" } else { "ahead" };
    let said = format!("its clock is {} s {direction} of ours", apart.abs().as_secs());
    if off > WRONG {
        let meaning = "a run whose submission was not confirmed may not be found again by its time";
        scores.fail("clock", said, meaning);
    } else if off > SKEWED {
        scores.warn("clock", said, "tokens may be refused as not valid yet, or as expired");
    } else {
        scores.pass("clock", "its clock and ours agree");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::backend::conformance::Verdict;

    fn verdict(scores: Scores, check: &str) -> Verdict {
        let items = scores.into_items("");
        items.iter().find(|item| item.check == check).unwrap().verdict
    }

    #[test]
    fn a_certificate_that_nobody_renewed_is_told_in_time() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        for (days, expected) in [(90, Verdict::Pass), (14, Verdict::Pass), (13, Verdict::Warn)] {
            let (scores, names) = (Scores::default(), Vec::new());
            let not_after = now + SignedDuration::from_hours(24 * days);
            let (subject, issuer) = ("CN=a".to_owned(), "CN=b".to_owned());

            let certificate = Certificate { subject, issuer, names, not_after };
            score_certificate(&certificate, now, &scores);

            assert_eq!(verdict(scores, "tls"), expected, "{days}");
        }
    }

    #[test]
    fn clocks_are_compared_with_the_doubt_that_there_is() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        for (off, expected) in [
            (0, Verdict::Pass),
            (-1, Verdict::Pass),
            (20, Verdict::Pass),
            (40, Verdict::Warn),
            (-600, Verdict::Warn),
            (7200, Verdict::Fail),
            (-90_000, Verdict::Fail),
        ] {
            let scores = Scores::default();

            let theirs = now + SignedDuration::from_secs(off);
            score_clock(theirs, now, Duration::from_millis(200), &scores);

            assert_eq!(verdict(scores, "clock"), expected, "{off}");
        }
    }
}
