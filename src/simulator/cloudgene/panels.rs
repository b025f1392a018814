//! The reference panels that a simulated server can have installed, and how requests name them.

/// An installed panel. Cloudgene keeps it as a data app.
#[derive(Debug)]
pub(super) struct Panel {
    /// Id of its data app.
    pub(super) id: &'static str,
    /// Version of its data app.
    pub(super) version: &'static str,
    /// Name for people; the only place where the API tells the build.
    pub(super) name: &'static str,
    /// Build of its haplotypes.
    pub(super) build: &'static str,
    /// Whether it has chromosome X.
    pub(super) has_x: bool,
    /// Ids and names of its populations.
    pub(super) populations: &'static [(&'static str, &'static str)],
    /// Which app lists it.
    pub(super) category: Category,
}

/// The category of a panel's data app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Category {
    /// `RefPanel`.
    Genome,
    /// `RefPanelHLA`: chromosome 6 only, without populations.
    Hla,
}

impl Panel {
    /// The key under which forms name it.
    pub(super) fn key(&self) -> String {
        format!("apps@{}@{}", self.id, self.version)
    }

    /// Whether it can impute a chromosome.
    pub(super) fn has_chromosome(&self, chromosome: &str) -> bool {
        match self.category {
            Category::Hla => chromosome == "6",
            Category::Genome if chromosome == "X" => self.has_x,
            Category::Genome => {
                chromosome.parse::<u8>().is_ok_and(|number| (1..=22).contains(&number))
            }
        }
    }

    /// Whether it has a population; ids match whatever their case, and none means `off`.
    pub(super) fn has_population(&self, population: &str) -> bool {
        let population = if population.is_empty() { "off" } else { population };
        self.populations.iter().any(|(id, _)| id.eq_ignore_ascii_case(population))
    }
}

/// The panel with an id.
pub(super) fn find(id: &str) -> Option<&'static Panel> {
    PANELS.iter().find(|panel| panel.id == id)
}

/// The panel that a form names: `apps@id@version`, and in Cloudgene 3 without `apps@`, version or both.
pub(super) fn resolve(generation: u8, named: &str) -> Option<&'static Panel> {
    let bare = named.strip_prefix("apps@");
    let (id, version) = match bare.unwrap_or(named).split_once('@') {
        Some((id, version)) => (id, Some(version)),
        None => (bare.unwrap_or(named), None),
    };
    if generation == 2 && (bare.is_none() || version.is_none()) {
        return None;
    }
    find(id).filter(|panel| version.is_none_or(|version| version == panel.version))
}

/// Sets of panels by name.
pub(super) fn preset(name: &str) -> Option<Vec<String>> {
    let ids: &[&str] = match name {
        "michigan" => &["1000g-phase-3-v5", "hrc-r1.1", "1000g-phase3-deep", "samoan", HLA],
        "h3africa" => &["h3africa-v6hc-s", "samoan", HLA],
        "both" => &["1000g-phase-3-v5", "h3africa-v6hc-s", "samoan", HLA],
        _ => return None,
    };
    Some(ids.iter().map(|id| (*id).to_owned()).collect())
}

const HLA: &str = "multiethnic-hla-panel-Ggroup";

const PANELS: &[Panel] = &[
    Panel {
        id: "1000g-phase-3-v5",
        version: "2.0.0",
        name: "1000G Phase 3 v5 (GRCh37/hg19)",
        build: "hg19",
        has_x: true,
        populations: &[
            ("afr", "AFR"),
            ("amr", "AMR"),
            ("eas", "EAS"),
            ("eur", "EUR"),
            ("sas", "SAS"),
            ("mixed", "Mixed"),
            ("off", "Skip"),
        ],
        category: Category::Genome,
    },
    Panel {
        id: "hrc-r1.1",
        version: "2.0.0",
        name: "HRC r1.1 2016 (GRCh37/hg19)",
        build: "hg19",
        has_x: true,
        populations: &[("eur", "EUR"), ("mixed", "Mixed")],
        category: Category::Genome,
    },
    Panel {
        id: "1000g-phase3-deep",
        version: "1.0.0",
        name: "1000G Phase 3 30x (GRCh38/hg38) [BETA]",
        build: "hg38",
        has_x: true,
        populations: &[("all", "ALL"), ("off", "Skip")],
        category: Category::Genome,
    },
    Panel {
        id: "caapa",
        version: "2.0.0",
        name: "CAAPA African American Panel (GRCh37/hg19)",
        build: "hg19",
        has_x: false,
        populations: &[("AA", "AA"), ("mixed", "Mixed")],
        category: Category::Genome,
    },
    Panel {
        id: "samoan",
        version: "2.0.0",
        name: "Samoan (GRCh37/hg19)",
        build: "hg19",
        has_x: false,
        populations: &[("mixed", "Mixed")],
        category: Category::Genome,
    },
    Panel {
        id: "topmed-r3",
        version: "1.0.0",
        name: "TOPMed r3 (GRCh38/hg38)",
        build: "hg38",
        has_x: true,
        populations: &[("all", "vs. TOPMed Panel"), ("off", "Skip")],
        category: Category::Genome,
    },
    Panel {
        id: "h3africa-v6hc-s",
        version: "1.0.0",
        name: "H3Africa v6 High Coverage (GRCh38/hg38)",
        build: "hg38",
        has_x: false,
        populations: &[("afr", "AFR"), ("mixed", "Mixed"), ("off", "Skip")],
        category: Category::Genome,
    },
    Panel {
        id: HLA,
        version: "1.0.0",
        name: "Multi-ethnic HLA v1 (2021) (GRCh37/hg19)",
        build: "hg19",
        has_x: false,
        populations: &[("off", "Skip")],
        category: Category::Hla,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_are_found_under_the_names_of_each_generation() {
        for (named, in_3, in_2) in [
            ("apps@h3africa-v6hc-s@1.0.0", true, true),
            ("apps@h3africa-v6hc-s", true, false),
            ("h3africa-v6hc-s@1.0.0", true, false),
            ("h3africa-v6hc-s", true, false),
            ("apps@h3africa-v6hc-s@9.9.9", false, false),
            ("H3Africa v6 High Coverage (GRCh38/hg38)", false, false),
            ("", false, false),
        ] {
            assert_eq!((resolve(3, named).is_some(), resolve(2, named).is_some()), (in_3, in_2));
        }
    }

    #[test]
    fn populations_match_in_any_case_and_none_means_off() {
        let thousand = find("1000g-phase-3-v5").unwrap();
        let hrc = find("hrc-r1.1").unwrap();

        assert!(thousand.has_population("AFR"));
        assert!(thousand.has_population(""));
        assert!(!hrc.has_population(""));
        assert!(!hrc.has_population("afr"));
    }
}
