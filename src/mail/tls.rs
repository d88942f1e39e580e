//! TLS to a mail server: whom we trust, and what went wrong.
//!
//! Trusted are the system's authorities and what the configuration names. A certificate that is named there is trusted as
//! itself too: a server that shows that very certificate, and proves that it has the key, is the one that was meant,
//! whoever signed it and whatever it says of authorities. Its dates count all the same, and so do the names in it where
//! it has any.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use chrono::DateTime;
use encoding_rs::UTF_8;
use thiserror::Error;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::verify_server_name;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::outcome::{Failure, Reason};

/// Why a file gives no certificates.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RootFault {
    /// In the words of the system.
    #[error("{0}")]
    Unreadable(String),
    #[error("it holds no certificate; give a PEM file (-----BEGIN CERTIFICATE-----) or a DER file (.cer)")]
    None,
    #[error("it holds a private key and no certificate; give the certificate that belongs to it")]
    OnlyKey,
    #[error(
        "it is a bundle (PKCS#7 or PKCS#12: .p7b, .pfx); export the certificate by itself, as Base-64 or DER (.cer, .pem)"
    )]
    Bundle,
    #[error("what stands between BEGIN CERTIFICATE and END CERTIFICATE is broken: {0}; export it again")]
    Pem(String),
    #[error("a certificate in it cannot be used: {0}; export it again, as version 3")]
    Certificate(String),
}

/// Why no TLS can be spoken at all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TlsSetupError {
    /// The extra certificates cannot be used.
    #[error("{path}: {fault}")]
    Root { path: String, fault: RootFault },
    /// Nothing to trust.
    #[error("no trusted certificates: the system has none and no file is given")]
    NoRoots,
    /// The TLS library refuses to start.
    #[error("TLS cannot be set up: {0}")]
    Library(String),
}

/// The certificates of a file: PEM, as editors and exports leave it, or DER.
pub fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, RootFault> {
    let bytes = fs::read(path).map_err(|error| RootFault::Unreadable(error.to_string()))?;
    let certificates = certificates(&bytes)?;
    for certificate in &certificates {
        ParsedCertificate::try_from(certificate).map_err(|error| RootFault::Certificate(error.to_string()))?;
    }
    Ok(certificates)
}

/// The first byte of everything that DER calls a sequence.
const SEQUENCE: u8 = 0x30;

fn certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, RootFault> {
    // Without the mark that Windows puts before a text, and without its UTF-16.
    let (text, ..) = UTF_8.decode(bytes);
    let text = text.as_bytes();
    if bytes.first() == Some(&SEQUENCE) && !contains(text, b"-----BEGIN") {
        let certificate = CertificateDer::from(bytes.to_vec());
        let bundle = ParsedCertificate::try_from(&certificate).is_err() && !looks_like_certificate(bytes);
        return if bundle { Err(RootFault::Bundle) } else { Ok(vec![certificate]) };
    }
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(text).collect();
    let found = found.map_err(|error| RootFault::Pem(error.to_string()))?;
    match found.is_empty() {
        true if contains(text, b"PRIVATE KEY-----") => Err(RootFault::OnlyKey),
        true if contains(text, b"BEGIN PKCS7") => Err(RootFault::Bundle),
        true => Err(RootFault::None),
        false => Ok(found),
    }
}

/// Whether DER begins as a certificate does, a sequence in a sequence: a bundle begins with its kind or version.
fn looks_like_certificate(bytes: &[u8]) -> bool {
    let lengths = match bytes.get(1) {
        Some(length @ 0x80..) => usize::from(length & 0x7f),
        _ => 0,
    };
    bytes.get(2 + lengths) == Some(&SEQUENCE)
}

fn contains(text: &[u8], words: &[u8]) -> bool {
    text.windows(words.len()).any(|part| part == words)
}

/// TLS that trusts the system's authorities and the certificates of that file.
pub(super) fn connector(extra_root: Option<&Path>) -> Result<TlsConnector, TlsSetupError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let mut named = Vec::new();
    if let Some(path) = extra_root {
        let wrong = |fault| TlsSetupError::Root { path: path.display().to_string(), fault };
        named = read_certificates(path).map_err(wrong)?;
        for certificate in &named {
            let added = roots.add(certificate.clone());
            added.map_err(|error| wrong(RootFault::Certificate(error.to_string())))?;
        }
    }
    if roots.is_empty() {
        return Err(TlsSetupError::NoRoots);
    }
    let broken = |error: &dyn fmt::Display| TlsSetupError::Library(error.to_string());
    let provider = Arc::new(ring::default_provider());
    let by_authority = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .map_err(|error| broken(&error))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| broken(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusted { by_authority, named }))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Asks the authorities first, then whether it is a certificate that the configuration names.
#[derive(Debug)]
struct Trusted {
    by_authority: Arc<WebPkiServerVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Trusted {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let asked = self.by_authority.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let Err(error) = asked else { return asked };
        // The dates are looked at before anything else of a certificate, so any other error means that they hold.
        if is_of_dates(&error) || !self.named.iter().any(|named| **named == **end_entity) {
            return Err(error);
        }
        match verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name) {
            // One that names nobody, as older appliances make them, cannot name somebody else.
            Err(Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }))
                if presented.is_empty() =>
            {
                Ok(ServerCertVerified::assertion())
            }
            named => named.map(|()| ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_authority.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.by_authority.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by_authority.supported_verify_schemes()
    }
}

fn is_of_dates(error: &Error) -> bool {
    let Error::InvalidCertificate(error) = error else { return true };
    matches!(
        error,
        CertificateError::BadEncoding
            | CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }
    )
}

/// A handshake that failed.
pub(super) fn failure(error: &io::Error) -> Failure {
    let Some(error) = error.get_ref().and_then(|error| error.downcast_ref::<Error>()) else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                Failure::Tls(Reason::NoTls, format!("the server ended the handshake: {error}"))
            }
            _ => Failure::Dropped(error.to_string()),
        };
    };
    let reason = match error {
        Error::InvalidCertificate(wrong) => reason_of(wrong),
        Error::InvalidMessage(_) => Reason::NoTls,
        Error::PeerIncompatible(_)
        | Error::AlertReceived(
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity,
        ) => Reason::OldTls,
        _ => Reason::Tls,
    };
    Failure::Tls(reason, words(error))
}

fn reason_of(wrong: &CertificateError) -> Reason {
    match wrong {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Reason::CertificateExpired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Reason::CertificateEarly,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Reason::CertificateName,
        // Anything else that is wrong with one is a reason not to trust it, which naming it would mend.
        _ => Reason::CertificateUnknown,
    }
}

/// What the library says, with days instead of seconds.
fn words(error: &Error) -> String {
    let day = |at: UnixTime| {
        let at = i64::try_from(at.as_secs()).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        at.map(|at| at.format("%Y-%m-%d").to_string()).unwrap_or_default()
    };
    match error {
        Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
            format!("the certificate ended on {}", day(*not_after))
        }
        Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, time }) => {
            format!("the certificate begins on {}, and this machine's clock says {}", day(*not_before), day(*time))
        }
        Error::InvalidCertificate(CertificateError::NotValidForNameContext { expected, presented }) => {
            // Each is given with its kind: `DnsName("mail.example.com")`.
            let bare = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
            let names: Vec<String> = presented.iter().map(bare).collect();
            let names = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
            format!("the certificate is made out to {names}, not to {}", expected.to_str())
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> rcgen::Certificate {
        let key = rcgen::KeyPair::generate().unwrap();
        rcgen::CertificateParams::new(vec!["mail.example.com".to_owned()]).unwrap().self_signed(&key).unwrap()
    }

    #[test]
    fn certificates_are_read_as_editors_and_exports_leave_them() {
        let made = made();
        let (pem, der) = (made.pem(), made.der().to_vec());
        let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(pem.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let read = [
            pem.clone().into_bytes(),
            format!("\u{feff}{pem}").into_bytes(),
            format!("\u{feff}{}", pem.replace('\n', "\r\n")).into_bytes(),
            format!("subject=CN=mail\nissuer=CN=mail\n{pem}\n\n").into_bytes(),
            wide,
            der.clone(),
        ];
        for bytes in read {
            assert_eq!(certificates(&bytes).unwrap(), [CertificateDer::from(der.clone())]);
        }
        assert_eq!(certificates(format!("{pem}{pem}").as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_certificate_is_said() {
        let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
        // A PKCS#7 bundle begins with what kind of bundle it is.
        let bundle = [SEQUENCE, 0x82, 0x01, 0x00, 0x06, 0x09, 0x2a, 0x86, 0x48];
        assert_eq!(certificates(b"").unwrap_err(), RootFault::None);
        assert_eq!(certificates(b"MIIB...").unwrap_err(), RootFault::None);
        assert_eq!(certificates(key.as_bytes()).unwrap_err(), RootFault::OnlyKey);
        assert_eq!(certificates(&bundle).unwrap_err(), RootFault::Bundle);
        let broken = "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n";
        assert!(matches!(certificates(broken.as_bytes()).unwrap_err(), RootFault::Pem(_)));
    }
}
