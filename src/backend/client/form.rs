//! Writes `multipart/form-data` (RFC 7578) as it goes out: fields first, then files as they arrive.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::HeaderValue;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use uuid::Uuid;

use super::{Body, BoxError};
use crate::backend::{Attachment, Attachments, ByteStream};

/// A form on its way to a service.
#[derive(Debug)]
pub struct Form {
    boundary: String,
    head: String,
}

impl Form {
    /// An empty form.
    #[expect(clippy::new_without_default, reason = "every form has its own random boundary")]
    pub fn new() -> Self {
        Self { boundary: format!("gateway-{}", Uuid::new_v4().simple()), head: String::new() }
    }

    /// Adds a plain text field.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.part(name, None, None);
        self.head.push_str(value);
        self.head.push_str("\r\n");
        self
    }

    /// Adds a field with a media type and no file name.
    #[must_use]
    pub fn typed(mut self, name: &str, media_type: &str, value: &str) -> Self {
        self.part(name, None, Some(media_type));
        self.head.push_str(value);
        self.head.push_str("\r\n");
        self
    }

    /// The media type with the boundary.
    pub fn content_type(&self) -> HeaderValue {
        HeaderValue::from_str(&format!("multipart/form-data; boundary={}", self.boundary))
            .expect("a boundary of letters, digits and dashes")
    }

    /// Ends the form without files.
    pub fn into_body(self) -> Body {
        self.into_body_with("", Attachments::none(), str::to_owned)
    }

    /// Ends the form with the files, each as a part `part_name`, under the name that `rename` gives it.
    /// The length of the body is told wherever all files have arrived before.
    pub fn into_body_with(
        self,
        part_name: &str,
        attachments: Attachments,
        rename: impl Fn(&str) -> String + Send + 'static,
    ) -> Body {
        let part_name = part_name.to_owned();
        let boundary = self.boundary.clone();
        let head_of = move |name: &str| {
            let mut part = Self { boundary: boundary.clone(), head: String::new() };
            part.part(&part_name, Some(&rename(name)), Some("application/octet-stream"));
            part.head
        };
        let tail = format!("--{}--\r\n", self.boundary);

        let length = attachments.manifest.as_ref().map(|manifest| {
            let files =
                manifest.iter().map(|file| (head_of(&file.name).len() + 2) as u64 + file.length);
            (self.head.len() + tail.len()) as u64 + files.sum::<u64>()
        });
        let files = attachments.files.flat_map(move |file| file_part(file, &head_of));
        let bytes = stream::iter([Ok(Bytes::from(self.head))])
            .chain(files)
            .chain(stream::iter([Ok(Bytes::from(tail))]));
        Outgoing { bytes: Box::pin(bytes), left: length }.boxed_unsync()
    }

    fn part(&mut self, name: &str, file_name: Option<&str>, media_type: Option<&str>) {
        let head = &mut self.head;
        head.push_str(&format!("--{}\r\n", self.boundary));
        head.push_str(&format!("Content-Disposition: form-data; name=\"{}\"", quoted(name)));
        if let Some(file_name) = file_name {
            head.push_str(&format!("; filename=\"{}\"", quoted(file_name)));
        }
        if let Some(media_type) = media_type {
            head.push_str(&format!("\r\nContent-Type: {media_type}"));
        }
        head.push_str("\r\n\r\n");
    }
}

fn file_part(file: io::Result<Attachment>, head_of: &impl Fn(&str) -> String) -> ByteStream {
    match file {
        Ok(file) => {
            let head = Bytes::from(head_of(&file.name));
            let end = Bytes::from_static(b"\r\n");
            Box::pin(stream::iter([Ok(head)]).chain(file.bytes).chain(stream::iter([Ok(end)])))
        }
        Err(error) => Box::pin(stream::iter([Err(error)])),
    }
}

/// Escapes what would end a quoted string, the way browsers do (HTML, "multipart/form-data").
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

struct Outgoing<S> {
    bytes: Pin<Box<S>>,
    /// What is left to send, where it is known.
    left: Option<u64>,
}

impl<S: Stream<Item = io::Result<Bytes>>> HttpBody for Outgoing<S> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.bytes.as_mut().poll_next(ctx).map(|next| {
            next.map(|bytes| {
                let bytes = bytes?;
                self.left = self.left.map(|left| left.saturating_sub(bytes.len() as u64));
                Ok(Frame::data(bytes))
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_told_length_is_the_length() {
        let files = vec![
            ("sub/a\".vcf.gz".to_owned(), Bytes::from_static(b"one")),
            ("b".to_owned(), Bytes::new()),
        ];
        let body = Form::new()
            .text("workflow_type", "CWL")
            .typed("tags", "application/json", "{}")
            .into_body_with("workflow_attachment", Attachments::in_memory(files), str::to_owned);

        let told = body.size_hint().exact().unwrap();
        let sent = body.collect().await.unwrap().to_bytes();

        assert_eq!(sent.len() as u64, told);
        let sent = String::from_utf8(sent.to_vec()).unwrap();
        assert!(sent.contains(
            "filename=\"sub/a%22.vcf.gz\"\r\nContent-Type: application/octet-stream\r\n\r\none\r\n"
        ));
    }
}
