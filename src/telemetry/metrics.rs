//! The numbers of one gateway. Labels are bounded: templates, methods, services and our own words,
//! never a path, a run or a caller.

use std::time::Duration;

use prometheus::{
    HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
    core::Collector,
};

use super::limits::LimitNumbers;

/// Seconds; from a cached read to a submission that copies files.
const BUCKETS: [f64; 13] =
    [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0];

/// The numbers, in a registry of their own, so that two gateways in one process do not mix theirs.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    http_requests: IntCounterVec,
    http_durations: HistogramVec,
    run_transitions: IntCounterVec,
    backend_calls: IntCounterVec,
    backend_durations: HistogramVec,
    uploads: IntGauge,
    limits: LimitNumbers,
}

impl Metrics {
    /// All numbers at zero.
    pub fn new() -> Self {
        let registry = Registry::new();
        let build = gauges("build_info", "The version that runs.", &["version"]);
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let uploads = IntGauge::new("ga4gh_gateway_uploads_in_flight", "Uploads under way.")
            .expect("the name is a literal that fits");
        let metrics = Self {
            http_requests: counters(
                "http_requests_total",
                "Requests answered.",
                &["route", "method", "status"],
            ),
            http_durations: histograms(
                "http_request_duration_seconds",
                "Time from a request's head to its answer's head.",
                &["route", "method"],
            ),
            run_transitions: counters(
                "run_transitions_total",
                "Runs that entered a state.",
                &["service", "state"],
            ),
            backend_calls: counters(
                "backend_calls_total",
                "Calls to services.",
                &["service", "operation", "outcome"],
            ),
            backend_durations: histograms(
                "backend_call_duration_seconds",
                "Time that calls to services took.",
                &["service", "operation"],
            ),
            uploads,
            limits: LimitNumbers::new(&registry),
            registry,
        };
        let collectors: [Box<dyn Collector>; 7] = [
            Box::new(build),
            Box::new(metrics.http_requests.clone()),
            Box::new(metrics.http_durations.clone()),
            Box::new(metrics.run_transitions.clone()),
            Box::new(metrics.backend_calls.clone()),
            Box::new(metrics.backend_durations.clone()),
            Box::new(metrics.uploads.clone()),
        ];
        for collector in collectors {
            metrics.registry.register(collector).expect("each name is registered once");
        }
        metrics
    }

    /// Counts an answered request. `route` is a template such as `/runs/{run_id}`.
    pub fn http_request(&self, route: &str, method: &str, status: u16, took: Duration) {
        let method = known_method(method);
        let class = match status {
            100..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        self.http_requests.with_label_values(&[route, method, class]).inc();
        self.http_durations.with_label_values(&[route, method]).observe(took.as_secs_f64());
    }

    /// Counts a run that entered `state` at a service.
    pub fn run_transition(&self, service: &str, state: &'static str) {
        self.run_transitions.with_label_values(&[service, state]).inc();
    }

    /// Counts a call to a service. `outcome` is `ok` or the kind of the error.
    pub fn backend_call(
        &self,
        service: &str,
        operation: &'static str,
        outcome: &'static str,
        took: Duration,
    ) {
        self.backend_calls.with_label_values(&[service, operation, outcome]).inc();
        self.backend_durations.with_label_values(&[service, operation]).observe(took.as_secs_f64());
    }

    /// Counts an upload as under way until the guard is dropped.
    pub fn upload_started(&self) -> InFlight {
        self.uploads.inc();
        InFlight(self.uploads.clone())
    }

    /// Counts what a limit decided.
    pub fn limit_decision(&self, policy: &'static str, allowed: bool) {
        let outcome = if allowed { "allowed" } else { "refused" };
        self.limits.decisions.with_label_values(&[policy, outcome]).inc();
    }

    /// Whether the replicas share their limits now.
    pub fn limits_shared(&self, shared: bool) {
        self.limits.shared.set(i64::from(shared));
    }

    /// How many places for submissions are held, and how many submissions wait for one.
    pub fn submission_places(&self, held: usize, waiting: usize) {
        for (state, count) in [("held", held), ("waiting", waiting)] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.limits.places.with_label_values(&[state]).set(count);
        }
    }

    /// All numbers in Prometheus' text format, version 0.0.4.
    pub fn render(&self) -> String {
        let families = self.registry.gather();
        TextEncoder::new().encode_to_string(&families).expect("text is written to memory")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// An upload under way.
#[derive(Debug)]
pub struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A caller may send any word as a method, so unknown ones share a label.
fn known_method(method: &str) -> &str {
    match method {
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" => method,
        _ => "other",
    }
}

pub(super) fn counters(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    IntCounterVec::new(opts(name, help), labels).expect("names and labels are literals that fit")
}

pub(super) fn gauges(name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    IntGaugeVec::new(opts(name, help), labels).expect("names and labels are literals that fit")
}

fn histograms(name: &str, help: &str, labels: &[&str]) -> HistogramVec {
    let opts = HistogramOpts { common_opts: opts(name, help), buckets: BUCKETS.to_vec() };
    HistogramVec::new(opts, labels).expect("names and labels are literals that fit")
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("ga4gh_gateway")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_told() {
        let metrics = Metrics::new();
        metrics.http_request("/runs/{run_id}", "GET", 404, Duration::from_millis(3));
        metrics.http_request("/runs/{run_id}", "BREW", 999, Duration::ZERO);
        metrics.run_transition("ilifu", "COMPLETE");
        metrics.backend_call("ilifu", "run_workflow", "ok", Duration::from_secs(2));
        metrics.limit_decision("caller-read", false);
        metrics.submission_places(3, 2);
        metrics.limits_shared(true);
        let upload = metrics.upload_started();

        let text = metrics.render();

        for line in [
            r#"http_requests_total{method="GET",route="/runs/{run_id}",status="4xx"} 1"#,
            r#"http_requests_total{method="other",route="/runs/{run_id}",status="5xx"} 1"#,
            r#"run_transitions_total{service="ilifu",state="COMPLETE"} 1"#,
            r#"backend_calls_total{operation="run_workflow",outcome="ok",service="ilifu"} 1"#,
            r#"backend_call_duration_seconds_sum{operation="run_workflow",service="ilifu"} 2"#,
            "uploads_in_flight 1",
            r#"limit_decisions_total{outcome="refused",policy="caller-read"} 1"#,
            r#"submission_places{state="held"} 3"#,
            r#"submission_places{state="waiting"} 2"#,
            "limits_shared 1",
            concat!(r#"build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""} 1"#),
        ] {
            assert!(text.contains(&format!("\nga4gh_gateway_{line}\n")), "{line}\n{text}");
        }
        drop(upload);
        assert!(metrics.render().contains("uploads_in_flight 0"));
    }

    #[test]
    fn two_gateways_do_not_share_numbers() {
        let (one, other) = (Metrics::new(), Metrics::new());

        one.run_transition("ilifu", "COMPLETE");

        assert!(!other.render().contains("ilifu"));
    }
}
