//! The issuer's RSA key. It is drawn when it is first needed, since that takes longer than all else that starts.

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::rand_core::OsRng;
use sha2::{Digest, Sha256};

use super::IssuerError;

/// GitHub's keys have as many.
const BITS: usize = 2048;

/// A key pair with its name.
pub(super) struct Key {
    /// `kid`.
    pub(super) name: String,
    pub(super) signing: EncodingKey,
    pub(super) checking: DecodingKey,
    /// The public half, as a JWKS lists it.
    pub(super) public: Jwk,
}

impl Key {
    /// Draws a new one. The private half is in the second place, as PKCS #1 in DER.
    pub(super) fn draw() -> Result<(Self, Vec<u8>), IssuerError> {
        let unusable = |error: &dyn std::fmt::Display| IssuerError::Key(error.to_string());
        let private = RsaPrivateKey::new(&mut OsRng, BITS).map_err(|error| unusable(&error))?;
        let der = private.to_pkcs1_der().map_err(|error| unusable(&error))?;
        Ok((Self::read(der.as_bytes())?, der.as_bytes().to_vec()))
    }

    /// The key pair whose private half is `der`.
    pub(super) fn read(der: &[u8]) -> Result<Self, IssuerError> {
        let unusable = |error: &dyn std::fmt::Display| IssuerError::Key(error.to_string());
        let signing = EncodingKey::from_rsa_der(der);
        let mut public = Jwk::from_encoding_key(&signing, Algorithm::RS256).map_err(|error| unusable(&error))?;
        let checking = DecodingKey::from_jwk(&public).map_err(|error| unusable(&error))?;
        let listed = serde_json::to_vec(&public).map_err(|error| unusable(&error))?;
        let name = hex::encode(&Sha256::digest(&listed)[..16]);
        public.common.key_id = Some(name.clone());
        public.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Signature);
        Ok(Self { name, signing, checking, public })
    }
}
