//! Files that a node's operator was given, or wrote.

use std::{fs, io::Read, path::Path};

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;

use crate::federation::ServiceDocument;

/// What is known of an invitation.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Invitation {
    /// What registers the node.
    pub(super) secret: String,
    /// What the gateway calls itself.
    #[serde(default)]
    pub(super) audience: Option<String>,
}

/// Reads an invitation: the answer that the operator of the gateway got, or its secret alone. `-` reads
/// standard input.
pub(super) fn invitation(path: &Path) -> Result<Invitation> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("standard input cannot be read")?;
        text
    } else {
        fs::read_to_string(path)
            .with_context(|| format!("the invitation {} cannot be read", path.display()))?
    };
    parse_invitation(&text)
        .ok_or_else(|| anyhow!("{} is no invitation: it holds no secret", path.display()))
}

fn parse_invitation(text: &str) -> Option<Invitation> {
    let text = text.trim();
    if let Ok(whole) = serde_json::from_str(text) {
        return Some(whole);
    }
    let plain = text.starts_with("gni_") && !text.contains(char::is_whitespace);
    plain.then(|| Invitation { secret: text.to_owned(), audience: None })
}

/// Reads a service document: TOML, or JSON where the name ends so.
pub(super) fn document(path: &Path) -> Result<ServiceDocument> {
    let named = || format!("the service document {}", path.display());
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", named()))?;
    let json = path.extension().is_some_and(|ending| ending == "json");
    let document: ServiceDocument = if json {
        serde_json::from_str(&text).with_context(|| format!("{} is wrong", named()))?
    } else {
        toml::from_str(&text).with_context(|| format!("{} is wrong", named()))?
    };
    match document.to_service() {
        Ok(_) => Ok(document),
        Err(flaw) => bail!("{} is wrong: {flaw}", named()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_a_file_or_its_secret_alone() {
        for (text, secret, audience) in [
            (r#"{"secret":"gni_a","audience":"g","label":"x"}"#, Some("gni_a"), Some("g")),
            (" gni_a\n", Some("gni_a"), None),
            ("gni_a b", None, None),
            (r#"{"label":"x"}"#, None, None),
            ("", None, None),
        ] {
            let found = parse_invitation(text);

            assert_eq!(found.as_ref().map(|found| found.secret.as_str()), secret, "{text}");
            assert_eq!(found.and_then(|found| found.audience).as_deref(), audience, "{text}");
        }
    }

    #[test]
    fn a_document_is_toml_or_json_and_checked_before_it_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let toml =
            "id = \"icer\"\nkind = \"wes\"\nurl = \"https://icer.example\"\njurisdiction = \"ML\"";
        let json =
            r#"{"id": "icer", "kind": "wes", "url": "https://icer.example", "jurisdiction": "ML"}"#;

        let read = document(&write("service.toml", toml)).unwrap();

        assert_eq!(read, document(&write("service.json", json)).unwrap());
        let wrong = document(&write("wrong.toml", &toml.replace("ML", "Mali"))).unwrap_err();
        assert!(format!("{wrong:#}").contains("jurisdiction"), "{wrong:#}");
    }
}
