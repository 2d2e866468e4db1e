//! The certificate that a server shows: made for one rehearsal, and gone with it.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// Where MySQL and MariaDB find their certificate in the container.
pub(in crate::database) const PATH: &str = "/etc/greenroom";

/// A server's certificate, signed by an authority that nobody trusts: on RDS it is AWS's, whose certificates clients have in
/// `global-bundle.pem`. Clients that encrypt without verifying are served as on RDS; those that verify need that bundle and cannot be.
pub(in crate::database) struct Certificate {
    /// The server's certificate and the authority's, in PEM.
    pub(in crate::database) chain: String,
    /// The authority's, in PEM.
    pub(in crate::database) authority: String,
    /// The server's key, in PEM.
    pub(in crate::database) key: String,
}

/// A certificate that could not be made.
#[derive(Debug, thiserror::Error)]
#[error("could not make a certificate for the database")]
pub struct CertificateError(#[source] rcgen::Error);

impl Certificate {
    /// Makes one for a server that clients reach as `host`.
    ///
    /// # Errors
    /// If there is no randomness, or if `host` is no host name.
    pub(in crate::database) fn make(host: &str) -> Result<Self, CertificateError> {
        Self::signed(host).map_err(CertificateError)
    }

    fn signed(host: &str) -> Result<Self, rcgen::Error> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(rcgen::DnType::CommonName, "greenroom rehearsal");
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let server = CertificateParams::new([host.to_owned()])?.signed_by(&key, &authority)?;
        Ok(Self {
            chain: format!("{}{}", server.pem(), authority.pem()),
            authority: authority.pem(),
            key: key.serialize_pem(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_comes_with_its_authority_and_its_key() {
        let made = Certificate::make("database").expect("there is randomness");
        assert_eq!(made.chain.matches("BEGIN CERTIFICATE").count(), 2);
        assert!(made.chain.ends_with(&made.authority), "{}", made.chain);
        assert!(made.key.contains("BEGIN PRIVATE KEY"));
        assert!(Certificate::make("no host name: ü").is_err());
    }
}
