//! What the OpenAPI document says of limits.

use utoipa::openapi::{Content, Header, OpenApi, Ref, ResponseBuilder};

/// Says of every operation that is limited how it refuses.
pub(in crate::api) fn describe(document: &mut OpenApi) {
    let refused = ResponseBuilder::new()
        .description("A limit is used up")
        .content("application/json", Content::new(Some(Ref::from_schema_name("ErrorResponse"))))
        .header("Retry-After", Header::default())
        .header("RateLimit-Policy", Header::default())
        .header("RateLimit", Header::default())
        .build();
    for (path, item) in &mut document.paths.paths {
        if path.ends_with("/service-info") {
            continue;
        }
        let operations =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            responses.entry("429".to_owned()).or_insert_with(|| refused.clone().into());
        }
    }
}
