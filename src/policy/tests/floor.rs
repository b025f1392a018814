//! Where data may go by where they come from.

use super::*;

#[test]
fn a_run_stays_in_the_countries_of_its_data() {
    let fleet = fleet(&[("kenya", "KE"), ("ghana", "GH")]);
    for (origin, expected) in [
        (vec![], Some("ghana kenya")),
        (vec!["KE"], Some("kenya")),
        (vec!["GH", "KE"], Some("ghana kenya")),
        (vec!["US"], None),
    ] {
        let (caller, needs) = (caller(), needs(&origin));

        let found = allowed(&Law::default(), &Ask::new(&caller, &needs, NOW), &fleet);

        assert_eq!(found.ok().as_deref(), expected, "{origin:?}");
    }
}

#[test]
fn place_and_controller_must_both_be_inside() {
    let fleet = fleet(&[("a", "KE"), ("b", "KE/US"), ("c", "US/KE"), ("d", "US")]);
    let (caller, needs) = (caller(), needs(&["KE"]));
    let ask = Ask::new(&caller, &needs, NOW);

    assert_eq!(allowed(&Law::default(), &ask, &fleet).unwrap(), "a");
    let fleet = fleet.snapshot();
    let permit = Law::default().evaluate(&ask, &fleet).unwrap();
    let told: Vec<_> =
        permit.forbidden(&fleet).map(|one| (one.id().to_string(), one.words())).collect();
    assert_eq!(
        told,
        [
            ("b", "it stands in KE, but is controlled from US, and the data may stay only in KE"),
            ("c", "it stands in US, and the data may stay only in KE"),
            ("d", "it stands in US, and the data may stay only in KE"),
        ]
        .map(|(id, words)| (id.to_owned(), words.to_owned()))
    );
}

#[test]
fn the_record_of_the_dataset_goes_before_that_of_the_institution() {
    let law = law(r#"institutions = { "Univ" = ["GH"] }"#);
    let fleet = fleet(&[("gh", "GH"), ("ke", "KE"), ("us", "US")]);
    let recorded = dataset(r#"{"id": "h3a", "origin": ["KE"]}"#);
    let at_univ = Caller { institution: Some("Univ".to_owned()), ..caller() };
    let elsewhere = Caller { institution: Some("Other".to_owned()), ..caller() };
    for (caller, named, expected) in [
        (&at_univ, Some("h3a"), Ok("ke")),
        (&at_univ, None, Ok("gh")),
        (&elsewhere, None, Ok("gh ke us")),
        (&elsewhere, Some("h3a"), Ok("ke")),
        (&elsewhere, Some("other"), Err(Refusal::UnknownDataset)),
    ] {
        let mut needs = needs(&[]);
        needs.dataset = named.map(|id| id.parse().unwrap());
        let ask = Ask { dataset: Some(&recorded), ..Ask::new(caller, &needs, NOW) };

        let found = allowed(&law, &ask, &fleet).map_err(|denial| denial.refusal);

        assert_eq!(found.as_deref().map_err(|refusal| *refusal), expected, "{named:?}");
    }
}

#[test]
fn a_dataset_of_others_is_not_there() {
    let fleet = fleet(&[("ke", "KE")]);
    let recorded = dataset(r#"{"id": "h3a", "origin": ["KE"], "institutions": ["Univ"]}"#);
    let mut needs = needs(&[]);
    needs.dataset = Some("h3a".parse().unwrap());
    for (institution, fits) in [(Some("Univ"), true), (Some("Other"), false), (None, false)] {
        let caller = Caller { institution: institution.map(str::to_owned), ..caller() };
        let ask = Ask { dataset: Some(&recorded), ..Ask::new(&caller, &needs, NOW) };

        let found = allowed(&Law::default(), &ask, &fleet);

        assert_eq!(found.is_ok(), fits, "{institution:?}");
        if let Err(denial) = found {
            assert_eq!(denial.refusal, Refusal::UnknownDataset);
        }
    }
}

#[test]
fn data_without_a_record_are_refused_where_one_is_required() {
    let law = law("require_origin = true\ninstitutions = { Univ = [\"KE\"] }");
    let fleet = fleet(&[("ke", "KE")]);
    for (institution, origin, fits) in
        [(None, vec![], false), (None, vec!["KE"], false), (Some("Univ"), vec![], true)]
    {
        let caller = Caller { institution: institution.map(str::to_owned), ..caller() };
        let needs = needs(&origin);

        let found = allowed(&law, &Ask::new(&caller, &needs, NOW), &fleet);

        assert_eq!(found.map_err(|denial| denial.refusal).is_ok(), fits, "{origin:?}");
    }
    let found = allowed(&law, &Ask::new(&caller(), &needs(&["KE"]), NOW), &fleet);
    assert_eq!(found.unwrap_err().refusal, Refusal::NoOrigin);
}

#[test]
fn a_caller_narrows_and_never_widens() {
    let law = law(r#"institutions = { "Univ" = ["GH", "KE"] }"#);
    let fleet = fleet(&[("gh", "GH"), ("ke", "KE"), ("us", "US")]);
    let caller = Caller { institution: Some("Univ".to_owned()), ..caller() };
    for (origin, expected) in [
        (vec![], Some("gh ke")),
        (vec!["KE"], Some("ke")),
        (vec!["KE", "US"], Some("ke")),
        (vec!["US"], None),
    ] {
        let needs = needs(&origin);

        let found = allowed(&law, &Ask::new(&caller, &needs, NOW), &fleet);

        assert_eq!(found.ok().as_deref(), expected, "{origin:?}");
    }
}

#[test]
fn a_transfer_basis_opens_countries_until_it_ends() {
    let law = law(r#"
        institutions = { "Univ" = ["KE"], "Pool" = ["KE", "GH"] }
        [[transfers]]
        id = "DTA-1"
        from = ["bloc:EAC"]
        to = ["ZA"]
        until = "1970-01-01T00:01:40Z"
        [[transfers]]
        id = "open-data"
        from = ["KE"]
        to = ["US"]
        classes = ["open"]
        "#);
    let fleet = fleet(&[("gh", "GH"), ("ke", "KE"), ("us", "US"), ("za", "ZA"), ("zu", "ZA/US")]);
    for (institution, second, expected) in [
        ("Univ", 99, "ke za"),
        ("Univ", 100, "ke"),
        // Nothing covers the data of Ghana among them.
        ("Pool", 99, "gh ke"),
    ] {
        let caller = Caller { institution: Some(institution.to_owned()), ..caller() };
        let (needs, now) = (needs(&[]), Timestamp::from_second(second).unwrap());

        let found = allowed(&law, &Ask::new(&caller, &needs, now), &fleet).unwrap();

        assert_eq!(found, expected, "{institution} at {second}");
    }
    let recorded = dataset(r#"{"id": "d", "origin": ["KE"], "class": "open"}"#);
    let mut needs = needs(&[]);
    needs.dataset = Some("d".parse().unwrap());
    let caller = caller();
    let ask = Ask { dataset: Some(&recorded), ..Ask::new(&caller, &needs, NOW) };
    assert_eq!(allowed(&law, &ask, &fleet).unwrap(), "ke us za zu");
}

#[test]
fn a_dataset_has_transfers_of_its_own() {
    let recorded = dataset(
        r#"{"id": "d", "origin": ["KE"], "transfers": [{"id": "T", "to": ["bloc:SADC"]}]}"#,
    );
    let fleet = fleet(&[("gh", "GH"), ("ke", "KE"), ("za", "ZA")]);
    let mut needs = needs(&[]);
    needs.dataset = Some("d".parse().unwrap());
    let caller = caller();
    let ask = Ask { dataset: Some(&recorded), ..Ask::new(&caller, &needs, NOW) };

    assert_eq!(allowed(&Law::default(), &ask, &fleet).unwrap(), "ke za");
}

#[test]
fn a_steward_reads_which_basis_allowed_it_and_which_ended() {
    let recorded = dataset(
        r#"{"id": "d", "origin": ["KE"], "transfers": [
            {"id": "T-1", "to": ["ZA"], "until": "2027-01-01T00:00:00Z"},
            {"id": "T-0", "to": ["GH"], "until": "1960-01-01T00:00:00Z"}]}"#,
    );
    let fleet = fleet(&[("gh", "GH"), ("gu", "GH/US"), ("ke", "KE")]);
    let mut needs = needs(&["KE", "ZA"]);
    needs.dataset = Some("d".parse().unwrap());
    let caller = caller();
    let ask = Ask { dataset: Some(&recorded), ..Ask::new(&caller, &needs, NOW) };
    let fleet = fleet.snapshot();

    let permit = Law::default().evaluate(&ask, &fleet).unwrap();

    assert_eq!(
        permit.rule(),
        "data of the dataset `d` come from KE and may stay only there, and under `T-1` in ZA until \
         2027-01-01T00:00:00Z; of these, the caller wants KE, ZA"
    );
    let words: Vec<_> = permit.forbidden(&fleet).map(|one| one.words()).collect();
    let ended = "; `T-0`, which allowed it, ended on 1960-01-01T00:00:00Z";
    assert!(words[0].starts_with("it stands in GH, and data of") && words[0].ends_with(ended));
    assert!(!words[1].contains("T-0"), "{}", words[1]);
}

#[test]
fn a_permit_only_shrinks() {
    let registry = fleet(&[("ghana", "GH"), ("kenya", "KE"), ("mali", "ML")]);
    let (caller, anywhere, in_kenya) = (caller(), needs(&[]), needs(&["KE", "ML"]));
    let before = registry.snapshot();
    let law = Law::default();
    let mut permit = law.evaluate(&Ask::new(&caller, &anywhere, NOW), &before).unwrap();
    for id in ["angola", "lagos", "zambia"] {
        registry.put(Record::new(service(id, "KE"), Source::Operator, NOW));
    }
    registry.remove(&"ghana".parse().unwrap());
    let now = registry.snapshot();
    let ids = |permit: &Permit| {
        let ids: Vec<_> = permit.permitted(&now).map(|l| l.id().to_string()).collect();
        ids.join(" ")
    };
    assert_eq!(ids(&permit), "kenya mali");
    assert!(!permit.admits(now.get(&"lagos".parse().unwrap()).unwrap()));

    permit.narrow(&law.evaluate(&Ask::new(&caller, &in_kenya, NOW), &now).unwrap());
    assert_eq!(ids(&permit), "kenya mali");
    permit.narrow(&law.evaluate(&Ask::new(&caller, &needs(&["KE"]), NOW), &now).unwrap());
    assert_eq!(ids(&permit), "kenya");
    assert!(permit.may_stay_in("KE".parse().unwrap()));
    assert!(!permit.may_stay_in("ML".parse().unwrap()));
    permit.narrow(&law.evaluate(&Ask::new(&caller, &anywhere, NOW), &now).unwrap());
    assert_eq!(ids(&permit), "kenya");
    assert!(!permit.is_empty());
    permit.narrow(&law.evaluate(&Ask::new(&caller, &needs(&["ML"]), NOW), &now).unwrap());
    assert!(permit.is_empty());
}

#[test]
fn a_service_that_moves_under_another_law_is_out() {
    let registry = fleet(&[("kenya", "KE"), ("nairobi", "KE")]);
    let (caller, needs) = (caller(), needs(&["KE"]));
    let permit = Law::default().evaluate(&Ask::new(&caller, &needs, NOW), &registry.snapshot());
    let permit = permit.unwrap();
    for (law, fits) in [("KE", true), ("US", false), ("KE/US", false)] {
        registry.put(Record::new(service("kenya", law), Source::Operator, NOW));

        let fleet = registry.snapshot();
        let listing = fleet.get(&"kenya".parse().unwrap()).unwrap();

        assert_eq!(permit.admits(listing), fits, "{law}");
        assert_eq!(permit.permitted(&fleet).any(|one| one.id() == listing.id()), fits, "{law}");
        assert_eq!(permit.forbidden(&fleet).count(), usize::from(!fits));
    }
}

#[test]
fn data_may_be_kept_only_where_they_may_be() {
    let fleet = fleet(&[("kenya", "KE")]);
    let caller = caller();
    for (origin, country, fits) in
        [(vec!["KE"], "KE", true), (vec!["KE"], "US", false), (vec![], "US", true)]
    {
        let needs = needs(&origin);
        let permit = Law::default().evaluate(&Ask::new(&caller, &needs, NOW), &fleet.snapshot());

        assert_eq!(permit.unwrap().may_stay_in(country.parse().unwrap()), fits, "{origin:?}");
    }
}

#[test]
fn what_is_wrong_in_the_configuration_is_told_with_its_key() {
    for (toml, key) in [
        ("blocs = { H3A = [\"Kenya\"] }", "blocs.H3A"),
        ("institutions = { Univ = [] }", "institutions.Univ"),
        ("institutions = { Univ = [\"bloc:XY\"] }", "institutions.Univ"),
        ("gateway_jurisdiction = \"Kenya\"", "gateway_jurisdiction"),
        ("[[transfers]]\nid = \"a\"\nfrom = [\"KE\"]\nto = []", "transfers[0]"),
        ("[[transfers]]\nid = \"a\"\nfrom = [\"K\"]\nto = [\"KE\"]", "transfers[0]"),
        (
            "[[transfers]]\nid = \"a\"\nfrom = [\"KE\"]\nto = [\"ZA\"]\nuntil = \"soon\"",
            "transfers[0]",
        ),
        (
            "[[transfers]]\nid = \"a\"\nfrom = [\"KE\"]\nto = [\"ZA\"]\nclasses = [\"x\"]",
            "transfers[0]",
        ),
    ] {
        assert_eq!(config(toml).floor().unwrap_err().0, key, "{toml}");
    }
    let floor =
        config("blocs = { H3A = [\"KE\"] }\ngateway_jurisdiction = \"KE\"").floor().unwrap();
    assert_eq!(floor.gateway, Some("KE".parse().unwrap()));
    assert_eq!(floor.blocs.read("bloc:H3A").unwrap().to_string(), "KE");
}
