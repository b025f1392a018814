//! The alerts in the database: one open one for each rule and subject, and their history.

use uuid::Uuid;

use super::{
    Error, Result, Severity,
    alert::{Alert, Delivery, Kind, columns},
    evaluate::{Change, Transition},
    message,
};
use crate::{database::Database, on_pool};

/// Longest message that is kept, in characters.
const MAX_MESSAGE: usize = 1000;

/// Transitions in one transaction, so that others get to write in between.
const AT_ONCE: usize = 100;

/// Alerts that are deleted in one go.
const PRUNED: i64 = 500;

/// The alerts. Cheap to clone; clones write to one database.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) database: Database,
}

/// Which alerts are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those that are open, or only those that are not.
    pub open: Option<bool>,
    /// Only those of this severity.
    pub severity: Option<Severity>,
    /// Only those about this service.
    pub service: Option<String>,
    /// Only those of this rule.
    pub rule: Option<String>,
}

/// A page of alerts, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The alerts.
    pub alerts: Vec<Alert>,
    /// Where the next page starts, if there is one.
    pub next_page_token: Option<String>,
}

/// Something that was written down about an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Happened {
    /// What.
    pub kind: Kind,
    /// The alert afterwards.
    pub alert: Alert,
}

/// Who is told: the name of a channel, and the least severity that it is told of.
pub type Listener = (String, Severity);

impl Store {
    /// The alerts in an open database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// The open alerts: rule, subject, severity.
    pub async fn open(&self) -> Result<Vec<(String, String, Severity)>> {
        const SQL: &str = concat!("SELECT ", columns!(), " FROM alerts WHERE resolved_at IS NULL");
        let alerts: Vec<Alert> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).fetch_all(pool).await?
        });
        let open = alerts.into_iter().map(|alert| (alert.rule, alert.subject, alert.severity));
        Ok(open.collect())
    }

    /// Writes transitions down, each together with the messages that are to be sent about it. What is
    /// there already is not written twice.
    pub async fn apply(
        &self,
        transitions: &[Transition],
        listeners: &[Listener],
        now: i64,
    ) -> Result<Vec<Happened>> {
        let mut happened = Vec::new();
        for some in transitions.chunks(AT_ONCE) {
            happened.extend(self.apply_some(some, listeners, now).await?);
        }
        Ok(happened)
    }

    async fn apply_some(
        &self,
        transitions: &[Transition],
        listeners: &[Listener],
        now: i64,
    ) -> Result<Vec<Happened>> {
        let mut happened = Vec::new();
        on_pool!(write &self.database, pool => {
            let mut all = pool.begin().await?;
            for transition in transitions {
                let Statement { kind, sql, text, more } = statement(transition);
                let mut query = sqlx::query_as::<_, Alert>(sql)
                    .bind(&transition.rule)
                    .bind(&transition.subject)
                    .bind(now)
                    .bind(cut(text));
                for value in more {
                    query = query.bind(value);
                }
                let Some(alert) = query.fetch_optional(&mut *all).await? else { continue };
                let told: Vec<String> = match kind {
                    Kind::Resolved => {
                        let told: Vec<(String,)> = sqlx::query_as(TOLD)
                            .bind(&alert.id)
                            .fetch_all(&mut *all)
                            .await?;
                        told.into_iter().map(|(channel,)| channel).collect()
                    }
                    Kind::Raised | Kind::Escalated | Kind::Test => interested(listeners, &alert),
                };
                for channel in told {
                    sqlx::query(DELIVER)
                        .bind(message::new_id())
                        .bind(&alert.id)
                        .bind(channel)
                        .bind(kind.as_str())
                        .bind(message::payload(kind, &alert))
                        .bind(now)
                        .execute(&mut *all)
                        .await?;
                }
                happened.push(Happened { kind, alert });
            }
            all.commit().await?;
        });
        Ok(happened)
    }

    /// Notes that the open alerts were looked at.
    pub async fn touch(&self, now: i64) -> Result<()> {
        const SQL: &str = "UPDATE alerts SET last_seen = $1 WHERE resolved_at IS NULL";
        on_pool!(write &self.database, pool => {
            sqlx::query(SQL).bind(now).execute(pool).await?;
        });
        Ok(())
    }

    /// Deletes some of the alerts that were resolved before a time, the oldest first.
    pub async fn prune(&self, before: i64) -> Result<u64> {
        const OLD: &str = "DELETE FROM deliveries WHERE alert_id IN (SELECT id FROM alerts \
             WHERE resolved_at < $1 ORDER BY resolved_at, id LIMIT $2)";
        const ALERTS: &str = "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts \
             WHERE resolved_at < $1 ORDER BY resolved_at, id LIMIT $2)";
        Ok(on_pool!(write &self.database, pool => {
            let mut both = pool.begin().await?;
            sqlx::query(OLD).bind(before).bind(PRUNED).execute(&mut *both).await?;
            let gone = sqlx::query(ALERTS).bind(before).bind(PRUNED).execute(&mut *both).await?;
            both.commit().await?;
            gone.rows_affected()
        }))
    }

    /// Some alerts, newest first.
    pub async fn list(&self, filter: &Filter, token: Option<&str>, size: u32) -> Result<Page> {
        const SQL: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM alerts WHERE id < $1 \
             AND ($2 = '' OR ($2 = 'open') = (resolved_at IS NULL)) AND ($3 = '' OR severity = $3) \
             AND ($4 = '' OR service_id = $4) AND ($5 = '' OR rule = $5) ORDER BY id DESC LIMIT $6"
        );
        if token.is_some_and(|token| Uuid::try_parse(token).is_err()) {
            return Err(Error::BadPageToken);
        }
        let state = match filter.open {
            None => "",
            Some(true) => "open",
            Some(false) => "resolved",
        };
        let mut alerts: Vec<Alert> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL)
                // Sorts after every hexadecimal id.
                .bind(token.unwrap_or("g"))
                .bind(state)
                .bind(filter.severity.map_or("", Severity::as_str))
                .bind(filter.service.as_deref().unwrap_or_default())
                .bind(filter.rule.as_deref().unwrap_or_default())
                .bind(i64::from(size) + 1)
                .fetch_all(pool)
                .await?
        });
        let more = alerts.len() > size as usize;
        alerts.truncate(size as usize);
        let next_page_token = alerts.last().filter(|_| more).map(|alert| alert.id.clone());
        Ok(Page { alerts, next_page_token })
    }

    /// One alert.
    pub async fn get(&self, id: &str) -> Result<Alert> {
        const SQL: &str = concat!("SELECT ", columns!(), " FROM alerts WHERE id = $1");
        let alert: Option<Alert> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(id).fetch_optional(pool).await?
        });
        alert.ok_or(Error::UnknownAlert)
    }

    /// The messages about an alert, in the order in which they are sent.
    pub async fn deliveries(&self, alert_id: &str) -> Result<Vec<Delivery>> {
        const SQL: &str = "SELECT id, channel, kind, payload, state, attempts, next_at, delivered_at, \
             last_error FROM deliveries WHERE alert_id = $1 ORDER BY id";
        Ok(on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(alert_id).fetch_all(pool).await?
        }))
    }

    /// Writes down who looks after an open alert. The last one to say so counts.
    pub async fn acknowledge(&self, id: &str, by: &str, note: &str, now: i64) -> Result<Alert> {
        const SQL: &str = concat!(
            "UPDATE alerts SET acknowledged_at = $2, acknowledged_by = $3, note = $4 \
             WHERE id = $1 AND resolved_at IS NULL RETURNING ",
            columns!()
        );
        let alert: Option<Alert> = on_pool!(write &self.database, pool => {
            sqlx::query_as(SQL).bind(id).bind(now).bind(by).bind(note).fetch_optional(pool).await?
        });
        match alert {
            Some(alert) => Ok(alert),
            None => self.get(id).await.and(Err(Error::Resolved)),
        }
    }
}

const TOLD: &str = "SELECT DISTINCT channel FROM deliveries WHERE alert_id = $1 ORDER BY channel";

const DELIVER: &str = "INSERT INTO deliveries (id, alert_id, channel, kind, payload, state, \
     created_at, next_at) VALUES ($1, $2, $3, $4, $5, 'pending', $6, $6)";

/// What a transition writes. Its parameters are the rule, the subject, the time, the text, and `more`.
struct Statement<'a> {
    kind: Kind,
    sql: &'static str,
    text: &'a str,
    more: Vec<String>,
}

/// What a transition writes; nothing comes back where it was written before.
fn statement(transition: &Transition) -> Statement<'_> {
    match &transition.change {
        Change::Raised { service, severity, message } => Statement {
            kind: Kind::Raised,
            sql: concat!(
                "INSERT INTO alerts (rule, subject, raised_at, last_seen, message, severity, \
                 service_id, id) VALUES ($1, $2, $3, $3, $4, $5, $6, $7) \
                 ON CONFLICT DO NOTHING RETURNING ",
                columns!()
            ),
            text: message,
            more: vec![
                severity.as_str().to_owned(),
                service.to_string(),
                Uuid::now_v7().to_string(),
            ],
        },
        Change::Escalated { severity, message } => Statement {
            kind: Kind::Escalated,
            sql: concat!(
                "UPDATE alerts SET last_seen = $3, message = $4, severity = $5 \
                 WHERE rule = $1 AND subject = $2 AND resolved_at IS NULL RETURNING ",
                columns!()
            ),
            text: message,
            more: vec![severity.as_str().to_owned()],
        },
        Change::Resolved { why } => Statement {
            kind: Kind::Resolved,
            sql: concat!(
                "UPDATE alerts SET last_seen = $3, resolved_at = $3, resolution = $4 \
                 WHERE rule = $1 AND subject = $2 AND resolved_at IS NULL RETURNING ",
                columns!()
            ),
            text: why,
            more: Vec::new(),
        },
    }
}

fn interested(listeners: &[Listener], alert: &Alert) -> Vec<String> {
    let interested = listeners.iter().filter(|(_, from)| alert.severity >= *from);
    interested.map(|(channel, _)| channel.clone()).collect()
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(MAX_MESSAGE).map_or(text, |(end, _)| &text[..end])
}
