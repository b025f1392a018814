//! A browser without a screen: it keeps cookies, follows redirects, and fills in the forms of a login.

#![expect(clippy::unwrap_used, reason = "a browser that only tests use")]

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use url::Url;

/// Cookies by port and name. All hosts are this machine, and real browsers do not tell ports apart; so
/// paths are left out too, which shows servers more than they would see.
#[derive(Debug, Clone, Default)]
pub(crate) struct Browser {
    cookies: BTreeMap<(u16, String), String>,
}

struct Page {
    status: StatusCode,
    location: Option<Url>,
    body: String,
}

impl Browser {
    /// Logs somebody in at the gateway's issuer. The path on which they land.
    pub(crate) async fn log_in(&mut self, gateway: &str, login: &str, return_to: &str) -> String {
        let back = self.log_in_until_back(gateway, login, return_to).await;
        self.follow(&back).await
    }

    /// Logs somebody in at the issuer. The address at the gateway to which it sends them back.
    pub(crate) async fn log_in_until_back(
        &mut self,
        gateway: &str,
        login: &str,
        return_to: &str,
    ) -> String {
        let mut start: Url = format!("{gateway}/api/v1/login").parse().unwrap();
        start.query_pairs_mut().append_pair("return_to", return_to);
        let mut page = self.ask(Method::GET, &start, &[], String::new()).await;
        for _ in 0..12 {
            let next =
                page.location.take().unwrap_or_else(|| panic!("{}: {}", page.status, page.body));
            if next.as_str().starts_with(gateway) {
                return next.into();
            }
            page = self.ask(Method::GET, &next, &[], String::new()).await;
            if page.location.is_none() {
                // The issuer's own pages: first who it is, then whether the gateway may know.
                let asks = if page.body.contains("name=\"login\"") { "login" } else { "consent" };
                let form = format!("prompt={asks}&login={login}&password=any");
                page = self.ask(Method::POST, &next, &[], form).await;
            }
        }
        panic!("the issuer leads in circles");
    }

    /// Goes to an address that redirects. The `Location`, as it is written.
    pub(crate) async fn follow(&mut self, url: &str) -> String {
        let url: Url = url.parse().unwrap();
        let page = self.ask(Method::GET, &url, &[], String::new()).await;
        let location = page.location.unwrap_or_else(|| panic!("{}: {}", page.status, page.body));
        assert_eq!(location.origin(), url.origin(), "{location}");
        location.path().to_owned()
    }

    /// Sends a request with the cookies that it has, and further headers.
    pub(crate) async fn call(
        &mut self,
        method: Method,
        url: &str,
        headers: &[(&str, String)],
    ) -> (StatusCode, String) {
        let page = self.ask(method, &url.parse().unwrap(), headers, String::new()).await;
        (page.status, page.body)
    }

    async fn ask(
        &mut self,
        method: Method,
        url: &Url,
        headers: &[(&str, String)],
        form: String,
    ) -> Page {
        let port = url.port().expect("every server has a port of its own");
        let cookies = self.cookies.iter().filter(|((at, _), _)| *at == port);
        let cookies: Vec<_> = cookies.map(|((_, name), value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(method).uri(url.as_str());
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request
            .header(header::COOKIE, cookies.join("; "))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(form)))
            .unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let answer = client.request(request).await.expect("the server answers");
        for set in answer.headers().get_all(header::SET_COOKIE) {
            self.keep(port, set.to_str().unwrap());
        }
        let location = answer.headers().get(header::LOCATION).map(|to| to.to_str().unwrap());
        let location = location.map(|to| url.join(to).unwrap());
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("the page comes whole").to_bytes();
        Page { status, location, body: String::from_utf8_lossy(&body).into_owned() }
    }

    fn keep(&mut self, port: u16, set: &str) {
        let (name, rest) = set.split_once('=').unwrap();
        let value = rest.split(';').next().unwrap_or_default();
        let is_over = value.is_empty() || set.contains("Max-Age=0");
        let key = (port, name.to_owned());
        if is_over {
            self.cookies.remove(&key);
        } else {
            self.cookies.insert(key, value.to_owned());
        }
    }
}
