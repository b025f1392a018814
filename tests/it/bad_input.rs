//! Requests that are wrong: each is told what is wrong with it, and nothing comes of it.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{
    RunForm, TestGateway, TestService,
    client::WesClient,
    raw::{END, FORM, field, file, part},
};

/// A gateway in front of an imputation server in South Africa and a WES server in Mali.
struct Federation {
    gateway: TestGateway,
    amina: WesClient,
    services: [TestService; 2],
}

impl Federation {
    async fn start() -> Self {
        let za = TestService::start("za", "cloudgene3", "ZA", &[("panels", "h3africa")]).await;
        let ml = TestService::start("ml", "wes", "ML", &[]).await;
        let gateway = TestGateway::start(&[&za, &ml]).await;
        let amina = gateway.client("amina");
        Self { gateway, amina, services: [za, ml] }
    }

    async fn refuses(&self, what: &str, form: RunForm, status: u16, reason: &str) {
        let answer = self.amina.try_submit(form).await;
        check(what, &answer, status, reason);
    }

    async fn refuses_body(&self, media_type: &str, body: String, status: u16, reason: &str) {
        let what = format!("{media_type}: {body:.300}");
        let answer = self.amina.post("/runs", media_type, body).await;
        check(&what, &answer, status, reason);
    }

    /// Nothing is listed, and no service heard of anything.
    async fn nothing_came_of_it(self) {
        let (_, list) = self.amina.get("/runs").await;
        assert_eq!(list["runs"], json!([]));
        for service in &self.services {
            assert_eq!(service.submissions(), []);
        }
        self.gateway.stop().await;
    }
}

fn check(what: &str, (status, body): &(StatusCode, Value), expected: u16, reason: &str) {
    assert_eq!((status.as_u16(), &body["reason"]), (expected, &json!(reason)), "{what}: {body}");
    assert_eq!(body["run_exists"], false, "{what}: {body}");
    assert_eq!(body["status_code"], expected, "{what}: {body}");
    assert!(body["msg"].as_str().is_some_and(|msg| msg.len() > 10), "{what}: {body}");
}

fn imputation(change: &Value) -> RunForm {
    let mut params = json!({"panel": "h3africa-v6hc-s", "build": "hg38", "population": "afr"});
    for (name, value) in change.as_object().expect("changes are an object") {
        params[name] = value.clone();
    }
    let without_nulls: serde_json::Map<_, _> = params
        .as_object()
        .expect("parameters are an object")
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    RunForm::imputation()
        .field("workflow_params", Value::from(without_nulls).to_string())
        .file("chr20.vcf.gz", "genotypes")
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_and_contradictory_fields_are_named() {
    let federation = Federation::start().await;
    let cwl = RunForm::cwl;

    for (what, form, reason) in [
        ("nothing", RunForm::empty(), "missing_field"),
        ("no type", cwl().without("workflow_type"), "missing_field"),
        ("blank type", cwl().field("workflow_type", "  "), "missing_field"),
        ("no version", cwl().without("workflow_type_version"), "missing_field"),
        ("no URL", cwl().without("workflow_url"), "missing_field"),
        ("version alone", cwl().field("workflow_engine_version", "1"), "missing_field"),
        ("strange type", cwl().field("workflow_type", "COBOL"), "unknown_workflow_type"),
        (
            "strange version",
            cwl().field("workflow_type_version", "v9.9"),
            "unknown_workflow_type_version",
        ),
        ("strange engine", cwl().field("workflow_engine", "abacus"), "unknown_workflow_engine"),
        ("params: list", cwl().field("workflow_params", "[1]"), "bad_json"),
        ("params: half", cwl().field("workflow_params", "{\"a\":"), "bad_json"),
        ("tags: list", cwl().field("tags", "[]"), "bad_json"),
        ("tags: nested", cwl().tags(&json!({"a": {"b": "c"}})), "bad_json"),
        ("engine parameters", cwl().field("workflow_engine_parameters", "x"), "bad_json"),
        ("no country", cwl().tags(&json!({"origin": "Atlantis"})), "bad_tag"),
        ("no countries", cwl().tags(&json!({"origin": " , "})), "bad_tag"),
        ("no service id", cwl().tags(&json!({"service": "Not An Id"})), "bad_tag"),
        ("no such service", cwl().tags(&json!({"service": "elsewhere"})), "unknown_service"),
        ("not attached", cwl().field("workflow_url", "hello.cwl"), "workflow_not_attached"),
        (
            "attached as another",
            cwl().field("workflow_url", "hello.cwl#main").file("other.cwl", "x"),
            "workflow_not_attached",
        ),
    ] {
        federation.refuses(what, form, 400, reason).await;
    }

    federation.nothing_came_of_it().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imputation_that_would_fail_later_is_refused_now() {
    let federation = Federation::start().await;
    let url = |url: &str| imputation(&json!({})).field("workflow_url", url);

    for (what, form, reason) in [
        ("no panel", imputation(&json!({"panel": null})), "bad_workflow_params"),
        ("strange panel", imputation(&json!({"panel": "gnomes"})), "unknown_panel"),
        ("panel: number", imputation(&json!({"panel": 7})), "bad_workflow_params"),
        ("strange population", imputation(&json!({"population": "elf"})), "unknown_population"),
        ("no build", imputation(&json!({"build": null})), "bad_workflow_params"),
        ("old build", imputation(&json!({"build": "hg18"})), "bad_build"),
        ("phasing", imputation(&json!({"phasing": "shapeit"})), "bad_workflow_params"),
        ("mode", imputation(&json!({"mode": "fast"})), "bad_workflow_params"),
        ("filter", imputation(&json!({"r2_filter": 2})), "bad_workflow_params"),
        ("filter: text", imputation(&json!({"r2_filter": "much"})), "bad_workflow_params"),
        ("further word", imputation(&json!({"refpanel": "x"})), "bad_workflow_params"),
        ("web URL", url("https://example.org/w"), "bad_workflow_url"),
        ("no service id", url("imputation://Not%20An%20Id"), "bad_workflow_url"),
        ("no such service", url("imputation://elsewhere"), "unknown_service"),
        (
            "two services",
            url("imputation://za").tags(&json!({"service": "ml"})),
            "contradictory_fields",
        ),
        ("a WES service", url("imputation://ml"), "unknown_workflow_type"),
        ("no files", RunForm::imputation(), "no_input_files"),
        ("text file", imputation(&json!({})).file("notes.txt", "x"), "not_a_vcf"),
        ("not attached", imputation(&json!({"files": ["chr21.vcf.gz"]})), "file_not_announced"),
        (
            "one of two",
            imputation(&json!({"files": ["chr20.vcf.gz", "chr21.vcf.gz"]})),
            "file_not_attached",
        ),
        (
            "URL within",
            imputation(&json!({"files": ["chr20.vcf.gz", "http://169.254.169.254/a.vcf.gz"]})),
            "fetch_not_allowed",
        ),
    ] {
        federation.refuses(what, form, 400, reason).await;
    }
    let abroad = imputation(&json!({})).tags(&json!({"origin": "FR"}));
    federation.refuses("residency", abroad, 403, "forbidden_by_policy").await;

    federation.nothing_came_of_it().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_and_repeated_file_names_are_refused() {
    let federation = Federation::start().await;

    for name in [
        "../chr20.vcf.gz",
        "a/../../chr20.vcf.gz",
        "./../chr20.vcf.gz",
        "/etc/chr20.vcf.gz",
        "C:/chr20.vcf.gz",
        "a\\..\\chr20.vcf.gz",
        "a//chr20.vcf.gz",
        "a/./chr20.vcf.gz",
        "..",
        &format!("{}.vcf.gz", "x".repeat(1024)),
    ] {
        let form = RunForm::imputation().file(name, "genotypes");
        federation.refuses(name, form, 400, "bad_file_name").await;
        let form = RunForm::cwl().file(name, "steps");
        federation.refuses(name, form, 400, "bad_file_name").await;
    }
    for again in ["chr20.vcf.gz", "./chr20.vcf.gz"] {
        let form = RunForm::imputation().file("chr20.vcf.gz", "one").file(again, "two");
        federation.refuses(again, form, 400, "duplicate_file").await;
    }

    federation.nothing_came_of_it().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_form_are_refused() {
    let federation = Federation::start().await;
    let broken_part = "--b\r\nContent-Disposition form-data\r\n\r\nx\r\n--b--\r\n".to_owned();
    let twice = field("workflow_type", "CWL") + &field("workflow_type", "WDL") + END;
    let elsewhere = part("name=\"genotypes\"; filename=\"a.vcf.gz\"", "x") + END;
    let nameless = part("name=\"workflow_attachment\"", "x") + END;
    let oversize = field("workflow_params", &"x".repeat(8 * 1024 * 1024 + 1)) + END;

    for (media_type, body, status, reason) in [
        (FORM, String::new(), 400, "upload_incomplete"),
        (FORM, "no form at all".to_owned(), 400, "upload_incomplete"),
        (FORM, field("workflow_type", "CWL"), 400, "upload_incomplete"),
        (FORM, "--b\r\nContent-Disposition: form-data; name=\"ta".into(), 400, "upload_incomplete"),
        (FORM, broken_part, 400, "bad_multipart"),
        (FORM, twice, 400, "contradictory_fields"),
        (FORM, elsewhere, 400, "unknown_field"),
        (FORM, nameless, 400, "attachment_without_name"),
        (FORM, oversize, 413, "field_too_large"),
        (FORM, END.to_owned(), 400, "missing_field"),
        ("multipart/form-data", END.to_owned(), 400, "bad_multipart"),
        ("multipart/mixed; boundary=b", END.to_owned(), 415, "unsupported_media_type"),
        ("text/plain", "workflow_type=CWL".to_owned(), 415, "unsupported_media_type"),
        ("application/json", String::new(), 400, "bad_json"),
        ("application/json", "[]".to_owned(), 400, "bad_json"),
        ("application/json", "{}".to_owned(), 400, "missing_field"),
        ("application/json", format!("{} {{}}", json_run()), 400, "bad_json"),
        (
            "application/json",
            json_run().replace("{\"tags\"", "{\"workflow_type\":\"WDL\",\"tags\""),
            400,
            "contradictory_fields",
        ),
        ("application/json", json!({"workflow_type": 7}).to_string(), 400, "bad_json"),
        ("application/json", json!({"workflow_params": [7]}).to_string(), 400, "bad_json"),
        (
            "application/x-www-form-urlencoded",
            "workflow_type=CWL&workflow_type=WDL".to_owned(),
            400,
            "contradictory_fields",
        ),
        ("application/x-www-form-urlencoded", String::new(), 400, "missing_field"),
    ] {
        federation.refuses_body(media_type, body, status, reason).await;
    }
    let (status, body) = federation.amina.post("/runs", FORM, not_utf8()).await;
    check("not UTF-8", &(status, body), 400, "bad_text");
    let key = "k".repeat(256);
    let form = RunForm::cwl().idempotency_key(&key);
    federation.refuses("long key", form, 400, "bad_idempotency_key").await;

    federation.nothing_came_of_it().await;
}

/// A run as JSON; the tags come first.
fn json_run() -> String {
    json!({
        "tags": {"name": "json"},
        "workflow_params": {"message": "hello"},
        "workflow_type": "CWL",
        "workflow_type_version": "v1.2",
        "workflow_url": "https://example.org/hello.cwl",
    })
    .to_string()
}

fn not_utf8() -> Vec<u8> {
    let body = (field("workflow_type", "C?L") + END).into_bytes();
    body.into_iter().map(|byte| if byte == b'?' { 0xff } else { byte }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_body_that_holds_a_run_is_taken() {
    let ml = TestService::start("ml", "wes", "ML", &[]).await;
    let gateway = TestGateway::start(&[&ml]).await;
    let amina = gateway.client("amina");
    let as_file = |name: &str, text: &str| {
        let disposition = format!("name=\"{name}\"; filename=\"{name}\"");
        part(&disposition, text).replace("\r\n\r\n", "\r\nContent-Type: application/json\r\n\r\n")
    };
    let url_encoded = "workflow_type=CWL&workflow_type_version=v1.2&workflow_params=%7B%22message\
         %22%3A%22hello%22%7D&workflow_url=https%3A%2F%2Fexample.org%2Fhello.cwl";
    // The reference client sends its JSON fields as files.
    let file_parts = as_file("workflow_params", "{\"message\":\"hello\"}")
        + &as_file("tags", "{\"name\":\"parts\"}")
        + &field("workflow_type", "CWL")
        + &field("workflow_type_version", "v1.2")
        + &field("workflow_url", "https://example.org/hello.cwl")
        + &field("unknown", "is left out")
        + END;

    for (media_type, body) in [
        ("application/json; charset=utf-8", json_run()),
        ("application/x-www-form-urlencoded", url_encoded.to_owned()),
        ("Multipart/Form-Data; boundary=\"b\"", file_parts),
    ] {
        let (status, body) = amina.post("/runs", media_type, body).await;
        assert_eq!(status, StatusCode::OK, "{media_type}: {body}");
    }

    let submissions = ml.submissions();
    assert_eq!(submissions.len(), 3);
    for submission in submissions {
        assert_eq!(submission.fields["workflow_params"], "{\"message\":\"hello\"}");
        assert_eq!(submission.files, []);
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_a_form_come_in_any_order() {
    let ml = TestService::start("ml", "wes", "ML", &[]).await;
    // Memory for nothing: the file streams if the fields came before it, and is spooled if not.
    let settings = json!({"gateway": {"stage_bytes": 4}});
    let gateway = TestGateway::start_with(&[&ml], settings).await;
    let amina = gateway.client("amina");
    let parts = [
        field("workflow_params", "{\"message\":\"hello\"}"),
        field("workflow_type", "CWL"),
        field("workflow_type_version", "v1.2"),
        field("workflow_url", "hello.cwl"),
        file("hello.cwl", "cwlVersion: v1.2"),
    ];

    let orders = permutations(parts.len());
    for order in &orders {
        let body: String = order.iter().map(|at| parts[*at].as_str()).collect();
        let (status, answer) = amina.post("/runs", FORM, body + END).await;
        assert_eq!(status, StatusCode::OK, "{order:?}: {answer}");
    }

    let submissions = ml.submissions();
    assert_eq!(submissions.len(), orders.len());
    for submission in &submissions {
        assert_eq!(submission.files, [("hello.cwl".to_owned(), 16)]);
        assert_eq!(submission.fields["workflow_url"], "hello.cwl");
        assert_eq!(submission.fields["workflow_params"], "{\"message\":\"hello\"}");
    }
    gateway.stop().await;
}

fn permutations(length: usize) -> Vec<Vec<usize>> {
    let Some(last) = length.checked_sub(1) else { return vec![Vec::new()] };
    let insert = |shorter: Vec<usize>| {
        (0..length).map(move |at| {
            let mut longer = shorter.clone();
            longer.insert(at, last);
            longer
        })
    };
    permutations(last).into_iter().flat_map(insert).collect()
}
