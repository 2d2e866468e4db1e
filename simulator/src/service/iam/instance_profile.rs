//! Instance profiles on the wire.

use serde_json::{Value, json};
use simulator_core::iam::{
    AddRoleToInstanceProfile, CreateInstanceProfile, DeleteInstanceProfile, GetInstanceProfile, InstanceProfile,
    InstanceProfileDescription, ListInstanceProfiles, ListInstanceProfilesForRole, RemoveRoleFromInstanceProfile,
};
use simulator_core::{Home, Page, Refusal};

use super::entity::{decode_list_tags, decode_tag, decode_untag, encode_listed_tags, encode_role};
use super::{INVALID, encode_page, encode_tags, tags};
use crate::wire::{self, Input, Row, row};

const NAME: &str = "InstanceProfileName";

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("CreateInstanceProfile", decode_create, |profile, _| json!({"InstanceProfile": encode(&profile)})),
        row(
            "GetInstanceProfile",
            |input, _| Ok(GetInstanceProfile { name: input.required(NAME, INVALID)? }),
            |profile, _| json!({"InstanceProfile": encode(&profile)}),
        ),
        row("ListInstanceProfiles", decode_list, encode_list),
        row("ListInstanceProfilesForRole", decode_list_for_role, encode_list),
        row(
            "DeleteInstanceProfile",
            |input, _| Ok(DeleteInstanceProfile { name: input.required(NAME, INVALID)? }),
            |(), _| Value::Null,
        ),
        row("AddRoleToInstanceProfile", decode_add, |(), _| Value::Null),
        row("RemoveRoleFromInstanceProfile", decode_remove, |(), _| Value::Null),
        row("TagInstanceProfile", |input, _| decode_tag::<InstanceProfile>(input, NAME), |(), _| Value::Null),
        row("UntagInstanceProfile", |input, _| decode_untag::<InstanceProfile>(input, NAME), |(), _| Value::Null),
        row("ListInstanceProfileTags", |input, _| decode_list_tags::<InstanceProfile>(input, NAME), encode_listed_tags),
    ]
}

fn decode_create(input: &mut Input, _: &Home) -> Result<CreateInstanceProfile, Refusal> {
    Ok(CreateInstanceProfile { name: input.required(NAME, INVALID)?, path: input.text("Path")?, tags: tags(input)? })
}

fn decode_list(input: &mut Input, _: &Home) -> Result<ListInstanceProfiles, Refusal> {
    Ok(ListInstanceProfiles {
        path_prefix: input.text("PathPrefix")?,
        marker: input.text("Marker")?,
        max_items: input.integer("MaxItems")?,
    })
}

fn decode_list_for_role(input: &mut Input, _: &Home) -> Result<ListInstanceProfilesForRole, Refusal> {
    Ok(ListInstanceProfilesForRole {
        role: input.required("RoleName", INVALID)?,
        marker: input.text("Marker")?,
        max_items: input.integer("MaxItems")?,
    })
}

fn decode_add(input: &mut Input, _: &Home) -> Result<AddRoleToInstanceProfile, Refusal> {
    let profile = input.required(NAME, INVALID)?;
    Ok(AddRoleToInstanceProfile { profile, role: input.required("RoleName", INVALID)? })
}

fn decode_remove(input: &mut Input, _: &Home) -> Result<RemoveRoleFromInstanceProfile, Refusal> {
    let profile = input.required(NAME, INVALID)?;
    Ok(RemoveRoleFromInstanceProfile { profile, role: input.required("RoleName", INVALID)? })
}

fn encode_list(page: Page<InstanceProfileDescription>, _: &Home) -> Value {
    encode_page(&page, "InstanceProfiles", encode)
}

fn encode(profile: &InstanceProfileDescription) -> Value {
    let roles: Vec<Value> = profile.role.iter().map(encode_role).collect();
    json!({
        "InstanceProfileName": profile.name,
        "Path": profile.path,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn.as_str(),
        "CreateDate": wire::time(profile.created),
        "Roles": roles,
        "Tags": encode_tags(&profile.tags),
    })
}
