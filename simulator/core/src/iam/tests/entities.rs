//! Renaming, instance profiles, deletions of service-linked roles, and what is told of the account as a whole.

use super::{ALLOW_ALL, ECS_TASKS, caller, policy, role, user};
use crate::ecs::{CreateCluster, DeleteCluster};
use crate::iam::*;
use crate::trial::Trial;

fn profile(name: &str) -> CreateInstanceProfile {
    CreateInstanceProfile { name: name.to_owned(), ..CreateInstanceProfile::default() }
}

#[test]
fn a_renamed_user_keeps_what_is_his() {
    let mut trial = Trial::new();
    let ann = caller(&mut trial, "ann", ALLOW_ALL);
    let key = ann.access_key.clone().expect("she has one");
    let trust = ECS_TASKS.replace(r#""Service":"ecs-tasks.amazonaws.com""#, &format!(r#""AWS":"{}""#, ann.arn));
    trial.done(CreateRole { name: "task".into(), trust_policy: trust, ..CreateRole::default() });
    trial.done(user("bob"));
    let rename = |name: &str, new: &str, path: Option<&str>| UpdateUser {
        name: name.into(),
        new_name: Some(new.into()),
        new_path: path.map(str::to_owned),
    };
    assert_eq!(
        trial.refused(rename("ann", "Bob", None)),
        "409 EntityAlreadyExists: User with name Bob already exists."
    );
    assert_eq!(trial.refused(rename("eve", "eva", None)), "404 NoSuchEntity: The user with name eve cannot be found.");
    trial.done(rename("ann", "Ann", Some("/ci/")));
    let renamed = trial.world.credential(&key).expect("the key stays").caller;
    assert_eq!(renamed.arn.as_str(), "arn:aws:iam::123456789012:user/ci/Ann");
    trial.done_by(&renamed, ListUsers::default());
    assert!(trial.done(GetRole { name: "task".into() }).trust_policy.contains(renamed.arn.as_str()));
    let assume = crate::sts::AssumeRole {
        role_arn: "arn:aws:iam::123456789012:role/task".into(),
        session_name: "s1".into(),
        ..crate::sts::AssumeRole::default()
    };
    trial.done_by(&renamed, assume);
}

#[test]
fn renaming_is_allowed_on_both_names() {
    let mut trial = Trial::new();
    let ann = caller(&mut trial, "ann", &policy("iam:UpdateUser", "arn:aws:iam::123456789012:user/bob"));
    trial.done(user("bob"));
    let rename = UpdateUser { name: "bob".into(), new_name: Some("rob".into()), new_path: None };
    assert!(trial.refused_to(&ann, rename).contains("iam:UpdateUser on resource: arn:aws:iam::123456789012:user/rob"));
}

#[test]
fn the_last_use_of_a_key_is_told() {
    let mut trial = Trial::new();
    let ann = caller(&mut trial, "ann", ALLOW_ALL);
    let key = ann.access_key.clone().expect("she has one");
    let ask = || GetAccessKeyLastUsed { id: key.clone() };
    assert_eq!(trial.done(ask()), (Some("ann".to_owned()), None));
    trial.done_by(&ann, crate::logs::DescribeLogGroups::default());
    let used = KeyUse { at: trial.now, service: "logs".into(), region: "eu-central-1".into() };
    assert_eq!(trial.done(ask()), (Some("ann".to_owned()), Some(used)));
    assert_eq!(
        trial.refused(GetAccessKeyLastUsed { id: "AKIANOBODYNOBODY".into() }),
        "404 NoSuchEntity: The Access Key with id AKIANOBODYNOBODY cannot be found."
    );
}

#[test]
fn an_instance_profile_holds_one_role() {
    let mut trial = Trial::new();
    trial.done(role("task"));
    trial.done(role("other"));
    trial.done(profile("web"));
    let add = |role: &str| AddRoleToInstanceProfile { profile: "web".into(), role: role.into() };
    let remove = || RemoveRoleFromInstanceProfile { profile: "web".into(), role: "task".into() };
    trial.done(add("task"));
    assert_eq!(
        trial.refused(add("other")),
        "409 LimitExceeded: Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
    );
    let described = trial.done(GetInstanceProfile { name: "web".into() });
    assert!(described.id.starts_with("AIPA"), "{described:?}");
    assert_eq!(described.role.map(|role| role.entity.name).as_deref(), Some("task"));
    let for_role = |role: &str| ListInstanceProfilesForRole { role: role.into(), marker: None, max_items: None };
    assert_eq!(trial.done(for_role("task")).items.len(), 1);
    assert_eq!(trial.done(for_role("other")).items.len(), 0);
    assert_eq!(trial.done(ListInstanceProfiles::default()).items.len(), 1);
    let held = "409 DeleteConflict: Cannot delete entity, must remove roles from instance profile first.";
    assert_eq!(trial.refused(DeleteInstanceProfile { name: "web".into() }), held);
    assert_eq!(trial.refused(DeleteRole { name: "task".into() }), held);
    trial.done(remove());
    assert_eq!(trial.refused(remove()), "404 NoSuchEntity: The role with name task cannot be found.");
    assert_eq!(trial.refused(profile("WEB")), "409 EntityAlreadyExists: Instance Profile WEB already exists.");
    trial.done(DeleteInstanceProfile { name: "web".into() });
    assert_eq!(
        trial.refused(GetInstanceProfile { name: "web".into() }),
        "404 NoSuchEntity: Instance Profile web cannot be found."
    );
}

#[test]
fn who_adds_a_role_to_a_profile_must_be_allowed_to_pass_it() {
    let mut trial = Trial::new();
    let ann = caller(&mut trial, "ann", &policy("iam:*InstanceProfile", "*"));
    trial.done(role("task"));
    trial.done_by(&ann, profile("web"));
    let add = || AddRoleToInstanceProfile { profile: "web".into(), role: "task".into() };
    assert!(trial.refused_to(&ann, add()).contains("iam:PassRole on resource: arn:aws:iam::123456789012:role/task"));
    let pass = policy("iam:PassRole", "*").replace(
        r#""Resource""#,
        r#""Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"},"ArnLike":{"iam:AssociatedResourceArn":"arn:aws:ec2:*:123456789012:instance/*"}},"Resource""#,
    );
    trial.done(PutInlinePolicy::<User>::new("ann".into(), "pass".into(), pass));
    trial.done_by(&ann, add());
}

#[test]
fn a_service_gives_its_role_up_once_it_has_no_use_for_it() {
    let mut trial = Trial::new();
    let name = "AWSServiceRoleForECS";
    trial.done(CreateServiceLinkedRole { service: "ecs.amazonaws.com".into(), description: None });
    trial.done(CreateCluster { name: Some("news".into()), ..CreateCluster::default() });
    let delete = || DeleteServiceLinkedRole { name: name.into() };
    let task = trial.done(delete());
    assert!(task.starts_with("task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/"), "{task}");
    let status = trial.done(GetServiceLinkedRoleDeletionStatus { task });
    assert_eq!(status.usage.len(), 1, "{status:?}");
    trial.done(GetRole { name: name.into() });
    trial.done(DeleteCluster { cluster: "news".into() });
    let task = trial.done(delete());
    assert_eq!(trial.done(GetServiceLinkedRoleDeletionStatus { task }).usage, []);
    assert_eq!(trial.refused(delete()), format!("404 NoSuchEntity: The role with name {name} cannot be found."));
    let unknown = GetServiceLinkedRoleDeletionStatus { task: "task/aws-service-role/x".into() };
    assert!(trial.refused(unknown).starts_with("404 NoSuchEntity: "));
    let malformed = GetServiceLinkedRoleDeletionStatus { task: "x".into() };
    assert!(trial.refused(malformed).starts_with("400 InvalidInput: "));
    trial.done(role("own"));
    assert!(trial.refused(DeleteServiceLinkedRole { name: "own".into() }).starts_with("404 NoSuchEntity: "));
}

#[test]
fn those_who_have_a_policy_are_listed() {
    let mut trial = Trial::new();
    let own = CreatePolicy { name: "p".into(), document: ALLOW_ALL.into(), ..CreatePolicy::default() };
    let arn = trial.done(own).arn;
    for name in ["ann", "bob"] {
        trial.done(user(name));
    }
    trial.done(role("task"));
    trial.done(AttachPolicy::<User>::new("ann".into(), arn.clone()));
    trial.done(AttachPolicy::<Role>::new("task".into(), arn.clone()));
    trial.done(PutPermissionsBoundary::<User>::new("bob".into(), arn.clone()));
    let ask = || ListEntitiesForPolicy { arn: arn.clone(), ..ListEntitiesForPolicy::default() };
    let names = |trial: &mut Trial, operation: ListEntitiesForPolicy| {
        let listed = trial.done(operation);
        listed.users.into_iter().chain(listed.roles).map(|(name, _)| name).collect::<Vec<_>>()
    };
    for (operation, expected) in [
        (ask(), &["ann", "bob", "task"][..]),
        (ListEntitiesForPolicy { kind: Some(EntityKind::Role), ..ask() }, &["task"]),
        (ListEntitiesForPolicy { kind: Some(EntityKind::Group), ..ask() }, &[]),
        (ListEntitiesForPolicy { usage: Some(PolicyUse::Boundary), ..ask() }, &["bob"]),
        (ListEntitiesForPolicy { usage: Some(PolicyUse::Permissions), ..ask() }, &["ann", "task"]),
        (ListEntitiesForPolicy { path_prefix: Some("/ci/".into()), ..ask() }, &[]),
    ] {
        assert_eq!(names(&mut trial, operation.clone()), expected, "{operation:?}");
    }
    let first = trial.done(ListEntitiesForPolicy { max_items: Some(2), ..ask() });
    let second = ListEntitiesForPolicy { marker: first.next, ..ask() };
    assert_eq!(names(&mut trial, second), ["task"]);
    let absent = ListEntitiesForPolicy { arn: "arn:aws:iam::123456789012:policy/none".into(), ..ask() };
    assert!(trial.refused(absent).starts_with("404 NoSuchEntity: "));
}

#[test]
fn the_summary_counts() {
    let mut trial = Trial::new();
    trial.done(user("ann"));
    trial.done(role("task"));
    trial.done(profile("web"));
    let summary = trial.done(GetAccountSummary {});
    for (name, expected) in
        [("Users", 1), ("Roles", 1), ("InstanceProfiles", 1), ("UsersQuota", 5000), ("AccountAccessKeysPresent", 0)]
    {
        assert_eq!(summary.iter().find(|(key, _)| *key == name), Some(&(name, expected)));
    }
    trial.done(ListGroupsForUser { name: "ann".into() });
    assert!(trial.refused(ListGroupsForUser { name: "bob".into() }).starts_with("404 NoSuchEntity: "));
    let described = UpdateRoleDescription { name: "task".into(), description: "runs".into() };
    assert_eq!(trial.done(described).description.as_deref(), Some("runs"));
}
