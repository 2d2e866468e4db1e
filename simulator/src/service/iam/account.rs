//! The account's summary, who has a policy, and deletions of service-linked roles on the wire.

use serde_json::{Value, json};
use simulator_core::iam::{
    DeleteServiceLinkedRole, DeletionStatus, EntityKind, GetAccountSummary, GetServiceLinkedRoleDeletionStatus,
    ListEntitiesForPolicy, ListGroupsForUser, PolicyEntities, PolicyUse,
};
use simulator_core::{Home, Refusal};

use super::INVALID;
use crate::wire::{Input, Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("GetAccountSummary", |_, _| Ok(GetAccountSummary {}), encode_summary),
        row("ListEntitiesForPolicy", decode_entities, encode_entities),
        row("ListGroupsForUser", decode_groups, |(), _| json!({"Groups": [], "IsTruncated": false})),
        row(
            "DeleteServiceLinkedRole",
            |input, _| Ok(DeleteServiceLinkedRole { name: input.required("RoleName", INVALID)? }),
            |task, _| json!({"DeletionTaskId": task}),
        ),
        row(
            "GetServiceLinkedRoleDeletionStatus",
            |input, _| Ok(GetServiceLinkedRoleDeletionStatus { task: input.required("DeletionTaskId", INVALID)? }),
            encode_deletion,
        ),
    ]
}

fn encode_summary(summary: Vec<(&'static str, usize)>, _: &Home) -> Value {
    let entries: Vec<Value> = summary.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    json!({"SummaryMap": {"entry": entries}})
}

fn decode_entities(input: &mut Input, _: &Home) -> Result<ListEntitiesForPolicy, Refusal> {
    let kind = match input.text("EntityFilter")?.as_deref() {
        None | Some("LocalManagedPolicy" | "AWSManagedPolicy") => None,
        Some("User") => Some(EntityKind::User),
        Some("Role") => Some(EntityKind::Role),
        Some("Group") => Some(EntityKind::Group),
        Some(other) => {
            let kinds = "[User, Role, Group, LocalManagedPolicy, AWSManagedPolicy]";
            return Err(not_one_of("entityFilter", other, kinds));
        }
    };
    let usage = match input.text("PolicyUsageFilter")?.as_deref() {
        None => None,
        Some("PermissionsPolicy") => Some(PolicyUse::Permissions),
        Some("PermissionsBoundary") => Some(PolicyUse::Boundary),
        Some(other) => {
            return Err(not_one_of("policyUsageFilter", other, "[PermissionsPolicy, PermissionsBoundary]"));
        }
    };
    Ok(ListEntitiesForPolicy {
        arn: input.required("PolicyArn", INVALID)?,
        kind,
        path_prefix: input.text("PathPrefix")?,
        usage,
        marker: input.text("Marker")?,
        max_items: input.integer("MaxItems")?,
    })
}

fn not_one_of(member: &str, value: &str, set: &str) -> Refusal {
    let message = format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must satisfy enum value set: {set}"
    );
    Refusal::fault(INVALID, message)
}

fn decode_groups(input: &mut Input, _: &Home) -> Result<ListGroupsForUser, Refusal> {
    // There is but one page, and it is empty.
    input.text("Marker")?;
    input.integer("MaxItems")?;
    Ok(ListGroupsForUser { name: input.required("UserName", INVALID)? })
}

fn encode_entities(entities: PolicyEntities, _: &Home) -> Value {
    let users: Vec<Value> = entities.users.iter().map(|(name, id)| json!({"UserName": name, "UserId": id})).collect();
    let roles: Vec<Value> = entities.roles.iter().map(|(name, id)| json!({"RoleName": name, "RoleId": id})).collect();
    let mut encoded = json!({
        "PolicyGroups": [], "PolicyUsers": users, "PolicyRoles": roles, "IsTruncated": entities.next.is_some(),
    });
    if let Some(marker) = entities.next {
        encoded["Marker"] = json!(marker);
    }
    encoded
}

fn encode_deletion(status: DeletionStatus, home: &Home) -> Value {
    let Some(reason) = status.reason else { return json!({"Status": "SUCCEEDED"}) };
    let resources: Vec<&str> = status.usage.iter().map(|arn| arn.as_str()).collect();
    let usage = json!([{"Region": home.region().to_string(), "Resources": resources}]);
    json!({"Status": "FAILED", "Reason": {"Reason": reason, "RoleUsageList": usage}})
}
