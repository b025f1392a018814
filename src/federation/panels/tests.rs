//! What the catalogue makes of what services tell, over a database of its own and a clock that stands still.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::*;
use crate::registry::StateWord;
use crate::{
    database::Database,
    domain::{
        Build, CallerId, Clock, ManualClock, Offer, Population, ReferencePanel, Service, ServiceId,
    },
    panels,
    registry::{Reach, Record, Registry, Source},
};

/// A federation with a catalogue.
pub(in crate::federation) struct House {
    pub(in crate::federation) registry: Arc<Registry>,
    pub(in crate::federation) catalogue: PanelCatalogue,
    clock: Arc<ManualClock>,
    watch: PanelWatch,
    _folder: tempfile::TempDir,
}

impl House {
    pub(in crate::federation) async fn of(services: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open_sqlite(&folder.path().join("panels.sqlite")).await.unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
        let panels = Arc::new(Panels::open(database, clock.clone()).await.unwrap());
        let registry = Arc::new(Registry::of(services.iter().map(|(id, law)| service(id, law))));
        let config = PanelsConfig::default();
        Self {
            watch: PanelWatch::new(config, panels.clone(), registry.clone(), clock.clone()),
            catalogue: PanelCatalogue::new(panels, registry.clone()),
            registry,
            clock,
            _folder: folder,
        }
    }

    /// A service tells what it offers, a minute after what was told before.
    pub(in crate::federation) fn tells(&self, id: &str, offer: Offer) {
        self.clock.advance(Duration::from_secs(60));
        self.registry.publish(&id.parse().unwrap(), Reach::Usable, Some(offer), self.clock.now());
    }

    pub(in crate::federation) fn offers(&self, id: &str, panels: &[ReferencePanel]) {
        self.tells(id, Offer { panels: panels.to_vec(), ..Offer::default() });
    }

    pub(in crate::federation) async fn look(&mut self) -> usize {
        self.watch.look().await.unwrap()
    }

    pub(in crate::federation) async fn say(
        &self,
        id: &str,
        document: TermsDocument,
        expected: i64,
    ) -> Result<TermsRecord, PanelsError> {
        let by = CallerId::new("issuer", "olu");
        self.catalogue.set_terms(id, &document, expected, &by, false).await
    }

    fn ids(&self, filter: &PanelFilter) -> Vec<String> {
        let page = self.catalogue.list(filter, 100, None).unwrap();
        assert_eq!(page.panels.len(), page.total);
        page.panels.iter().map(|entry| entry.id.to_string()).collect()
    }
}

fn service(id: &str, law: &str) -> Service {
    let url = "http://127.0.0.1:1".parse().unwrap();
    Service::new(id.parse().unwrap(), "michigan", url, law.parse().unwrap())
}

pub(in crate::federation) fn panel(
    id: &str,
    build: Build,
    input: &[Build],
    populations: &[&str],
) -> ReferencePanel {
    let population = |id: &&str| Population { id: (*id).to_owned(), name: id.to_uppercase() };
    ReferencePanel {
        id: id.to_owned(),
        key: format!("apps@{id}@1.0.0"),
        name: format!("The panel {id}"),
        build: Some(build),
        input_builds: input.to_vec(),
        populations: populations.iter().map(population).collect(),
        ..ReferencePanel::default()
    }
}

fn h3a() -> ReferencePanel {
    panel("h3africa-v6hc-s", Build::Hg38, &[Build::Hg38], &["afr", "mixed"])
}

fn hrc() -> ReferencePanel {
    panel("HRC-r1.1", Build::Hg19, &[Build::Hg19, Build::Hg38], &["eur"])
}

#[tokio::test]
async fn a_panel_that_a_service_offers_no_more_is_shown_gone_since() {
    let mut house = House::of(&[("cape-town", "ZA"), ("ann-arbor", "US")]).await;
    house.offers("ann-arbor", &[hrc(), h3a()]);
    house.offers("cape-town", &[h3a()]);
    house.look().await;

    house.offers("ann-arbor", &[hrc()]);
    let gone_at = house.clock.now();
    assert_eq!(house.look().await, 1);

    let h3a = house.catalogue.panel("H3Africa-v6hc-s").unwrap();
    let told: Vec<_> = h3a.holders.iter().map(|h| (h.service.as_str(), h.gone_since)).collect();
    assert_eq!(told, [("cape-town", None), ("ann-arbor", Some(gone_at))]);
    assert_eq!(h3a.holders[1].last_seen.as_second(), 1_800_000_060);
    let page = house.catalogue.list(&PanelFilter::default(), 10, None).unwrap();
    assert_eq!((page.panels[0].holders, page.panels[0].gone), (1, 1));
}

#[tokio::test]
async fn an_outage_and_a_maintenance_take_no_panel_away() {
    let mut house = House::of(&[("cape-town", "ZA")]).await;
    house.offers("cape-town", &[h3a()]);
    house.look().await;
    let id: ServiceId = "cape-town".parse().unwrap();

    let down = Reach::Unreachable { why: "no connection".to_owned() };
    house.registry.publish(&id, down, None, house.clock.now());
    let after_outage = house.look().await;
    let closed = Some("Back at noon".to_owned());
    house.tells("cape-town", Offer { closed, ..Offer::default() });
    let after_maintenance = house.look().await;

    assert_eq!((after_outage, after_maintenance), (0, 0));
    let holder = &house.catalogue.panel("h3africa-v6hc-s").unwrap().holders[0];
    assert_eq!((holder.state, holder.available, holder.gone_since), ("maintenance", false, None));
    assert_eq!(holder.why.as_deref(), Some("Back at noon"));
}

#[tokio::test]
async fn a_service_that_leaves_takes_its_panels_with_it() {
    let mut house = House::of(&[("cape-town", "ZA")]).await;
    house.offers("cape-town", &[h3a()]);
    house.look().await;

    house.registry.remove(&"cape-town".parse().unwrap());
    assert_eq!((house.look().await, house.look().await), (1, 0));

    let holder = &house.catalogue.panel("h3africa-v6hc-s").unwrap().holders[0];
    assert_eq!((holder.state, holder.gone_since), ("left", Some(house.clock.now())));
    assert!(matches!(
        house.catalogue.of_service("cape-town"),
        Err(PanelsError::UnknownService(id)) if id == "cape-town"
    ));
}

#[tokio::test]
async fn filters_ask_for_one_service_of_which_all_is_true() {
    let mut house = House::of(&[("ann-arbor", "US"), ("cape-town", "ZA"), ("munich", "DE")]).await;
    let lifted = panel("h3africa-v6hc-s", Build::Hg38, &[Build::Hg19, Build::Hg38], &["off"]);
    house.offers("ann-arbor", &[hrc(), lifted]);
    house.offers("cape-town", &[h3a()]);
    house.offers("munich", &[hrc()]);
    house.look().await;
    let munich = "munich".parse().unwrap();
    house.registry.publish(
        &munich,
        Reach::Unreachable { why: String::new() },
        None,
        house.clock.now(),
    );
    let (both, h3a, hrc) =
        (vec!["h3africa-v6hc-s", "hrc-r1.1"], vec!["h3africa-v6hc-s"], vec!["hrc-r1.1"]);
    let none = PanelFilter::default;
    let text = |q: &str| PanelFilter { q: Some(q.to_owned()), ..none() };
    let law = |law: &str| Some(law.parse().unwrap());

    for (filter, expected) in [
        (none(), &both),
        (text("PANEL h3"), &h3a),
        (text("eur"), &hrc),
        (text("h3 eur"), &vec![]),
        (PanelFilter { build: Some(Build::Hg19), ..none() }, &both),
        (PanelFilter { build: Some(Build::Hg19), jurisdiction: law("ZA"), ..none() }, &vec![]),
        (PanelFilter { build: Some(Build::Hg38), jurisdiction: law("ZA"), ..none() }, &h3a),
        (PanelFilter { population: Some("AFR".to_owned()), ..none() }, &h3a),
        (PanelFilter { service: Some(munich.clone()), ..none() }, &hrc),
        (PanelFilter { state: Some(StateWord::Down), ..none() }, &hrc),
        (PanelFilter { available: true, ..none() }, &both),
        (PanelFilter { available: true, service: Some(munich.clone()), ..none() }, &vec![]),
    ] {
        assert_eq!(&house.ids(&filter), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn pages_hold_every_panel_once() {
    let mut house = House::of(&[("cape-town", "ZA")]).await;
    let panels: Vec<_> =
        (0..7).map(|n| panel(&format!("p{n}"), Build::Hg38, &[Build::Hg38], &[])).collect();
    house.offers("cape-town", &panels);
    house.look().await;

    let (mut seen, mut token) = (Vec::new(), None::<String>);
    loop {
        let page = house.catalogue.list(&PanelFilter::default(), 3, token.as_deref()).unwrap();
        assert_eq!(page.total, 7);
        seen.extend(page.panels.iter().map(|entry| entry.id.to_string()));
        match page.next_page_token {
            Some(next) => token = Some(next),
            None => break,
        }
    }

    assert_eq!(seen, ["p0", "p1", "p2", "p3", "p4", "p5", "p6"]);
    let bad = house.catalogue.list(&PanelFilter::default(), 3, Some("?"));
    assert!(matches!(bad, Err(PanelsError::BadPageToken)));
}

#[tokio::test]
async fn a_panel_under_two_names_is_one_once_somebody_says_so() {
    let mut house = House::of(&[("ann-arbor", "US"), ("munich", "DE")]).await;
    house.offers("ann-arbor", &[panel("1000g-phase-3-v5", Build::Hg19, &[Build::Hg19], &["afr"])]);
    house.offers("munich", &[panel("1000g-phase3-v5", Build::Hg19, &[Build::Hg38], &["eur"])]);
    house.look().await;
    assert_eq!(house.ids(&PanelFilter::default()).len(), 2);

    let aliases = vec!["1000G-phase3-v5".to_owned()];
    let samples = Some(2504);
    let document = TermsDocument { aliases, samples, ..TermsDocument::default() };
    house.say("1000g-phase-3-v5", document, 0).await.unwrap();

    assert_eq!(house.ids(&PanelFilter::default()), ["1000g-phase-3-v5"]);
    let panel = house.catalogue.panel("1000g-phase3-v5").unwrap();
    assert_eq!((panel.id.as_str(), panel.holders.len()), ("1000g-phase-3-v5", 2));
    assert_eq!((panel.facts.samples, panel.facts.sites), (Some(2504), None));
    assert_eq!(panel.facts.input_builds.len(), 2);
    let munich = house.catalogue.of_service("munich").unwrap();
    assert_eq!(munich.panels[0].0.as_str(), "1000g-phase-3-v5");
}

#[tokio::test]
async fn what_a_service_tells_counts_more_than_what_people_say() {
    let mut house = House::of(&[("cape-town", "ZA")]).await;
    let telling = ReferencePanel { samples: Some(4447), ..h3a() };
    house.offers("cape-town", &[telling]);
    house.look().await;

    let (samples, sites) = (Some(1), Some(130_028_596));
    let document = TermsDocument { samples, sites, ..TermsDocument::default() };
    house.say("h3africa-v6hc-s", document, 0).await.unwrap();

    let facts = house.catalogue.panel("h3africa-v6hc-s").unwrap().facts;
    assert_eq!((facts.samples, facts.sites), (Some(4447), Some(130_028_596)));
}

#[tokio::test]
async fn aliases_make_no_chains_and_no_circles() {
    let mut house = House::of(&[("cape-town", "ZA")]).await;
    let named = |id: &str| panel(id, Build::Hg38, &[Build::Hg38], &[]);
    house.offers("cape-town", &[named("a"), named("b"), named("c")]);
    house.look().await;
    let with = |aliases: &[&str]| TermsDocument {
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        ..TermsDocument::default()
    };
    let noted = TermsDocument { note: Some("ours".to_owned()), ..TermsDocument::default() };
    house.say("a", with(&["b"]), 0).await.unwrap();
    house.say("c", noted, 0).await.unwrap();

    let store = |result: Result<TermsRecord, PanelsError>| match result {
        Err(PanelsError::Store(error)) => error,
        other => panic!("{other:?}"),
    };
    let own = store(house.say("a", with(&["b", "A"]), 1).await);
    let chain = store(house.say("b", with(&["d"]), 0).await);
    let taken = store(house.say("c", with(&["b"]), 1).await);
    let spoken_of = store(house.say("a", with(&["b", "c"]), 1).await);
    let unknown = store(house.say("nowhere", with(&[]), 0).await);

    assert!(matches!(own, panels::Error::BadAlias { .. }), "{own}");
    assert!(matches!(chain, panels::Error::IsAlias { .. }), "{chain}");
    assert!(matches!(taken, panels::Error::BadAlias { .. }), "{taken}");
    assert!(matches!(spoken_of, panels::Error::BadAlias { .. }), "{spoken_of}");
    assert!(matches!(unknown, panels::Error::UnknownPanel), "{unknown}");
    house.say("a", with(&[]), 1).await.unwrap();
    house.say("b", with(&["d"]), 0).await.unwrap();
}

/// 10,000 services with ten of 200 panels each.
#[tokio::test]
async fn a_large_federation_is_taken_down_and_read_in_little_time() {
    let ids: Vec<_> = (0..10_000).map(|number| format!("service-{number:05}")).collect();
    let laws = ["KE", "ML", "US", "ZA"];
    let services: Vec<_> =
        ids.iter().enumerate().map(|(n, id)| (id.as_str(), laws[n % laws.len()])).collect();
    let mut house = House::of(&services).await;
    let panels: Vec<_> = (0..200)
        .map(|n| panel(&format!("panel-{n:03}"), Build::Hg38, &[Build::Hg38], &["afr", "eur"]))
        .collect();
    for (number, id) in ids.iter().enumerate() {
        let offered = (0..10).map(|n| panels[(number * 7 + n * 19) % 200].clone()).collect();
        let offer = Offer { panels: offered, ..Offer::default() };
        house.registry.publish(&id.parse().unwrap(), Reach::Usable, Some(offer), house.clock.now());
    }
    let timed = |what: &str, began: std::time::Instant| {
        let took = began.elapsed();
        println!("10,000 services, 200 panels: {what} took {took:?}");
        took
    };

    let began = std::time::Instant::now();
    let changed = house.look().await;
    timed("the first look", began);
    let began = std::time::Instant::now();
    let unchanged = house.look().await;
    let idle = timed("a look at nothing new", began);
    house.offers("service-00007", &panels[..3]);
    let began = std::time::Instant::now();
    let one = house.look().await;
    timed("a look at one change", began);
    let filter =
        PanelFilter { jurisdiction: "KE".parse().ok(), available: true, ..PanelFilter::default() };
    let began = std::time::Instant::now();
    let page = house.catalogue.list(&filter, 100, None).unwrap();
    let listed = timed("a filtered page", began);
    let began = std::time::Instant::now();
    let panel = house.catalogue.panel("panel-000").unwrap();
    timed("one panel", began);

    assert_eq!((changed, unchanged, one), (10_000, 0, 1));
    assert_eq!(page.panels.len(), page.total.min(100));
    assert!(page.total > 0 && panel.holders.len() > 400);
    // An unoptimised build on a busy machine: these are far from what is usual, and tell a wrong order of
    // growth.
    assert!(idle < Duration::from_millis(500), "{idle:?}");
    assert!(listed < Duration::from_secs(3), "{listed:?}");
    house.registry.put(Record::new(service("one-more", "KE"), Source::Operator, house.clock.now()));
    assert_eq!(house.look().await, 0);
}
