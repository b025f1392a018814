//! Reference panels: what an imputation service imputes against.

use std::{fmt, str::FromStr};

/// A genome build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Build {
    /// The 2009 build, `GRCh37`.
    Hg19,
    /// The 2013 build, `GRCh38`.
    Hg38,
}

impl Build {
    /// The short name, as Cloudgene and most users write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hg19 => "hg19",
            Self::Hg38 => "hg38",
        }
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Build {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "hg19" | "grch37" | "b37" => Ok(Self::Hg19),
            "hg38" | "grch38" | "b38" => Ok(Self::Hg38),
            _ => Err("a build is `hg19` or `hg38`".to_owned()),
        }
    }
}

/// A population that a panel knows, for the allele frequency check.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Population {
    /// What a request says, such as `afr`; compared without regard to case.
    pub id: String,
    /// Name for people.
    pub name: String,
}

/// A reference panel as one service offers it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ReferencePanel {
    /// What a request says, without a vendor's prefix or version, such as `h3africa-v6hc-s`.
    pub id: String,
    /// What this service calls it, word for word; only its adapter reads this.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// Build of the panel's own positions, where it is known.
    pub build: Option<Build>,
    /// Builds of the input that this service takes for this panel.
    pub input_builds: Vec<Build>,
    /// Populations that may be named; empty where the service asks for none.
    pub populations: Vec<Population>,
    /// How many samples it is made of, where the service tells.
    pub samples: Option<u64>,
    /// How many sites it has, where the service tells.
    pub sites: Option<u64>,
}

impl ReferencePanel {
    /// Whether a request that says `name` means this panel: by id, or by the service's own key.
    pub fn is_called(&self, name: &str) -> bool {
        self.id.eq_ignore_ascii_case(name) || self.key == name
    }

    /// Builds of the input that can be imputed against it here.
    pub fn takes_build(&self, build: Build) -> bool {
        match self.input_builds.as_slice() {
            [] => self.build == Some(build),
            builds => builds.contains(&build),
        }
    }

    /// The population of that id, if the panel knows it.
    pub fn population(&self, id: &str) -> Option<&Population> {
        self.populations.iter().find(|population| population.id.eq_ignore_ascii_case(id))
    }
}
