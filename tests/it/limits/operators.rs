use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    RunForm, TestGateway, TestService, eventually::eventually, redis::Redis, services::secret_file,
};

fn policy<'a>(limits: &'a Value, name: &str) -> &'a Value {
    let policies = limits["policies"].as_array().expect("there are policies");
    policies.iter().find(|policy| policy["name"] == name).expect("the policy is told")
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_the_limits_and_who_uses_them() {
    let service = TestService::start("ml", "wes", "ML", &[("answer_delay_ms", "1500")]).await;
    let limits = json!({
        "caller": {"submit": "10/1h"},
        "institution": {"submit": "10/1h"},
        "address": {"login": "off"},
    });
    let gateway = TestGateway::start_with(&[&service], json!({"limits": limits})).await;
    let (amina, operator) = (gateway.client("amina"), gateway.operator());

    let (submitted, limits) = tokio::join!(amina.try_submit(RunForm::cwl()), async {
        eventually("a place is held", || async {
            let (status, limits) = operator.get_v1("/limits").await;
            assert_eq!(status, StatusCode::OK, "{limits}");
            if limits["submissions"]["held"] == 1 { Ok(limits) } else { Err(limits) }
        })
        .await
    });

    assert_eq!(submitted.0, StatusCode::OK);
    assert_eq!((&limits["mode"], &limits["replicas"]), (&json!("alone"), &json!(1)));
    let submit = policy(&limits, "caller-submit");
    assert_eq!((&submit["quota"], &submit["window_ms"]), (&json!(10), &json!(3_600_000)));
    let busiest = &submit["busiest"][0];
    assert!(busiest["key"].as_str().unwrap().ends_with("#amina"), "{submit}");
    assert_eq!(busiest["remaining"], 9);
    assert_eq!(policy(&limits, "institution-submit")["busiest"][0]["key"], "Test University");
    let holder = &limits["submissions"]["institutions"][0];
    assert_eq!((&holder["name"], &holder["held"]), (&json!("Test University"), &json!(1)));
    assert!(limits["policies"].as_array().unwrap().iter().all(|p| p["name"] != "address-login"));

    let (status, body) = amina.get_v1("/limits").await;
    assert_eq!((status, &body["reason"]), (StatusCode::FORBIDDEN, &json!("role_required")));
    let ops = crate::support::client::WesClient::new(&gateway.ops_url(), None);
    let (_, _, metrics) = ops.send(Method::GET, "/metrics", &[], None).await;
    let line = r#"limit_decisions_total{outcome="allowed",policy="caller-submit"} 1"#;
    assert!(metrics.as_str().unwrap().contains(line), "{metrics}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_share_one_limit_and_part_it_while_redis_is_away() {
    // Given two gateways that share a Redis, and a caller with ten requests.
    let mut redis = Redis::start().await;
    let settings = json!({
        "redis_url": secret_file(&redis.url()),
        "limits": {"replicas": 2, "caller": {"read": "1000/10s"}, "institution": {"read": "off"}},
    });
    let one = TestGateway::start_with(&[], settings.clone()).await;
    let two = TestGateway::start_with(&[], settings).await;
    let mode = async |gateway: &TestGateway, wanted: &str| {
        eventually("the gateway sees how Redis is", || async {
            let (_, limits) = gateway.operator().get_v1("/limits").await;
            if limits["mode"] == wanted { Ok(limits) } else { Err(limits) }
        })
        .await
    };
    mode(&one, "shared").await;
    let limits = mode(&two, "shared").await;
    assert_eq!(policy(&limits, "caller-read")["error_bound"], 40);

    // When Redis goes away.
    redis.kill();
    mode(&one, "share").await;
    mode(&two, "share").await;

    // Then each has its share, says so, and answers.
    let (_, headers, _) = one.client("new").send(Method::GET, "/api/v1/panels", &[], None).await;
    let policies = headers["ratelimit-policy"].to_str().unwrap();
    assert!(policies.contains(r#""caller-read-share";q=500;w=10"#), "{policies}");

    // And they share again once it is back.
    redis.revive().await;
    mode(&one, "shared").await;
    mode(&two, "shared").await;
    one.stop().await;
    two.stop().await;
}
