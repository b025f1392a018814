//! The rules at work, by tables and a clock that is moved by hand.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    alerts::{self, Change, Facts, Rule, RuleConfig, Severity, State, Transition, When, rules},
    domain::{Clock, ManualClock},
    registry::Reach,
};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A service, a rule and the clock.
struct Scene {
    rules: Vec<Rule>,
    facts: Facts,
    state: State,
    clock: ManualClock,
}

impl Scene {
    fn of(rule: &str) -> Self {
        let clock = ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap());
        let facts = Facts {
            caller_credentials: None,
            service: "kenya".parse().unwrap(),
            kind: "wes".to_owned(),
            maintenance: false,
            reach: Reach::Usable,
            reach_since: clock.now(),
            openings: 0,
            success_rate: None,
            samples: 0,
            latency: None,
            credential_expires_at: None,
            certificate_expires_at: None,
        };
        let mut rules = rules::build(&[]).unwrap();
        rules.retain(|known| known.name == rule);
        assert_eq!(rules.len(), 1, "{rule}");
        Self { rules, facts, state: State::default(), clock }
    }

    fn look(&mut self) -> Vec<Transition> {
        let facts = std::slice::from_ref(&self.facts);
        let (state, transitions) = self.state.after(&self.rules, facts, self.clock.now());
        self.state = state;
        transitions
    }

    /// One word for what the next look brings.
    fn word(&mut self) -> &'static str {
        match self.look().as_slice() {
            [] => "",
            [Transition { change: Change::Raised { .. }, .. }] => "raised",
            [Transition { change: Change::Escalated { .. }, .. }] => "escalated",
            [Transition { change: Change::Resolved { .. }, .. }] => "resolved",
            more => panic!("{more:?}"),
        }
    }

    fn after(&mut self, wait: Duration) -> &'static str {
        self.clock.advance(wait);
        self.word()
    }

    fn reach(&mut self, reach: Reach) {
        if !self.facts.reach.is_like(&reach) {
            self.facts.reach_since = self.clock.now();
        }
        self.facts.reach = reach;
    }

    fn down(&mut self) {
        self.reach(Reach::Unreachable { why: "no connection".to_owned() });
    }
}

#[test]
fn a_service_that_stays_down_is_told_once_and_its_return_once() {
    let mut scene = Scene::of("service-down");
    assert_eq!(scene.word(), "");

    scene.down();

    assert_eq!(scene.word(), "");
    assert_eq!(scene.after(4 * MINUTE), "");
    assert_eq!(scene.after(MINUTE), "raised");
    assert_eq!(scene.after(60 * MINUTE), "");
    scene.reach(Reach::Usable);
    assert_eq!(scene.word(), "");
    assert_eq!(scene.after(MINUTE), "resolved");
    assert_eq!(scene.after(60 * MINUTE), "");
}

#[test]
fn a_service_that_flaps_does_not_flap_its_alert() {
    let mut scene = Scene::of("service-down");
    scene.down();
    assert_eq!(scene.after(5 * MINUTE), "raised");

    for _ in 0..10 {
        scene.reach(Reach::Usable);
        assert_eq!(scene.after(MINUTE / 2), "");
        scene.down();
        assert_eq!(scene.after(MINUTE / 2), "");
    }

    let mut short = Scene::of("service-down");
    for _ in 0..10 {
        short.down();
        assert_eq!(short.after(4 * MINUTE), "", "never down for long enough");
        short.reach(Reach::Usable);
        assert_eq!(short.after(MINUTE), "");
    }
}

#[test]
fn an_outage_that_began_before_the_first_look_counts_from_its_beginning() {
    let mut scene = Scene::of("service-down");
    scene.down();
    scene.clock.advance(6 * MINUTE);

    let raised = scene.look();

    let Change::Raised { service, severity, message } = &raised[0].change else {
        panic!("{raised:?}")
    };
    assert_eq!((service.as_str(), *severity), ("kenya", Severity::Critical));
    assert_eq!(message, "kenya cannot be reached: no connection");
    assert_eq!(raised[0].subject, "service/kenya");
}

#[test]
fn after_a_restart_an_open_alert_waits_for_the_first_probe_and_is_not_raised_again() {
    let mut scene = Scene::of("service-down");
    let open = ("service-down".to_owned(), "service/kenya".to_owned(), Severity::Critical);
    scene.state = State::of_open([open]);
    scene.reach(Reach::Unknown);

    assert_eq!(scene.after(60 * MINUTE), "");

    scene.down();
    assert_eq!(scene.after(60 * MINUTE), "");
    scene.reach(Reach::Usable);
    assert_eq!(scene.word(), "");
    assert_eq!(scene.after(MINUTE), "resolved");
}

#[test]
fn maintenance_raises_nothing_and_ends_what_is_open() {
    let mut scene = Scene::of("service-down");
    scene.down();
    scene.facts.maintenance = true;

    assert_eq!(scene.after(60 * MINUTE), "");
    scene.facts.maintenance = false;
    assert_eq!(scene.word(), "raised");
    scene.facts.maintenance = true;
    let resolved = scene.look();

    let why = "the service is in maintenance".to_owned();
    assert_eq!(resolved[0].change, Change::Resolved { why });
    assert_eq!(scene.after(MINUTE), "");
}

#[test]
fn an_alert_ends_with_its_service_its_rule_and_its_narrowing() {
    type Change = fn(&mut Scene);
    let changes: [(&str, Change); 3] = [
        ("the rule is not in force any more", |scene| scene.rules[0].enabled = false),
        ("the service is not in the federation any more", |scene| {
            scene.facts.service = "mali".parse().unwrap();
            scene.facts.reach = Reach::Usable;
        }),
        ("the rule is not about this service any more", |scene| {
            scene.rules[0].kinds.insert("michigan".to_owned());
        }),
    ];
    for (why, change) in changes {
        let mut scene = Scene::of("service-down");
        scene.down();
        assert_eq!(scene.after(5 * MINUTE), "raised");

        change(&mut scene);

        let resolved = scene.look();
        assert_eq!(resolved[0].change, alerts::Change::Resolved { why: why.to_owned() });
        assert_eq!(scene.after(MINUTE), "");
    }
}

#[test]
fn bounds_are_crossed_for_a_while_and_let_go_with_a_margin() {
    type Case = (&'static str, fn(&mut Facts, f32), Duration, &'static [(f32, &'static str)]);
    let cases: [Case; 3] = [
        (
            "failure-rate",
            |facts, failed| {
                facts.success_rate = Some(1.0 - failed);
                facts.samples = 20;
            },
            5 * MINUTE,
            &[
                (0.2, ""),
                (0.3, ""),
                (0.3, "raised"),
                (0.22, ""),
                (0.22, ""),
                (0.1, ""),
                (0.1, "resolved"),
            ],
        ),
        (
            "slow-responses",
            |facts, seconds| facts.latency = Some(Duration::from_secs_f32(seconds)),
            10 * MINUTE,
            &[
                (5.0, ""),
                (6.0, ""),
                (6.0, "raised"),
                (4.5, ""),
                (4.5, ""),
                (1.0, ""),
                (1.0, "resolved"),
            ],
        ),
        (
            "circuit-flapping",
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "small counts"
            )]
            |facts, openings| facts.openings = openings as u32,
            5 * MINUTE,
            &[
                (4.0, ""),
                (5.0, "raised"),
                (9.0, ""),
                (3.0, ""),
                (3.0, ""),
                (2.0, ""),
                (0.0, "resolved"),
            ],
        ),
    ];
    for (rule, set, step, course) in cases {
        let mut scene = Scene::of(rule);
        for (at, (value, expected)) in course.iter().enumerate() {
            set(&mut scene.facts, *value);
            assert_eq!(scene.after(step), *expected, "{rule}, step {at}");
        }
    }
}

#[test]
fn few_calls_say_nothing_about_a_rate() {
    let mut scene = Scene::of("failure-rate");
    (scene.facts.success_rate, scene.facts.samples) = (Some(0.0), 19);

    assert_eq!(scene.word(), "");

    assert_eq!(scene.after(60 * MINUTE), "");
}

#[test]
fn what_expires_is_told_at_each_step_and_ends_when_it_is_renewed() {
    type Case = (&'static str, fn(&mut Facts, Timestamp), &'static [(u32, &'static str)]);
    let cases: [Case; 2] = [
        (
            "credential-expiring",
            |facts, at| facts.credential_expires_at = Some(at),
            &[
                (8, ""),
                (7, "raised"),
                (5, ""),
                (3, "escalated"),
                (2, ""),
                (1, "escalated"),
                (0, ""),
            ],
        ),
        (
            "certificate-expiring",
            |facts, at| facts.certificate_expires_at = Some(at),
            &[(15, ""), (14, "raised"), (9, ""), (3, "escalated"), (1, ""), (0, "")],
        ),
    ];
    for (rule, set, course) in cases {
        let mut scene = Scene::of(rule);
        let expires_at = scene.clock.now() + 20 * DAY;
        set(&mut scene.facts, expires_at);
        let mut left = 20;
        for (days, expected) in course {
            assert_eq!(scene.after((left - days) * DAY), *expected, "{rule}, {days} days left");
            left = *days;
        }
        assert_eq!(scene.after(DAY), "", "expired, and told before");

        set(&mut scene.facts, expires_at + 300 * DAY);

        let ends = [scene.word(), scene.after(MINUTE)];
        assert!(ends.contains(&"resolved"), "{rule}: {ends:?}");
    }
}

#[test]
fn severities_rise_from_step_to_step() {
    let mut scene = Scene::of("credential-expiring");
    scene.facts.credential_expires_at = Some(scene.clock.now() + 7 * DAY);

    let severity = |change: &Change| match change {
        Change::Raised { severity, .. } | Change::Escalated { severity, .. } => *severity,
        Change::Resolved { why } => panic!("{why}"),
    };
    let mut seen = Vec::new();
    for _ in 0..8 {
        seen.extend(scene.look().iter().map(|transition| severity(&transition.change)));
        scene.clock.advance(DAY);
    }

    assert_eq!(seen, [Severity::Info, Severity::Warning, Severity::Critical]);
}

#[test]
fn rules_are_told_apart_by_name() {
    let second = RuleConfig {
        name: "down-at-once".to_owned(),
        when: Some(When::ServiceDown),
        r#for: Some(Duration::ZERO),
        ..RuleConfig::default()
    };
    let mut scene = Scene::of("service-down");
    scene.rules = rules::build(&[second]).unwrap();
    scene.down();

    let at_once = scene.look();
    scene.clock.advance(5 * MINUTE);
    let later = scene.look();

    assert_eq!((at_once.len(), at_once[0].rule.as_str()), (1, "down-at-once"));
    assert_eq!((later.len(), later[0].rule.as_str()), (1, "service-down"));
}
