//! With whose credential services are asked.

use super::{scripted::Scripted, *};
use crate::{
    domain::{CallerCredential, Credential},
    registry::{Record, Source},
};

fn kenya(choice: CallerCredential) -> Service {
    Service { caller_credential: choice, ..service("kenya") }
}

impl House {
    fn wants(&self, choice: CallerCredential) {
        let now = self.gateway.parts.clock.now();
        self.registry.put(Record::new(kenya(choice), Source::Operator, now));
    }

    async fn enter(&self, caller: &Caller, token: &str) {
        let (credential, now) =
            (Credential::Bearer(token.to_owned().into()), self.gateway.parts.clock.now());
        let kenya = kenya(CallerCredential::Optional);
        self.gateway.parts.vault.put_own(&caller.id, &kenya, &credential, true, now).await.unwrap();
    }

    async fn submit_as(&self, caller: &Caller) -> Result<RunId> {
        let order = Order {
            request: request(),
            files: Files::none(),
            idempotency_key: None,
            fingerprint: Arc::default(),
        };
        self.gateway.run_workflow(caller, order).await
    }
}

fn caller(name: &str) -> Caller {
    Caller::new(CallerId::new("issuer", name))
}

#[tokio::test]
async fn a_service_is_asked_once_for_each_credential() {
    let scripted = Scripted::new([]);
    let house = House::over(&[("kenya", &scripted)]).await;
    house.wants(CallerCredential::Optional);
    house.enter(&caller("amina"), "of-amina").await;
    house.enter(&caller("kofi"), "of-kofi").await;
    for name in ["amina", "kofi", "amina", "olu", "nia"] {
        house.submit_as(&caller(name)).await.unwrap();
    }

    house.follow();

    let mut shown = Vec::new();
    while shown.len() < 6 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        shown.extend(scripted.shown());
    }
    // Those who have entered none share the gateway's, and come first.
    assert_eq!(shown[..6], ["none", "of-amina", "of-kofi", "none", "of-amina", "of-kofi"]);
    house.stop().await;
}

#[tokio::test]
async fn a_run_that_another_credential_does_not_know_is_kept_until_its_caller_wants_it_no_more() {
    let scripted = Scripted::new([]);
    let house = House::over(&[("kenya", &scripted)]).await;
    house.wants(CallerCredential::Required);
    let refused = house.submit_as(&amina()).await.unwrap_err();
    house.enter(&amina(), "first").await;
    let run_id = house.submit_as(&amina()).await.unwrap();
    house.clock.advance(Duration::from_secs(1));
    house.enter(&amina(), "second").await;
    scripted.forget_all();

    house.follow();

    assert!(matches!(refused, Error::Credential { .. }), "{refused:?}");
    let told = async || {
        let view = house.gateway.get_run(&amina(), &run_id.to_string()).await.unwrap();
        view.notes.iter().filter(|note| note.message.contains("another account")).count()
    };
    while told().await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((told().await, house.state(run_id).await), (1, State::Queued));
    house.gateway.cancel_run(&amina(), &run_id.to_string()).await.unwrap();
    house.reaches(run_id, State::SystemError).await;
    house.stop().await;
}
