//! Passports and visas that are believed, and whose they are.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{Door, ISSUER, NOW, Signer, bearer, claims, claims_with};
use crate::{
    auth::{Error, VisaIssuer},
    domain::{Caller, CallerId},
};

pub(super) const VISA_ISSUER: &str = "https://visas.example";
pub(super) const VISA_KEYS: &str = "https://visas.example/jwks";
pub(super) const SOURCE: &str = "https://source.example";

/// A door that believes passports of its issuer and visas of another.
pub(super) struct Clinic {
    pub(super) door: Door,
    pub(super) visas: Signer,
}

impl Clinic {
    pub(super) fn new() -> Self {
        let door = Door::changed(|config| {
            config.issuers[0].passports = true;
            config.visa_issuers = vec![VisaIssuer {
                issuer: VISA_ISSUER.to_owned(),
                jku: Some(VISA_KEYS.parse().unwrap()),
                sources: vec![SOURCE.to_owned()],
                ..VisaIssuer::default()
            }];
        });
        let visas = Signer::new("visas");
        door.net.put_keys(VISA_KEYS, &[&visas]);
        Self { door, visas }
    }

    pub(super) fn passport(&self, visas: &[&str]) -> String {
        self.door.signer.sign(&self.passport_header(), &passport_claims(visas))
    }

    pub(super) fn passport_header(&self) -> Value {
        json!({"alg": "ES256", "kid": "first", "typ": "vnd.ga4gh.passport+jwt"})
    }

    pub(super) fn visa_header(&self) -> Value {
        json!({"alg": "ES256", "kid": "visas", "typ": "vnd.ga4gh.visa+jwt", "jku": VISA_KEYS})
    }

    /// A visa with these members changed, or taken away by null.
    pub(super) fn visa(&self, changes: Value) -> String {
        self.visas.sign(&self.visa_header(), &visa_claims(changes))
    }

    pub(super) async fn with_passport(
        &self,
        token: &str,
        passport: &str,
    ) -> Result<Arc<Caller>, Error> {
        let mut headers = bearer(token);
        headers.insert("x-ga4gh-passport", passport.parse().unwrap());
        self.door.authenticator.authenticate(&headers).await
    }

    /// The kinds of visas that count, for a caller with a good token.
    async fn kinds(&self, visas: &[&str]) -> Vec<String> {
        let token = self.door.signer.token(&claims());
        let caller = self.with_passport(&token, &self.passport(visas)).await.unwrap();
        caller.visas.iter().map(|visa| visa.kind.clone()).collect()
    }
}

pub(super) fn passport_claims(visas: &[&str]) -> Value {
    json!({
        "iss": ISSUER, "sub": "amina", "iat": NOW - 10, "exp": NOW + 600, "jti": "p",
        "ga4gh_passport_v1": visas,
    })
}

/// The claims of a good visa, with changes to them or to the visa object in them.
pub(super) fn visa_claims(changes: Value) -> Value {
    let mut claims = json!({
        "iss": VISA_ISSUER, "sub": "amina", "iat": NOW - 10, "exp": NOW + 600, "jti": "v",
        "ga4gh_visa_v1": {
            "type": "ControlledAccessGrants", "asserted": NOW - 1000, "by": "dac",
            "value": "https://data.example/1", "source": SOURCE,
        },
    });
    for (name, value) in changes.as_object().unwrap() {
        match name.as_str() {
            "type" | "asserted" | "by" | "value" | "source" | "conditions" => {
                claims["ga4gh_visa_v1"][name] = value.clone();
            }
            _ => claims[name] = value.clone(),
        }
    }
    claims
}

#[tokio::test]
async fn visas_of_trusted_issuers_are_the_callers() {
    let clinic = Clinic::new();
    let passport = clinic.passport(&[&clinic.visa(json!({})), "garbage"]);

    let caller = clinic.with_passport(&clinic.door.signer.token(&claims()), &passport).await;

    let caller = caller.unwrap();
    let [visa] = caller.visas.as_slice() else { panic!("{:?}", caller.visas) };
    assert_eq!(visa.kind, "ControlledAccessGrants");
    assert_eq!(visa.value, "https://data.example/1");
    assert_eq!((visa.source.as_str(), visa.by.as_deref()), (SOURCE, Some("dac")));
    assert_eq!((visa.issuer.as_str(), visa.expires), (VISA_ISSUER, NOW + 600));
    assert_eq!(caller.institution.as_deref(), Some("Ilifu"));
}

#[tokio::test]
async fn honest_variations_of_visas_count() {
    let clinic = Clinic::new();
    let plain = json!({"alg": "ES256", "kid": "visas", "jku": VISA_KEYS});
    let jwt = json!({"alg": "ES256", "kid": "visas", "jku": VISA_KEYS, "typ": "JWT"});
    for (why, visa) in [
        ("no typ", clinic.visas.sign(&plain, &visa_claims(json!({})))),
        ("typ JWT", clinic.visas.sign(&jwt, &visa_claims(json!({})))),
        ("further claims", clinic.visa(json!({"extra": [1]}))),
        ("a harmless scope", clinic.visa(json!({"scope": "ga4gh"}))),
        ("no conditions", clinic.visa(json!({"conditions": []}))),
        ("a type of others", clinic.visa(json!({"type": "https://ras.nih.gov/visas/v1.1"}))),
        ("by may be missing", clinic.visa(json!({"type": "ResearcherStatus", "by": null}))),
    ] {
        assert_eq!(clinic.kinds(&[&visa]).await.len(), 1, "{why}");
    }
}

#[tokio::test]
async fn a_visa_ends_on_its_own_while_its_caller_stays() {
    let clinic = Clinic::new();
    let token = clinic.door.signer.token(&claims());
    let passport = clinic.passport(&[&clinic.visa(json!({"exp": NOW + 20}))]);
    assert_eq!(clinic.with_passport(&token, &passport).await.unwrap().visas.len(), 1);

    clinic.door.clock.advance(Duration::from_secs(50));

    assert_eq!(clinic.with_passport(&token, &passport).await.unwrap().visas, []);
}

#[tokio::test]
async fn an_old_assertion_does_not_count_however_long_its_visa_lasts() {
    let clinic = Clinic::new();
    let year = 365 * 24 * 3600;

    let old = clinic.visa(json!({"asserted": NOW - year - 31}));
    let recent = clinic.visa(json!({"asserted": NOW - year + 100}));

    assert!(clinic.kinds(&[&old]).await.is_empty());
    let token = clinic.door.signer.token(&claims());
    let caller = clinic.with_passport(&token, &clinic.passport(&[&recent])).await.unwrap();
    assert_eq!(caller.visas[0].expires, NOW + 100);
}

#[tokio::test]
async fn a_passport_in_the_place_of_a_token_must_name_the_gateway() {
    let clinic = Clinic::new();
    let visa = clinic.visa(json!({}));
    let mut made_out = passport_claims(&[&visa]);
    made_out["aud"] = json!(["gateway"]);
    let made_out = clinic.door.signer.sign(&clinic.passport_header(), &made_out);

    let caller = clinic.door.bearer(&made_out).await.unwrap();
    let refused = clinic.door.bearer(&clinic.passport(&[&visa])).await;

    assert_eq!((caller.id.clone(), caller.visas.len()), (CallerId::new(ISSUER, "amina"), 1));
    assert_eq!(refused.unwrap_err(), Error::BadPassport("missing_claim"));
}

#[tokio::test]
async fn a_passport_may_be_longer_than_a_token() {
    let clinic = Clinic::new();
    let visas: Vec<String> = (0..20).map(|n| clinic.visa(json!({"jti": n.to_string()}))).collect();
    let visas: Vec<&str> = visas.iter().map(String::as_str).collect();
    let passport = clinic.passport(&visas);
    assert!(passport.len() > 8 * 1024, "{}", passport.len());

    assert_eq!(clinic.kinds(&visas).await.len(), 1, "the same assertion counts once");
}

#[tokio::test]
async fn anothers_passport_is_refused_unless_the_two_are_tied() {
    let clinic = Clinic::new();
    let ben = clinic.door.signer.token(&claims_with("sub", json!("ben")));
    let visa = clinic.visa(json!({}));
    let enc = |text: &str| text.replace(':', "%3A").replace('/', "%2F");
    let tied = |who: &str| format!("{who},{};amina,{}", enc(ISSUER), enc(ISSUER));
    let link = clinic.visa(json!({"type": "LinkedIdentities", "value": tied("ben")}));
    let wrong = clinic.visa(json!({"type": "LinkedIdentities", "value": tied("chidi")}));
    let untrusted = clinic.visa(
        json!({"type": "LinkedIdentities", "value": tied("ben"), "source": "https://evil.example"}),
    );

    for (visas, expected) in [
        (vec![&visa], Err(Error::PassportOfAnother)),
        (vec![&visa, &wrong], Err(Error::PassportOfAnother)),
        (vec![&visa, &untrusted], Err(Error::PassportOfAnother)),
        (vec![&visa, &link], Ok(2)),
    ] {
        let visas: Vec<&str> = visas.into_iter().map(String::as_str).collect();
        let caller = clinic.with_passport(&ben, &clinic.passport(&visas)).await;
        assert_eq!(caller.map(|caller| caller.visas.len()), expected);
    }
}

#[tokio::test]
async fn visas_of_two_persons_are_not_combined() {
    let clinic = Clinic::new();
    let grant = clinic.visa(json!({"sub": "a7"}));
    let status = clinic.visa(json!({"sub": "b9", "type": "ResearcherStatus"}));
    let enc = |text: &str| text.replace(':', "%3A").replace('/', "%2F");
    let ties = json!({
        "sub": "a7", "type": "LinkedIdentities",
        "value": format!("b9,{}", enc(VISA_ISSUER)),
    });
    let link = clinic.visa(ties);
    let owners = clinic.visa(json!({
        "sub": "b9", "type": "LinkedIdentities", "value": format!("amina,{}", enc(ISSUER)),
    }));

    assert_eq!(clinic.kinds(&[&grant]).await, ["ControlledAccessGrants"]);
    assert!(clinic.kinds(&[&grant, &status]).await.is_empty());
    assert_eq!(clinic.kinds(&[&grant, &status, &link]).await.len(), 3);
    assert_eq!(
        clinic.kinds(&[&grant, &status, &owners]).await,
        ["LinkedIdentities", "ResearcherStatus"],
        "the holder's own count alone"
    );
}

#[tokio::test]
async fn a_visa_with_conditions_counts_by_other_visas() {
    let clinic = Clinic::new();
    let conditions = json!([[{"type": "AffiliationAndRole", "value": "pattern:faculty@*"}]]);
    let grant = clinic.visa(json!({"conditions": conditions}));
    let role = clinic.visa(json!({"type": "AffiliationAndRole", "value": "faculty@uct.ac.za"}));
    let student = clinic.visa(json!({"type": "AffiliationAndRole", "value": "student@uct.ac.za"}));
    let elsewhere = clinic.visa(json!({
        "sub": "other", "type": "AffiliationAndRole", "value": "faculty@uct.ac.za",
    }));

    assert!(clinic.kinds(&[&grant]).await.is_empty());
    assert_eq!(clinic.kinds(&[&grant, &role]).await.len(), 2);
    assert_eq!(clinic.kinds(&[&grant, &student]).await, ["AffiliationAndRole"]);
    assert!(clinic.kinds(&[&grant, &elsewhere]).await.is_empty());
}

#[tokio::test]
async fn a_broker_is_asked_for_visas_once_an_hour() {
    let home = "https://issuer.example";
    let door = Door::changed(|config| {
        config.issuers[0].jwks_file = None;
        config.issuers[0].discovery = true;
        config.issuers[0].userinfo = true;
        config.visa_issuers = vec![VisaIssuer {
            issuer: VISA_ISSUER.to_owned(),
            jku: Some(VISA_KEYS.parse().unwrap()),
            sources: vec!["*".to_owned()],
            ..VisaIssuer::default()
        }];
    });
    let (net, visas) = (&door.net, Signer::new("visas"));
    let [description, keys, user_info] =
        ["/.well-known/openid-configuration", "/jwks", "/me"].map(|path| format!("{home}{path}"));
    net.put(
        &description,
        &json!({"issuer": home, "jwks_uri": keys, "userinfo_endpoint": user_info}),
    );
    net.put_keys(&keys, &[&door.signer]);
    net.put_keys(VISA_KEYS, &[&visas]);
    let header = json!({"alg": "ES256", "kid": "visas", "jku": VISA_KEYS});
    let visa = visas.sign(&header, &visa_claims(json!({})));
    let told = |subject: &str| json!({"sub": subject, "ga4gh_passport_v1": [visa]});
    net.put(&user_info, &told("amina"));
    let mut scoped = claims_with("scope", json!("openid ga4gh_passport_v1"));
    let token = door.signer.token(&scoped);

    let first = door.bearer(&token).await.unwrap();
    door.authenticator.cache.invalidate_all();
    let second = door.bearer(&token).await.unwrap();
    scoped["sub"] = json!("ben");
    let others = door.bearer(&door.signer.token(&scoped)).await.unwrap();
    let unscoped = door.bearer(&door.signer.token(&claims())).await.unwrap();

    assert_eq!([first, second].map(|caller| caller.visas.len()), [1, 1]);
    assert_eq!([others, unscoped].map(|caller| caller.visas.len()), [0, 0]);
    let asked = net.asked();
    assert_eq!(asked.iter().filter(|url| **url == user_info).count(), 2, "{asked:?}");
}
