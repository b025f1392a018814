//! `[policy]`: what the floor is made of, and where the policies lie.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::Deserialize;

use super::Floor;
use crate::domain::{Blocs, Countries, DataClass, Transfer};

/// Where data may go.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Refuse runs with data of which no record says where they come from: neither that of a dataset nor
    /// that of the caller's institution. Off, such a run may go anywhere, or where its caller says.
    pub require_origin: bool,
    /// Folder with policies in Cedar and with their tests; unset, the floor decides alone.
    pub dir: Option<PathBuf>,
    /// How often the folder is looked at for changes; `"0s"` for never.
    #[serde(with = "humantime_serde")]
    pub watch: Duration,
    /// Country where the gateway keeps its database and its spool. Of data that may not be there, it keeps
    /// no parameters, no results and no logs. Unset, it keeps those of all.
    pub gateway_jurisdiction: Option<String>,
    /// Blocs beside the known ones, or with other members: a name, and countries.
    pub blocs: BTreeMap<String, Vec<String>>,
    /// Where the data of callers come from, by the institution that their issuer vouches for: countries or
    /// blocs.
    pub institutions: BTreeMap<String, Vec<String>>,
    /// What allows data to go elsewhere.
    pub transfers: Vec<TransferConfig>,
}

/// What allows data of some countries to go to others.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferConfig {
    /// What people call it, such as the number of a contract.
    pub id: String,
    /// It speaks of data all of whose countries are among these: countries or blocs.
    pub from: Vec<String>,
    /// Where such data may go, beside their own countries: countries or blocs.
    pub to: Vec<String>,
    /// Of data of these classes only: `open`, `registered`, `controlled`.
    #[serde(default)]
    pub classes: Vec<String>,
    /// When it ends, as `2027-06-30T00:00:00Z`.
    #[serde(default)]
    pub until: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            require_origin: false,
            dir: None,
            watch: Duration::from_secs(5),
            gateway_jurisdiction: None,
            blocs: BTreeMap::new(),
            institutions: BTreeMap::new(),
            transfers: Vec::new(),
        }
    }
}

impl Config {
    /// The floor. The error names the key and what is wrong with it.
    pub fn floor(&self) -> Result<Floor, (String, String)> {
        let mut blocs = Blocs::default();
        for (name, members) in &self.blocs {
            let members = countries(&Blocs::default(), members)
                .map_err(|why| (format!("blocs.{name}"), why))?;
            blocs.set(name, members);
        }
        let institutions = self.institutions.iter().map(|(name, words)| {
            let origin = countries(&blocs, words);
            Ok((name.clone(), origin.map_err(|why| (format!("institutions.{name}"), why))?))
        });
        let institutions = institutions.collect::<Result<_, (String, String)>>()?;
        let transfers = self.transfers.iter().enumerate().map(|(position, transfer)| {
            transfer.read(&blocs).map_err(|why| (format!("transfers[{position}]"), why))
        });
        let transfers = transfers.collect::<Result<_, _>>()?;
        let gateway = self.gateway_jurisdiction.as_ref().map(|text| text.parse());
        let gateway = gateway
            .transpose()
            .map_err(|error| ("gateway_jurisdiction".to_owned(), format!("{error}")))?;
        let require_origin = self.require_origin;
        Ok(Floor { require_origin, gateway, blocs, institutions, transfers })
    }
}

impl TransferConfig {
    fn read(&self, blocs: &Blocs) -> Result<Transfer, String> {
        let classes = self.classes.iter().map(|word| {
            let class = DataClass::parse(word);
            class.ok_or_else(|| format!("`{word}` is no class: `open`, `registered`, `controlled`"))
        });
        let until = self.until.as_ref().map(|text| {
            text.parse()
                .map_err(|_| format!("until: `{text}` is not a time such as 2027-06-30T00:00:00Z"))
        });
        Ok(Transfer {
            id: self.id.clone(),
            from: countries(blocs, &self.from).map_err(|why| format!("from: {why}"))?,
            to: countries(blocs, &self.to).map_err(|why| format!("to: {why}"))?,
            classes: classes.collect::<Result<_, _>>()?,
            until: until.transpose()?,
        })
    }
}

fn countries(blocs: &Blocs, words: &[String]) -> Result<Countries, String> {
    let read = blocs.read_all(words).map_err(|error| error.to_string())?;
    if read.is_empty() { Err("it names no country".to_owned()) } else { Ok(read) }
}
