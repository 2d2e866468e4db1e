//! Whether a request was signed by whom it claims.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use sha2::{Digest, Sha256};
use simulator_core::iam::Credential;
use simulator_core::{Caller, Timestamp};
use subtle::ConstantTimeEq;

use super::Mistrust;
use super::canonical::signature;
use super::claim::{Claim, Form};
use crate::wire::time;

/// How far a client's clock may be off, either way.
const TOLERANCE: Duration = Duration::from_mins(15);
/// Services that the whole partition shares: clients sign for them in its home Region, or in their own.
const GLOBAL: [&str; 2] = ["iam", "sts"];
const HOME_REGION: &str = "us-east-1";
/// Headers that must be signed where they stand in a request, because they say what is asked for.
const ALWAYS_SIGNED: [&str; 4] = ["Host", "X-Amz-Date", "X-Amz-Target", "X-Amz-Content-Sha256"];

/// Checks that `claim`, which was read from `request`, was made with `credential` (none if there is no such access key) for the
/// services of `region`, and recently enough at `now`. Answers who signed it.
///
/// # Errors
/// Why it is not believed.
pub fn verify<'a>(
    claim: &Claim,
    request: &Request<Bytes>,
    credential: Option<&'a Credential>,
    region: &str,
    now: Timestamp,
) -> Result<&'a Caller, Mistrust> {
    in_scope(claim, region)?;
    in_time(claim, now)?;
    all_signed(claim, request)?;
    let credential = credential.filter(|credential| credential.active).ok_or(Mistrust::UnknownKey)?;
    in_session(claim, credential, now)?;
    if !in_order(&claim.signed_headers) {
        return Err(Mistrust::Mismatch);
    }
    let payload = hex::encode(Sha256::digest(request.body()));
    // No simulated service is among those that accept UNSIGNED-PAYLOAD, so a header that says anything else is wrong.
    if request.headers().get("x-amz-content-sha256").is_some_and(|given| given.as_bytes() != payload.as_bytes()) {
        return Err(Mistrust::Mismatch);
    }
    let expected = signature(claim, request, &credential.secret, &payload).ok_or(Mistrust::Mismatch)?;
    let matches = bool::from(expected.as_bytes().ct_eq(claim.signature.as_bytes()));
    if matches { Ok(&credential.caller) } else { Err(Mistrust::Mismatch) }
}

fn in_scope(claim: &Claim, region: &str) -> Result<(), Mistrust> {
    let scope = &claim.scope;
    if scope.region == region || (GLOBAL.contains(&scope.service.as_str()) && scope.region == HOME_REGION) {
        return Ok(());
    }
    let given = &scope.region;
    Err(Mistrust::Scope(format!(
        "Credential should be scoped to a valid region, not '{given}'. (greenroom: this account is simulated in '{region}' only.)"
    )))
}

fn in_time(claim: &Claim, now: Timestamp) -> Result<(), Mistrust> {
    let (at, present) = (time::stamp(claim.at), time::stamp(now));
    if claim.at > now + TOLERANCE {
        let latest = time::stamp(now + TOLERANCE);
        return Err(Mistrust::Skewed(format!(
            "Signature not yet current: {at} is still later than {latest} ({present} + 15 min.)"
        )));
    }
    match claim.form {
        Form::Header if now > claim.at + TOLERANCE => {
            let tolerance = u64::try_from(TOLERANCE.as_millis()).expect("a quarter of an hour fits");
            let earliest = time::stamp(Timestamp::from_millis(now.as_millis().saturating_sub(tolerance)));
            Err(Mistrust::Skewed(format!(
                "Signature expired: {at} is now earlier than {earliest} ({present} - 15 min.)"
            )))
        }
        Form::Presigned { validity } if now > claim.at + validity => {
            let end = time::stamp(claim.at + validity);
            Err(Mistrust::Skewed(format!("Signature expired: {end} is now earlier than {present}")))
        }
        Form::Header | Form::Presigned { .. } => Ok(()),
    }
}

fn all_signed(claim: &Claim, request: &Request<Bytes>) -> Result<(), Mistrust> {
    let headers = request.headers();
    if headers.get("host").is_none_or(|host| host.to_str().is_err()) {
        return Err(Mistrust::Incomplete("The request must have a 'Host' header.".to_owned()));
    }
    let is_signed = |name: &str| claim.signed_headers.iter().any(|signed| signed.eq_ignore_ascii_case(name));
    match ALWAYS_SIGNED.iter().find(|name| headers.contains_key(**name) && !is_signed(name)) {
        None => Ok(()),
        Some(name) => Err(Mistrust::Incomplete(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization."))),
    }
}

/// Whether `names` are as the signing process demands: in lower case, sorted, each once.
fn in_order(names: &[String]) -> bool {
    names.is_sorted_by(|one, next| one < next)
        && !names.iter().any(|name| name.contains(|c: char| c.is_ascii_uppercase()))
}

fn in_session(claim: &Claim, credential: &Credential, now: Timestamp) -> Result<(), Mistrust> {
    let belongs = match (&credential.session_token, &claim.token) {
        (None, None) => true,
        (Some(expected), Some(given)) => bool::from(expected.as_bytes().ct_eq(given.as_bytes())),
        (None, Some(_)) | (Some(_), None) => false,
    };
    if !belongs {
        return Err(Mistrust::UnknownKey);
    }
    if credential.expires_at.is_some_and(|end| now >= end) { Err(Mistrust::SessionExpired) } else { Ok(()) }
}
