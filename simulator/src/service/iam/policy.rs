//! Inline policies and attachments on the wire.

use serde_json::{Value, json};
use simulator_core::iam::{
    AttachPolicy, AttachedPolicy, DeleteInlinePolicy, DetachPolicy, Entity, GetInlinePolicy, InlinePolicy,
    ListAttachedPolicies, ListInlinePolicies, PutInlinePolicy, Role, User,
};
use simulator_core::{Home, Page, Refusal};

use super::{INVALID, encode_document, encode_page};
use crate::wire::{Input, Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("PutUserPolicy", |input, _| decode_put::<User>(input, "UserName"), |(), _| Value::Null),
        row("GetUserPolicy", |input, _| decode_get::<User>(input, "UserName"), |policy, _| encode(&policy, "UserName")),
        row("DeleteUserPolicy", |input, _| decode_delete::<User>(input, "UserName"), |(), _| Value::Null),
        row("ListUserPolicies", |input, _| decode_list::<User>(input, "UserName"), encode_names),
        row("AttachUserPolicy", |input, _| decode_attach::<User>(input, "UserName"), |(), _| Value::Null),
        row("DetachUserPolicy", |input, _| decode_detach::<User>(input, "UserName"), |(), _| Value::Null),
        row("ListAttachedUserPolicies", |input, _| decode_attached::<User>(input, "UserName"), encode_attached),
        row("PutRolePolicy", |input, _| decode_put::<Role>(input, "RoleName"), |(), _| Value::Null),
        row("GetRolePolicy", |input, _| decode_get::<Role>(input, "RoleName"), |policy, _| encode(&policy, "RoleName")),
        row("DeleteRolePolicy", |input, _| decode_delete::<Role>(input, "RoleName"), |(), _| Value::Null),
        row("ListRolePolicies", |input, _| decode_list::<Role>(input, "RoleName"), encode_names),
        row("AttachRolePolicy", |input, _| decode_attach::<Role>(input, "RoleName"), |(), _| Value::Null),
        row("DetachRolePolicy", |input, _| decode_detach::<Role>(input, "RoleName"), |(), _| Value::Null),
        row("ListAttachedRolePolicies", |input, _| decode_attached::<Role>(input, "RoleName"), encode_attached),
    ]
}

fn decode_put<E: Entity>(input: &mut Input, key: &str) -> Result<PutInlinePolicy<E>, Refusal> {
    let entity = input.required(key, INVALID)?;
    let policy = input.required("PolicyName", INVALID)?;
    Ok(PutInlinePolicy::new(entity, policy, input.required("PolicyDocument", INVALID)?))
}

fn decode_get<E: Entity>(input: &mut Input, key: &str) -> Result<GetInlinePolicy<E>, Refusal> {
    let entity = input.required(key, INVALID)?;
    Ok(GetInlinePolicy::new(entity, input.required("PolicyName", INVALID)?))
}

fn decode_delete<E: Entity>(input: &mut Input, key: &str) -> Result<DeleteInlinePolicy<E>, Refusal> {
    let entity = input.required(key, INVALID)?;
    Ok(DeleteInlinePolicy::new(entity, input.required("PolicyName", INVALID)?))
}

fn decode_list<E: Entity>(input: &mut Input, key: &str) -> Result<ListInlinePolicies<E>, Refusal> {
    let entity = input.required(key, INVALID)?;
    Ok(ListInlinePolicies::new(entity, input.text("Marker")?, input.integer("MaxItems")?))
}

fn decode_attach<E: Entity>(input: &mut Input, key: &str) -> Result<AttachPolicy<E>, Refusal> {
    let entity = input.required(key, INVALID)?;
    Ok(AttachPolicy::new(entity, input.required("PolicyArn", INVALID)?))
}

fn decode_detach<E: Entity>(input: &mut Input, key: &str) -> Result<DetachPolicy<E>, Refusal> {
    let entity = input.required(key, INVALID)?;
    Ok(DetachPolicy::new(entity, input.required("PolicyArn", INVALID)?))
}

fn decode_attached<E: Entity>(input: &mut Input, key: &str) -> Result<ListAttachedPolicies<E>, Refusal> {
    let entity = input.required(key, INVALID)?;
    let prefix = input.text("PathPrefix")?;
    Ok(ListAttachedPolicies::new(entity, prefix, input.text("Marker")?, input.integer("MaxItems")?))
}

fn encode(policy: &InlinePolicy, key: &str) -> Value {
    json!({
        key: policy.entity,
        "PolicyName": policy.policy,
        "PolicyDocument": encode_document(&policy.document),
    })
}

fn encode_names(page: Page<String>, _: &Home) -> Value {
    encode_page(&page, "PolicyNames", |name| json!(name))
}

fn encode_attached(page: Page<AttachedPolicy>, _: &Home) -> Value {
    encode_page(&page, "AttachedPolicies", |it| json!({"PolicyName": it.name, "PolicyArn": it.arn}))
}
