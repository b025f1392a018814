//! Which limit a request counts against, and how much.

use axum::{
    extract::{MatchedPath, Request},
    http::Method,
};

use crate::{
    api::{v1, wes},
    limit::Limit,
};

/// What the gateway looks at for a caller costs as much as so many changes.
const LOOK: u32 = 10;
/// Items of a list that cost as much as one request.
const ITEMS: u32 = 100;

/// What kind of request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Whether the gateway is there. Not limited: whoever watches it must not be kept out.
    Health,
    /// Somebody shows who they are, in order to log in or to join.
    Login,
    /// Reading.
    Read,
    /// Submitting runs.
    Submit,
    /// Changes, and looks at others.
    Admin,
}

/// What a request counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) class: Class,
    pub(super) cost: u32,
}

impl Asked {
    /// `longest` is the longest page that anybody gets.
    pub(super) fn of(request: &Request, longest: u32) -> Self {
        let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        Self::classed(request.method(), route, request.uri().query().unwrap_or_default(), longest)
    }

    fn classed(method: &Method, route: &str, query: &str, longest: u32) -> Self {
        let once = |class| Self { class, cost: 1 };
        let own = route.strip_prefix(v1::BASE).unwrap_or_default();
        if route.ends_with("/service-info") {
            return once(Class::Health);
        }
        if is_login(own) {
            return once(Class::Login);
        }
        if method == Method::POST && route.strip_prefix(wes::BASE) == Some("/runs") {
            return once(Class::Submit);
        }
        if matches!(own, "/services/discover" | "/services/compare" | "/services/import")
            || own.ends_with("/test-connection")
            || own.ends_with("/alerts/test")
        {
            return Self { class: Class::Admin, cost: LOOK };
        }
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Self { class: Class::Read, cost: cost_of_page(query, longest) };
        }
        once(Class::Admin)
    }
}

impl Class {
    /// What counts for a caller, and for their institution.
    pub(super) fn limits(self) -> Option<(Limit, Limit)> {
        match self {
            Self::Health | Self::Login => None,
            Self::Read => Some((Limit::CallerRead, Limit::InstitutionRead)),
            Self::Submit => Some((Limit::CallerSubmit, Limit::InstitutionSubmit)),
            Self::Admin => Some((Limit::CallerAdmin, Limit::InstitutionAdmin)),
        }
    }
}

/// Routes where somebody shows who they are by other means than a token.
fn is_login(own: &str) -> bool {
    let signed = ["/heartbeat", "/status", "/withdraw"];
    own == "/nodes/register"
        || own == "/login"
        || own.starts_with("/login/")
        || (own.starts_with("/nodes/{") && signed.iter().any(|end| own.ends_with(end)))
}

/// A list costs by the items that are asked for, and can be had.
fn cost_of_page(query: &str, longest: u32) -> u32 {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let size = pairs.find(|(name, _)| name == "page_size");
    let size: u64 = size.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let size = u32::try_from(size).unwrap_or(u32::MAX).min(longest);
    size.div_ceil(ITEMS).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_counts_where_it_belongs() {
        for (method, route, query, class, cost) in [
            (Method::GET, "/ga4gh/wes/v1/service-info", "", Class::Health, 1),
            (Method::GET, "/ga4gh/wes/v1/runs", "", Class::Read, 1),
            (Method::GET, "/ga4gh/wes/v1/runs", "page_size=100", Class::Read, 1),
            (Method::GET, "/ga4gh/wes/v1/runs", "a=b&page_size=1000", Class::Read, 10),
            (Method::GET, "/ga4gh/wes/v1/runs", "page_size=5000000000", Class::Read, 10),
            (Method::GET, "/ga4gh/wes/v1/runs", "page_size=many", Class::Read, 1),
            (Method::POST, "/ga4gh/wes/v1/runs", "", Class::Submit, 1),
            (Method::POST, "/ga4gh/wes/v1/runs/{run_id}/cancel", "", Class::Admin, 1),
            (Method::GET, "/api/v1/services", "", Class::Read, 1),
            (Method::DELETE, "/api/v1/services/{service_id}", "", Class::Admin, 1),
            (Method::POST, "/api/v1/services/{service_id}/test-connection", "", Class::Admin, 10),
            (Method::GET, "/api/v1/services/compare", "", Class::Admin, 10),
            (Method::POST, "/api/v1/nodes/register", "", Class::Login, 1),
            (Method::POST, "/api/v1/nodes/{node_id}/heartbeat", "", Class::Login, 1),
            (Method::POST, "/api/v1/nodes/{node_id}/approve", "", Class::Admin, 1),
            (Method::GET, "/api/v1/login/callback", "", Class::Login, 1),
            (Method::GET, "", "", Class::Read, 1),
        ] {
            let asked = Asked::classed(&method, route, query, 1000);

            assert_eq!(asked, Asked { class, cost }, "{method} {route}");
        }
    }
}
