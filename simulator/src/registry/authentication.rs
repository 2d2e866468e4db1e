//! Who asks: Basic authentication with the user `AWS` and a password from `ecr:GetAuthorizationToken`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use simulator_core::{Caller, Refusal, World};

use super::refusal::OciError;

/// ECR's text for whoever shows no credentials.
const NOT_AUTHORIZED: &str = "Not Authorized";

/// The caller that the credentials in `headers` stand for.
pub(super) fn caller(world: &World, headers: &HeaderMap) -> Result<Caller, OciError> {
    let realm = format!("https://{}.dkr.ecr.{}.amazonaws.com/", world.account(), world.region());
    let password = password(headers).ok_or_else(|| OciError::unauthorized(&realm, NOT_AUTHORIZED))?;
    world.registry_caller(&password).map_err(|refusal| match refusal {
        Refusal::Fault { status: 401, message, .. } => OciError::unauthorized(&realm, message),
        Refusal::Fault { status, code, message } => {
            OciError::new(StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN), code, message)
        }
        other @ (Refusal::Denied(_) | Refusal::NotSimulated { .. }) => other.into(),
    })
}

/// The password in `headers`, if they carry Basic credentials of the user `AWS` at all.
fn password(headers: &HeaderMap) -> Option<String> {
    let (scheme, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    match decoded.split_once(':')? {
        ("AWS", password) => Some(password.to_owned()),
        _ => None,
    }
}
