//! Users and roles on the wire.

use serde_json::{Value, json};
use simulator_core::iam::{
    CreateRole, CreateServiceLinkedRole, CreateUser, DeleteRole, DeleteUser, EntityDescription, GetRole, GetUser,
    ListRoles, ListTags, ListUsers, Role, RoleDescription, TagEntity, Tagged, UntagEntity, UpdateAssumeRolePolicy,
    UpdateRole, UpdateRoleDescription, UpdateUser, User,
};
use simulator_core::{Home, Page, Refusal};

use super::{INVALID, encode_document, encode_page, encode_tags, tags};
use crate::wire::{self, Input, Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("CreateUser", decode_create_user, |user, _| json!({"User": encode_entity(&user, "User")})),
        row(
            "GetUser",
            |input, _| Ok(GetUser { name: input.text("UserName")? }),
            |user, _| json!({"User": encode_entity(&user, "User")}),
        ),
        row("ListUsers", decode_list_users, |page: Page<EntityDescription>, _| {
            encode_page(&page, "Users", |user| encode_entity(user, "User"))
        }),
        row(
            "DeleteUser",
            |input, _| Ok(DeleteUser { name: input.required("UserName", INVALID)? }),
            |(), _| Value::Null,
        ),
        row("UpdateUser", decode_update_user, |(), _| Value::Null),
        row("TagUser", |input, _| decode_tag::<User>(input, "UserName"), |(), _| Value::Null),
        row("UntagUser", |input, _| decode_untag::<User>(input, "UserName"), |(), _| Value::Null),
        row("ListUserTags", |input, _| decode_list_tags::<User>(input, "UserName"), encode_listed_tags),
        row("CreateRole", decode_create_role, |role, _| json!({"Role": encode_role(&role)})),
        row(
            "GetRole",
            |input, _| Ok(GetRole { name: input.required("RoleName", INVALID)? }),
            |role, _| json!({"Role": encode_role(&role)}),
        ),
        row("ListRoles", decode_list_roles, |page: Page<RoleDescription>, _| encode_page(&page, "Roles", encode_role)),
        row(
            "DeleteRole",
            |input, _| Ok(DeleteRole { name: input.required("RoleName", INVALID)? }),
            |(), _| Value::Null,
        ),
        // Unlike other changes, this one answers a result, though an empty one.
        row("UpdateRole", decode_update_role, |(), _| json!({})),
        row("UpdateRoleDescription", decode_describe_role, |role, _| json!({"Role": encode_role(&role)})),
        row("UpdateAssumeRolePolicy", decode_update_trust, |(), _| Value::Null),
        row("TagRole", |input, _| decode_tag::<Role>(input, "RoleName"), |(), _| Value::Null),
        row("UntagRole", |input, _| decode_untag::<Role>(input, "RoleName"), |(), _| Value::Null),
        row("ListRoleTags", |input, _| decode_list_tags::<Role>(input, "RoleName"), encode_listed_tags),
        row("CreateServiceLinkedRole", decode_service_linked, |role, _| json!({"Role": encode_role(&role)})),
    ]
}

fn decode_create_user(input: &mut Input, _: &Home) -> Result<CreateUser, Refusal> {
    Ok(CreateUser {
        name: input.required("UserName", INVALID)?,
        path: input.text("Path")?,
        boundary: input.text("PermissionsBoundary")?,
        tags: tags(input)?,
    })
}

fn decode_list_users(input: &mut Input, _: &Home) -> Result<ListUsers, Refusal> {
    Ok(ListUsers {
        path_prefix: input.text("PathPrefix")?,
        marker: input.text("Marker")?,
        max_items: input.integer("MaxItems")?,
    })
}

fn decode_update_user(input: &mut Input, _: &Home) -> Result<UpdateUser, Refusal> {
    Ok(UpdateUser {
        name: input.required("UserName", INVALID)?,
        new_name: input.text("NewUserName")?,
        new_path: input.text("NewPath")?,
    })
}

fn decode_describe_role(input: &mut Input, _: &Home) -> Result<UpdateRoleDescription, Refusal> {
    let name = input.required("RoleName", INVALID)?;
    Ok(UpdateRoleDescription { name, description: input.required("Description", INVALID)? })
}

fn decode_create_role(input: &mut Input, _: &Home) -> Result<CreateRole, Refusal> {
    Ok(CreateRole {
        name: input.required("RoleName", INVALID)?,
        path: input.text("Path")?,
        trust_policy: input.required("AssumeRolePolicyDocument", INVALID)?,
        description: input.text("Description")?,
        max_session_seconds: input.integer("MaxSessionDuration")?,
        boundary: input.text("PermissionsBoundary")?,
        tags: tags(input)?,
    })
}

fn decode_list_roles(input: &mut Input, _: &Home) -> Result<ListRoles, Refusal> {
    Ok(ListRoles {
        path_prefix: input.text("PathPrefix")?,
        marker: input.text("Marker")?,
        max_items: input.integer("MaxItems")?,
    })
}

fn decode_update_role(input: &mut Input, _: &Home) -> Result<UpdateRole, Refusal> {
    Ok(UpdateRole {
        name: input.required("RoleName", INVALID)?,
        description: input.text("Description")?,
        max_session_seconds: input.integer("MaxSessionDuration")?,
    })
}

fn decode_update_trust(input: &mut Input, _: &Home) -> Result<UpdateAssumeRolePolicy, Refusal> {
    Ok(UpdateAssumeRolePolicy {
        name: input.required("RoleName", INVALID)?,
        trust_policy: input.required("PolicyDocument", INVALID)?,
    })
}

fn decode_service_linked(input: &mut Input, _: &Home) -> Result<CreateServiceLinkedRole, Refusal> {
    Ok(CreateServiceLinkedRole {
        service: input.required("AWSServiceName", INVALID)?,
        description: input.text("Description")?,
    })
}

pub(super) fn decode_tag<E: Tagged>(input: &mut Input, key: &str) -> Result<TagEntity<E>, Refusal> {
    Ok(TagEntity::new(input.required(key, INVALID)?, tags(input)?))
}

pub(super) fn decode_untag<E: Tagged>(input: &mut Input, key: &str) -> Result<UntagEntity<E>, Refusal> {
    Ok(UntagEntity::new(input.required(key, INVALID)?, input.texts("TagKeys")?))
}

pub(super) fn decode_list_tags<E: Tagged>(input: &mut Input, key: &str) -> Result<ListTags<E>, Refusal> {
    let entity = input.required(key, INVALID)?;
    Ok(ListTags::new(entity, input.text("Marker")?, input.integer("MaxItems")?))
}

pub(super) fn encode_listed_tags(page: Page<(String, String)>, _: &Home) -> Value {
    encode_page(&page, "Tags", |(key, value)| json!({"Key": key, "Value": value}))
}

fn encode_entity(entity: &EntityDescription, noun: &str) -> Value {
    let mut encoded = json!({
        "Path": entity.path,
        format!("{noun}Id"): entity.id,
        "Arn": entity.arn.as_str(),
        "CreateDate": wire::time(entity.created),
        "Tags": encode_tags(&entity.tags),
    });
    // The root user has none.
    if !entity.name.is_empty() {
        encoded[format!("{noun}Name")] = json!(entity.name);
    }
    if let Some(boundary) = &entity.boundary {
        encoded["PermissionsBoundary"] =
            json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary});
    }
    encoded
}

pub(super) fn encode_role(role: &RoleDescription) -> Value {
    let mut encoded = encode_entity(&role.entity, "Role");
    encoded["AssumeRolePolicyDocument"] = json!(encode_document(&role.trust_policy));
    encoded["MaxSessionDuration"] = json!(role.max_session_seconds);
    if let Some(description) = &role.description {
        encoded["Description"] = json!(description);
    }
    if let Some(last_used) = role.last_used {
        encoded["RoleLastUsed"] = json!({"LastUsedDate": wire::time(last_used)});
    }
    encoded
}
