//! The tables of tests that come with a set of policies.

use super::*;

const POLICIES: &str = r#"
@id("members") permit (principal, action, resource);
@id("grant-needed") @reason("controlled data need a visa that grants access")
forbid (principal, action, resource)
when { context has dataset && context.dataset.class == "controlled" }
unless { context.dataset has grant && principal.grants.contains(context.dataset.grant) };
"#;

const TESTS: &str = r#"
[[tests]]
name = "without a visa"
expect = "refused"
by = "grant-needed"
service = { jurisdiction = "KE" }
run = { dataset_record = { id = "d", origin = ["KE"], grant = "g" } }

[[tests]]
name = "with one"
expect = "allowed"
service = { jurisdiction = "KE" }
run.dataset_record = { id = "d", origin = ["KE"], grant = "g" }
run.caller = { id = "issuer#amina", visas = [{ kind = "ControlledAccessGrants", value = "g" }] }

[[tests]]
name = "abroad"
expect = "refused"
by = "origin"
service = { jurisdiction = "US" }
run = { origin = ["KE"] }
"#;

fn test(tests: &str) -> Report {
    let rules = compile(&[("a.cedar", POLICIES), ("a.tests.toml", tests)]).unwrap();
    Law::new(Floor::default().into(), Some(rules.into()), 1).test(NOW)
}

#[test]
fn tests_that_hold_are_counted_and_policies_without_one_are_told() {
    let report = test(TESTS);

    assert_eq!(report, Report { passed: 3, failures: Vec::new(), untested: Vec::new() });
    assert_eq!(test("").untested, ["grant-needed"]);
    assert_eq!(Law::default().test(NOW), Report::default());
}

#[test]
fn the_policies_of_the_example_are_good_and_each_decides_a_test() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/policies");
    let files = ["members.cedar", "members.tests.toml"];
    let files = files.map(|name| (name, std::fs::read_to_string(folder.join(name)).unwrap()));
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));

    let rules = compile(&files).unwrap();
    let report = Law::new(Floor::default().into(), Some(rules.into()), 1).test(NOW);

    assert_eq!(report, Report { passed: 7, failures: Vec::new(), untested: Vec::new() });
}

#[test]
fn a_test_that_does_not_hold_says_what_came_instead() {
    for (tests, why) in [
        (TESTS.replace("\"allowed\"", "\"refused\""), "it is allowed: data of the dataset"),
        (
            TESTS.replace(
                "by = \"origin\"\nservice = { jurisdiction = \"US\" }",
                "service = { jurisdiction = \"KE\" }",
            ),
            "it is allowed: the data may stay",
        ),
        (
            TESTS.replace("by = \"grant-needed\"", "by = \"origin\""),
            "should be decided by `origin`",
        ),
        (TESTS.replace("origin = [\"KE\"] }", "origin = [\"K\"] }"), "origin"),
        (
            TESTS.replace("run = { origin = [\"KE\"] }", "run = { dataset = \"d\" }"),
            "dataset_record",
        ),
    ] {
        let report = test(&tests);

        assert!(report.failures.iter().any(|one| one.why.contains(why)), "{why}: {report:?}");
        assert!(report.passed < 3);
    }
}

#[test]
fn a_table_that_cannot_be_read_is_a_flaw_of_the_set() {
    for tests in ["[[tests]]\nname = \"a\"", "[[test]]", "x", &TESTS.replace("\"US\"", "\"usa\"")] {
        let flaws = compile(&[("a.cedar", POLICIES), ("a.tests.toml", tests)]).unwrap_err();

        assert_eq!(flaws[0].file, "a.tests.toml", "{tests}");
    }
}

#[test]
fn a_scenario_that_cannot_be_understood_is_told_with_its_member() {
    for (toml, member) in [
        ("origin = [\"Kenya\"]", "origin:"),
        ("dataset = \"a b\"", "dataset:"),
        ("dataset = \"a\"\ndataset_record = { id = \"a\", origin = [\"KE\"] }", "dataset_record:"),
        ("dataset_record = { id = \"a\", origin = [] }", "dataset_record.origin:"),
        ("purpose = [\"research\"]", "purpose:"),
        ("panel_terms = { jurisdictions = [\"x\"] }", "panel_terms.jurisdictions:"),
        ("at = \"soon\"", "at:"),
        ("caller = { roles = [\"king\"] }", "caller.roles:"),
    ] {
        let scenario: Scenario = toml::from_str(toml).unwrap();

        let why = scenario.read(&Blocs::default()).unwrap_err();

        assert!(why.starts_with(member), "{toml}: {why}");
    }
    let scenario: Scenario = toml::from_str("at = \"2027-01-01T00:00:00Z\"").unwrap();
    let question = scenario.read(&Blocs::default()).unwrap();
    assert_eq!(question.ask(NOW).now.to_string(), "2027-01-01T00:00:00Z");
    assert_eq!(question.caller.roles, [Role::Researcher].into());
}
