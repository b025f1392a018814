//! A set of policies comes into force: at start, when an operator says so, and when its files change.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Mutex,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{Policies, PolicyError, PolicyParts, folder};
use crate::{
    datasets::StoredSet,
    policy::{Law, Report, RuleSet},
};

/// Who puts a set in force that nobody asked for.
const START: &str = "the start of the gateway";
const WATCH: &str = "a change of the files";

/// What is known of the set in force.
#[derive(Debug, Clone)]
pub struct InForce {
    /// Counts the sets that were put in force.
    pub epoch: u64,
    /// Who put it in force.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The set.
    pub rules: Arc<RuleSet>,
    /// What came of its tests.
    pub report: Report,
}

impl Policies {
    /// Puts the policies of the folder in force, or the last good ones where those are not good. Without a
    /// good set the gateway does not start: it would permit what people wanted forbidden.
    pub async fn open(parts: PolicyParts) -> Result<Arc<Self>, PolicyError> {
        let policies = Self { parts, in_force: Mutex::new(None) };
        policies.parts.law.replace(Law::new(policies.parts.floor.clone(), None, 0));
        if policies.parts.config.dir.is_none() {
            return Ok(Arc::new(policies));
        }
        if let Some(last) = policies.parts.sets.last().await? {
            match policies.restored(last) {
                Ok(last) => {
                    policies.enforce(&last);
                    *policies.in_force.lock().await = Some(last);
                }
                Err(error) => {
                    error!("the policies that were in force cannot be used any more: {error}");
                }
            }
        }
        match policies.reload(START).await {
            Ok(_) => {}
            Err(error) if policies.in_force.lock().await.is_some() => {
                error!("the last good policies stay in force: {error}");
            }
            Err(error) => return Err(error),
        }
        Ok(Arc::new(policies))
    }

    /// What is known of the set in force; `None` where the floor decides alone.
    pub async fn in_force(&self) -> Option<InForce> {
        self.in_force.lock().await.clone()
    }

    /// Reads the folder, checks everything and puts the set in force, at once for everybody. A set that is
    /// in force already keeps its epoch.
    pub async fn reload(&self, by: &str) -> Result<InForce, PolicyError> {
        let folder = self.parts.config.dir.as_ref().ok_or(PolicyError::NoFolder)?;
        self.put_in_force(folder::read(folder).await?, by).await
    }

    async fn put_in_force(
        &self,
        files: BTreeMap<String, String>,
        by: &str,
    ) -> Result<InForce, PolicyError> {
        let mut in_force = self.in_force.lock().await;
        if let Some(same) = in_force.as_ref().filter(|now| *now.rules.files() == files) {
            return Ok(same.clone());
        }
        let last = self.parts.sets.last().await?.map_or(0, |last| last.epoch);
        let epoch = last + 1;
        let (rules, report) = self.check(&files, epoch)?;
        let next = InForce { epoch, by: by.to_owned(), at: self.parts.clock.now(), rules, report };
        // Written down first: after a crash in between it is in force at the next start.
        let set = StoredSet { epoch, files, by: next.by.clone(), at: next.at };
        self.parts.sets.write(&set).await?;
        self.enforce(&next);
        info!("policies of epoch {epoch} are in force, put there by {by}: {}", next.rules.len());
        if !next.report.untested.is_empty() {
            warn!("no test is decided by these policies: {}", next.report.untested.join(", "));
        }
        *in_force = Some(next.clone());
        Ok(next)
    }

    /// Follows the files and SIGHUP until `shutdown`.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let Some(folder) = self.parts.config.dir.clone() else { return };
        let mut hangups = signal(SignalKind::hangup()).ok();
        let every = self.parts.config.watch;
        // A bad set is told once, and not at every look.
        let mut refused: Option<BTreeMap<String, String>> = None;
        loop {
            let look = async {
                if every.is_zero() {
                    std::future::pending().await
                } else {
                    tokio::time::sleep(every).await
                }
            };
            let hangup = async {
                match &mut hangups {
                    Some(hangups) => hangups.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = look => {
                    let files = folder::read(&folder).await.ok();
                    if files.is_some() && files == refused {
                        continue;
                    }
                    refused = None;
                    if let Some(files) = files
                        && let Err(error) = self.put_in_force(files.clone(), WATCH).await
                    {
                        error!("changed policies are refused: {error}");
                        refused = Some(files);
                    }
                }
                _ = hangup => if let Err(error) = self.reload("SIGHUP").await {
                    error!("policies are refused: {error}");
                },
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// A set that was in force before. Its tests held then; that time passed must not lose it.
    fn restored(&self, set: StoredSet) -> Result<InForce, PolicyError> {
        let rules = Arc::new(RuleSet::compile(&set.files).map_err(PolicyError::Flawed)?);
        let law = Law::new(self.parts.floor.clone(), Some(rules.clone()), set.epoch);
        let report = law.test(self.parts.clock.now());
        if !report.failures.is_empty() {
            warn!("tests of the policies hold no longer: {}", super::failing(&report.failures));
        }
        Ok(InForce { epoch: set.epoch, by: set.by, at: set.at, rules, report })
    }

    fn enforce(&self, set: &InForce) {
        let law = Law::new(self.parts.floor.clone(), Some(set.rules.clone()), set.epoch);
        self.parts.law.replace(law);
    }

    /// The set of these files, if it is good.
    fn check(
        &self,
        files: &BTreeMap<String, String>,
        epoch: u64,
    ) -> Result<(Arc<RuleSet>, Report), PolicyError> {
        let rules = Arc::new(RuleSet::compile(files).map_err(PolicyError::Flawed)?);
        let law = Law::new(self.parts.floor.clone(), Some(rules.clone()), epoch);
        let report = law.test(self.parts.clock.now());
        if report.failures.is_empty() {
            Ok((rules, report))
        } else {
            Err(PolicyError::Failing(report.failures))
        }
    }
}
