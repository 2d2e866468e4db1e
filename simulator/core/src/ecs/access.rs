//! The accesses that several ECS operations ask for alike.

use std::collections::BTreeMap;

use crate::arn::Arn;
use crate::operation::Access;

/// `access` with the condition keys of the tags that a request gives.
pub(crate) fn tagged(mut access: Access, tags: &BTreeMap<String, String>) -> Access {
    for (key, value) in tags {
        access = access.with(&format!("aws:RequestTag/{key}"), value).with("aws:TagKeys", key);
    }
    access
}

/// `access` with the condition keys of the tags that the resource has.
pub(crate) fn on_tagged(mut access: Access, tags: &BTreeMap<String, String>) -> Access {
    for (key, value) in tags {
        access = access.with(&format!("aws:ResourceTag/{key}"), value).with(&format!("ecs:ResourceTag/{key}"), value);
    }
    access
}

/// What tagging at creation asks for besides, if there are tags: enforced by AWS since 2024 (`facts/bootstrap.md` 1).
pub(crate) fn tag_on_create(resource: &Arn, create_action: &str, tags: &BTreeMap<String, String>) -> Option<Access> {
    if tags.is_empty() {
        return None;
    }
    let access = Access::new("ecs:TagResource", resource.as_str()).with("ecs:CreateAction", create_action);
    Some(tagged(access, tags))
}

/// `access` with the condition keys of a task's size.
pub(crate) fn with_size(mut access: Access, cpu: Option<u32>, memory: Option<u32>) -> Access {
    if let Some(cpu) = cpu {
        access = access.with("ecs:task-cpu", cpu.to_string());
    }
    if let Some(memory) = memory {
        access = access.with("ecs:task-memory", memory.to_string());
    }
    access
}

/// Handing the role `arn` to tasks.
pub(crate) fn pass_role(arn: &str) -> Access {
    Access::new("iam:PassRole", arn).with("iam:PassedToService", "ecs-tasks.amazonaws.com")
}
