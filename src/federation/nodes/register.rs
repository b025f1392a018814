//! A node registers, or asks for a change of what is written down about it.

use serde_json::{Value, json};

use super::{
    Error, Nodes, ProofError, Purpose, Result,
    proof::{Claims, Shown},
};
use crate::{
    domain::{Flaw, Service, ServiceId},
    federation::ServiceDocument,
    jose::Key,
    nodes::{Bounds, Enrolled, Invitation, InvitationState, Member, Node, Standing},
    registry::Source,
};

/// What a node asks for, once it is certain that its key asks for it.
struct Asked {
    id: ServiceId,
    key: Key,
    claims: Claims,
}

impl Nodes {
    /// Takes a registration: of a new node by its invitation, of one that takes part by its key.
    pub async fn register(&self, text: &str) -> Result<Node> {
        let _place = self.admit(text)?;
        let shown = Shown::parse(text)?;
        let key = shown.own_key()?;
        let claims = shown.verify(&key, Purpose::Register, self.terms())?;
        let id = claims.node.parse();
        let id = id.map_err(|_| ProofError::Malformed("`node` is no id of a service"))?;
        let asked = Asked { id, key, claims };

        let known = self.parts.roster.node(&asked.id).await?;
        let live = known.as_ref().filter(|node| node.standing.is_live());
        if self.speaks_for(live, &asked)? {
            return self.renew(&asked).await;
        }
        let secret = asked.claims.invitation.as_deref().ok_or(Error::Invitation)?;
        let invitation = self.parts.roster.invitation_of(secret).await?;
        let (now, most) = (self.parts.clock.now(), self.parts.config.max_attempts);
        let invitation = invitation
            .filter(|invitation| invitation.state(now, most) == InvitationState::Open)
            .ok_or(Error::Invitation)?;
        let enrolled = self.enroll(&asked, known, &invitation).await;
        if enrolled.as_ref().is_err_and(|error| !matches!(error, Error::Internal(_))) {
            self.parts.roster.count_attempt(&invitation.id).await?;
        }
        enrolled
    }

    /// Whether a key speaks for a node that takes part: its own, one that waits for approval, or a new
    /// one for which its own vouches.
    fn speaks_for(&self, node: Option<&Node>, asked: &Asked) -> Result<bool> {
        if node.is_some_and(|node| node.knows(&asked.key)) {
            return Ok(true);
        }
        let Some(previous) = &asked.claims.previous else { return Ok(false) };
        // The same answer whether the node or its key is unknown.
        let node = node.ok_or(ProofError::UnknownKey)?;
        let statement = Shown::parse(previous)?;
        if statement.key_id()? != node.current.key.thumbprint() {
            return Err(ProofError::UnknownKey.into());
        }
        let claims = statement.verify(&node.current.key, Purpose::Rotate, self.terms())?;
        if claims.node != node.id.as_str() || claims.next != Some(asked.key.thumbprint()) {
            return Err(ProofError::Purpose.into());
        }
        Ok(true)
    }

    /// A node that takes part says again what it is. What is new waits for approval.
    async fn renew(&self, asked: &Asked) -> Result<Node> {
        let (document, service) = self.read(asked)?;
        self.check_address(&service.url).await?;
        self.try_out(&document).await?;
        let member = Member { document: json!(document), key: asked.key.clone() };
        let now = self.parts.clock.now();
        let (node, changed) = self
            .change(&asked.id, |node| {
                if asked.claims.seq <= node.sequence {
                    return Err(ProofError::Replayed.into());
                }
                node.sequence = asked.claims.seq;
                // What an operator did not look at yet must be what was invited.
                if node.standing == Standing::Pending {
                    within(&node.bounds, &service)?;
                }
                let last = node.next.as_ref().map_or(&node.current, |next| &next.member);
                if *last == member {
                    return Ok(false);
                }
                if node.current == member {
                    node.next = None;
                    node.revision += 1;
                    return Ok(true);
                }
                node.propose(member.clone(), now)?;
                Ok(true)
            })
            .await?;
        if changed {
            let why = if node.next.is_some() { "a change waits for approval" } else { "" };
            let standing = if node.next.is_some() { "pending" } else { node.standing.as_str() };
            self.tell(&node, standing, why);
        }
        Ok(node)
    }

    async fn enroll(
        &self,
        asked: &Asked,
        former: Option<Node>,
        invitation: &Invitation,
    ) -> Result<Node> {
        let (document, service) = self.read(asked)?;
        within(&invitation.bounds, &service)?;
        let taken = || Error::IdTaken(asked.id.clone());
        if let Some(former) = &former {
            let own = former.current.key == asked.key;
            // Runs may be tied to the id of a node that served: it goes back to its own key, or to whom
            // an operator names it.
            let named = invitation.bounds.service_id.as_ref() == Some(&asked.id);
            if former.standing.is_live() || (former.served && !own && !named) {
                return Err(taken());
            }
            if own && asked.claims.seq <= former.sequence {
                return Err(ProofError::Replayed.into());
            }
        }
        // Runs of the node before it are still followed, at its address.
        let fleet = self.parts.registry.snapshot();
        if fleet.get(&asked.id).is_some_and(|listing| listing.service().url != service.url) {
            return Err(taken());
        }
        if self.parts.roster.count_live().await? >= i64::from(self.parts.config.max_nodes) {
            return Err(Error::TooMany("nodes"));
        }
        self.check_address(&service.url).await?;
        self.try_out(&document).await?;
        let member = Member { document: json!(document), key: asked.key.clone() };
        let now = self.parts.clock.now();
        let mut node =
            Node::registered(asked.id.clone(), member, invitation, asked.claims.seq, now);
        if let Some(former) = &former {
            node.served = former.served;
            node.revision = former.revision + 1;
        }
        match self.parts.roster.enroll(&node, former.as_ref(), invitation).await? {
            Enrolled::New => {
                self.tell(&node, "pending", "");
                Ok(node)
            }
            Enrolled::InvitationGone => Err(Error::Invitation),
            Enrolled::IdTaken => Err(taken()),
        }
    }

    /// The service that a node asks for.
    fn read(&self, asked: &Asked) -> Result<(ServiceDocument, Service)> {
        let document = asked.claims.service.clone().unwrap_or(Value::Null);
        let document: ServiceDocument = serde_path_to_error::deserialize(document)
            .map_err(|error| Flaw::new("service", error.to_string()))?;
        let service = document.to_service()?;
        if service.id != asked.id {
            return Err(Flaw::new("id", "it is not the `node` that signed").into());
        }
        Ok((document, service))
    }

    /// Checks what only the services together can tell.
    async fn try_out(&self, document: &ServiceDocument) -> Result<()> {
        self.put_in_force(document, None, true).await
    }
}

/// Whether a service is what was invited.
fn within(bounds: &Bounds, service: &Service) -> Result<()> {
    let outside = |what: String| Err(Error::OutsideInvitation(what));
    if let Some(id) = bounds.service_id.as_ref().filter(|id| **id != service.id) {
        return outside(format!("its id is `{id}`"));
    }
    let host = service.url.host_str().unwrap_or_default();
    if let Some(bound) = bounds.host.as_deref().filter(|bound| !bound.eq_ignore_ascii_case(host)) {
        return outside(format!("its host is `{bound}`"));
    }
    if let Some(law) = bounds.jurisdiction.filter(|law| *law != service.jurisdiction) {
        return outside(format!("its jurisdiction is {law}"));
    }
    Ok(())
}

impl Nodes {
    /// Puts the service of a node in force, or with `dry_run` tries whether that could be done.
    pub(super) async fn put_in_force(
        &self,
        document: &ServiceDocument,
        credential: Option<crate::domain::Credential>,
        dry_run: bool,
    ) -> Result<()> {
        let id: ServiceId =
            document.id.parse().map_err(|_| Flaw::new("id", "it is no id of a service"))?;
        let fleet = self.parts.registry.snapshot();
        let change = super::super::Change { document, credential, dry_run };
        match fleet.get(&id).map(|listing| listing.record()) {
            None => {
                self.parts.federation.create(change, Source::Node).await?;
            }
            Some(record) if record.source == Source::Node => {
                let version = record.version;
                self.parts.federation.replace(&id, change, version, Source::Node).await?;
            }
            Some(_) => return Err(Error::IdTaken(id)),
        }
        Ok(())
    }
}
