//! Managed policies and permissions boundaries on the wire.

use serde_json::{Value, json};
use simulator_core::iam::{
    CreatePolicy, DeletePermissionsBoundary, DeletePolicy, Entity, GetPolicy, ListPolicies, ManagedPolicy,
    PolicyDescription, PolicyScope, PutPermissionsBoundary, Role, User,
};
use simulator_core::{Home, Page, Refusal};

use super::entity::{decode_list_tags, decode_tag, decode_untag, encode_listed_tags};
use super::{INVALID, encode_page, encode_tags, tags};
use crate::wire::{self, Input, Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("CreatePolicy", decode_create, |policy, _| json!({"Policy": encode(&policy)})),
        row(
            "GetPolicy",
            |input, _| Ok(GetPolicy { arn: input.required("PolicyArn", INVALID)? }),
            |policy, _| json!({"Policy": encode(&policy)}),
        ),
        row("ListPolicies", decode_list, |page: Page<PolicyDescription>, _| encode_page(&page, "Policies", encode)),
        row(
            "DeletePolicy",
            |input, _| Ok(DeletePolicy { arn: input.required("PolicyArn", INVALID)? }),
            |(), _| Value::Null,
        ),
        row("TagPolicy", |input, _| decode_tag::<ManagedPolicy>(input, "PolicyArn"), |(), _| Value::Null),
        row("UntagPolicy", |input, _| decode_untag::<ManagedPolicy>(input, "PolicyArn"), |(), _| Value::Null),
        row("ListPolicyTags", |input, _| decode_list_tags::<ManagedPolicy>(input, "PolicyArn"), encode_listed_tags),
        row("PutUserPermissionsBoundary", |input, _| decode_put::<User>(input, "UserName"), |(), _| Value::Null),
        row("PutRolePermissionsBoundary", |input, _| decode_put::<Role>(input, "RoleName"), |(), _| Value::Null),
        row("DeleteUserPermissionsBoundary", |input, _| decode_remove::<User>(input, "UserName"), |(), _| Value::Null),
        row("DeleteRolePermissionsBoundary", |input, _| decode_remove::<Role>(input, "RoleName"), |(), _| Value::Null),
    ]
}

fn decode_create(input: &mut Input, _: &Home) -> Result<CreatePolicy, Refusal> {
    Ok(CreatePolicy {
        name: input.required("PolicyName", INVALID)?,
        path: input.text("Path")?,
        document: input.required("PolicyDocument", INVALID)?,
        description: input.text("Description")?,
        tags: tags(input)?,
    })
}

fn decode_list(input: &mut Input, _: &Home) -> Result<ListPolicies, Refusal> {
    Ok(ListPolicies {
        scope: match input.text("Scope")?.as_deref() {
            None | Some("All") => PolicyScope::All,
            Some("AWS") => PolicyScope::Aws,
            Some("Local") => PolicyScope::Local,
            Some(other) => {
                let message = format!(
                    "1 validation error detected: Value '{other}' at 'scope' failed to satisfy constraint: Member must satisfy enum value set: [All, AWS, Local]"
                );
                return Err(Refusal::fault(INVALID, message));
            }
        },
        only_attached: input.boolean("OnlyAttached")?.unwrap_or(false),
        path_prefix: input.text("PathPrefix")?,
        marker: input.text("Marker")?,
        max_items: input.integer("MaxItems")?,
    })
}

fn decode_put<E: Entity>(input: &mut Input, key: &str) -> Result<PutPermissionsBoundary<E>, Refusal> {
    let entity = input.required(key, INVALID)?;
    Ok(PutPermissionsBoundary::new(entity, input.required("PermissionsBoundary", INVALID)?))
}

fn decode_remove<E: Entity>(input: &mut Input, key: &str) -> Result<DeletePermissionsBoundary<E>, Refusal> {
    Ok(DeletePermissionsBoundary::new(input.required(key, INVALID)?))
}

fn encode(policy: &PolicyDescription) -> Value {
    let mut encoded = json!({
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version,
        "AttachmentCount": policy.attachments,
        "PermissionsBoundaryUsageCount": policy.boundaries,
        "IsAttachable": true,
        "CreateDate": wire::time(policy.created),
        "UpdateDate": wire::time(policy.updated),
        "Tags": encode_tags(&policy.tags),
    });
    if let Some(description) = &policy.description {
        encoded["Description"] = json!(description);
    }
    encoded
}
