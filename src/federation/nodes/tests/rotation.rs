//! Changes of host and key: what was approved stays in force until somebody approved the change.

use serde_json::json;

use super::*;
use crate::domain::Credential;

impl House {
    /// A registration with a new key, for which the old one vouches.
    fn rotation(&self, old: &Signer, new: &Signer) -> Claims {
        let statement =
            Claims { next: Some(new.key().thumbprint()), ..self.claims(Purpose::Rotate) };
        Claims {
            service: Some(document()),
            previous: Some(statement.sign_with_id(old)),
            ..self.claims(Purpose::Register)
        }
    }

    async fn rotate(&self, old: &Signer, new: &Signer) -> Result<Node, Error> {
        self.nodes.register(&self.rotation(old, new).sign_with_key(new)).await
    }

    fn url(&self) -> String {
        self.record().unwrap().service.url.to_string()
    }
}

#[tokio::test]
async fn a_change_of_host_waits_and_the_old_one_serves_until_then() {
    let house = House::new().await;
    let icer = signer();
    house.approved(&icer).await;
    let moved = || document_with("url", json!("https://new.icer.example/"));

    let node = house.change(&icer, moved()).await.unwrap();
    assert!(node.next.is_some() && node.standing == Standing::Approved);
    assert_eq!(
        (house.url().as_str(), house.mode()),
        ("https://wes.icer.example/", Some(Mode::Active))
    );
    let again = house.change(&icer, moved()).await.unwrap();
    assert_eq!(again.revision, node.revision, "the same wish is one wish");

    house.nodes.refuse("icer", "not there", "operator").await.unwrap();
    assert_eq!(house.url(), "https://wes.icer.example/");
    house.change(&icer, moved()).await.unwrap();
    house.approve().await;
    assert_eq!(
        (house.url().as_str(), house.mode()),
        ("https://new.icer.example/", Some(Mode::Active))
    );
    assert!(house.node().await.next.is_none());
}

#[tokio::test]
async fn a_node_that_takes_its_wish_back_has_none() {
    let house = House::new().await;
    let icer = signer();
    house.approved(&icer).await;
    house.change(&icer, document_with("weight", json!(7))).await.unwrap();

    let node = house.change(&icer, document()).await.unwrap();

    assert!(node.next.is_none());
    let approval = Approval { revision: 2, credential: None };
    let approved = house.nodes.approve("icer", approval, "operator").await;
    assert!(matches!(approved, Err(Error::OtherRevision(3))), "{approved:?}");
}

#[tokio::test]
async fn an_expired_node_that_moved_does_not_come_back_by_itself() {
    let house = House::new().await;
    let icer = signer();
    house.approved(&icer).await;
    house.change(&icer, document_with("url", json!("https://new.icer.example/"))).await.unwrap();
    house.clock.advance(LEASE);
    house.nodes.expire_overdue().await.unwrap();

    let heard = house.beat(&icer).await.unwrap();

    assert_eq!((heard.standing, house.mode()), (Standing::Expired, Some(Mode::Maintenance)));
    assert_eq!(house.approve().await.standing, Standing::Approved);
    assert_eq!(house.mode(), Some(Mode::Active));
}

#[tokio::test]
async fn a_new_key_speaks_once_it_is_approved_and_the_old_one_no_more() {
    let house = House::new().await;
    let (old, new) = (signer(), signer_of(Algorithm::Es256));
    house.approved(&old).await;

    let node = house.rotate(&old, &new).await.unwrap();
    assert_eq!(node.next.unwrap().member.key, *new.key());

    // Until then the new one is told how things stand, and keeps nothing alive.
    let lease = house.node().await.lease_until;
    house.clock.advance(Duration::from_secs(1));
    house.beat(&new).await.unwrap();
    assert_eq!((house.node().await.lease_until, house.node().await.heartbeats), (lease, 0));
    house.beat(&old).await.unwrap();
    assert!(house.node().await.lease_until > lease);

    house.approve().await;
    house.beat(&new).await.unwrap();
    let stolen = house.beat(&old).await;
    assert!(matches!(stolen, Err(Error::Proof(_))), "{stolen:?}");
}

#[tokio::test]
async fn a_new_key_needs_the_word_of_the_old_one() {
    let house = House::new().await;
    let (icer, evil) = (signer(), signer());
    house.approved(&icer).await;
    let vouched = house.rotation(&icer, &evil);
    let for_another = house.rotation(&icer, &signer());
    let mut stale = house.rotation(&icer, &evil);
    let mut plain = house.claims(Purpose::Heartbeat);
    plain.next = Some(evil.key().thumbprint());
    let mut other_node = house.claims(Purpose::Rotate);
    other_node.node = "other".to_owned();
    other_node.next = Some(evil.key().thumbprint());
    let with = |previous: String| Claims { previous: Some(previous), ..vouched.clone() };
    for (why, claims) in [
        ("none", Claims { previous: None, ..vouched.clone() }),
        ("its own word", house.rotation(&evil, &evil)),
        ("for another key", for_another),
        ("a heartbeat", with(plain.sign_with_id(&icer))),
        ("for another node", with(other_node.sign_with_id(&icer))),
        ("no statement", with("a.b.c".to_owned())),
    ] {
        let text = claims.sign_with_key(&evil);

        assert!(house.nodes.register(&text).await.is_err(), "{why}");
    }
    house.clock.advance(Duration::from_secs(200));
    let now = house.clock.now();
    (stale.iat, stale.exp, stale.seq) =
        (now.as_second(), now.as_second() + 60, now.as_microsecond());
    let late = house.nodes.register(&stale.sign_with_key(&evil)).await;
    assert!(late.is_err(), "an old statement");
    assert!(house.node().await.next.is_none());
}

#[tokio::test]
async fn a_credential_does_not_move_to_another_host() {
    let house = House::new().await;
    let icer = signer();
    house.pending(&icer).await;
    let credential = Some(Credential::Bearer("hunter2".to_owned().into()));
    let approval = Approval { revision: 1, credential };
    house.nodes.approve("icer", approval, "operator").await.unwrap();
    let id = "icer".parse().unwrap();
    let shown = || house.vault.service_credential(&id);
    assert!(matches!(shown(), Credential::Bearer(_)));

    house.change(&icer, document_with("weight", json!(7))).await.unwrap();
    house.approve().await;
    assert!(matches!(shown(), Credential::Bearer(_)));
    house.change(&icer, document_with("url", json!("https://evil.example/"))).await.unwrap();
    house.approve().await;

    assert!(matches!(shown(), Credential::None));
}
