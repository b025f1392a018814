//! Sets of policies come into force, or do not.

use std::{fs, path::Path};

use jiff::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::{
    database::Database,
    domain::{Blocs, Caller, CallerId, ManualClock, Service},
    policy::{Config, Scenario},
};

const GOOD: &str = r#"
@id("members") permit (principal, action, resource);
@id("abroad") @reason("nothing leaves Kenya") forbid (principal, action, resource)
unless { resource.jurisdiction == "KE" };
"#;
const TEST: &str = r#"
[[tests]]
name = "abroad"
expect = "refused"
by = "abroad"
service = { jurisdiction = "US" }
"#;

struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("policies")).unwrap();
        Self { folder }
    }

    fn dir(&self) -> std::path::PathBuf {
        self.folder.path().join("policies")
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.dir().join(name), text).unwrap();
    }

    /// The use cases as a gateway finds them that starts now.
    async fn open(&self) -> Result<Arc<Policies>, PolicyError> {
        self.open_with(Some(self.dir().as_path())).await
    }

    async fn open_with(&self, dir: Option<&Path>) -> Result<Arc<Policies>, PolicyError> {
        let file = self.folder.path().join("desk.sqlite");
        let database = Database::open_sqlite(&file).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        let datasets = Datasets::open(database.clone(), clock.clone(), Blocs::default()).await;
        let panels = Panels::open(database.clone(), clock.clone()).await;
        let service = |id: &str, law: &str| {
            let url = "http://127.0.0.1:1".parse().unwrap();
            Service::new(id.parse().unwrap(), "wes", url, law.parse().unwrap())
        };
        Policies::open(PolicyParts {
            config: Config { dir: dir.map(Path::to_owned), ..Config::default() },
            floor: Arc::default(),
            law: Arc::default(),
            sets: PolicySets::new(database),
            datasets: Arc::new(datasets.unwrap()),
            panels: Arc::new(panels.unwrap()),
            registry: Arc::new(Registry::of([service("kenya", "KE"), service("mali", "ML")])),
            clock,
        })
        .await
    }
}

/// The services that a run of Amina may go to, and the epoch.
fn allowed(policies: &Policies) -> (Vec<String>, u64) {
    let amina = Caller::new(CallerId::new("issuer", "amina"));
    let explained = policies.evaluate(&Scenario::default(), &amina).unwrap();
    let allowed = explained.services.into_iter().filter(|ruling| ruling.allowed);
    (allowed.map(|ruling| ruling.service.to_string()).collect(), explained.epoch)
}

fn all() -> Vec<String> {
    vec!["kenya".to_owned(), "mali".to_owned()]
}

fn kenya() -> Vec<String> {
    vec!["kenya".to_owned()]
}

#[tokio::test]
async fn without_a_folder_the_floor_decides_alone() {
    let policies = Desk::new().open_with(None).await.unwrap();

    assert_eq!(allowed(&policies), (all(), 0));
    assert!(policies.in_force().await.is_none());
    assert!(matches!(policies.reload("juma").await, Err(PolicyError::NoFolder)));
}

#[tokio::test]
async fn a_good_set_is_in_force_at_once_and_its_epoch_rises_only_when_it_changes() {
    let desk = Desk::new();
    desk.write("a.cedar", GOOD);
    desk.write("notes.md", "not a policy");
    let policies = desk.open().await.unwrap();
    assert_eq!(allowed(&policies), (kenya(), 1));

    assert_eq!(policies.reload("juma").await.unwrap().epoch, 1);
    desk.write("a.tests.toml", TEST);
    let next = policies.reload("juma").await.unwrap();

    assert_eq!((next.epoch, next.by.as_str(), next.report.passed), (2, "juma", 1));
    assert!(next.report.untested.is_empty());
    desk.write("a.cedar", r#"@id("members") permit (principal, action, resource);"#);
    fs::remove_file(desk.dir().join("a.tests.toml")).unwrap();
    policies.reload("juma").await.unwrap();
    assert_eq!(allowed(&policies), (all(), 3));
}

#[tokio::test]
async fn a_bad_set_changes_nothing_and_the_last_good_one_survives_a_restart() {
    let desk = Desk::new();
    desk.write("a.cedar", GOOD);
    let policies = desk.open().await.unwrap();

    desk.write("b.cedar", "permit (");
    assert!(matches!(policies.reload("juma").await, Err(PolicyError::Flawed(_))));
    assert_eq!(allowed(&policies), (kenya(), 1));

    desk.write("b.cedar", "");
    desk.write("b.tests.toml", &TEST.replace("refused", "allowed"));
    assert!(matches!(policies.reload("juma").await, Err(PolicyError::Failing(_))));
    assert_eq!(allowed(&policies), (kenya(), 1));

    fs::remove_dir_all(desk.dir()).unwrap();
    assert!(matches!(policies.reload("juma").await, Err(PolicyError::Unreadable(_))));
    let again = desk.open().await.unwrap();
    assert_eq!(allowed(&again), (kenya(), 1));
    assert_eq!(again.in_force().await.unwrap().by, "the start of the gateway");
}

#[tokio::test]
async fn a_gateway_that_never_had_a_good_set_does_not_start() {
    let desk = Desk::new();
    assert!(matches!(desk.open().await, Err(PolicyError::Unreadable(_))), "an empty folder");

    desk.write("a.cedar", "permit (");
    let error = desk.open().await.unwrap_err();

    assert!(error.to_string().starts_with("the policies are wrong"), "{error}");
}

#[tokio::test]
async fn a_scenario_is_asked_about_records_and_about_who_asks() {
    let desk = Desk::new();
    desk.write(
        "a.cedar",
        r#"@id("m") permit (principal, action, resource) when { principal has institution };"#,
    );
    let policies = desk.open().await.unwrap();
    let amina = Caller::new(CallerId::new("issuer", "amina"));
    let record = serde_json::from_str(r#"{"id": "h3a", "origin": ["ML"]}"#).unwrap();
    policies.parts.datasets.create(&record, &amina.id, false).await.unwrap();
    let ask = |toml: &str, asker: &Caller| {
        let scenario: Scenario = toml::from_str(toml).unwrap();
        let explained = policies.evaluate(&scenario, asker);
        explained.map(|explained| {
            let allowed = explained.services.into_iter().filter(|ruling| ruling.allowed);
            allowed.map(|ruling| ruling.service.to_string()).collect::<Vec<_>>().join(" ")
        })
    };
    let at_univ = Caller { institution: Some("Univ".to_owned()), ..amina.clone() };

    assert_eq!(ask("", &amina).unwrap(), "");
    assert_eq!(ask("", &at_univ).unwrap(), "kenya mali");
    assert_eq!(ask("caller = { institution = \"Univ\" }", &amina).unwrap(), "kenya mali");
    assert_eq!(ask("dataset = \"h3a\"", &at_univ).unwrap(), "mali");
    assert_eq!(ask("dataset = \"none\"", &at_univ).unwrap(), "");
    assert!(matches!(ask("dataset = \"/\"", &at_univ), Err(PolicyError::Scenario(_))));
}
