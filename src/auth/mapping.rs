//! What the claims of one issuer mean here: institution, roles and scopes, as the configuration says.
//! Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    Issuer,
    claims::{Claims, find, is_sane, words},
};
use crate::domain::{Caller, CallerId, Role, Scope};

/// The meaning of an issuer's claims.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    institution: Option<String>,
    institution_claim: String,
    institution_values: BTreeMap<String, String>,
    roles_claim: String,
    roles: Words<Role>,
    scopes_claim: Option<String>,
    scopes: Words<Scope>,
}

/// What words mean.
#[derive(Debug, Clone)]
enum Words<T> {
    /// They are our own.
    Ours(fn(&str) -> Option<T>),
    /// They are the issuer's, and these are all that mean something.
    Theirs(BTreeMap<String, Vec<T>>),
}

impl Mapping {
    /// Reads a configuration. The error says which word of it is wrong.
    pub(super) fn of(issuer: &Issuer) -> Result<Self, String> {
        Ok(Self {
            institution: issuer.institution.clone(),
            institution_claim: issuer.institution_claim.clone(),
            institution_values: issuer.institution_values.clone(),
            roles_claim: issuer.roles_claim.clone(),
            roles: Words::of(&issuer.role_values, Role::parse)?,
            scopes_claim: issuer.scopes_claim.clone(),
            scopes: Words::of(&issuer.scope_values, Scope::parse)?,
        })
    }

    /// The caller whom these claims describe.
    pub(super) fn caller(&self, id: CallerId, claims: &Claims) -> Caller {
        let mut caller = Caller::new(id);
        caller.institution = self.institution(claims);
        caller.roles = self.roles.meaning(find(claims, &self.roles_claim));
        if caller.roles.is_empty() {
            // Whoever may come in may submit runs of their own.
            caller.roles.insert(Role::Researcher);
        }
        if let Some(claim) = &self.scopes_claim {
            caller.scopes = self.scopes.meaning(find(claims, claim));
        }
        caller
    }

    fn institution(&self, claims: &Claims) -> Option<String> {
        if self.institution.is_some() {
            return self.institution.clone();
        }
        let said = find(claims, &self.institution_claim)?;
        // Some issuers make a list of every attribute; the first entry is the main one.
        let said = said.as_array().map_or(Some(said), |list| list.first())?.as_str()?;
        if self.institution_values.is_empty() {
            return (!said.is_empty() && is_sane(said)).then(|| said.to_owned());
        }
        self.institution_values.get(said).cloned()
    }
}

impl<T: Copy + Ord> Words<T> {
    fn of(
        values: &BTreeMap<String, Vec<String>>,
        parse: fn(&str) -> Option<T>,
    ) -> Result<Self, String> {
        if values.is_empty() {
            return Ok(Self::Ours(parse));
        }
        let meaning = |words: &Vec<String>| {
            let known =
                |word: &String| parse(word).ok_or_else(|| format!("`{word}` is no such word"));
            words.iter().map(known).collect::<Result<Vec<T>, String>>()
        };
        let read = values.iter().map(|(value, words)| Ok((value.clone(), meaning(words)?)));
        Ok(Self::Theirs(read.collect::<Result<_, String>>()?))
    }

    fn meaning(&self, claim: Option<&Value>) -> BTreeSet<T> {
        let said = words(claim).into_iter();
        match self {
            Self::Ours(parse) => said.filter_map(parse).collect(),
            Self::Theirs(values) => {
                said.filter_map(|word| values.get(word)).flatten().copied().collect()
            }
        }
    }
}
