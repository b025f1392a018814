//! What must hold for every federation, every law and every failure: no attempt leaves the set that was
//! permitted when the run arrived, nor the one that is permitted when a service is asked.
//!
//! The world is made by dice and judged by a second, plain reading of the rules that shares no code with
//! the first: words instead of bits, and closures instead of Cedar.

mod attempts;

use std::{collections::HashSet, sync::Arc};

use super::*;
use crate::{
    datasets::DatasetDocument,
    domain::{Blocs, Dataset, Transfer, Visa},
    policy::{Floor, RuleSet},
    registry::{Record, Source},
};

/// One world in so many has policies: Cedar is slow in a build that is not optimized.
const POLICIES_IN: u8 = if cfg!(debug_assertions) { 40 } else { 3 };
const COUNTRIES: [&str; 4] = ["KE", "ML", "US", "ZA"];
const INSTITUTIONS: [&str; 3] = ["Nairobi", "Bamako", "Boston"];
const DATASETS: [&str; 2] = ["h3a", "open"];

type Set = HashSet<&'static str>;

/// One policy, in Cedar and as a plain reading.
struct Written {
    cedar: &'static str,
    forbids: fn(&World, &Site) -> bool,
}

const POLICIES: [Written; 6] = [
    Written {
        cedar: r#"@id("p0") @reason("r") forbid (principal, action, resource) unless { resource.certifications.contains("ISO") };"#,
        forbids: |_, site| !site.certified,
    },
    Written {
        cedar: r#"@id("p1") @reason("r") forbid (principal, action, resource) when { context has dataset && context.dataset.class == "controlled" } unless { principal.grants.contains("grant") };"#,
        forbids: |world, _| {
            world.dataset == Some("h3a") && !(world.granted && world.now < world.visa_ends)
        },
    },
    Written {
        cedar: r#"@id("p2") @reason("r") forbid (principal, action, resource == Service::"s1");"#,
        forbids: |_, site| site.id == "s1",
    },
    Written {
        cedar: r#"@id("p3") @reason("r") forbid (principal, action, resource) when { resource.jurisdiction != resource.controller_jurisdiction };"#,
        forbids: |_, site| site.place != site.controller,
    },
    Written {
        cedar: r#"@id("p4") @reason("r") forbid (principal, action, resource) when { resource.blocs.contains("SADC") && principal has institution && principal.institution == "Boston" };"#,
        forbids: |world, site| site.place == "ZA" && world.institution == Some("Boston"),
    },
    Written {
        cedar: r#"@id("p5") @reason("r") forbid (principal, action, resource) when { context.purpose.contains("DUO:0000042") && context.origin.contains("ML") };"#,
        forbids: |world, _| {
            let origin = world.home().unwrap_or_else(|| world.wanted.clone());
            world.purposeful && origin.contains("ML")
        },
    },
];

/// A service, in plain words.
#[derive(Clone)]
struct Site {
    id: String,
    place: &'static str,
    controller: &'static str,
    certified: bool,
    /// How often this id was taken out and came back: one that did is another service.
    lives: u32,
}

/// What is made once for all worlds.
#[derive(Default)]
struct Book {
    blocs: Blocs,
    /// By the bits of their policies.
    rules: BTreeMap<usize, Arc<RuleSet>>,
}

#[derive(Clone)]
struct Basis {
    from: Set,
    to: Set,
    until: i64,
}

/// Everything that counts, in plain words.
struct World {
    now: i64,
    sites: Vec<Site>,
    require_origin: bool,
    institutions: Vec<(&'static str, Set)>,
    transfers: Vec<Basis>,
    /// Of each dataset, where it comes from; `None` is off the record.
    datasets: [Option<Set>; 2],
    institution: Option<&'static str>,
    dataset: Option<&'static str>,
    wanted: Set,
    granted: bool,
    visa_ends: i64,
    purposeful: bool,
    /// Bits of the policies in force; `None` is the floor alone.
    policies: Option<usize>,
}

impl World {
    fn throw(dice: &mut Rng) -> Self {
        let count = dice.usize(1..6);
        let mut world = Self {
            now: 0,
            sites: (0..count).map(|number| Site::throw(format!("s{number}"), dice)).collect(),
            require_origin: dice.u8(..4) == 0,
            institutions: Vec::new(),
            transfers: (0..dice.usize(..3)).map(|_| Basis::throw(dice)).collect(),
            datasets: [None, None],
            institution: some(dice, &INSTITUTIONS),
            dataset: if dice.bool() { some(dice, &DATASETS) } else { None },
            wanted: if dice.u8(..3) == 0 { countries(dice) } else { Set::new() },
            granted: dice.bool(),
            visa_ends: dice.i64(0..60),
            purposeful: dice.bool(),
            policies: (dice.u8(..POLICIES_IN) == 0).then(|| dice.usize(..1 << POLICIES.len())),
        };
        for name in INSTITUTIONS {
            if dice.bool() {
                world.institutions.push((name, countries(dice)));
            }
        }
        for at in 0..2 {
            world.datasets[at] = (dice.u8(..4) > 0).then(|| countries(dice));
        }
        world
    }

    /// Where the data come from by record.
    fn home(&self) -> Option<Set> {
        if let Some(name) = self.dataset {
            return self.datasets[DATASETS.iter().position(|one| *one == name)?].clone();
        }
        let record = self.institutions.iter().find(|(name, _)| Some(*name) == self.institution);
        record.map(|(_, home)| home.clone())
    }

    /// The plain reading of the floor: the countries, or `None` for a refusal.
    fn area(&self) -> Option<Set> {
        let Some(home) = self.home() else {
            if self.dataset.is_some() || self.require_origin {
                return None;
            }
            return Some(if self.wanted.is_empty() {
                COUNTRIES.into_iter().collect()
            } else {
                self.wanted.clone()
            });
        };
        let mut area = home.clone();
        for basis in &self.transfers {
            if self.now < basis.until && home.is_subset(&basis.from) {
                area.extend(&basis.to);
            }
        }
        if !self.wanted.is_empty() {
            area.retain(|country| self.wanted.contains(country));
        }
        Some(area)
    }

    /// Whether the run may be at a service, by the plain reading.
    fn may_go(&self, site: &Site) -> bool {
        let inside = self
            .area()
            .is_some_and(|area| area.contains(site.place) && area.contains(site.controller));
        let forbidden = self.policies.is_some_and(|bits| {
            let in_force = POLICIES.iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0);
            in_force.into_iter().any(|(_, policy)| (policy.forbids)(self, site))
        });
        inside && !forbidden
    }

    fn permitted(&self) -> HashSet<(String, u32)> {
        let sites = self.sites.iter().filter(|site| self.may_go(site));
        sites.map(|site| (site.id.clone(), site.lives)).collect()
    }

    /// Something changes while a service is asked.
    fn happen(&mut self, fleet: &Registry, dice: &mut Rng) {
        let at = dice.usize(..self.sites.len());
        match dice.u8(..10) {
            0 | 1 => {
                let moved = Site {
                    lives: self.sites[at].lives,
                    ..Site::throw(self.sites[at].id.clone(), dice)
                };
                fleet.put(Record::new(moved.service(), Source::Operator, NOW));
                self.sites[at] = moved;
                self.answers(fleet, at, Reach::Usable);
            }
            2 => {
                let again = Site { lives: self.sites[at].lives + 1, ..self.sites[at].clone() };
                fleet.remove(&again.id.parse().unwrap());
                fleet.put(Record::new(again.service(), Source::Operator, NOW));
                self.sites[at] = again;
                self.answers(fleet, at, Reach::Usable);
            }
            3 => self.answers(fleet, at, Reach::Unreachable { why: "gone".to_owned() }),
            4 => self.now += dice.i64(1..40),
            5 if dice.u8(..POLICIES_IN) == 0 => {
                self.policies = Some(dice.usize(..1 << POLICIES.len()));
            }
            6 => self.policies = None,
            7 => self.datasets[dice.usize(..2)] = dice.bool().then(|| countries(dice)),
            8 => {
                let joined = Site::throw(format!("t{}", self.sites.len()), dice);
                fleet.put(Record::new(joined.service(), Source::Operator, NOW));
                self.sites.push(joined);
                self.answers(fleet, self.sites.len() - 1, Reach::Usable);
            }
            _ => {}
        }
    }

    fn answers(&self, fleet: &Registry, at: usize, reach: Reach) {
        let versions = vec!["v1.2".to_owned()];
        let workflow_types = BTreeMap::from([("CWL".to_owned(), versions)]);
        let offer = Offer { workflow_types, ..Offer::default() };
        fleet.publish(&self.sites[at].id.parse().unwrap(), reach, Some(offer), NOW);
    }

    /// The law of this world in the words of the product.
    fn law(&self, book: &mut Book) -> Law {
        let set = |words: &Set| words.iter().map(|word| word.parse().unwrap()).collect();
        let transfers = self.transfers.iter().map(|basis| Transfer {
            id: "basis".to_owned(),
            from: set(&basis.from),
            to: set(&basis.to),
            classes: Vec::new(),
            until: Some(Timestamp::from_second(basis.until).unwrap()),
        });
        let institutions =
            self.institutions.iter().map(|(name, home)| ((*name).to_owned(), set(home)));
        let floor = Floor {
            require_origin: self.require_origin,
            gateway: None,
            blocs: book.blocs.clone(),
            institutions: institutions.collect(),
            transfers: transfers.collect(),
        };
        let rules = self.policies.map(|bits| {
            let set = book.rules.entry(bits).or_insert_with(|| {
                let mut text = r#"@id("base") permit (principal, action, resource);"#.to_owned();
                for (bit, policy) in POLICIES.iter().enumerate() {
                    if bits & (1 << bit) != 0 {
                        text.push_str(policy.cedar);
                    }
                }
                Arc::new(RuleSet::compile(&[("p.cedar".to_owned(), text)].into()).unwrap())
            });
            set.clone()
        });
        Law::new(floor.into(), rules, 1)
    }

    fn caller(&self) -> Caller {
        let visa = self.granted.then(|| Visa {
            kind: "ControlledAccessGrants".to_owned(),
            value: "grant".to_owned(),
            source: String::new(),
            by: None,
            issuer: String::new(),
            asserted: 0,
            expires: self.visa_ends,
        });
        Caller {
            institution: self.institution.map(str::to_owned),
            visas: visa.into_iter().collect(),
            ..Caller::new(CallerId::new("issuer", "amina"))
        }
    }

    fn needs(&self) -> Needs {
        let purpose = self.purposeful.then(|| "DUO:0000042".parse().unwrap());
        Needs {
            origin: self.wanted.iter().map(|word| word.parse().unwrap()).collect(),
            dataset: self.dataset.map(|id| id.parse().unwrap()),
            purpose: purpose.into_iter().collect(),
            ..super::choice::cwl()
        }
    }

    /// The record of the dataset that the run names, in the words of the product.
    fn record(&self, book: &Book) -> Option<Dataset> {
        let at = DATASETS.iter().position(|one| Some(*one) == self.dataset)?;
        let home = self.datasets[at].as_ref()?;
        let document = DatasetDocument {
            id: DATASETS[at].to_owned(),
            name: None,
            description: None,
            origin: home.iter().map(|word| (*word).to_owned()).collect(),
            class: if at == 0 { "controlled" } else { "open" }.to_owned(),
            duo: Vec::new(),
            grant: None,
            institutions: Vec::new(),
            transfers: Vec::new(),
        };
        Some(document.to_dataset(&book.blocs).unwrap())
    }
}

impl Site {
    fn throw(id: String, dice: &mut Rng) -> Self {
        let place = COUNTRIES[dice.usize(..4)];
        let controller = if dice.u8(..4) == 0 { COUNTRIES[dice.usize(..4)] } else { place };
        Self { id, place, controller, certified: dice.bool(), lives: 0 }
    }

    fn service(&self) -> Service {
        let certified = self.certified.then(|| "ISO".to_owned());
        Service {
            controller_jurisdiction: Some(self.controller.parse().unwrap()),
            certifications: certified.into_iter().collect(),
            ..service(&self.id, self.place)
        }
    }
}

impl Basis {
    fn throw(dice: &mut Rng) -> Self {
        Self { from: countries(dice), to: countries(dice), until: dice.i64(0..60) }
    }
}

fn countries(dice: &mut Rng) -> Set {
    let bits = dice.usize(1..16);
    COUNTRIES
        .into_iter()
        .enumerate()
        .filter(|(bit, _)| bits & (1 << bit) != 0)
        .map(|(_, c)| c)
        .collect()
}

fn some(dice: &mut Rng, of: &[&'static str]) -> Option<&'static str> {
    of.get(dice.usize(..=of.len())).copied()
}
