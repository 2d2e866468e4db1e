//! Authorization tokens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use simulator_core::ecr::{AuthorizationData, GetAuthorizationToken};
use simulator_core::{Home, Refusal};

use crate::service::json::time;
use crate::wire::{Document, Input, Row, document, row};

pub(super) fn rows() -> Vec<Row> {
    vec![row("GetAuthorizationToken", decode_token, encode_token)]
}

fn decode_token(input: &mut Input, _: &Home) -> Result<GetAuthorizationToken, Refusal> {
    // Deprecated: the token is for any registry that its holder may use (BOTO).
    input.texts("registryIds")?;
    Ok(GetAuthorizationToken {})
}

fn encode_token(data: AuthorizationData, _: &Home) -> Document {
    document!({"authorizationData": [{
        "authorizationToken": STANDARD.encode(format!("AWS:{}", data.password)),
        "expiresAt": time(data.expires_at),
        "proxyEndpoint": data.proxy_endpoint,
    }]})
}
