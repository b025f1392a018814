//! The canonical imputation request: the science, in no vendor's words.

use std::str::FromStr;

use url::Url;

use super::Build;

/// What a caller wants imputed, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Imputation {
    /// The reference panel, by id.
    pub panel: String,
    /// Build of the input.
    pub build: Build,
    /// Population for the allele frequency check, where one was named.
    pub population: Option<String>,
    /// How to phase.
    pub phasing: Phasing,
    /// How far to go.
    pub mode: Mode,
    /// Variants imputed with a lower estimated r² are left out; from 0 to 1.
    pub r2_filter: f64,
    /// Encrypt the result with AES-256 rather than the service's default.
    pub aes_encryption: bool,
    /// Also write the meta-imputation file.
    pub meta: bool,
    /// Inputs that were announced; empty where the attachments speak for themselves.
    pub files: Vec<InputFile>,
}

/// One announced input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputFile {
    /// The name of an attachment.
    Attachment(String),
    /// A file to be fetched, by the service if it can and by the gateway if it cannot.
    Url(Url),
}

/// How to phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phasing {
    /// With Eagle.
    #[default]
    Eagle,
    /// With Beagle, for panels that carry its data.
    Beagle,
    /// Not at all: the input is phased.
    NoPhasing,
}

impl Phasing {
    /// The word of a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eagle => "eagle",
            Self::Beagle => "beagle",
            Self::NoPhasing => "no_phasing",
        }
    }
}

impl FromStr for Phasing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Eagle, Self::Beagle, Self::NoPhasing]
            .into_iter()
            .find(|phasing| phasing.as_str() == text)
            .ok_or_else(|| "phasing is `eagle`, `beagle` or `no_phasing`".to_owned())
    }
}

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Quality control, phasing and imputation.
    #[default]
    Imputation,
    /// Quality control only.
    QcOnly,
}

impl Mode {
    /// The word of a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Imputation => "imputation",
            Self::QcOnly => "qc_only",
        }
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Imputation, Self::QcOnly]
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or_else(|| "mode is `imputation` or `qc_only`".to_owned())
    }
}
