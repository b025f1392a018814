//! What the claims of an issuer mean here.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Door, claims};
use crate::{
    auth::{Config, Issuer},
    domain::{Caller, Role, Scope},
};

#[tokio::test]
async fn groups_become_roles_as_the_configuration_says() {
    let stewards = "cn=stewards,ou=groups";
    let mapped = |config: &mut Config| {
        config.issuers[0].roles_claim = "/realm_access/groups".to_owned();
        config.issuers[0].role_values = [
            (stewards.to_owned(), vec!["data_steward".to_owned()]),
            ("admins".to_owned(), vec!["operator".to_owned(), "node_operator".to_owned()]),
        ]
        .into();
    };
    for (groups, expected) in [
        (json!([stewards]), vec![Role::DataSteward]),
        (
            json!(["admins", stewards, "other"]),
            vec![Role::NodeOperator, Role::DataSteward, Role::Operator],
        ),
        (json!("admins"), vec![Role::NodeOperator, Role::Operator]),
        (json!(["operator"]), vec![Role::Researcher]),
        (json!(["Admins"]), vec![Role::Researcher]),
        (json!(null), vec![Role::Researcher]),
        (json!({"admins": true}), vec![Role::Researcher]),
    ] {
        let caller = caller(mapped, json!({"realm_access": {"groups": groups}})).await;

        assert_eq!(caller.roles, BTreeSet::from_iter(expected), "{groups}");
    }
}

#[tokio::test]
async fn an_institution_comes_from_the_configuration_or_a_claim() {
    let fixed = |issuer: &mut Issuer| issuer.institution = Some("Ilifu".to_owned());
    let mapped = |issuer: &mut Issuer| {
        issuer.institution_claim = "schac_home_organization".to_owned();
        issuer.institution_values = [("uct.ac.za".to_owned(), "UCT".to_owned())].into();
    };
    let nested =
        |issuer: &mut Issuer| issuer.institution_claim = "/https:~1~1a.b~1ext/org".to_owned();
    type Change = fn(&mut Issuer);
    for (change, said, expected) in [
        ((|_| {}) as Change, json!({"institution": "Mali"}), Some("Mali")),
        (|_| {}, json!({"institution": ["Mali", "Ghana"]}), Some("Mali")),
        (|_| {}, json!({"institution": ""}), None),
        (|_| {}, json!({"institution": "a\nb"}), None),
        (|_| {}, json!({"institution": 7}), None),
        (fixed, json!({"institution": "Mali"}), Some("Ilifu")),
        (mapped, json!({"schac_home_organization": "uct.ac.za"}), Some("UCT")),
        (mapped, json!({"schac_home_organization": "evil.example"}), None),
        (mapped, json!({"institution": "UCT"}), None),
        (nested, json!({"https://a.b/ext": {"org": "Mali"}}), Some("Mali")),
    ] {
        let caller = caller(|config| change(&mut config.issuers[0]), said.clone()).await;

        assert_eq!(caller.institution.as_deref(), expected, "{said}");
    }
}

#[tokio::test]
async fn a_scope_narrows_what_a_token_is_good_for() {
    let ours = |config: &mut Config| config.issuers[0].scopes_claim = Some("scope".to_owned());
    let theirs = |config: &mut Config| {
        config.issuers[0].scopes_claim = Some("scope".to_owned());
        config.issuers[0].scope_values =
            [("wes:runs".to_owned(), vec!["read".to_owned(), "submit".to_owned()])].into();
    };
    for (said, expected) in [
        (json!("read openid"), vec![Scope::Read]),
        (json!(["read", "submit", "admin"]), Scope::ALL.to_vec()),
        (json!(null), vec![]),
    ] {
        assert_eq!(
            caller(ours, json!({"scope": said})).await.scopes,
            BTreeSet::from_iter(expected)
        );
    }
    let mapped = caller(theirs, json!({"scope": "wes:runs admin"})).await;
    assert_eq!(mapped.scopes, BTreeSet::from([Scope::Read, Scope::Submit]));
    let unlimited = caller(|_| {}, json!({"scope": "read"})).await;
    assert_eq!(unlimited.scopes, BTreeSet::from(Scope::ALL));
}

/// The caller of a good token with further claims.
async fn caller(change: impl FnOnce(&mut Config), said: Value) -> Caller {
    let door = Door::changed(change);
    let mut claims = claims();
    claims.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
    Caller::clone(&*door.bearer(&door.signer.token(&claims)).await.unwrap())
}
