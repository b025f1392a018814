//! The OpenAPI document of all routes, and the pages that show it without any other host.

use axum::Router;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use super::{Api, limit, registry, v1, wes};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "GA4GH federation gateway",
        description = "One GA4GH WES endpoint in front of many services.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    modifiers(&Credentials),
)]
struct Document;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let header = |name| SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(name)));
        let http = |scheme| SecurityScheme::Http(Http::new(scheme));
        components.add_security_scheme("bearer", http(HttpAuthScheme::Bearer));
        components.add_security_scheme("basic", http(HttpAuthScheme::Basic));
        components.add_security_scheme("api_key", header("X-Api-Key"));
    }
}

/// All documented routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    let mut routes = OpenApiRouter::with_openapi(Document::openapi())
        .nest(wes::BASE, wes::routes())
        .nest(registry::BASE, registry::routes())
        .nest(v1::BASE, v1::routes());
    limit::describe(routes.get_openapi_mut());
    routes
}

/// The pages that show the document, and the document itself.
pub(super) fn docs(document: openapi::OpenApi) -> Router {
    SwaggerUi::new("/docs").url("/openapi.json", document).into()
}

/// The document, as `openapi/` holds it.
pub fn document() -> String {
    let document = routes().split_for_parts().1;
    let mut text = document.to_pretty_json().expect("the document is plain data");
    text.push('\n');
    text
}
