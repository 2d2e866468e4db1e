//! Access keys on the wire.

use serde_json::{Value, json};
use simulator_core::iam::{
    AccessKeyDescription, CreateAccessKey, CreateAccessKeyOutput, DeleteAccessKey, GetAccessKeyLastUsed, KeyUse,
    ListAccessKeys, UpdateAccessKey,
};
use simulator_core::{Home, Page, Refusal};

use super::{INVALID, encode_page};
use crate::wire::{self, Input, Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("CreateAccessKey", |input, _| Ok(CreateAccessKey { user: input.text("UserName")? }), encode_created),
        row("ListAccessKeys", decode_list, |page: Page<AccessKeyDescription>, _| {
            encode_page(&page, "AccessKeyMetadata", encode)
        }),
        row(
            "GetAccessKeyLastUsed",
            |input, _| Ok(GetAccessKeyLastUsed { id: input.required("AccessKeyId", INVALID)? }),
            encode_use,
        ),
        row("UpdateAccessKey", decode_update, |(), _| Value::Null),
        row("DeleteAccessKey", decode_delete, |(), _| Value::Null),
    ]
}

fn decode_list(input: &mut Input, _: &Home) -> Result<ListAccessKeys, Refusal> {
    Ok(ListAccessKeys {
        user: input.text("UserName")?,
        marker: input.text("Marker")?,
        max_items: input.integer("MaxItems")?,
    })
}

fn decode_update(input: &mut Input, _: &Home) -> Result<UpdateAccessKey, Refusal> {
    Ok(UpdateAccessKey {
        user: input.text("UserName")?,
        id: input.required("AccessKeyId", INVALID)?,
        status: input.required("Status", INVALID)?,
    })
}

fn decode_delete(input: &mut Input, _: &Home) -> Result<DeleteAccessKey, Refusal> {
    Ok(DeleteAccessKey { user: input.text("UserName")?, id: input.required("AccessKeyId", INVALID)? })
}

fn encode_created(created: CreateAccessKeyOutput, _: &Home) -> Value {
    let mut key = json!({
        "AccessKeyId": created.key.id,
        "Status": "Active",
        "SecretAccessKey": created.key.secret,
        "CreateDate": wire::time(created.created),
    });
    if let Some(user) = created.user {
        key["UserName"] = json!(user);
    }
    json!({"AccessKey": key})
}

/// A key that was never used has been used for `N/A` (botocore, `AccessKeyLastUsed`).
fn encode_use((user, used): (Option<String>, Option<KeyUse>), _: &Home) -> Value {
    let last = match used {
        None => json!({"ServiceName": "N/A", "Region": "N/A"}),
        Some(KeyUse { at, service, region }) => {
            json!({"LastUsedDate": wire::time(at), "ServiceName": service, "Region": region})
        }
    };
    let mut encoded = json!({"AccessKeyLastUsed": last});
    if let Some(user) = user {
        encoded["UserName"] = json!(user);
    }
    encoded
}

fn encode(key: &AccessKeyDescription) -> Value {
    let mut encoded = json!({
        "AccessKeyId": key.id,
        "Status": if key.active { "Active" } else { "Inactive" },
        "CreateDate": wire::time(key.created),
    });
    if let Some(user) = &key.user {
        encoded["UserName"] = json!(user);
    }
    encoded
}
