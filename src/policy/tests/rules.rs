//! What policies in Cedar can say, and what is no policy.

use super::*;
use crate::domain::{PanelTerms, Visa};

const BASE: &str = r#"@id("members") permit (principal, action == Action::"run", resource);"#;

#[test]
fn the_schema_is_one_and_an_empty_set_permits_nothing() {
    let rules = compile(&[]).unwrap();
    assert!(rules.is_empty());
    let law = Law::new(Floor::default().into(), Some(rules.into()), 1);
    let (caller, needs) = (caller(), needs(&[]));

    let denial = allowed(&law, &Ask::new(&caller, &needs, NOW), &fleet(&[("ke", "KE")]));

    let denial = denial.unwrap_err();
    assert_eq!(denial.refusal, Refusal::NoService);
    assert!(denial.rule.ends_with("; no policy permits it"), "{}", denial.rule);
}

/// Each says what it forbids by one thing that policies can ask about, and when it does.
#[test]
#[expect(clippy::too_many_lines, reason = "a table with a row for each thing")]
fn policies_forbid_by_everything_that_they_can_ask_about() {
    type Change = fn(&mut World);
    let cases: [(&str, Change); 17] = [
        (r#"principal == Caller::"issuer#amina""#, |w| {
            w.caller.id = CallerId::new("issuer", "amina")
        }),
        (r#"principal.roles.contains("operator")"#, |w| {
            w.caller.roles.insert(Role::Operator);
        }),
        (r#"principal has institution && principal.institution == "Univ""#, |w| {
            w.caller.institution = Some("Univ".to_owned());
        }),
        (r#"principal.visa_kinds.contains("ResearcherStatus")"#, |w| w.visa("ResearcherStatus")),
        (r#"principal.grants.contains("https://data.example")"#, |w| {
            w.visa("ControlledAccessGrants")
        }),
        (
            r#"principal.visas.contains({kind: "AcceptedTermsAndPolicies", value: "https://data.example", source: "https://dac.example", issuer: "https://broker.example"})"#,
            |w| w.visa("AcceptedTermsAndPolicies"),
        ),
        (r#"context.purpose.contains("DUO:0000042")"#, |w| {
            w.needs.purpose.insert("DUO:0000042".parse().unwrap());
        }),
        (r#"context.workflow_type == "WDL""#, |w| w.needs.workflow_type = "WDL".to_owned()),
        (r#"context.origin.contains("KE")"#, |w| {
            w.needs.origin.insert("KE".parse().unwrap());
        }),
        (r#"context has dataset && context.dataset.id == "h3a""#, |w| w.dataset("h3a", "open")),
        (r#"context has dataset && context.dataset.class == "controlled""#, |w| {
            w.dataset("d", "controlled")
        }),
        (
            r#"context has dataset && context.dataset.duo.contains("DUO:0000006") && context.dataset has grant && context.dataset.grant == "g""#,
            |w| w.dataset("d", "open"),
        ),
        (r#"context has panel && context.panel.duo.contains("DUO:0000006")"#, World::panel),
        (
            r#"context has panel && context.panel.jurisdictions.contains("ZA") && !context.panel.jurisdictions.contains(resource.jurisdiction)"#,
            World::panel,
        ),
        (
            r#"context has panel && context.panel has terms_of_use && context.panel.id == "hrc""#,
            World::panel,
        ),
        (r#"resource.kind == "michigan""#, |w| w.service.kind = "michigan".to_owned()),
        (
            r#"resource.certifications.contains("ISO 27001") && resource has organization && resource.organization == "ICER" && resource.blocs.contains("EAC") && resource.controller_blocs.contains("EAC") && resource.controller_jurisdiction == "KE" && resource == Service::"s""#,
            |w| {
                w.service.certifications.insert("ISO 27001".to_owned());
                w.service.organization = Some(("ICER".to_owned(), String::new()));
            },
        ),
    ];
    for (condition, change) in cases {
        let policy = format!(
            "{BASE}\n@id(\"rule\") @reason(\"so it is\") forbid (principal, action == Action::\"run\", \
             resource) when {{ {condition} }};"
        );
        let law = law_with("", &policy);
        let before = World::new();
        let mut after = World::new();
        change(&mut after);

        assert_eq!(before.allowed(&law), Ok("s".to_owned()), "{condition}");
        let denial = after.allowed(&law).unwrap_err();
        assert!(denial.rule.ends_with("policy `rule` forbids it: so it is"), "{}", denial.rule);
    }
}

#[test]
fn forbid_wins_and_no_policy_widens_the_floor() {
    let policies = format!(
        "{BASE}\n@id(\"everything\") permit (principal, action, resource);\n\
         @id(\"not-zu\") @reason(\"zu is closed\") forbid (principal, action, resource == Service::\"zu\");\n\
         @id(\"not-z\") @reason(\"z is closed\") forbid (principal, action, resource) when \
         {{ resource.jurisdiction == \"ZA\" }};"
    );
    let law = law_with("", &policies);
    let fleet = fleet(&[("ke", "KE"), ("us", "US"), ("za", "ZA"), ("zu", "ZA")]);
    let (caller, needs) = (caller(), needs(&["KE", "ZA"]));
    let ask = Ask::new(&caller, &needs, NOW);

    assert_eq!(allowed(&law, &ask, &fleet).unwrap(), "ke");
    let fleet = fleet.snapshot();
    let permit = law.evaluate(&ask, &fleet).unwrap();
    assert_eq!(permit.epoch(), 1);
    let words: Vec<_> = permit.forbidden(&fleet).map(|one| one.words()).collect();
    assert_eq!(
        words,
        [
            "it stands in US, and the data may stay only in KE, ZA",
            "policy `not-z` forbids it: z is closed",
            "policy `not-z` forbids it: z is closed (so do `not-zu`)",
        ]
    );
    let explained = law.explain(&ask, &fleet);
    let rulings: Vec<_> =
        explained.services.iter().map(|one| (one.allowed, one.rule.as_str())).collect();
    assert_eq!(rulings, [(true, "origin"), (false, "origin"), (false, "not-z"), (false, "not-z")]);
    assert_eq!((explained.epoch, explained.denial), (1, None));
}

#[test]
fn a_policy_that_cannot_be_evaluated_refuses() {
    let policies = format!(
        "{BASE}\n@id(\"sum\") @reason(\"too much\") forbid (principal, action, resource) when \
         {{ 9223372036854775807 + (if context.purpose.isEmpty() then 0 else 1) < 0 }};"
    );
    let law = law_with("", &policies);
    let mut world = World::new();

    assert_eq!(world.allowed(&law), Ok("s".to_owned()));
    world.needs.purpose.insert("DUO:0000042".parse().unwrap());
    let denial = world.allowed(&law).unwrap_err();
    assert!(denial.rule.contains("a policy could not be asked"), "{}", denial.rule);
}

#[test]
fn an_answer_is_kept_until_something_changes_that_policies_can_ask_about() {
    let policies = format!(
        "{BASE}\n@id(\"iso\") @reason(\"not certified\") forbid (principal, action, resource) unless \
         {{ resource.certifications.contains(\"ISO\") }};\n@id(\"visa\") @reason(\"no visa\") forbid \
         (principal, action, resource) unless {{ principal.visa_kinds.contains(\"V\") }};"
    );
    let law = law_with("", &policies);
    let certified =
        |id: &str| Service { certifications: ["ISO".to_owned()].into(), ..service(id, "KE") };
    let registry = Registry::of([certified("a"), service("b", "KE")]);
    let mut world = World::new();
    world.visa("V");
    world.caller.visas[0].expires = 100;
    let ask =
        |now: i64| Ask::new(&world.caller, &world.needs, Timestamp::from_second(now).unwrap());

    for _ in 0..2 {
        assert_eq!(allowed(&law, &ask(99), &registry).unwrap(), "a");
    }
    assert!(allowed(&law, &ask(100), &registry).is_err());
    registry.put(Record::new(certified("b"), Source::Operator, NOW));
    assert_eq!(allowed(&law, &ask(99), &registry).unwrap(), "a b");
    registry.put(Record::new(service("a", "KE"), Source::Operator, NOW));
    assert_eq!(allowed(&law, &ask(99), &registry).unwrap(), "b");
    let stranger = Caller { visas: Vec::new(), ..world.caller.clone() };
    assert!(allowed(&law, &Ask::new(&stranger, &world.needs, NOW), &registry).is_err());
}

#[test]
fn a_bad_set_is_refused_and_every_flaw_is_told() {
    let with = |text: &str| format!("{BASE}\n{text}");
    for (text, why) in [
        ("permit (principal", "unexpected end"),
        ("permit (principal, action, resource);", "no @id"),
        ("@id(\"x\") forbid (principal, action, resource);", "no @reason"),
        ("@id(\"x\") @reason(\" \") forbid (principal, action, resource);", "no @reason"),
        ("@id(\" \") permit (principal, action, resource);", "no @id"),
        ("@id(\"members\") permit (principal, action, resource);", "is taken"),
        ("@id(\"x\") permit (principal == ?principal, action, resource);", "templates"),
        (
            "@id(\"x\") permit (principal, action, resource) when { resource.jurisdicton == \"KE\" };",
            "jurisdicton",
        ),
        (
            "@id(\"x\") permit (principal, action, resource) when { context.dataset.class == \"open\" };",
            "dataset",
        ),
        ("@id(\"x\") permit (principal, action, resource) when { resource.kind == 1 };", "type"),
        ("@id(\"x\") permit (principal, action == Action::\"read\", resource);", "read"),
        ("@id(\"x\") permit (principal == User::\"a\", action, resource);", "User"),
    ] {
        let flaws = compile(&[("good.cedar", &with("")), ("odd.cedar", text)]).unwrap_err();

        assert!(flaws.iter().any(|flaw| flaw.file == "odd.cedar"), "{text}: {flaws:?}");
        assert!(flaws.iter().any(|flaw| flaw.to_string().contains(why)), "{text}: {flaws:?}");
    }
    let flaws = compile(&[("a.cedar", "x"), ("b.cedar", "y"), ("c.txt", "z")]).unwrap_err();
    assert_eq!(flaws.len(), 2);
}

/// One run and one service.
struct World {
    caller: Caller,
    needs: Needs,
    dataset: Option<Dataset>,
    panel: Option<PanelTerms>,
    service: Service,
}

impl World {
    fn new() -> Self {
        Self {
            caller: Caller::new(CallerId::new("issuer", "juma")),
            needs: needs(&[]),
            dataset: None,
            panel: None,
            service: service("s", "KE"),
        }
    }

    fn visa(&mut self, kind: &str) {
        self.caller.visas.push(Visa {
            kind: kind.to_owned(),
            value: "https://data.example".to_owned(),
            source: "https://dac.example".to_owned(),
            by: None,
            issuer: "https://broker.example".to_owned(),
            asserted: 0,
            expires: i64::MAX,
        });
    }

    fn dataset(&mut self, id: &str, class: &str) {
        let json = format!(
            r#"{{"id": "{id}", "origin": ["KE"], "class": "{class}", "duo": ["DUO:0000006"], "grant": "g"}}"#
        );
        self.needs.dataset = Some(id.parse().unwrap());
        self.dataset = Some(super::dataset(&json));
    }

    fn panel(&mut self) {
        self.panel = Some(PanelTerms {
            id: "hrc".to_owned(),
            duo: ["DUO:0000006".to_owned()].into(),
            jurisdictions: ["ZA".parse().unwrap()].into_iter().collect(),
            terms_of_use: Some("ask first".to_owned()),
        });
    }

    fn allowed(&self, law: &Law) -> Result<String, Denial> {
        let ask = Ask {
            dataset: self.dataset.as_ref(),
            panel: self.panel.as_ref(),
            ..Ask::new(&self.caller, &self.needs, NOW)
        };
        allowed(law, &ask, &Registry::of([self.service.clone()]))
    }
}
