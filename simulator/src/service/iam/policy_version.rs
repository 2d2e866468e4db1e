//! Versions of managed policies on the wire.

use serde_json::{Value, json};
use simulator_core::iam::{
    CreatePolicyVersion, DeletePolicyVersion, GetPolicyVersion, ListPolicyVersions, PolicyVersionDescription,
    SetDefaultPolicyVersion,
};
use simulator_core::{Home, Page, Refusal};

use super::{INVALID, encode_document, encode_page};
use crate::wire::{self, Input, Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("CreatePolicyVersion", decode_create, |version, _| json!({"PolicyVersion": encode(&version)})),
        row("GetPolicyVersion", decode_get, encode_with_document),
        row("ListPolicyVersions", decode_list, |page: Page<PolicyVersionDescription>, _| {
            encode_page(&page, "Versions", encode)
        }),
        row("DeletePolicyVersion", decode_delete, |(), _| Value::Null),
        row("SetDefaultPolicyVersion", decode_set_default, |(), _| Value::Null),
    ]
}

fn decode_create(input: &mut Input, _: &Home) -> Result<CreatePolicyVersion, Refusal> {
    Ok(CreatePolicyVersion {
        arn: input.required("PolicyArn", INVALID)?,
        document: input.required("PolicyDocument", INVALID)?,
        set_as_default: input.boolean("SetAsDefault")?.unwrap_or(false),
    })
}

fn decode_get(input: &mut Input, _: &Home) -> Result<GetPolicyVersion, Refusal> {
    let arn = input.required("PolicyArn", INVALID)?;
    Ok(GetPolicyVersion { arn, version: input.required("VersionId", INVALID)? })
}

fn decode_list(input: &mut Input, _: &Home) -> Result<ListPolicyVersions, Refusal> {
    Ok(ListPolicyVersions {
        arn: input.required("PolicyArn", INVALID)?,
        marker: input.text("Marker")?,
        max_items: input.integer("MaxItems")?,
    })
}

fn decode_delete(input: &mut Input, _: &Home) -> Result<DeletePolicyVersion, Refusal> {
    let arn = input.required("PolicyArn", INVALID)?;
    Ok(DeletePolicyVersion { arn, version: input.required("VersionId", INVALID)? })
}

fn decode_set_default(input: &mut Input, _: &Home) -> Result<SetDefaultPolicyVersion, Refusal> {
    let arn = input.required("PolicyArn", INVALID)?;
    Ok(SetDefaultPolicyVersion { arn, version: input.required("VersionId", INVALID)? })
}

/// A version without its document, as all but `GetPolicyVersion` answer it.
fn encode(version: &PolicyVersionDescription) -> Value {
    json!({
        "VersionId": version.id,
        "IsDefaultVersion": version.is_default,
        "CreateDate": wire::time(version.created),
    })
}

fn encode_with_document(version: PolicyVersionDescription, _: &Home) -> Value {
    let mut encoded = encode(&version);
    encoded["Document"] = json!(encode_document(&version.document));
    json!({"PolicyVersion": encoded})
}
