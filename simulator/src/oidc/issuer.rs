//! Signing identity tokens, and checking them as AWS does.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jsonwebtoken::{Algorithm, Header, Validation};
use serde_json::{Map, Value, json};
use simulator_core::Timestamp;
use simulator_core::sts::{IdentityToken, Verification};
use thiserror::Error;

use super::Job;
use super::key::Key;

/// GitHub's issuer, for which the local one stands in.
pub const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// For how long a token is good (GitHub's documentation, example of a token).
const LIFETIME: Duration = Duration::from_secs(300);
/// How long before its making a token was good already, so that clocks need not agree (the same).
const LEEWAY_SECONDS: u64 = 600;
/// Longest token that STS takes (botocore, `WebIdentityToken`).
const LONGEST_TOKEN: usize = 20_000;

/// A local issuer of identity tokens.
pub struct Issuer {
    name: String,
    key: OnceLock<Key>,
    /// Where the key is kept, if it is to outlive the process.
    file: Option<PathBuf>,
    /// Held while a key is drawn, so that there is one.
    drawing: Mutex<()>,
    reachable: AtomicBool,
    issued: AtomicU64,
}

/// Why a token was not signed.
#[derive(Debug, Error)]
pub enum IssuerError {
    /// No key could be made.
    #[error("cannot make the issuer's RSA key: {0}")]
    Key(String),
    /// Its file cannot be read or written.
    #[error("cannot keep the issuer's key in `{}`", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The signing failed.
    #[error("cannot sign the identity token")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Issuer {
    /// An issuer that signs as `name`, such as [`GITHUB`]. Its key is drawn when it first signs.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            key: OnceLock::new(),
            file: None,
            drawing: Mutex::new(()),
            reachable: AtomicBool::new(true),
            issued: AtomicU64::new(0),
        }
    }

    /// The same with its key in `file`, so that its tokens are known again by an issuer that is opened later.
    ///
    /// # Errors
    /// The file is there and cannot be read, or holds no key.
    pub fn kept_in(name: &str, file: &Path) -> Result<Self, IssuerError> {
        let mut issuer = Self { file: Some(file.to_owned()), ..Self::new(name) };
        match std::fs::read(file) {
            Ok(der) => issuer.key = Key::read(&der)?.into(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(IssuerError::File { file: file.to_owned(), source: error }),
        }
        Ok(issuer)
    }

    /// What its tokens call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether STS can fetch its keys: switched off, STS answers as when GitHub is down.
    pub fn set_reachable(&self, reachable: bool) {
        self.reachable.store(reachable, Ordering::Relaxed);
    }

    /// A token for the job `job`, made at `now`.
    ///
    /// # Errors
    /// If no key can be made or the signing fails.
    pub fn token(&self, job: &Job, audience: &str, now: Timestamp) -> Result<String, IssuerError> {
        let seconds = now.as_millis() / 1000;
        let number = self.issued.fetch_add(1, Ordering::Relaxed) + 1;
        let mut claims = job.claims(audience);
        claims.insert("jti".to_owned(), json!(format!("{seconds:x}-{number:x}")));
        claims.insert("iss".to_owned(), json!(self.name));
        claims.insert("iat".to_owned(), json!(seconds));
        claims.insert("nbf".to_owned(), json!(seconds.saturating_sub(LEEWAY_SECONDS)));
        claims.insert("exp".to_owned(), json!(seconds + LIFETIME.as_secs()));
        self.sign(&claims)
    }

    /// Signs `claims` as they are.
    pub(super) fn sign(&self, claims: &Map<String, Value>) -> Result<String, IssuerError> {
        let key = self.key()?;
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(key.name.clone());
        Ok(jsonwebtoken::encode(&header, claims, &key.signing)?)
    }

    /// Its public keys, as `jwks_uri` answers them.
    ///
    /// # Errors
    /// If no key can be made.
    pub fn key_set(&self) -> Result<Value, IssuerError> {
        Ok(json!({"keys": [self.key()?.public]}))
    }

    /// Whether this issuer signed the token `text`, whose header names the key `key`.
    fn verify(&self, text: &str, key: Option<&str>) -> Verification {
        if !self.reachable.load(Ordering::Relaxed) {
            return Verification::Unreachable;
        }
        // An issuer that has never signed has signed nothing.
        let Some(own) = self.key.get().filter(|own| key == Some(own.name.as_str())) else {
            return Verification::Forged;
        };
        // The signature alone: audience and age are the World's to judge, by its own clock.
        let mut signature_only = Validation::new(Algorithm::RS256);
        signature_only.validate_exp = false;
        signature_only.validate_aud = false;
        signature_only.required_spec_claims.clear();
        match jsonwebtoken::decode::<Value>(text, &own.checking, &signature_only) {
            Ok(_) => Verification::Genuine,
            Err(_) => Verification::Forged,
        }
    }

    fn key(&self) -> Result<&Key, IssuerError> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let _drawing = self.drawing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let (drawn, der) = Key::draw()?;
        if let Some(file) = &self.file {
            // Before anything is signed with it.
            keep(file, &der).map_err(|source| IssuerError::File { file: file.clone(), source })?;
        }
        Ok(self.key.get_or_init(|| drawn))
    }
}

/// Writes a private key for its owner alone; the file is there whole or not at all.
fn keep(file: &Path, der: &[u8]) -> std::io::Result<()> {
    let mut whole = tempfile::NamedTempFile::new_in(file.parent().unwrap_or(Path::new(".")))?;
    whole.write_all(der)?;
    whole.persist(file)?;
    Ok(())
}

/// Reads the identity token `text` and checks its signature, as far as it is one of `issuer`'s. Nothing if it is no token.
pub(crate) fn read(text: &str, issuer: Option<&Issuer>) -> Option<IdentityToken> {
    if text.len() > LONGEST_TOKEN {
        return None;
    }
    let header = jsonwebtoken::decode_header(text).ok()?;
    let Value::Object(claims) = jsonwebtoken::dangerous::insecure_decode_claims(text).ok()? else { return None };
    let name = claims.get("iss").and_then(Value::as_str).unwrap_or_default().to_owned();
    let verification = match issuer.filter(|issuer| issuer.name == name) {
        None => Verification::Unknown,
        Some(issuer) => issuer.verify(text, header.kid.as_deref()),
    };
    let time = |claim: &str| {
        let seconds = claims.get(claim).and_then(Value::as_f64)?;
        let since = Duration::try_from_secs_f64(seconds).ok()?;
        u64::try_from(since.as_millis()).ok().map(Timestamp::from_millis)
    };
    let texts: BTreeMap<String, Vec<String>> =
        claims.iter().filter_map(|(claim, value)| Some((claim.clone(), values(value)?))).collect();
    Some(IdentityToken {
        issuer: name,
        audience: texts.get("aud").cloned().unwrap_or_default(),
        subject: claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned(),
        expires_at: time("exp"),
        issued_at: time("iat"),
        claims: texts,
        verification,
    })
}

/// A text, or a list of texts.
fn values(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}
