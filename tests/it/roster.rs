//! The same suite on both databases: what the roster of nodes promises.

#![expect(clippy::unwrap_used, reason = "the suite is made of functions that only tests call")]

use std::{sync::Arc, time::Duration};

use ga4gh_gateway::{
    database::Database,
    domain::{Clock, ManualClock},
    jose::{Algorithm, Signer},
    nodes::{
        Bounds, Change, Enrolled, Invitation, InvitationState, Member, Node, Report, Roster,
        SelfState, Standing,
    },
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::support::postgres::Postgres;

const LEASE: Duration = Duration::from_secs(60);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

struct Suite {
    roster: Roster,
    clock: Arc<ManualClock>,
}

impl Suite {
    fn over(database: Database) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
        Self { roster: Roster::new(database, clock.clone()), clock }
    }

    async fn invite(&self, secret: &str) -> Invitation {
        let now = self.clock.now();
        let invitation = Invitation {
            id: Uuid::now_v7().to_string(),
            label: "ICER".to_owned(),
            bounds: Bounds {
                service_id: Some("icer".parse().unwrap()),
                host: Some("icer.example".to_owned()),
                jurisdiction: Some("ML".parse().unwrap()),
            },
            created_by: "operator".to_owned(),
            created_at: now,
            expires_at: now + HOUR,
            attempts: 0,
            used: None,
            revoked_at: None,
        };
        assert!(self.roster.invite(&invitation, secret, 100, now - HOUR).await.unwrap());
        invitation
    }

    async fn enroll(&self, id: &str) -> Node {
        let invitation = self.invite(&format!("gni_{id}")).await;
        let node = self.node(id, &invitation);
        let enrolled = self.roster.enroll(&node, None, &invitation).await.unwrap();
        assert_eq!(enrolled, Enrolled::New);
        node
    }

    fn node(&self, id: &str, invitation: &Invitation) -> Node {
        let now = self.clock.now();
        Node::registered(id.parse().unwrap(), member(id), invitation, 7, now)
    }

    async fn read(&self, id: &str) -> Node {
        self.roster.node(&id.parse().unwrap()).await.unwrap().unwrap()
    }

    async fn an_invitation_is_found_by_its_secret_alone(&self) {
        let made = self.invite("gni_secret").await;

        let found = self.roster.invitation_of("gni_secret").await.unwrap();

        assert_eq!(found.as_ref(), Some(&made));
        assert_eq!(self.roster.invitation_of("gni_other").await.unwrap(), None);
        assert_eq!(self.roster.invitation_of(&made.id).await.unwrap(), None);
        self.roster.count_attempt(&made.id).await.unwrap();
        assert!(self.roster.revoke_invitation(&made.id).await.unwrap());
        let found = self.roster.invitation(&made.id).await.unwrap().unwrap();
        assert_eq!(found.attempts, 1);
        assert_eq!(found.state(self.clock.now(), 9), InvitationState::Revoked);
    }

    async fn invitations_are_bounded_and_listed_newest_first(&self) {
        let (first, second) = (self.invite("gni_1").await, self.invite("gni_2").await);
        let extra = Invitation { id: Uuid::now_v7().to_string(), ..second.clone() };
        let now = self.clock.now();

        assert!(!self.roster.invite(&extra, "gni_3", 1, now - HOUR).await.unwrap());

        let page = self.roster.invitations(None, 1).await.unwrap();
        assert_eq!(page[0].id, second.id);
        let page = self.roster.invitations(Some(&second.id), 1).await.unwrap();
        assert_eq!(page[0].id, first.id);
    }

    async fn a_node_is_read_back_as_it_was_written(&self) {
        let mut node = self.enroll("whole").await;
        node.bounds.service_id = None;
        assert_eq!(self.read("whole").await, node);

        node.approve("operator", self.clock.now(), LEASE).unwrap();
        node.propose(member("elsewhere"), self.clock.now()).unwrap();
        let note = Some("new disks".to_owned());
        let report = Report { state: SelfState::Draining, note, running: Some(2), queued: Some(0) };
        assert_eq!(node.beat(report, self.clock.now(), LEASE), Ok(Change::Renewed));
        assert!(self.roster.write(&node).await.unwrap());

        assert_eq!(self.read("whole").await, Node { version: 2, ..node });
    }

    async fn an_invitation_is_used_once_and_together_with_its_node(&self) {
        let invitation = self.invite("gni_once").await;
        let (one, other) = (self.node("one", &invitation), self.node("other", &invitation));

        assert_eq!(self.roster.enroll(&one, None, &invitation).await.unwrap(), Enrolled::New);
        let again = self.roster.enroll(&other, None, &invitation).await.unwrap();
        assert_eq!(again, Enrolled::InvitationGone);
        assert!(self.roster.node(&other.id).await.unwrap().is_none());

        // A taken id leaves the invitation to be used.
        let second = self.invite("gni_second").await;
        let taken = self.node("one", &second);
        let taken = self.roster.enroll(&taken, None, &second).await.unwrap();
        assert_eq!(taken, Enrolled::IdTaken);
        let second = self.roster.invitation(&second.id).await.unwrap().unwrap();
        assert_eq!(second.state(self.clock.now(), 9), InvitationState::Open);
        let first = self.roster.invitation(&invitation.id).await.unwrap().unwrap();
        assert_eq!(first.used, Some((self.clock.now(), "one".to_owned())));
        assert!(!self.roster.revoke_invitation(&invitation.id).await.unwrap());
    }

    async fn an_expired_invitation_enrolls_nobody(&self) {
        let invitation = self.invite("gni_late").await;
        self.clock.advance(Duration::from_secs(3600));

        let node = self.node("late", &invitation);
        let enrolled = self.roster.enroll(&node, None, &invitation).await.unwrap();

        assert_eq!(enrolled, Enrolled::InvitationGone);
    }

    async fn of_two_changes_at_once_one_is_kept(&self) {
        self.enroll("race").await;
        let (mut first, mut second) = (self.read("race").await, self.read("race").await);
        first.approve("first", self.clock.now(), LEASE).unwrap();
        second.refuse("second", "no", self.clock.now()).unwrap();

        assert!(self.roster.write(&first).await.unwrap());
        assert!(!self.roster.write(&second).await.unwrap());

        assert_eq!(self.read("race").await.standing, Standing::Approved);
    }

    async fn leases_that_ran_out_are_found(&self) {
        let mut node = self.enroll("lease").await;
        node.approve("operator", self.clock.now(), LEASE).unwrap();
        assert!(self.roster.write(&node).await.unwrap());
        let overdue = async || {
            let overdue = self.roster.overdue(100).await.unwrap();
            overdue.iter().any(|node| node.id.as_str() == "lease")
        };

        assert!(!overdue().await);
        self.clock.advance(LEASE);
        assert!(overdue().await);
        let mut node = self.read("lease").await;
        assert!(node.expire(self.clock.now()));
        assert!(self.roster.write(&node).await.unwrap());
        assert!(!overdue().await);
    }

    async fn one_who_left_makes_room_for_another(&self) {
        let mut node = self.enroll("left").await;
        node.withdraw("node", "gone", self.clock.now()).unwrap();
        assert!(self.roster.write(&node).await.unwrap());
        let former = self.read("left").await;
        let before = self.roster.count_live().await.unwrap();
        let invitation = self.invite("gni_heir").await;

        let heir = self.node("left", &invitation);
        let enrolled = self.roster.enroll(&heir, Some(&former), &invitation).await.unwrap();

        assert_eq!(enrolled, Enrolled::New);
        let heir = self.read("left").await;
        assert_eq!((heir.standing, heir.version), (Standing::Pending, former.version + 1));
        assert_eq!(self.roster.count_live().await.unwrap(), before + 1);
    }

    async fn pages_hold_every_node_once(&self) {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = self.roster.nodes(None, after.as_ref(), 2).await.unwrap();
            seen.extend(page.nodes.into_iter().map(|node| node.id.to_string()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }

        assert_eq!(seen, ["lease", "left", "one", "race", "whole"]);
        let expired = self.roster.nodes(Some(Standing::Expired), None, 9).await.unwrap();
        assert_eq!(expired.nodes.len(), 1);
    }

    async fn all(self) {
        self.an_invitation_is_found_by_its_secret_alone().await;
        self.invitations_are_bounded_and_listed_newest_first().await;
        self.a_node_is_read_back_as_it_was_written().await;
        self.an_invitation_is_used_once_and_together_with_its_node().await;
        self.an_expired_invitation_enrolls_nobody().await;
        self.of_two_changes_at_once_one_is_kept().await;
        self.leases_that_ran_out_are_found().await;
        self.one_who_left_makes_room_for_another().await;
        self.pages_hold_every_node_once().await;
    }
}

fn member(id: &str) -> Member {
    let key = Signer::generate(Algorithm::Es256).unwrap();
    let key = Signer::from_pem(&key).unwrap().key().clone();
    Member { document: json!({"id": id}), key }
}

#[tokio::test]
async fn the_roster_keeps_its_promises_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open_sqlite(&folder.path().join("roster.sqlite")).await.unwrap();

    Suite::over(database).all().await;
}

#[tokio::test]
async fn the_roster_keeps_its_promises_on_postgresql() {
    let postgres = Postgres::start().await;
    let database = Database::open_postgres(&postgres.url()).await.unwrap();

    Suite::over(database).all().await;
}
