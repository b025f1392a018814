//! The apps of a simulated server: what they are called and which parameters they take.

use super::panels::Category;

/// An installed app.
#[derive(Debug)]
pub(super) struct App {
    /// Its id, without version.
    pub(super) id: &'static str,
    /// Its version.
    pub(super) version: &'static str,
    /// Its name for people.
    pub(super) name: &'static str,
    /// What runs when it runs.
    pub(super) pipeline: Pipeline,
    /// Its inputs, in order, with the hidden ones.
    pub(super) params: &'static [Param],
}

/// What runs when an app runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pipeline {
    /// imputationserver2: four steps, one output.
    Genome,
    /// imputationserver2 for chromosome 6.
    Hla,
    /// The older imputationserver: five steps, four outputs. Cloudgene 2 only.
    Classic,
}

/// An input of an app.
#[derive(Debug)]
pub(super) struct Param {
    /// Name of its form field.
    pub(super) id: &'static str,
    /// Text for people.
    pub(super) description: &'static str,
    /// What it takes.
    pub(super) kind: ParamKind,
    /// What holds where it is not sent.
    pub(super) default: &'static str,
}

/// What an input takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum ParamKind {
    /// One of the installed panels of a category.
    Panels(Category),
    /// One of the populations of the chosen panel.
    Populations,
    /// One of a list; the server never checks which.
    Choice(&'static [(&'static str, &'static str)]),
    /// Its presence means the first value, its absence the second, whatever is sent.
    Checkbox(&'static str, &'static str),
    /// Uploaded files.
    Folder,
    /// Text; not shown in forms.
    Hidden,
    /// Terms of use; taken and ignored.
    Terms,
}

impl App {
    /// Its id with version.
    pub(super) fn full_id(&self) -> String {
        format!("{}@{}", self.id, self.version)
    }

    /// The input with an id.
    pub(super) fn param(&self, id: &str) -> Option<&'static Param> {
        self.params.iter().find(|param| param.id == id)
    }
}

/// The apps of a generation.
pub(super) fn installed(generation: u8) -> impl Iterator<Item = &'static App> {
    APPS.iter().filter(move |app| generation == 2 || app.pipeline != Pipeline::Classic)
}

/// The app that is meant by `id` or `id@version`.
pub(super) fn find(generation: u8, named: &str) -> Option<&'static App> {
    installed(generation).find(|app| named == app.id || named == app.full_id())
}

const APPS: &[App] = &[
    App {
        id: "imputationserver2",
        version: "2.0.12",
        name: "Genotype Imputation",
        pipeline: Pipeline::Genome,
        params: &[
            PANEL,
            FILES,
            BUILD,
            Param {
                id: "r2Filter",
                description: "rsq Filter",
                kind: ParamKind::Choice(&[
                    ("0", "off"),
                    ("0.001", "0.001"),
                    ("0.1", "0.1"),
                    ("0.2", "0.2"),
                    ("0.3", "0.3"),
                ]),
                default: "0",
            },
            Param {
                id: "phasing",
                description: "Phasing",
                kind: ParamKind::Choice(&[
                    ("beagle", "Beagle 5.4"),
                    ("eagle", "Eagle v2.4 (phased output)"),
                    ("no_phasing", "No phasing"),
                ]),
                default: "eagle",
            },
            POPULATION,
            Param {
                id: "mode",
                description: "Mode",
                kind: ParamKind::Choice(&[
                    ("imputation", "Quality Control & Imputation"),
                    ("qc_only", "Quality Control Only"),
                ]),
                default: "imputation",
            },
            Param {
                id: "aesEncryption",
                description: "AES 256 encryption",
                kind: ParamKind::Checkbox("true", "false"),
                default: "false",
            },
            Param {
                id: "meta",
                description: "Generate Meta-imputation file",
                kind: ParamKind::Checkbox("true", "false"),
                default: "false",
            },
            PASSWORD,
            TERMS_1,
            TERMS_2,
        ],
    },
    App {
        id: "imputationserver2-hla",
        version: "2.0.12",
        name: "Genotype Imputation HLA",
        pipeline: Pipeline::Hla,
        params: &[
            Param { kind: ParamKind::Panels(Category::Hla), ..PANEL },
            FILES,
            BUILD,
            Param {
                id: "phasing",
                description: "Phasing",
                kind: ParamKind::Choice(&[
                    ("eagle", "Eagle v2.4 (unphased input)"),
                    ("no_phasing", "No phasing (phased input)"),
                ]),
                default: "eagle",
            },
            Param {
                id: "aesEncryption",
                description: "AES 256 encryption",
                kind: ParamKind::Checkbox("true", "false"),
                default: "false",
            },
            PASSWORD,
            TERMS_1,
            TERMS_2,
        ],
    },
    App {
        id: "imputationserver",
        version: "2.0.0",
        name: "Genotype Imputation (Minimac4)",
        pipeline: Pipeline::Classic,
        params: &[
            PANEL,
            FILES,
            BUILD,
            Param {
                id: "r2Filter",
                description: "rsq Filter",
                kind: ParamKind::Choice(&[("0", "off"), ("0.3", "0.3"), ("0.8", "0.8")]),
                default: "0",
            },
            Param {
                id: "phasing",
                description: "Phasing",
                kind: ParamKind::Choice(&[
                    ("eagle", "Eagle v2.4 (phased output)"),
                    ("no_phasing", "No phasing"),
                ]),
                default: "eagle",
            },
            POPULATION,
            Param {
                id: "mode",
                description: "Mode",
                kind: ParamKind::Choice(&[
                    ("imputation", "Quality Control & Imputation"),
                    ("phasing", "Quality Control & Phasing Only"),
                    ("qconly", "Quality Control Only"),
                ]),
                default: "imputation",
            },
            Param {
                id: "aesEncryption",
                description: "AES 256 encryption",
                kind: ParamKind::Checkbox("yes", "no"),
                default: "no",
            },
            Param {
                id: "meta",
                description: "Generate Meta-imputation file",
                kind: ParamKind::Checkbox("yes", "no"),
                default: "no",
            },
            Param { default: "auto", ..PASSWORD },
            TERMS_1,
            TERMS_2,
        ],
    },
];

const PANEL: Param = Param {
    id: "refpanel",
    description: "Reference Panel (<a href=\"#\" target=\"_blank\">Details</a>)",
    kind: ParamKind::Panels(Category::Genome),
    default: "",
};

const FILES: Param = Param {
    id: "files",
    description: "Input Files (<a href=\"#\" target=\"_blank\">VCF</a>)",
    kind: ParamKind::Folder,
    default: "",
};

const BUILD: Param = Param {
    id: "build",
    description: "Array Build",
    kind: ParamKind::Choice(&[("hg19", "GRCh37/hg19"), ("hg38", "GRCh38/hg38")]),
    default: "hg19",
};

const POPULATION: Param = Param {
    id: "population",
    description: "Population",
    kind: ParamKind::Populations,
    default: "",
};

const PASSWORD: Param =
    Param { id: "password", description: "Password", kind: ParamKind::Hidden, default: "" };

const TERMS_1: Param = Param {
    id: "check1",
    description: "I will not attempt to re-identify or contact research participants.",
    kind: ParamKind::Terms,
    default: "",
};

const TERMS_2: Param = Param {
    id: "check2",
    description: "I will report any inadvertent data release.",
    kind: ParamKind::Terms,
    default: "",
};
