//! Remembers until when the certificates are valid that servers show, so that somebody can be told before
//! they expire. What is trusted is decided by rustls' own verifier, and by nothing here.

use std::{
    collections::HashMap,
    fs,
    io::{self, Error},
    path::Path,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring::default_provider},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Servers whose certificates are remembered. Beyond it new ones are not: a federation has fewer.
const MAX_SERVERS: usize = 16_384;

/// When the certificates expire that servers showed last. Cheap to clone; clones share what they know.
#[derive(Debug, Clone, Default)]
pub struct Certificates {
    /// Guards the map, by host; held for one look or one change.
    seen: Arc<Mutex<HashMap<String, Timestamp>>>,
}

impl Certificates {
    /// When the certificate expires that a host showed last. Ports of one host are not told apart.
    pub fn expires_at(&self, host: &str) -> Option<Timestamp> {
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        self.seen.lock().expect("no holder panics").get(&host).copied()
    }

    fn note(&self, name: &ServerName<'_>, certificate: &CertificateDer<'_>) {
        let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return };
        let seconds = parsed.validity().not_after.timestamp();
        let Ok(expires_at) = Timestamp::from_second(seconds) else { return };
        let host = name.to_str().to_ascii_lowercase();
        let mut seen = self.seen.lock().expect("no holder panics");
        if seen.len() < MAX_SERVERS || seen.contains_key(&host) {
            seen.insert(host, expires_at);
        }
    }
}

/// TLS towards services: the authorities of the machine and those in `extra`, and certificates noted in
/// `certificates`.
pub(super) fn tls(extra: Option<&Path>, certificates: Certificates) -> io::Result<ClientConfig> {
    let provider = Arc::new(default_provider());
    let verifier = Noting::try_new(roots(extra)?, provider.clone(), certificates)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    // A resumed session shows no certificate, so that a renewed one would be noticed days later.
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn roots(extra: Option<&Path>) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if let Some(path) = extra {
        let named = |why: String| Error::other(format!("{}: {why}", path.display()));
        let pem = fs::read(path).map_err(|error| named(error.to_string()))?;
        let mut found = 0;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| named(error.to_string()))?;
            roots.add(certificate).map_err(|error| named(error.to_string()))?;
            found += 1;
        }
        if found == 0 {
            return Err(named("it holds no certificate".to_owned()));
        }
    }
    if roots.is_empty() {
        return Err(Error::new(io::ErrorKind::NotFound, "no certificate authorities"));
    }
    Ok(roots)
}

/// Lets rustls' own verifier decide, and notes until when the certificate is valid.
#[derive(Debug)]
struct Noting {
    inner: Arc<WebPkiServerVerifier>,
    certificates: Certificates,
}

impl Noting {
    fn try_new(
        roots: RootCertStore,
        provider: Arc<CryptoProvider>,
        certificates: Certificates,
    ) -> io::Result<Self> {
        let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(Error::other)?;
        Ok(Self { inner, certificates })
    }
}

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        // One that has expired is refused, and noted all the same: that is what there is to tell.
        match &verdict {
            Ok(_)
            | Err(rustls::Error::InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. },
            )) => self.certificates.note(server_name, end_entity),
            Err(_) => {}
        }
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};

    use super::*;

    struct Authority {
        pem: String,
        issuer: Issuer<'static, KeyPair>,
    }

    impl Authority {
        fn new() -> Self {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let pem = params.self_signed(&key).unwrap().pem();
            Self { pem, issuer: Issuer::new(params, key) }
        }

        fn certificate(&self, host: &str, year: i32) -> CertificateDer<'static> {
            let mut params = CertificateParams::new([host.to_owned()]).unwrap();
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(year, 3, 4);
            let key = KeyPair::generate().unwrap();
            params.signed_by(&key, &self.issuer).unwrap().der().clone()
        }
    }

    #[test]
    fn certificates_are_noted_if_they_are_trusted_or_have_expired_and_judged_as_ever() {
        let authority = Authority::new();
        let certificates = Certificates::default();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(default_provider());
        let verifier = Noting::try_new(roots, provider, certificates.clone()).unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(1_780_000_000));

        let good = authority.certificate("good.example.org", 2030);
        let expired = authority.certificate("old.example.org", 2021);
        let foreign = Authority::new().certificate("foreign.example.org", 2030);
        let judge = |name: &str, certificate: &CertificateDer<'_>| {
            let name = ServerName::try_from(name.to_owned()).unwrap();
            verifier.verify_server_cert(certificate, &[], &name, &[], now).is_ok()
        };

        assert!(judge("good.example.org", &good));
        assert!(!judge("old.example.org", &expired));
        assert!(!judge("foreign.example.org", &foreign));
        assert!(!judge("other.example.org", &good), "a certificate of another name");
        let noted = |host: &str| certificates.expires_at(host).map(|at| at.to_string());
        assert_eq!(noted("Good.example.org").as_deref(), Some("2030-03-04T00:00:00Z"));
        assert_eq!(noted("old.example.org").as_deref(), Some("2021-03-04T00:00:00Z"));
        assert_eq!((noted("foreign.example.org"), noted("other.example.org")), (None, None));
    }

    #[test]
    fn a_file_without_an_authority_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let attempt = || tls(Some(&path), Certificates::default());

        assert!(attempt().unwrap_err().to_string().contains("ca.pem"), "it is not there");
        fs::write(&path, "nothing").unwrap();
        assert!(attempt().unwrap_err().to_string().contains("holds no certificate"));
        fs::write(&path, Authority::new().pem).unwrap();
        assert!(attempt().is_ok());
    }
}
