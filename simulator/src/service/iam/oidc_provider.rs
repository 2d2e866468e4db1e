//! OpenID Connect providers on the wire.

use serde_json::{Value, json};
use simulator_core::iam::{
    AddClientId, CreateOidcProvider, DeleteOidcProvider, GetOidcProvider, ListOidcProviders, OidcProvider,
    OidcProviderDescription, RemoveClientId, UpdateThumbprints,
};
use simulator_core::{Arn, Home, Refusal};

use super::entity::{decode_list_tags, decode_tag, decode_untag, encode_listed_tags};
use super::{INVALID, encode_tags, tags};
use crate::wire::{self, Input, Row, row};

const ARN: &str = "OpenIDConnectProviderArn";

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("CreateOpenIDConnectProvider", decode_create, encode_created),
        row("GetOpenIDConnectProvider", |input, _| Ok(GetOidcProvider { arn: input.required(ARN, INVALID)? }), encode),
        row("ListOpenIDConnectProviders", |_, _| Ok(ListOidcProviders {}), encode_list),
        row(
            "DeleteOpenIDConnectProvider",
            |input, _| Ok(DeleteOidcProvider { arn: input.required(ARN, INVALID)? }),
            |(), _| Value::Null,
        ),
        row("AddClientIDToOpenIDConnectProvider", decode_add, |(), _| Value::Null),
        row("RemoveClientIDFromOpenIDConnectProvider", decode_remove, |(), _| Value::Null),
        row("UpdateOpenIDConnectProviderThumbprint", decode_thumbprints, |(), _| Value::Null),
        row("TagOpenIDConnectProvider", |input, _| decode_tag::<OidcProvider>(input, ARN), |(), _| Value::Null),
        row("UntagOpenIDConnectProvider", |input, _| decode_untag::<OidcProvider>(input, ARN), |(), _| Value::Null),
        row(
            "ListOpenIDConnectProviderTags",
            |input, _| decode_list_tags::<OidcProvider>(input, ARN),
            encode_listed_tags,
        ),
    ]
}

fn decode_create(input: &mut Input, _: &Home) -> Result<CreateOidcProvider, Refusal> {
    Ok(CreateOidcProvider {
        url: input.required("Url", INVALID)?,
        clients: input.texts("ClientIDList")?,
        thumbprints: input.texts("ThumbprintList")?,
        tags: tags(input)?,
    })
}

fn decode_add(input: &mut Input, _: &Home) -> Result<AddClientId, Refusal> {
    Ok(AddClientId { arn: input.required(ARN, INVALID)?, client: input.required("ClientID", INVALID)? })
}

fn decode_remove(input: &mut Input, _: &Home) -> Result<RemoveClientId, Refusal> {
    Ok(RemoveClientId { arn: input.required(ARN, INVALID)?, client: input.required("ClientID", INVALID)? })
}

fn decode_thumbprints(input: &mut Input, _: &Home) -> Result<UpdateThumbprints, Refusal> {
    Ok(UpdateThumbprints { arn: input.required(ARN, INVALID)?, thumbprints: input.texts("ThumbprintList")? })
}

fn encode_created(provider: OidcProviderDescription, _: &Home) -> Value {
    json!({"OpenIDConnectProviderArn": provider.arn.as_str(), "Tags": encode_tags(&provider.tags)})
}

fn encode(provider: OidcProviderDescription, _: &Home) -> Value {
    json!({
        "Url": provider.url,
        "ClientIDList": provider.clients,
        "ThumbprintList": provider.thumbprints,
        "CreateDate": wire::time(provider.created),
        "Tags": encode_tags(&provider.tags),
    })
}

fn encode_list(arns: Vec<Arn>, _: &Home) -> Value {
    let list: Vec<Value> = arns.iter().map(|arn| json!({"Arn": arn.as_str()})).collect();
    json!({"OpenIDConnectProviderList": list})
}
