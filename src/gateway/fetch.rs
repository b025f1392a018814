//! Fetches inputs that a service cannot fetch itself, and streams them on. From listed hosts only.

use std::{
    io,
    sync::{Arc, OnceLock},
};

use futures_util::{StreamExt, stream};
use url::{Host, Url};

use super::InputFault;
use crate::{
    backend::{Attachment, AttachmentStream, Attachments, client::Client},
    domain::Credential,
};

/// Refuses addresses that the gateway may not fetch from.
pub(super) fn check(urls: &[Url], allowed_hosts: &[String]) -> Result<(), InputFault> {
    for url in urls {
        let host = match url.host() {
            Some(Host::Domain(host)) => host.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => String::new(),
        };
        // A port other than the scheme's own must be listed with the host.
        let place = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        let listed = allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(&place));
        if !listed
            || !matches!(url.scheme(), "https" | "http")
            || !url.username().is_empty()
            || url.password().is_some()
        {
            return Err(InputFault::new(
                "fetch_not_allowed",
                format!(
                    "no service for this run fetches {}://{place} itself, and the gateway may not \
                     either; attach the file, or ask the operator to list the host",
                    url.scheme()
                ),
            ));
        }
    }
    Ok(())
}

/// Adds the files behind the addresses to the attachments. Each is asked for when its turn comes.
/// One that does not come is named in `blame`.
pub(super) fn append(
    attachments: Attachments,
    urls: Vec<Url>,
    client: Client,
    blame: Arc<OnceLock<InputFault>>,
) -> Attachments {
    if urls.is_empty() {
        return attachments;
    }
    let fetched = stream::iter(urls).then(move |url| {
        let (client, blame) = (client.clone(), blame.clone());
        async move {
            let host = url.host_str().unwrap_or_default().to_owned();
            fetch(client, url).await.inspect_err(|error| {
                let message = format!("an input could not be fetched from {host}: {error}");
                let _ = blame.set(InputFault::new("input_not_fetched", message));
            })
        }
    });
    let files: AttachmentStream = Box::pin(attachments.files.chain(fetched));
    Attachments { manifest: None, files }
}

async fn fetch(client: Client, url: Url) -> io::Result<Attachment> {
    let name = url.path().rsplit('/').next().unwrap_or_default().to_owned();
    let answer = client.get(&Credential::None, &url).await.map_err(io::Error::other)?;
    if answer.status() != http::StatusCode::OK {
        return Err(io::Error::other(format!("an input answered with {}", answer.status())));
    }
    Ok(Attachment { name, bytes: answer.into_download().bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_hosts_are_fetched_from() {
        let allowed = ["data.example.org".to_owned(), "127.0.0.1:9000".to_owned()];
        for (url, fits) in [
            ("https://data.example.org/a.vcf.gz", true),
            ("https://DATA.example.org/a.vcf.gz", true),
            ("https://data.example.org:8443/a.vcf.gz", false),
            ("https://data.example.org.evil.net/a.vcf.gz", false),
            ("https://data.example.org@evil.net/a.vcf.gz", false),
            ("https://:secret@data.example.org/a.vcf.gz", false),
            ("http://169.254.169.254/a.vcf.gz", false),
            ("http://127.0.0.1:9000/a.vcf.gz", true),
            ("file:///etc/a.vcf.gz", false),
            ("s3://data.example.org/a.vcf.gz", false),
        ] {
            assert_eq!(check(&[url.parse().unwrap()], &allowed).is_ok(), fits, "{url}");
        }
    }
}
