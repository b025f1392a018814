//! A plain HTTP client for what the tests ask by themselves.

use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::Value;

/// The JSON body of a `GET` that was answered with 200.
pub(crate) async fn get(url: &str) -> Result<Value, String> {
    send(Method::GET, url, Vec::new()).await
}

/// The JSON body that answers a JSON `POST` with 200.
pub(crate) async fn post(url: &str, body: &Value) -> Result<Value, String> {
    send(Method::POST, url, body.to_string().into_bytes()).await
}

async fn send(method: Method, url: &str, body: Vec<u8>) -> Result<Value, String> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::from(body))
        .map_err(|e| e.to_string())?;
    let answer = client.request(request).await.map_err(|e| format!("{url}: {e}"))?;
    let status = answer.status();
    let body = answer.into_body().collect().await.map_err(|e| e.to_string())?.to_bytes();
    let text = String::from_utf8_lossy(&body);
    if status != 200 {
        return Err(format!("{url}: {status} {text}"));
    }
    serde_json::from_str(&text).map_err(|e| format!("{url}: {e} in {text}"))
}

/// The body that answers a form with 200.
pub(crate) async fn post_form(url: &str, authorization: &str, form: &str) -> String {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
    let request = Request::builder()
        .method(Method::POST)
        .uri(url)
        .header(header::AUTHORIZATION, authorization)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::from(form.to_owned()))
        .expect("the request is a valid one");
    let answer = client.request(request).await.expect("the server answers");
    let status = answer.status();
    let body = answer.into_body().collect().await.expect("the answer comes whole").to_bytes();
    let text = String::from_utf8_lossy(&body).into_owned();
    assert_eq!(status, 200, "{url}: {text}");
    text
}
