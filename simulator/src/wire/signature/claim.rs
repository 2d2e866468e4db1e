//! What a request says of its signature, before any of it is believed.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use simulator_core::Timestamp;

use super::Mistrust;
use crate::wire::{form, time};

pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What a credential scope ends with.
pub(super) const TERMINATOR: &str = "aws4_request";
/// Longest validity of a presigned request that AWS allows: seven days.
const LONGEST_VALIDITY: u64 = 604_800;

/// A signature as the request carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The access key's id.
    pub access_key_id: String,
    /// What it was signed for.
    pub scope: Scope,
    /// When it was signed.
    pub at: Timestamp,
    /// The names of the signed headers, in lower case, in the order given.
    pub signed_headers: Vec<String>,
    /// The session token, for temporary credentials.
    pub token: Option<String>,
    /// The signature, in hexadecimal.
    pub signature: String,
    /// Where all this stood.
    pub form: Form,
}

/// The credential scope: what a signature is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The day, as `20260131`.
    pub date: String,
    /// The Region.
    pub region: String,
    /// The service's signing name.
    pub service: String,
}

/// Where a signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In the `Authorization` header.
    Header,
    /// In the query string.
    Presigned {
        /// For how long it is good after it was signed.
        validity: Duration,
    },
}

impl Claim {
    /// The signature that `request` carries; none if it is not signed.
    ///
    /// # Errors
    /// [`Mistrust::Incomplete`] or [`Mistrust::Scope`] if what it carries cannot be read.
    pub fn read(request: &Request<Bytes>) -> Result<Option<Self>, Mistrust> {
        let headers = request.headers();
        if let Some(authorization) = single(headers, "authorization")? {
            return Self::from_header(authorization, headers).map(Some);
        }
        let query = request.uri().query().unwrap_or_default();
        if !query.contains("X-Amz-Algorithm=") {
            return Ok(None);
        }
        let pairs = form::pairs(query.as_bytes()).map_err(|error| Mistrust::Incomplete(error.to_string()))?;
        Self::from_query(&pairs.into_iter().collect()).map(Some)
    }

    fn from_header(authorization: &str, headers: &HeaderMap) -> Result<Self, Mistrust> {
        let (algorithm, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
        only_algorithm(algorithm)?;
        let mut parts = Vec::with_capacity(3);
        for part in rest.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| {
                incomplete(format!("'{part}' not a valid key=value pair (missing equal-sign) in Authorization header."))
            })?;
            parts.push((name, value));
        }
        let take = |name| {
            let missing = || incomplete(format!("Authorization header requires '{name}' parameter."));
            // Of one that is given twice the last counts.
            let given = parts.iter().rev().find(|(given, _)| *given == name);
            given.map(|(_, value)| *value).filter(|value| !value.is_empty()).ok_or_else(missing)
        };
        let (credential, signature, signed) = (take("Credential")?, take("Signature")?, take("SignedHeaders")?);
        let stamp = single(headers, "x-amz-date")?.ok_or_else(|| {
            incomplete("Authorization header requires existence of an 'X-Amz-Date' header.".to_owned())
        })?;
        let token = single(headers, "x-amz-security-token")?.map(str::to_owned);
        Self::assemble(credential, stamp, signed, signature, token, Form::Header)
    }

    fn from_query(query: &BTreeMap<String, String>) -> Result<Self, Mistrust> {
        let take = |name| {
            let missing = || incomplete(format!("AWS query-string parameters must include '{name}'."));
            query.get(name).map(String::as_str).filter(|value| !value.is_empty()).ok_or_else(missing)
        };
        only_algorithm(take("X-Amz-Algorithm")?)?;
        let expires = take("X-Amz-Expires")?;
        let validity =
            expires.parse().ok().filter(|seconds| (1..=LONGEST_VALIDITY).contains(seconds)).ok_or_else(|| {
                incomplete(format!("X-Amz-Expires must be between 1 and {LONGEST_VALIDITY} seconds, got '{expires}'."))
            })?;
        let form = Form::Presigned { validity: Duration::from_secs(validity) };
        let token = query.get("X-Amz-Security-Token").cloned();
        let (credential, stamp) = (take("X-Amz-Credential")?, take("X-Amz-Date")?);
        Self::assemble(credential, stamp, take("X-Amz-SignedHeaders")?, take("X-Amz-Signature")?, token, form)
    }

    fn assemble(
        credential: &str,
        stamp: &str,
        signed: &str,
        signature: &str,
        token: Option<String>,
        form: Form,
    ) -> Result<Self, Mistrust> {
        let [access_key_id, date, region, service, terminator] = credential.split('/').collect::<Vec<_>>()[..] else {
            return Err(incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'."
            )));
        };
        if terminator != TERMINATOR {
            let text =
                format!("Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'.");
            return Err(Mistrust::Scope(text));
        }
        let at = time::from_stamp(stamp).ok_or_else(|| {
            incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{stamp}'. See http://en.wikipedia.org/wiki/ISO_8601"
            ))
        })?;
        if !stamp.starts_with(date) || date.len() != 8 {
            return Err(Mistrust::Scope(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != '{}', from '{stamp}'.",
                &stamp[..8]
            )));
        }
        Ok(Self {
            access_key_id: access_key_id.to_owned(),
            scope: Scope { date: date.to_owned(), region: region.to_owned(), service: service.to_owned() },
            at,
            signed_headers: signed.split(';').map(str::to_owned).collect(),
            token,
            signature: signature.to_owned(),
            form,
        })
    }
}

fn only_algorithm(algorithm: &str) -> Result<(), Mistrust> {
    if algorithm == ALGORITHM {
        Ok(())
    } else {
        Err(incomplete(format!("Unsupported AWS 'algorithm': '{algorithm}'.")))
    }
}

/// The value of a header that may stand only once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Mistrust> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text)),
        (Ok(_) | Err(_), Some(_)) => Err(incomplete(format!("The header '{name}' must be given once."))),
        (Err(_), None) => Err(incomplete(format!("The header '{name}' must consist of visible ASCII characters."))),
    }
}

const fn incomplete(text: String) -> Mistrust {
    Mistrust::Incomplete(text)
}
