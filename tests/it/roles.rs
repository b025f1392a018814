//! Who may do what: `docs/roles.md` says it, and each role tries each route.

use std::{collections::BTreeSet, fs, path::Path};

use ga4gh_gateway::domain::Role;
use http::Method;
use serde_json::{Value, json};

use crate::support::{TestGateway, client::WesClient};

/// A row of the table: a route, and whether nobody, and each role in the order of [`Role::ALL`], may use it.
struct Row {
    method: Method,
    path: String,
    may: Vec<bool>,
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_may_do_what_the_table_says_and_nothing_else() {
    let table = table();
    let gateway = TestGateway::start(&[]).await;
    let mut callers = vec![gateway.stranger()];
    callers.extend(Role::ALL.map(|role| gateway.client_as(role.as_str(), &[role])));
    let mut wrong = Vec::new();
    for row in &table {
        for (caller, may) in callers.iter().zip(&row.may) {
            let refusal = refusal(caller, row).await;
            if refusal.is_none() != *may {
                wrong.push(format!("{} {}: {may}, but {refusal:?}", row.method, row.path));
            }
        }
    }

    assert!(wrong.is_empty(), "docs/roles.md is not what the gateway does:\n{}", wrong.join("\n"));
    gateway.stop().await;
}

#[test]
fn the_table_has_every_route_of_our_own_api() {
    let document: Value =
        serde_json::from_str(&ga4gh_gateway::api::document()).expect("it is JSON");
    let paths = document["paths"].as_object().expect("it has paths");
    let documented: BTreeSet<_> = paths
        .iter()
        .filter(|(path, _)| path.starts_with("/api/v1"))
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("a path has methods");
            methods.keys().map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();

    let told: BTreeSet<_> =
        table().iter().map(|row| format!("{} {}", row.method, row.path)).collect();

    assert_eq!(told, documented);
}

/// Why a caller may not use a route, if so. What is wrong with an empty request beyond that is another
/// matter.
async fn refusal(caller: &WesClient, row: &Row) -> Option<String> {
    let path = row.path.replace(['{', '}'], "");
    let body = json!({});
    let body = (!row.method.is_safe()).then_some(&body);
    // Streams do not end.
    let asked = caller.send(row.method.clone(), &path, &[], body);
    let Ok((status, _, body)) =
        tokio::time::timeout(std::time::Duration::from_secs(5), asked).await
    else {
        return None;
    };
    let reason = body["reason"].as_str().unwrap_or_default();
    let refused = matches!(reason, "missing_credential" | "role_required" | "institution_required");
    refused.then(|| format!("{status} {reason}"))
}

fn table() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/roles.md");
    let text = fs::read_to_string(path).expect("docs/roles.md is there");
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let (method, path) =
            cells[0].trim_matches('`').split_once(' ').expect("a row names method and path");
        let may: Vec<_> = cells[1..].iter().map(|cell| *cell == "yes").collect();
        assert_eq!(may.len(), 1 + Role::ALL.len(), "{line}");
        Row { method: method.parse().expect("it is a method"), path: path.to_owned(), may }
    })
    .collect()
}
