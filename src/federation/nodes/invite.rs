//! An operator invites a node: a secret that is shown once.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::{Error, Nodes, Result};
use crate::nodes::{Bounds, Invitation};

/// What an operator says of an invitation.
#[derive(Debug, Default)]
pub struct NewInvitation {
    /// For whom it is.
    pub label: String,
    /// What the node must be.
    pub bounds: Bounds,
    /// How long it can be used; the usual time, unless set.
    pub life: Option<Duration>,
}

/// An invitation with its secret, which is not kept.
#[derive(Debug)]
pub struct Invited {
    /// The invitation.
    pub invitation: Invitation,
    /// What registers the node.
    pub secret: SecretString,
}

/// What every secret begins with, so that one that leaked can be found.
const PREFIX: &str = "gni_";

/// Longest label.
const MAX_LABEL: usize = 200;

/// How long an invitation that nobody used is remembered after its end.
const MEMORY: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Nodes {
    /// Makes an invitation.
    pub async fn invite(&self, new: NewInvitation, by: &str) -> Result<Invited> {
        let config = &self.parts.config;
        if !config.enabled {
            return Err(Error::Disabled);
        }
        let label = new.label.trim();
        if label.is_empty() || label.len() > MAX_LABEL || label.chars().any(char::is_control) {
            return Err(Error::BadRequest(format!(
                "`label` says for whom the invitation is, in at most {MAX_LABEL} characters"
            )));
        }
        let life = new.life.unwrap_or(config.invitation_life);
        if life.is_zero() || life > config.max_invitation_life {
            let most = config.max_invitation_life.as_secs();
            return Err(Error::BadRequest(format!("an invitation lives 1 to {most} seconds")));
        }
        let now = self.parts.clock.now();
        let expires_at =
            SignedDuration::try_from(life).ok().and_then(|life| now.checked_add(life).ok());
        let invitation = Invitation {
            id: Uuid::now_v7().to_string(),
            label: label.to_owned(),
            bounds: new.bounds,
            created_by: by.to_owned(),
            created_at: now,
            expires_at: expires_at.unwrap_or(jiff::Timestamp::MAX),
            attempts: 0,
            used: None,
            revoked_at: None,
        };
        let secret = secret();
        let kept = self
            .parts
            .roster
            .invite(&invitation, secret.expose_secret(), config.max_invitations, now - MEMORY)
            .await?;
        if kept { Ok(Invited { invitation, secret }) } else { Err(Error::TooMany("invitations")) }
    }

    /// Invitations, newest first, without their secrets.
    pub async fn invitations(&self, after: Option<&str>, limit: u32) -> Result<Vec<Invitation>> {
        Ok(self.parts.roster.invitations(after, limit).await?)
    }

    /// Revokes an invitation that no node has used.
    pub async fn revoke_invitation(&self, id: &str) -> Result<()> {
        let revoked = self.parts.roster.revoke_invitation(id).await?;
        if revoked { Ok(()) } else { Err(Error::UnknownInvitation) }
    }
}

fn secret() -> SecretString {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives randomness");
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)).into()
}
