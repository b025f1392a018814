//! Services side by side, as a researcher reads it.

use std::collections::BTreeMap;

use crate::{
    domain::{Build, Offer, Queue},
    federation::{
        Comparison, PanelsError, TermsDocument,
        panels::tests::{House, panel},
    },
    registry::Reach,
};

async fn two() -> House {
    let mut house = House::of(&[("ann-arbor", "US"), ("cape-town", "ZA")]).await;
    let types = |kind: &str| BTreeMap::from([(kind.to_owned(), vec!["1".to_owned()])]);
    let queue = |under_way| Some(Queue { under_way, ..Queue::default() });
    house.tells(
        "ann-arbor",
        Offer {
            panels: vec![
                panel("hrc", Build::Hg19, &[Build::Hg19], &["eur"]),
                panel("1000g", Build::Hg19, &[Build::Hg19, Build::Hg38], &["afr", "eur"]),
            ],
            workflow_types: types("Nextflow"),
            queue: queue(120),
            ..Offer::default()
        },
    );
    house.tells(
        "cape-town",
        Offer {
            panels: vec![panel("1000G", Build::Hg38, &[Build::Hg38], &["AFR"])],
            workflow_types: types("NFL"),
            queue: queue(3),
            max_runs: Some(3),
            ..Offer::default()
        },
    );
    house.look().await;
    house
}

fn compare(house: &House, ids: &[&str]) -> Result<Comparison, PanelsError> {
    let ids: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
    house.catalogue.compare(&ids)
}

#[tokio::test]
async fn what_matters_to_a_choice_is_told_in_plain_words() {
    let house = two().await;
    let jurisdictions = vec!["ZA".to_owned(), "KE".to_owned()];
    let terms = TermsDocument { jurisdictions, ..TermsDocument::default() };
    house.say("1000g", terms, 0).await.unwrap();
    let down = Reach::Unreachable { why: "no answer within 3s".to_owned() };
    house.registry.publish(&"cape-town".parse().unwrap(), down, None, jiff::Timestamp::UNIX_EPOCH);

    let comparison = compare(&house, &["cape-town", "ann-arbor"]).unwrap();

    assert_eq!(
        comparison.differences,
        [
            "cape-town cannot be used: it does not answer: no answer within 3s",
            "law: ann-arbor in US; cape-town in ZA",
            "panel hrc: at ann-arbor, not at cape-town",
            "panel 1000g: by its terms for use in KE and ZA only, and at ann-arbor (US)",
            "panel 1000g, builds of input: ann-arbor hg19 and hg38; cape-town hg38",
            "panel 1000g, populations: cape-town afr; ann-arbor afr and eur",
            "runs under way: cape-town 3, ann-arbor 120",
        ]
    );
    let held: Vec<_> = comparison
        .panels
        .iter()
        .map(|row| (row.id.as_str(), row.held.iter().map(Option::is_some).collect::<Vec<_>>()))
        .collect();
    assert_eq!(held, [("1000g", vec![true, true]), ("hrc", vec![false, true])]);
    let cape_town = &comparison.services[0];
    assert_eq!((cape_town.panels, cape_town.max_runs), (1, Some(3)));
}

#[tokio::test]
async fn a_service_has_no_difference_to_itself_and_an_unknown_one_is_named() {
    let house = two().await;

    let alone = compare(&house, &["cape-town"]).unwrap();
    let unknown = compare(&house, &["cape-town", "atlantis"]).unwrap_err();

    assert_eq!((alone.services.len(), alone.differences.len()), (1, 0));
    assert!(matches!(unknown, PanelsError::UnknownService(id) if id == "atlantis"));
}
