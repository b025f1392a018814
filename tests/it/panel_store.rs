//! The same suite on both databases: what the catalogue of panels promises does not depend on where it is
//! kept.

#![expect(clippy::unwrap_used, reason = "the suite is made of functions that only tests call")]

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use ga4gh_gateway::{
    database::Database,
    domain::{Build, CallerId, Clock, ManualClock, Population, ReferencePanel, ServiceId},
    panels::{Error, PanelId, Panels, Sighting, Terms},
};

use crate::support::postgres::Postgres;

struct Suite {
    database: Database,
    clock: Arc<ManualClock>,
}

impl Suite {
    fn over(database: Database) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
        Self { database, clock }
    }

    /// The catalogue as a gateway finds it that starts now.
    async fn opened(&self) -> Panels {
        Panels::open(self.database.clone(), self.clock.clone()).await.unwrap()
    }

    async fn sees(&self, panels: &Panels, service: &str, offered: &[ReferencePanel]) -> usize {
        self.clock.advance(Duration::from_secs(60));
        let service: ServiceId = service.parse().unwrap();
        let at = self.clock.now();
        panels.sight(&[Sighting { service: &service, panels: offered, at }]).await.unwrap()
    }

    async fn sightings_survive_a_restart(&self) {
        let panels = self.opened().await;
        assert_eq!(self.sees(&panels, "kenya", &[panel("hrc"), panel("H3A")]).await, 1);
        let first_seen = self.clock.now();
        assert_eq!(self.sees(&panels, "kenya", &[panel("H3A"), panel("hrc")]).await, 0);
        assert_eq!(self.sees(&panels, "kenya", &[panel("H3A")]).await, 1);
        let gone_since = self.clock.now();
        let before = panels.shelves();

        let after = self.opened().await.shelves();

        let kenya = "kenya".parse().unwrap();
        assert_eq!(after.service(&kenya), before.service(&kenya));
        let shelf = after.service(&kenya).unwrap();
        let h3a = shelf.get(&id("h3a")).unwrap();
        assert_eq!((h3a.since, h3a.gone), (first_seen, None));
        assert_eq!(*h3a.offered, panel("H3A"));
        let hrc = shelf.get(&id("hrc")).unwrap();
        assert_eq!((hrc.first_seen, hrc.gone.unwrap().since), (first_seen, gone_since));
    }

    async fn the_time_of_a_sighting_is_written_down_now_and_then(&self) {
        let panels = self.opened().await;
        self.sees(&panels, "mali", &[panel("hrc")]).await;
        let written = self.clock.now();
        let mali = "mali".parse().unwrap();

        self.sees(&panels, "mali", &[panel("hrc")]).await;
        let soon = self.opened().await.shelves().service(&mali).unwrap().seen_at;
        self.clock.advance(Duration::from_secs(3600));
        self.sees(&panels, "mali", &[panel("hrc")]).await;
        let late = self.opened().await.shelves().service(&mali).unwrap().seen_at;

        assert_eq!((soon, late), (written, self.clock.now()));
    }

    async fn a_change_of_terms_that_was_made_against_another_version_is_refused(&self) {
        let panels = self.opened().await;
        self.sees(&panels, "ghana", &[panel("caapa")]).await;
        let (caapa, by) = (id("caapa"), CallerId::new("issuer", "olu"));
        let terms = Terms {
            note: Some("Ask first".to_owned()),
            duo_terms: ["DUO:0000006".to_owned()].into(),
            jurisdictions: ["GH".parse().unwrap()].into(),
            url: Some("https://example.org/".parse().unwrap()),
            aliases: [id("cappa")].into(),
            samples: Some(883),
            ..Terms::default()
        };
        let set = |terms: &Terms, expected, dry_run| {
            let (panels, caapa, by, terms) = (&panels, &caapa, &by, terms.clone());
            async move { panels.set_terms(caapa, terms, expected, by, dry_run).await }
        };

        assert_eq!(set(&terms, Some(0), true).await.unwrap().version, 1);
        assert_eq!(set(&terms, Some(0), false).await.unwrap().version, 1);
        let stale = set(&Terms::default(), Some(0), false).await;
        let unconditional = set(&terms, None, false).await.unwrap();

        assert!(matches!(stale, Err(Error::Stale { version: 1 })), "{stale:?}");
        let after = self.opened().await.shelves();
        assert_eq!(after.terms(&caapa), Some(&unconditional));
        assert_eq!((&unconditional.terms, unconditional.version), (&terms, 2));
        assert_eq!(after.meant(&id("cappa")), &caapa);
    }

    async fn what_went_long_ago_is_forgotten_for_good(&self) {
        let panels = self.opened().await;
        self.sees(&panels, "malawi", &[panel("a"), panel("b")]).await;
        self.sees(&panels, "malawi", &[panel("a")]).await;
        self.sees(&panels, "gone", &[panel("a")]).await;
        self.sees(&panels, "gone", &[]).await;
        self.clock.advance(Duration::from_secs(1));

        panels.forget(self.clock.now()).await.unwrap();

        let (malawi, gone) = ("malawi".parse().unwrap(), "gone".parse().unwrap());
        for shelves in [panels.shelves(), self.opened().await.shelves()] {
            assert_eq!(shelves.service(&malawi).unwrap().holdings.len(), 1);
            assert_eq!(shelves.service(&gone), None);
        }
    }

    async fn all(self) {
        self.sightings_survive_a_restart().await;
        self.the_time_of_a_sighting_is_written_down_now_and_then().await;
        self.a_change_of_terms_that_was_made_against_another_version_is_refused().await;
        self.what_went_long_ago_is_forgotten_for_good().await;
        self.database.close().await;
    }
}

fn id(text: &str) -> PanelId {
    text.parse().unwrap()
}

fn panel(id: &str) -> ReferencePanel {
    ReferencePanel {
        id: id.to_owned(),
        key: format!("apps@{id}@1.0.0"),
        name: format!("The panel {id} é"),
        build: Some(Build::Hg38),
        input_builds: vec![Build::Hg19, Build::Hg38],
        populations: vec![Population { id: "afr".to_owned(), name: "AFR".to_owned() }],
        samples: Some(4447),
        sites: None,
    }
}

#[tokio::test]
async fn the_catalogue_keeps_its_promises_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open_sqlite(&folder.path().join("panels.sqlite")).await.unwrap();

    Suite::over(database).all().await;
}

#[tokio::test]
async fn the_catalogue_keeps_its_promises_on_postgresql() {
    let postgres = Postgres::start().await;
    let database = Database::open_postgres(&postgres.url()).await.unwrap();

    Suite::over(database).all().await;
}
