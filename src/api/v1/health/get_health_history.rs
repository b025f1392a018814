//! `GET /api/v1/services/{service_id}/health/history`: how a service was.

use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{millis, named};
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ApiError, ErrorResponse, Result},
        extract::{Path, Query, time},
        json::Private,
    },
    domain::ServiceId,
    ga4gh::time::format,
    health::{Period, Resolution, Sample, Verdict},
};

/// Points on a page, unless the caller asks for fewer, and at most.
const MOST: usize = 1000;

/// Which part of the history is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// From when on; a day ago unless set.
    from: Option<String>,
    /// Before when; now unless set.
    to: Option<String>,
    /// `detail` for every answer, `hour` or `day` for what they add up to; `hour` unless set.
    resolution: Option<String>,
    /// How many points at most, from 1 to 1000.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000)]
    page_size: Option<String>,
    /// Where the page starts: the `next_page_token` of the page before.
    page_token: Option<String>,
}

/// A page of a history, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryPage {
    /// Id of the service.
    service: String,
    /// `detail`, `hour` or `day`.
    resolution: &'static str,
    /// The points. A stretch of time of which nothing is known has none.
    points: Vec<Point>,
    /// Where the next page starts; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// An answer, or what the answers of an hour or a day add up to.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Point {
    /// When it was asked, or when the hour or day began.
    at: String,
    /// On an answer: `up`, `degraded`, `unusable`, `unreachable` or `maintenance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    /// On an answer: how long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<f64>,
    /// On an hour or day: how it was.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    period: Option<PeriodView>,
}

/// What many answers add up to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PeriodView {
    /// Times that the service was asked.
    samples: u64,
    /// Share of the time in which it could be used, in per cent, maintenance left aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    availability: Option<f64>,
    /// Half of the answers came within this many milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    p50_ms: Option<f64>,
    /// 95 of a hundred did.
    #[serde(skip_serializing_if = "Option::is_none")]
    p95_ms: Option<f64>,
    /// Seconds in which it could be used.
    up_s: u64,
    /// Seconds in which something worried.
    degraded_s: u64,
    /// Seconds in which it answered, but could not be used.
    unusable_s: u64,
    /// Seconds in which it did not answer.
    unreachable_s: u64,
    /// Seconds in which it was not to be used.
    maintenance_s: u64,
}

impl PeriodView {
    pub(super) fn of(period: &Period) -> Self {
        Self {
            samples: period.samples(),
            availability: period.availability().map(|share| (share * 1e5).round() / 1e3),
            p50_ms: period.quantile(0.5).map(millis),
            p95_ms: period.quantile(0.95).map(millis),
            up_s: period.seconds(Verdict::Up),
            degraded_s: period.seconds(Verdict::Degraded),
            unusable_s: period.seconds(Verdict::Unusable),
            unreachable_s: period.seconds(Verdict::Unreachable),
            maintenance_s: period.seconds(Verdict::Maintenance),
        }
    }
}

/// Tells how a service was: every answer for the last days, hours and days for longer.
#[utoipa::path(
    get,
    path = "/services/{service_id}/health/history",
    tag = "health",
    params(("service_id" = String, Path, description = "Id of the service"), HistoryQuery),
    responses(
        (status = 200, description = "A page of the history", body = HistoryPage),
        (status = 400, description = "Bad time, resolution, page_size or page_token", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 404, description = "There is no such service", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_health_history(
    State(api): State<Api>,
    _caller: Authenticated,
    Path(id): Path<String>,
    Query(query): Query<HistoryQuery>,
) -> Result<Private<HistoryPage>> {
    let id = named(&id)?;
    api.health.listed(&id)?;
    let wish = Wish::read(&query, api.health.now())?;
    let mut points = wish.points(&api, &id).await?;
    let next_page_token =
        (points.len() > wish.size).then(|| points[wish.size].0.as_microsecond().to_string());
    points.truncate(wish.size);
    let points = points.into_iter().map(|(_, point)| point).collect();
    let service = id.to_string();
    Ok(Private(HistoryPage { service, resolution: wish.word, points, next_page_token }))
}

/// The query, read.
struct Wish {
    from: Timestamp,
    to: Timestamp,
    now: Timestamp,
    word: &'static str,
    resolution: Option<Resolution>,
    size: usize,
}

impl Wish {
    fn read(query: &HistoryQuery, now: Timestamp) -> Result<Self> {
        let day_ago = now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(now);
        let from = query.from.as_deref().map_or(Ok(day_ago), |text| time("from", text))?;
        let to = query.to.as_deref().map_or(Ok(now), |text| time("to", text))?;
        let token = query.page_token.as_deref().filter(|token| !token.is_empty());
        let from = match token.map(|token| Timestamp::from_microsecond(token.parse().ok()?).ok()) {
            None => from,
            Some(Some(start)) => from.max(start),
            Some(None) => {
                let msg = "the page_token is not one that was handed out";
                return Err(ApiError::bad_request("bad_page_token", msg));
            }
        };
        let (word, resolution) = match query.resolution.as_deref() {
            Some("detail") => ("detail", None),
            None | Some("hour") => ("hour", Some(Resolution::Hour)),
            Some("day") => ("day", Some(Resolution::Day)),
            Some(_) => {
                let msg = "resolution is detail, hour or day";
                return Err(ApiError::bad_request("bad_resolution", msg));
            }
        };
        let size = match query.page_size.as_deref().map(str::parse::<usize>) {
            None => MOST,
            Some(Ok(size)) if size > 0 => size.min(MOST),
            Some(Ok(_) | Err(_)) => {
                let msg = "page_size is a whole number from 1 on";
                return Err(ApiError::bad_request("bad_page_size", msg));
            }
        };
        Ok(Self { from, to, now, word, resolution, size })
    }

    /// The points of a page, and one more if there are more.
    async fn points(&self, api: &Api, id: &ServiceId) -> Result<Vec<(Timestamp, Point)>> {
        let history = api.health.history();
        let Some(resolution) = self.resolution else {
            let samples = history.samples(id, self.from, self.to, self.size + 1).await?;
            return Ok(samples
                .into_iter()
                .map(|sample| (sample.at, Point::from(sample)))
                .collect());
        };
        let periods = history.periods(id, self.from, self.to, resolution, self.now).await?;
        let points = periods.iter().take(self.size + 1).map(|(at, period)| {
            let period = Some(PeriodView::of(period));
            (*at, Point { at: format(*at), period, ..Point::default() })
        });
        Ok(points.collect())
    }
}

impl From<Sample> for Point {
    fn from(sample: Sample) -> Self {
        Self {
            at: format(sample.at),
            state: Some(sample.verdict.as_str()),
            latency_ms: sample.latency.map(millis),
            period: None,
        }
    }
}
