//! From the registration to the goodbye: leases, and what they do to the service.

use serde_json::json;

use super::*;
use crate::federation::tests::run_at;

#[tokio::test]
async fn a_node_gets_runs_from_its_approval_on() {
    let house = House::new().await;
    let icer = signer();

    let pending = house.pending(&icer).await;
    assert_eq!((pending.standing, house.mode()), (Standing::Pending, None));
    assert_eq!(house.beat(&icer).await.unwrap().standing, Standing::Pending);
    assert!(house.node().await.lease_until.is_none());

    let approved = house.approve().await;
    assert_eq!((approved.standing, house.mode()), (Standing::Approved, Some(Mode::Active)));
    assert_eq!(approved.decided_by.as_deref(), Some("operator"));
    assert_eq!(house.record().unwrap().source, registry::Source::Node);
}

#[tokio::test]
async fn a_lease_runs_out_at_its_very_end_and_a_heartbeat_brings_the_node_back() {
    let house = House::new().await;
    let icer = signer();
    house.approved(&icer).await;
    house.clock.advance(LEASE / 2);
    house.beat(&icer).await.unwrap();
    let until = house.node().await.lease_until.unwrap();
    assert_eq!(until, house.clock.now() + jiff::SignedDuration::try_from(LEASE).unwrap());

    house.clock.advance(LEASE - Duration::from_micros(1));
    assert_eq!(house.nodes.expire_overdue().await.unwrap(), 0);
    house.clock.advance(Duration::from_micros(1));
    assert_eq!(house.nodes.expire_overdue().await.unwrap(), 1);
    assert_eq!(house.nodes.expire_overdue().await.unwrap(), 0);

    let node = house.node().await;
    assert_eq!((node.standing, node.expiries), (Standing::Expired, 1));
    assert_eq!(house.mode(), Some(Mode::Maintenance));
    let back = house.beat(&icer).await.unwrap();
    assert_eq!((back.standing, house.mode()), (Standing::Approved, Some(Mode::Active)));
    assert_eq!(house.record().unwrap().mode_note, "");
}

#[tokio::test]
async fn a_node_says_itself_that_it_wants_no_runs() {
    let house = House::new().await;
    let icer = signer();
    house.approved(&icer).await;
    for (state, mode) in [
        (SelfState::Draining, Mode::Draining),
        (SelfState::Maintenance, Mode::Maintenance),
        (SelfState::Active, Mode::Active),
    ] {
        house.report(&icer, state).await;

        assert_eq!(house.mode(), Some(mode));
    }
}

#[tokio::test]
async fn the_mode_that_an_operator_set_outlives_a_lease() {
    let house = House::new().await;
    let icer = signer();
    house.approved(&icer).await;
    let id = "icer".parse().unwrap();
    let (mode, note) = (Mode::Maintenance, "new disks");
    house.federation.set_mode(&id, mode, note, None).await.unwrap();

    house.clock.advance(LEASE);
    house.nodes.expire_overdue().await.unwrap();
    house.beat(&icer).await.unwrap();

    let record = house.record().unwrap();
    assert_eq!((record.mode, record.mode_note.as_str()), (mode, note));
}

#[tokio::test]
async fn a_suspended_node_stays_so_whatever_it_says() {
    let house = House::new().await;
    let icer = signer();
    house.approved(&icer).await;

    house.nodes.suspend("icer", "it loses runs", "operator").await.unwrap();
    let told = house.beat(&icer).await.unwrap();
    house.clock.advance(LEASE * 2);
    house.nodes.expire_overdue().await.unwrap();

    assert_eq!((told.standing, told.reason.as_str()), (Standing::Suspended, "it loses runs"));
    assert_eq!(
        (house.node().await.standing, house.mode()),
        (Standing::Suspended, Some(Mode::Maintenance))
    );
    // Everybody reads the note, and the reason may be for few.
    assert_eq!(house.record().unwrap().mode_note, "node: suspended");
    // It was not heard of for a lease, so it is not trusted to be there.
    let resumed = house.nodes.resume("icer", "operator").await.unwrap();
    assert_eq!((resumed.standing, house.mode()), (Standing::Expired, Some(Mode::Maintenance)));
    house.beat(&icer).await.unwrap();
    assert_eq!(house.mode(), Some(Mode::Active));
    house.nodes.suspend("icer", "again", "operator").await.unwrap();
    let resumed = house.nodes.resume("icer", "operator").await.unwrap();
    assert_eq!((resumed.standing, house.mode()), (Standing::Approved, Some(Mode::Active)));
}

#[tokio::test]
async fn a_refused_node_is_told_why_and_is_heard_no_more() {
    let house = House::new().await;
    let icer = signer();
    house.pending(&icer).await;

    house.nodes.refuse("icer", "not under the law of Mali", "operator").await.unwrap();

    let status = house.claims(Purpose::Status).sign_with_id(&icer);
    let told = house.nodes.status("icer", &status).await.unwrap();
    assert_eq!(told.standing, Standing::Refused);
    assert_eq!(told.reason, "not under the law of Mali");
    let heard = house.beat(&icer).await;
    assert!(matches!(heard, Err(Error::WrongStanding(Standing::Refused))), "{heard:?}");
    assert_eq!(house.pending(&signer()).await.standing, Standing::Pending);
}

#[tokio::test]
async fn a_node_leaves_and_its_id_stays_its_own() {
    let house = House::new().await;
    let icer = signer();
    house.approved(&icer).await;

    let goodbye = house.claims(Purpose::Withdraw).sign_with_id(&icer);
    let left = house.nodes.withdraw("icer", &goodbye).await.unwrap();

    assert_eq!((left.standing, house.mode()), (Standing::Withdrawn, None));
    let claims = house.registration(&house.invite().await);
    let stranger = house.nodes.register(&claims.sign_with_key(&signer())).await;
    assert!(matches!(stranger, Err(Error::IdTaken(_))), "{stranger:?}");
    let bounds =
        crate::nodes::Bounds { service_id: Some("icer".parse().unwrap()), ..Default::default() };
    let named = house.invited(NewInvitation { bounds, ..Default::default() }).await;
    let claims = house.registration(named.secret.expose_secret());
    let heir = house.nodes.register(&claims.sign_with_key(&signer())).await.unwrap();
    assert_eq!(heir.standing, Standing::Pending);
    assert_eq!(house.approve().await.standing, Standing::Approved);
}

#[tokio::test]
async fn an_approval_is_for_what_was_looked_at() {
    let house = House::new().await;
    let icer = signer();
    let seen = house.pending(&icer).await.revision;

    let moved = document_with("url", json!("https://elsewhere.example/"));
    house.change(&icer, moved).await.unwrap();
    let approval = Approval { revision: seen, credential: None };
    let refused = house.nodes.approve("icer", approval, "operator").await;

    assert!(matches!(refused, Err(Error::OtherRevision(2))), "{refused:?}");
    assert_eq!((house.node().await.standing, house.mode()), (Standing::Pending, None));
}

#[tokio::test]
async fn standings_lead_on_only_where_it_makes_sense() {
    let house = House::new().await;
    let icer = signer();
    let approval = || Approval { revision: 1, credential: None };
    house.pending(&icer).await;
    let nodes = &house.nodes;
    assert!(nodes.suspend("icer", "why", "o").await.is_err());
    assert!(nodes.resume("icer", "o").await.is_err());
    assert!(nodes.refuse("icer", " ", "o").await.is_err());
    nodes.approve("icer", approval(), "o").await.unwrap();
    assert!(nodes.approve("icer", approval(), "o").await.is_err());
    assert!(nodes.refuse("icer", "why", "o").await.is_err());
    assert!(nodes.resume("icer", "o").await.is_err());
    nodes.remove("icer", "o").await.unwrap();
    for done in [
        nodes.approve("icer", approval(), "o").await,
        nodes.refuse("icer", "why", "o").await,
        nodes.suspend("icer", "why", "o").await,
        nodes.resume("icer", "o").await,
        nodes.remove("icer", "o").await,
    ] {
        assert!(matches!(done, Err(Error::WrongStanding(Standing::Withdrawn))), "{done:?}");
    }
    assert!(matches!(nodes.remove("ilifu", "o").await, Err(Error::UnknownNode(_))));
}

#[tokio::test]
async fn what_a_crash_left_half_done_is_mended() {
    let house = House::new().await;
    let icer = signer();
    house.pending(&icer).await;
    let document = serde_json::from_value(document()).unwrap();
    // The service is in force, and the approval was never written down.
    house.nodes.put_in_force(&document, None, false).await.unwrap();

    house.nodes.align_all().await.unwrap();
    assert_eq!(house.mode(), None);

    // The approval was written down, and an operator took the service out behind its back.
    house.approve().await;
    let version = house.record().unwrap().version;
    house.federation.remove(&"icer".parse().unwrap(), version, false).await.unwrap();
    house.nodes.align_all().await.unwrap();
    assert_eq!(house.node().await.standing, Standing::Withdrawn);
}

#[tokio::test]
async fn an_approval_that_was_not_put_in_force_is_made_good() {
    let house = House::new().await;
    let icer = signer();
    house.approved(&icer).await;
    // As after a record that this gateway could not read: it is not there, and nobody took it out.
    house.registry.remove(&"icer".parse().unwrap());
    house.nodes.align_all().await.unwrap();
    assert_eq!(
        (house.node().await.standing, house.mode()),
        (Standing::Approved, Some(Mode::Active))
    );

    // As after a crash right behind the approval of another address.
    house.change(&icer, document_with("url", json!("https://new.example/"))).await.unwrap();
    let mut node = house.node().await;
    node.approve("operator", house.clock.now(), LEASE).unwrap();
    assert!(house.roster.write(&node).await.unwrap());
    house.nodes.align_all().await.unwrap();
    assert_eq!(house.record().unwrap().service.url.as_str(), "https://new.example/");
}

#[tokio::test]
async fn a_node_that_leaves_stays_while_a_run_may_be_there() {
    let house = House::new().await;
    let icer = signer();
    house.approved(&icer).await;
    let run_id = run_at(&house.ledger, &"icer".parse().unwrap()).await;
    house.ledger.mark_uncertain(&run_id, "the answer was lost").await.unwrap();

    let goodbye = house.claims(Purpose::Withdraw).sign_with_id(&icer);
    house.nodes.withdraw("icer", &goodbye).await.unwrap();
    assert_eq!(house.mode(), Some(Mode::Maintenance));

    house.ledger.give_up(&run_id, "it was not found").await.unwrap();
    house.nodes.align_all().await.unwrap();
    assert_eq!(house.mode(), None);
}

#[tokio::test]
async fn a_gateway_that_was_down_waits_a_lease_before_it_lets_nodes_expire() {
    let house = House::new().await;
    house.approved(&signer()).await;
    house.clock.advance(LEASE * 10);

    let not_before = house.nodes.first_expiry();
    house.nodes.sweep(not_before).await.unwrap();
    assert_eq!(house.node().await.standing, Standing::Approved);

    house.clock.advance(LEASE);
    house.nodes.sweep(not_before).await.unwrap();
    assert_eq!(house.node().await.standing, Standing::Expired);
}
