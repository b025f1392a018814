//! Nodes that register themselves: with the real program, through the public API, to a run that lands there.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use ga4gh_gateway::{
    domain::{Clock, Role, SystemClock},
    federation::nodes::{Claims, Purpose},
    jose::{Algorithm, Signer},
};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{RunForm, TestGateway, TestService, eventually::eventually, program};

/// A gateway without services, and a service that its node is about to register.
struct Scene {
    gateway: TestGateway,
    service: TestService,
    folder: TempDir,
}

/// A heartbeat that goes on until this is dropped.
struct Beating(Child);

impl Drop for Beating {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Scene {
    async fn start() -> Self {
        let settings = json!({
            "discovery": {"allow_networks": ["127.0.0.1/32"]},
            "nodes": {"lease": "4s", "heartbeat": "1s", "sweep": "100ms"},
        });
        let gateway = TestGateway::start_with(&[], settings).await;
        let service = TestService::start("icer", "wes", "ML", &[]).await;
        service.set("queue_ms", "100");
        service.set("run_ms", "200");
        let folder = tempfile::tempdir().expect("temporary folders can be made");
        let scene = Self { gateway, service, folder };
        scene.write("service.toml", &document(scene.service.simulator.url().as_str()));
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("the folder can be written");
    }

    async fn operator(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let path = format!("/api/v1{path}");
        let (status, _, answer) =
            self.gateway.operator().send(method, &path, &[], body.as_ref()).await;
        (status, answer)
    }

    /// A signed text, as it is: nothing else is the credential.
    async fn post_signed(&self, path: &str, text: String) -> (StatusCode, Value) {
        let path = format!("/api/v1/nodes/{path}");
        let text = Value::String(text);
        let (status, _, answer) =
            self.gateway.stranger().send(Method::POST, &path, &[], Some(&text)).await;
        (status, answer)
    }

    /// The same scene after the gateway was started anew.
    async fn restart(self) -> Self {
        Self { gateway: self.gateway.restart().await, ..self }
    }

    /// Whether the GA4GH registry lists the service.
    async fn is_listed(&self) -> bool {
        let path = "/ga4gh/registry/v1/services";
        let (_, _, all) = self.gateway.stranger().send(Method::GET, path, &[], None).await;
        all.as_array().is_some_and(|all| all.iter().any(|entry| entry["id"] == "icer"))
    }

    /// Invites a node, and writes the answer to a file as an operator would hand it on.
    async fn invite(&self, file: &str) -> Value {
        let body = json!({"label": "ICER Mali", "jurisdiction": "ML", "host": "127.0.0.1"});
        let (status, invitation) = self.operator(Method::POST, "/invitations", Some(body)).await;
        assert_eq!(status, StatusCode::CREATED, "{invitation}");
        self.write(file, &invitation.to_string());
        invitation
    }

    async fn node(&self) -> Value {
        let (status, node) = self.operator(Method::GET, "/nodes/icer", None).await;
        assert_eq!(status, StatusCode::OK, "{node}");
        node
    }

    async fn approve(&self) {
        let body = json!({"revision": self.node().await["revision"]});
        let (status, node) = self.operator(Method::POST, "/nodes/icer/approve", Some(body)).await;
        assert_eq!((status, node["standing"].as_str()), (StatusCode::OK, Some("approved")));
    }

    async fn stands(&self, standing: &str) {
        eventually(&format!("the node is {standing}"), || async {
            let node = self.node().await;
            if node["standing"] == standing { Ok(()) } else { Err(node) }
        })
        .await;
    }

    fn node_command(&self, operation: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ga4gh-gateway"));
        command.args(["node", operation, "--gateway", &self.gateway.base_url()]);
        command.arg("--key").arg(self.path("node.key"));
        command
    }

    fn known_command(&self, operation: &str) -> Command {
        let mut command = self.node_command(operation);
        command.args(["--id", "icer", "--audience", AUDIENCE]);
        command
    }

    fn register_command(&self) -> Command {
        let mut command = self.node_command("register");
        command.args(["--audience", AUDIENCE]);
        command.arg("--document").arg(self.path("service.toml"));
        command
    }

    /// Registers the node with the program, by an invitation.
    async fn register(&self) -> String {
        self.invite("invitation.json").await;
        let mut command = self.node_command("register");
        command.arg("--document").arg(self.path("service.toml"));
        command.arg("--invitation").arg(self.path("invitation.json"));
        program::succeed(&command).await
    }

    fn beating(&self) -> Beating {
        let mut command = self.known_command("heartbeat");
        command.args(["--every", "300ms"]).stdin(Stdio::null()).stdout(Stdio::null());
        Beating(command.spawn().expect("the executable was built"))
    }
}

/// What a gateway without a public URL calls itself.
const AUDIENCE: &str = "org.example.ga4gh-gateway.wes";

fn document(url: &str) -> String {
    format!("id = \"icer\"\nkind = \"wes\"\nurl = \"{url}\"\njurisdiction = \"ML\"\n")
}

fn run() -> RunForm {
    RunForm::cwl().tags(&json!({"origin": "ML"}))
}

/// What a program that failed said.
async fn failure(command: &Command) -> String {
    let output = program::finish(command).await;
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn claims(purpose: Purpose) -> Claims {
    Claims::new(AUDIENCE, "icer", purpose, SystemClock.now())
}

#[tokio::test]
async fn a_node_registers_is_approved_takes_a_run_expires_and_comes_back() {
    let scene = Scene::start().await;
    let amina = scene.gateway.client("amina");

    let said = scene.register().await;
    assert!(said.contains("icer is pending") && said.contains("node heartbeat"), "{said}");
    let said = program::succeed(scene.known_command("heartbeat").arg("--once")).await;
    assert!(said.contains("icer is pending"), "{said}");
    let (status, _) = amina.try_submit(run()).await;
    assert_ne!(status, StatusCode::OK, "nobody approved it yet");

    scene.approve().await;
    let beating = scene.beating();
    let first = eventually("its service takes a run", || async {
        let (status, body) = amina.try_submit(run()).await;
        if status == StatusCode::OK { Ok(body) } else { Err(body) }
    })
    .await;
    assert_eq!(amina.ended(first["run_id"].as_str().unwrap_or_default()).await, "COMPLETE");
    assert!(scene.is_listed().await);

    scene.service.set("run_ms", "6000");
    let placed = amina.submit(run()).await;
    drop(beating);
    scene.stands("expired").await;
    let (status, refused) = amina.try_submit(run()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{refused}");
    assert!(refused["services"]["icer"].is_string(), "{refused}");
    assert!(!scene.is_listed().await);
    assert_eq!(amina.ended(&placed).await, "COMPLETE", "what it has is followed to its end");
    assert_eq!(scene.node().await["expiries"], 1);

    let scene = scene.restart().await;
    let amina = scene.gateway.client("amina");
    scene.stands("expired").await;
    let _beating = scene.beating();
    scene.stands("approved").await;
    amina.submit(run()).await;
    assert_eq!(scene.service.submissions().len(), 3);
    scene.gateway.stop().await;
}

#[tokio::test]
async fn forged_replayed_and_stale_registrations_are_refused() {
    let scene = Scene::start().await;
    let invitation = scene.invite("invitation.json").await;
    let signer = || {
        let text = Signer::generate(Algorithm::EdDsa).expect("keys can be made");
        Signer::from_pem(&text).expect("it was just made")
    };
    let (icer, evil) = (signer(), signer());
    let url = scene.service.simulator.url();
    let registration = || Claims {
        invitation: invitation["secret"].as_str().map(str::to_owned),
        service: Some(json!({"id": "icer", "kind": "wes", "url": url, "jurisdiction": "ML"})),
        ..claims(Purpose::Register)
    };
    let forged_header = json!({
        "alg": "EdDSA", "typ": "ga4gh-node+jws", "jwk": icer.key().to_jwk(),
    });
    let hour = 3600;
    let stale =
        Claims { iat: registration().iat - hour, exp: registration().exp - hour, ..registration() };
    let other = Claims { aud: "https://other.example".to_owned(), ..registration() };
    let guessed = Claims { invitation: Some("gni_guessed".to_owned()), ..registration() };
    let mut abroad = registration();
    abroad.service.as_mut().expect("it has one")["jurisdiction"] = json!("KE");
    let good = registration().sign_with_key(&icer);
    for (status, reason, text) in [
        (401, "forged_proof", evil.sign(&forged_header, &json!(registration()))),
        (401, "stale_proof", stale.sign_with_key(&icer)),
        (401, "wrong_proof_audience", other.sign_with_key(&icer)),
        (403, "invitation_not_valid", guessed.sign_with_key(&icer)),
        (403, "outside_invitation", abroad.sign_with_key(&icer)),
        (400, "malformed_proof", "registration".to_owned()),
        (413, "proof_too_large", "A".repeat(100_000)),
        (202, "", good.clone()),
        (401, "replayed_proof", good),
        (403, "invitation_not_valid", registration().sign_with_key(&evil)),
    ] {
        let (answered, body) = scene.post_signed("register", text).await;

        assert_eq!(answered.as_u16(), status, "{reason}: {body}");
        assert_eq!(body["reason"].as_str().unwrap_or_default(), reason);
    }
    let beat = claims(Purpose::Heartbeat).sign_with_id(&icer);
    let (status, _) = scene.post_signed("icer/heartbeat", beat.clone()).await;
    assert_eq!(status, StatusCode::OK);
    let (status, body) = scene.post_signed("icer/heartbeat", beat).await;
    assert_eq!((status.as_u16(), body["reason"].as_str()), (401, Some("replayed_proof")));
    scene.gateway.stop().await;
}

#[tokio::test]
async fn a_change_of_host_and_of_key_waits_for_approval() {
    let scene = Scene::start().await;
    scene.register().await;
    scene.approve().await;
    let _beating = scene.beating();
    let elsewhere = TestService::start("elsewhere", "wes", "ML", &[]).await;
    let before = scene.node().await["service"]["url"].clone();

    scene.write("service.toml", &document(elsewhere.simulator.url().as_str()));
    let said = program::succeed(&scene.register_command()).await;
    assert!(said.contains("A change waits for approval"), "{said}");
    let node = scene.node().await;
    assert_eq!((&node["standing"], &node["service"]["url"]), (&json!("approved"), &before));
    assert_eq!(node["change"]["url_changes"], true);
    let reason = json!({"reason": "call us first"});
    let (status, _) = scene.operator(Method::POST, "/nodes/icer/refuse", Some(reason)).await;
    assert_eq!((status, scene.node().await["change"].is_null()), (StatusCode::OK, true));

    program::succeed(&scene.register_command()).await;
    scene.approve().await;
    let (_, service) = scene.operator(Method::GET, "/services/icer", None).await;
    assert_eq!(service["url"], json!(elsewhere.simulator.url()), "{service}");
    let amina = scene.gateway.client("amina");
    eventually("a run goes to the new host", || async {
        let (status, body) = amina.try_submit(run()).await;
        if status == StatusCode::OK { Ok(()) } else { Err(body) }
    })
    .await;
    assert_eq!((scene.service.submissions().len(), elsewhere.submissions().len()), (0, 1));

    // A new key, for which the old one vouches.
    let old = scene.path("old.key");
    std::fs::copy(scene.path("node.key"), &old).expect("the key is there");
    std::fs::remove_file(scene.path("node.key")).expect("the key is there");
    let stranger = failure(&scene.register_command()).await;
    assert!(stranger.contains("invitation_not_valid"), "{stranger}");
    program::succeed(scene.register_command().arg("--previous-key").arg(&old)).await;
    assert_eq!(scene.node().await["change"]["key_changes"], true);
    scene.approve().await;
    program::succeed(scene.known_command("heartbeat").arg("--once")).await;
    scene.gateway.stop().await;
}

#[tokio::test]
async fn an_operator_decides_and_the_program_says_so_plainly() {
    let scene = Scene::start().await;
    let unknown = failure(&scene.known_command("status")).await;
    assert!(unknown.contains("node.key"), "{unknown}");
    scene.register().await;
    scene.approve().await;

    let why = json!({"reason": "it loses runs"});
    scene.operator(Method::POST, "/nodes/icer/suspend", Some(why)).await;
    let told = program::finish(scene.known_command("heartbeat").arg("--once")).await;
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(!told.status.success() && said.contains("suspended") && said.contains("it loses runs"));
    let (status, node) = scene.operator(Method::POST, "/nodes/icer/resume", None).await;
    assert_eq!(status, StatusCode::OK, "{node}");
    let said = program::succeed(&scene.known_command("withdraw")).await;
    assert!(said.contains("withdrawn"), "{said}");
    let told = failure(scene.known_command("heartbeat").arg("--once")).await;
    assert!(told.contains("wrong_standing"), "{told}");
    assert!(failure(&scene.known_command("heartbeat")).await.contains("wrong_standing"));

    let nobody = [Role::Researcher];
    let body = Some(json!({"label": "me"}));
    for (roles, method, path, body, expected) in [
        (&nobody[..], Method::POST, "/invitations", body.clone(), StatusCode::FORBIDDEN),
        (&[Role::NodeOperator], Method::POST, "/invitations", body, StatusCode::FORBIDDEN),
        (&nobody, Method::GET, "/nodes", None, StatusCode::FORBIDDEN),
        (&[Role::NodeOperator], Method::GET, "/nodes", None, StatusCode::OK),
        (&[Role::NodeOperator], Method::DELETE, "/nodes/icer", None, StatusCode::FORBIDDEN),
        (&[Role::Operator], Method::DELETE, "/nodes/icer", None, StatusCode::CONFLICT),
        (&[Role::Operator], Method::GET, "/nodes/ilifu", None, StatusCode::NOT_FOUND),
        (&[Role::Operator], Method::DELETE, "/invitations/none", None, StatusCode::NOT_FOUND),
    ] {
        let caller = scene.gateway.client_as("someone", roles);
        let path = format!("/api/v1{path}");
        let (status, _, answer) = caller.send(method, &path, &[], body.as_ref()).await;

        assert_eq!(status, expected, "{path} as {roles:?}: {answer}");
    }
    let (_, invitations) = scene.operator(Method::GET, "/invitations?page_size=1", None).await;
    assert_eq!(invitations["invitations"][0]["state"], "used");
    assert!(!invitations.to_string().contains("gni_"), "{invitations}");
    let gateway = scene.gateway.base_url();
    let Scene { gateway: running, folder, .. } = scene;
    running.stop().await;
    let mut late = Command::new(env!("CARGO_BIN_EXE_ga4gh-gateway"));
    late.args(["node", "status", "--gateway", &gateway, "--id", "icer", "--key"]);
    let late = failure(late.arg(Path::new(folder.path()).join("node.key"))).await;
    assert!(late.contains("cannot be reached"), "{late}");
}
