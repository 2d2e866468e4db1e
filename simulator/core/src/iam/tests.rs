//! IAM's operations: what they refuse and in which words, and what follows for callers.

mod advice;
mod entities;
mod oidc_provider;
mod propagation;
mod simulation;
mod told;

use std::time::Duration;

use super::*;
use crate::ecr::{CreateRepository, DescribeRepositories, GetAuthorizationToken, PutImage, SetRepositoryPolicy};
use crate::logs::CreateLogGroup;
use crate::operation::{Access, Caller};
use crate::secrets::{CreateSecret, Value};
use crate::sts::AssumeRole;
use crate::trial::Trial;

const ALLOW_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const ECS_TASKS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

fn user(name: &str) -> CreateUser {
    CreateUser { name: name.to_owned(), ..CreateUser::default() }
}

fn role(name: &str) -> CreateRole {
    CreateRole { name: name.to_owned(), trust_policy: ECS_TASKS.to_owned(), ..CreateRole::default() }
}

fn user_policy(user: &str, name: &str, document: &str) -> PutInlinePolicy<User> {
    PutInlinePolicy::new(user.to_owned(), name.to_owned(), document.to_owned())
}

fn policy(action: &str, resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}]}}"#
    )
}

/// A user with an access key and one inline policy.
fn caller(trial: &mut Trial, name: &str, document: &str) -> Caller {
    trial.done(user(name));
    trial.done(user_policy(name, "inline", document));
    let key = trial.done(CreateAccessKey { user: Some(name.to_owned()) }).key;
    trial.world.credential(&key.id).expect("made just now").caller
}

/// Runs `call` on an account that has the user `ann`, the role `task`, and the policy `bound`, and compares the refusal.
macro_rules! refuses {
    ($($operation:expr => $expected:expr,)*) => {
        $({
            let mut trial = Trial::new();
            trial.done(user("ann"));
            trial.done(role("task"));
            trial.done(CreatePolicy { name: "bound".to_owned(), document: ALLOW_ALL.to_owned(), ..CreatePolicy::default() });
            assert_eq!(trial.refused($operation), $expected);
        })*
    };
}

#[test]
fn users_and_roles_are_refused_in_iams_words() {
    refuses! {
        user("ann") => "409 EntityAlreadyExists: User with name ann already exists.",
        user("ANN") => "409 EntityAlreadyExists: User with name ANN already exists.",
        role("Task") => "409 EntityAlreadyExists: Role with name Task already exists.",
        user("a b") => "400 ValidationError: The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
        user(&"u".repeat(65)) => format!("400 ValidationError: 1 validation error detected: Value '{}' at 'userName' failed to satisfy constraint: Member must have length less than or equal to 64", "u".repeat(65)),
        CreateUser { path: Some("ci".to_owned()), ..user("bob") } => "400 ValidationError: The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
        CreateUser { tags: vec![("a".into(), "1".into()), ("A".into(), "2".into())], ..user("bob") } => "400 InvalidInput: Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        CreateUser { boundary: Some("arn:aws:iam::123456789012:policy/none".to_owned()), ..user("bob") } => "404 NoSuchEntity: Policy arn:aws:iam::123456789012:policy/none does not exist or is not attachable.",
        GetUser { name: Some("bob".to_owned()) } => "404 NoSuchEntity: The user with name bob cannot be found.",
        GetRole { name: "TASK".to_owned() } => "404 NoSuchEntity: The role with name TASK cannot be found.",
        CreateRole { max_session_seconds: Some(60), ..role("short") } => "400 ValidationError: 1 validation error detected: Value '60' at 'maxSessionDuration' failed to satisfy constraint: Member must have value between 3600 and 43200",
        CreateRole { trust_policy: "{".to_owned(), ..role("broken") } => "400 MalformedPolicyDocument: Syntax errors in policy.",
        CreateRole { trust_policy: ECS_TASKS.replace(r#""Service":"ecs-tasks.amazonaws.com""#, r#""AWS":"arn:aws:iam::123456789012:user/bob""#), ..role("broken") } => r#"400 MalformedPolicyDocument: Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:user/bob""#,
        CreateRole { trust_policy: ECS_TASKS.replace("ecs-tasks", &"e".repeat(2048)), ..role("long") } => "409 LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048",
        CreateServiceLinkedRole { service: "s3.amazonaws.com".to_owned(), description: None } => "greenroom does not simulate the service-linked role of `s3.amazonaws.com`",
    }
}

#[test]
fn policies_are_refused_in_iams_words() {
    let own = "arn:aws:iam::123456789012:policy/bound".to_owned();
    refuses! {
        user_policy("ann", "p", "{}") => "400 MalformedPolicyDocument: Syntax errors in policy.",
        user_policy("bob", "p", ALLOW_ALL) => "404 NoSuchEntity: The user with name bob cannot be found.",
        user_policy("ann", "p", &policy("a:b", &format!("arn:aws:s3:::{}", "x".repeat(2048)))) => "409 LimitExceeded: Maximum policy size of 2048 bytes exceeded for user ann",
        PutInlinePolicy::<Role>::new("task".into(), "p".into(), policy("a:b", &format!("arn:aws:s3:::{}", "x".repeat(10_240)))) => "409 LimitExceeded: Maximum policy size of 10240 bytes exceeded for role task",
        GetInlinePolicy::<User>::new("ann".into(), "p".into()) => "404 NoSuchEntity: The user policy with name p cannot be found.",
        DeleteInlinePolicy::<Role>::new("task".into(), "p".into()) => "404 NoSuchEntity: The role policy with name p cannot be found.",
        CreatePolicy { name: "Bound".into(), document: ALLOW_ALL.into(), ..CreatePolicy::default() } => "409 EntityAlreadyExists: A policy called Bound already exists. Duplicate names are not allowed.",
        CreatePolicy { name: "long".into(), document: policy("a:b", &format!("arn:aws:s3:::{}", "x".repeat(6144))), ..CreatePolicy::default() } => "409 LimitExceeded: Cannot exceed quota for PolicySize: 6144",
        GetPolicy { arn: "arn:aws:iam::123456789012:policy/none".into() } => "404 NoSuchEntity: Policy arn:aws:iam::123456789012:policy/none was not found.",
        AttachPolicy::<Role>::new("task".into(), "arn:aws:iam::123456789012:policy/none".into()) => "404 NoSuchEntity: Policy arn:aws:iam::123456789012:policy/none does not exist or is not attachable.",
        AttachPolicy::<Role>::new("task".into(), "arn:aws:iam::aws:policy/ReadOnlyAccess".into()) => "greenroom does not simulate AWS's managed policy `arn:aws:iam::aws:policy/ReadOnlyAccess`",
        DetachPolicy::<User>::new("ann".into(), own.clone()) => format!("404 NoSuchEntity: Policy {own} was not found."),
        DeletePolicyVersion { arn: own.clone(), version: "v1".into() } => "409 DeleteConflict: Cannot delete the default version of a policy.",
        GetPolicyVersion { arn: own.clone(), version: "v2".into() } => format!("404 NoSuchEntity: Policy {own} version v2 does not exist or is not attachable."),
        DeletePermissionsBoundary::<User>::new("ann".into()) => "404 NoSuchEntity: ann user does not have a permissions boundary",
    }
}

#[test]
fn white_space_is_not_counted_against_quotas_but_all_inline_policies_are() {
    let mut trial = Trial::new();
    trial.done(user("ann"));
    let half = policy("a:b", &format!("arn:aws:s3:::{}", "x".repeat(900)));
    trial.done(user_policy("ann", "one", &half.replace(',', &format!(",{}", " ".repeat(5000)))));
    trial.done(user_policy("ann", "two", &half));
    assert_eq!(
        trial.refused(user_policy("ann", "three", &half)),
        "409 LimitExceeded: Maximum policy size of 2048 bytes exceeded for user ann"
    );
    trial.done(user_policy("ann", "two", &half));
}

#[test]
fn an_entity_goes_only_when_it_has_nothing_left() {
    let mut trial = Trial::new();
    let arn = trial.done(CreatePolicy { name: "p".into(), document: ALLOW_ALL.into(), ..CreatePolicy::default() }).arn;
    trial.done(user("ann"));
    trial.done(AttachPolicy::<User>::new("ann".into(), arn.clone()));
    trial.done(user_policy("ann", "inline", ALLOW_ALL));
    let key = trial.done(CreateAccessKey { user: Some("ann".into()) }).key;
    let delete = || DeleteUser { name: "ann".into() };

    assert_eq!(
        trial.refused(DeletePolicy { arn: arn.clone() }),
        "409 DeleteConflict: Cannot delete a policy attached to entities."
    );
    assert_eq!(trial.refused(delete()), "409 DeleteConflict: Cannot delete entity, must detach all policies first.");
    trial.done(DetachPolicy::<User>::new("ann".into(), arn.clone()));
    assert_eq!(trial.refused(delete()), "409 DeleteConflict: Cannot delete entity, must delete policies first.");
    trial.done(DeleteInlinePolicy::<User>::new("ann".into(), "inline".into()));
    assert_eq!(trial.refused(delete()), "409 DeleteConflict: Cannot delete entity, must delete access keys first.");
    trial.done(DeleteAccessKey { user: Some("ann".into()), id: key.id.clone() });
    trial.done(delete());
    trial.done(DeletePolicy { arn });
    assert_eq!(trial.world.credential(&key.id), None);
}

#[test]
fn a_user_has_two_access_keys_and_each_can_be_switched_off() {
    let mut trial = Trial::new();
    trial.done(user("ann"));
    let make = || CreateAccessKey { user: Some("ann".into()) };
    let first = trial.done(make()).key;
    trial.done(make());
    assert_eq!(trial.refused(make()), "409 LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2");

    let update =
        |status: &str| UpdateAccessKey { user: Some("ann".into()), id: first.id.clone(), status: status.into() };
    trial.done(update("Inactive"));
    assert!(!trial.world.credential(&first.id).expect("still there").active);
    let listed = trial.done(ListAccessKeys { user: Some("ann".into()), ..ListAccessKeys::default() });
    assert_eq!(listed.items.iter().filter(|key| key.active).count(), 1);
    trial.done(update("Active"));
    let credential = trial.world.credential(&first.id).expect("still there");
    assert!(credential.active);
    assert_eq!(credential.secret, first.secret);
    assert_eq!(credential.caller.arn.as_str(), "arn:aws:iam::123456789012:user/ann");

    let stranger = DeleteAccessKey { user: Some("ann".into()), id: "AKIANOBODY".into() };
    assert_eq!(trial.refused(stranger), "404 NoSuchEntity: The Access Key with id AKIANOBODY cannot be found.");
}

#[test]
fn the_root_users_key_is_made_once() {
    let mut trial = Trial::new();
    let key = trial.world.root_access_key();
    assert_eq!(trial.world.root_access_key(), key);
    let credential = trial.world.credential(&key.id).expect("made just now");
    assert_eq!(credential.caller.arn.as_str(), "arn:aws:iam::123456789012:root");
    assert_eq!(trial.world.credential("AKIANOBODY"), None);
}

#[test]
fn a_caller_without_a_name_means_himself() {
    let mut trial = Trial::new();
    let ann = caller(&mut trial, "ann", &policy("iam:*", "arn:aws:iam::123456789012:user/${aws:username}"));
    assert_eq!(trial.done_by(&ann, GetUser::default()).name, "ann");
    assert_eq!(trial.done_by(&ann, ListAccessKeys::default()).items.len(), 1);
    trial.done(user("bob"));
    assert_eq!(
        trial.refused_to(&ann, GetUser { name: Some("bob".into()) }),
        "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: iam:GetUser on resource: arn:aws:iam::123456789012:user/bob because no identity-based policy allows the iam:GetUser action"
    );
}

#[test]
fn denials_say_which_kind_of_policy_is_to_blame() {
    let mut trial = Trial::new();
    let ann = caller(&mut trial, "ann", ALLOW_ALL);
    let describe = DescribeRepositories::default;
    trial.done_by(&ann, describe());
    let denied = "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: ecr:DescribeRepositories on resource: arn:aws:ecr:eu-central-1:123456789012:repository/*";
    let ending = "the ecr:DescribeRepositories action";

    let bound = CreatePolicy { name: "bound".into(), document: policy("iam:*", "*"), ..CreatePolicy::default() };
    let bound = trial.done(bound).arn;
    trial.done(PutPermissionsBoundary::<User>::new("ann".into(), bound));
    assert_eq!(trial.refused_to(&ann, describe()), format!("{denied} because no permissions boundary allows {ending}"));

    let deny = policy("ecr:*", "*").replace("Allow", "Deny");
    trial.done(user_policy("ann", "deny", &deny));
    assert_eq!(
        trial.refused_to(&ann, describe()),
        format!("{denied} with an explicit deny in an identity-based policy")
    );

    trial.done(DeletePermissionsBoundary::<User>::new("ann".into()));
    trial.done(DeleteInlinePolicy::<User>::new("ann".into(), "deny".into()));
    trial.done_by(&ann, describe());
    trial.done(DeleteInlinePolicy::<User>::new("ann".into(), "inline".into()));
    assert_eq!(
        trial.refused_to(&ann, describe()),
        format!("{denied} because no identity-based policy allows {ending}")
    );
}

#[test]
fn a_decision_names_the_statement_that_made_it() {
    let mut trial = Trial::new();
    let ann = caller(&mut trial, "ann", ALLOW_ALL);
    let decision = trial.world.explain(&ann, &Access::new("ecs:RunTask", "*"));
    let decision::Decision::Allowed(statement) = decision else { panic!("{decision:?}") };
    assert_eq!(statement.to_string(), "statement `All` of policy `inline`");
    assert_eq!(trial.world.explain(&trial.world.root(), &Access::new("ecs:RunTask", "*")), decision::Decision::Root);
}

#[test]
fn attached_policies_count_with_their_default_version() {
    let mut trial = Trial::new();
    let ann = caller(&mut trial, "ann", &policy("sts:*", "*"));
    let arn = trial
        .done(CreatePolicy { name: "p".into(), document: policy("iam:ListUsers", "*"), ..CreatePolicy::default() })
        .arn;
    trial.done(AttachPolicy::<User>::new("ann".into(), arn.clone()));
    trial.done_by(&ann, ListUsers::default());

    let version =
        CreatePolicyVersion { arn: arn.clone(), document: policy("iam:ListRoles", "*"), set_as_default: true };
    assert_eq!(trial.done(version.clone()).id, "v2");
    trial.refused_to(&ann, ListUsers::default());
    trial.done_by(&ann, ListRoles::default());
    trial.done(SetDefaultPolicyVersion { arn: arn.clone(), version: "v1".into() });
    trial.done_by(&ann, ListUsers::default());

    for _ in 0..3 {
        trial.done(version.clone());
    }
    assert_eq!(
        trial.refused(version),
        "409 LimitExceeded: A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."
    );
    trial.done(DeletePolicyVersion { arn: arn.clone(), version: "v1".into() });
    let listed = trial.done(ListPolicyVersions { arn, marker: None, max_items: None });
    let ids: Vec<&str> = listed.items.iter().map(|version| version.id.as_str()).collect();
    assert_eq!(ids, ["v2", "v3", "v4", "v5"]);
}

#[test]
fn tags_are_conditions_of_requests_resources_and_principals() {
    let statement = |condition: &str| {
        ALLOW_ALL.replace(r#""Resource":"*""#, &format!(r#""Resource":"*","Condition":{{{condition}}}"#))
    };
    let tagged = |name: &str, team: &str| CreateUser { tags: vec![("team".into(), team.into())], ..user(name) };
    for (condition, allowed, denied) in [
        (r#""StringEquals":{"aws:RequestTag/team":"news"}"#, "news", "ads"),
        (r#""StringEquals":{"iam:ResourceTag/team":"news"}"#, "news", "ads"),
        (r#""StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"}"#, "ann", "ads"),
    ] {
        let mut trial = Trial::new();
        let ann = caller(&mut trial, "ann", &statement(condition));
        trial.done(TagEntity::<User>::new("ann".into(), vec![("team".into(), "ann".into())]));
        if condition.contains("RequestTag") {
            trial.done_by(&ann, tagged("bob", allowed));
            trial.refused_to(&ann, tagged("eve", denied));
            trial.refused_to(&ann, user("dan"));
        } else {
            trial.done(tagged("bob", allowed));
            trial.done(tagged("eve", denied));
            trial.done_by(&ann, GetUser { name: Some("bob".into()) });
            trial.refused_to(&ann, GetUser { name: Some("eve".into()) });
        }
    }
}

#[test]
fn tagging_at_creation_is_a_permission_of_its_own() {
    let mut trial = Trial::new();
    let ann = caller(&mut trial, "ann", &policy("logs:CreateLogGroup", "*"));
    trial.done_by(&ann, CreateLogGroup { group: "/a".into(), ..CreateLogGroup::default() });
    let tags = [("k".to_owned(), "v".to_owned())].into();
    let refusal = trial.refused_to(&ann, CreateLogGroup { group: "/b".into(), tags });
    assert!(refusal.contains(
        "perform: logs:TagResource on resource: arn:aws:logs:eu-central-1:123456789012:log-group:/b because"
    ));
}

#[test]
fn a_repositorys_policy_takes_part_in_decisions_about_it() {
    let mut trial = Trial::new();
    let ann = caller(&mut trial, "ann", &policy("sts:*", "*"));
    trial.done(CreateRepository { repository: "news".into(), ..CreateRepository::default() });
    let describe = || DescribeRepositories { repositories: vec!["news".into()], ..DescribeRepositories::default() };
    trial.refused_to(&ann, describe());
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/ann"},"Action":"ecr:DescribeRepositories"}]}"#;
    trial.done(SetRepositoryPolicy { repository: "news".into(), policy: policy.into() });
    trial.done_by(&ann, describe());
    trial.done(SetRepositoryPolicy { repository: "news".into(), policy: policy.replace("Allow", "Deny") });
    trial.done(user_policy("ann", "all", ALLOW_ALL));
    assert!(trial.refused_to(&ann, describe()).ends_with("with an explicit deny in a resource-based policy"));
}

#[test]
fn a_service_assumes_only_roles_that_trust_it() {
    let mut trial = Trial::new();
    let arn = trial.done(role("task")).entity.arn;
    let session = trial.world.assume_for_service(arn.as_str(), "ecs-tasks.amazonaws.com", "t1").expect("trusted");
    assert_eq!(session.arn.as_str(), "arn:aws:sts::123456789012:assumed-role/task/t1");
    for (role, service) in [
        (arn.as_str(), "ecs.amazonaws.com"),
        ("arn:aws:iam::123456789012:role/none", "ecs-tasks.amazonaws.com"),
        ("arn:aws:iam::123456789012:role/ci/task", "ecs-tasks.amazonaws.com"),
    ] {
        assert!(trial.world.assume_for_service(role, service, "t2").is_err(), "{role} {service}");
    }

    let group = || CreateLogGroup { group: "/a".into(), ..CreateLogGroup::default() };
    assert!(
        trial
            .refused_to(&session, group())
            .starts_with("User: arn:aws:sts::123456789012:assumed-role/task/t1 is not authorized")
    );
    trial.done(PutInlinePolicy::<Role>::new("task".into(), "logs".into(), policy("logs:*", "*")));
    trial.done_by(&session, group());

    let elsewhere =
        ECS_TASKS.replace("}]}", r#","Condition":{"StringEquals":{"aws:SourceAccount":"210987654321"}}}]}"#);
    trial.done(UpdateAssumeRolePolicy { name: "task".into(), trust_policy: elsewhere.clone() });
    assert!(trial.world.assume_for_service(arn.as_str(), "ecs-tasks.amazonaws.com", "t3").is_err());
    let here = elsewhere.replace("210987654321", "123456789012");
    trial.done(UpdateAssumeRolePolicy { name: "task".into(), trust_policy: here });
    assert!(trial.world.assume_for_service(arn.as_str(), "ecs-tasks.amazonaws.com", "t4").is_ok());
}

#[test]
fn service_linked_roles_are_made_once_and_changed_by_nobody() {
    let mut trial = Trial::new();
    let make = || CreateServiceLinkedRole { service: "ecs.amazonaws.com".into(), description: None };
    let made = trial.done(make()).entity;
    assert_eq!(
        made.arn.as_str(),
        "arn:aws:iam::123456789012:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    );
    assert_eq!(
        trial.refused(make()),
        "400 InvalidInput: Service role name AWSServiceRoleForECS has been taken in this account, please try a different suffix."
    );
    assert_eq!(
        trial.refused(DeleteRole { name: made.name }),
        "400 UnmodifiableEntity: Cannot perform the operation on the protected role 'AWSServiceRoleForECS' - this role is only modifiable by AWS"
    );
}

#[test]
fn listings_come_in_pages() {
    let mut trial = Trial::new();
    for name in ["a", "b", "c"] {
        trial.done(user(name));
    }
    let page = |marker| ListUsers { marker, max_items: Some(2), ..ListUsers::default() };
    let first = trial.done(page(None));
    assert_eq!(first.items.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let second = trial.done(page(first.next));
    assert_eq!(second.items.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["c"]);
    assert_eq!(second.next, None);
    assert_eq!(trial.refused(page(Some("no token".into()))), "400 ValidationError: Invalid Marker.");
}

#[test]
fn nothing_secret_is_printed() {
    let mut trial = Trial::new();
    let root = trial.world.root_access_key();
    trial.done(user("ann"));
    let made = trial.done(CreateAccessKey { user: Some("ann".into()) });
    trial.done(role("admin"));
    let trust =
        ECS_TASKS.replace(r#""Service":"ecs-tasks.amazonaws.com""#, r#""AWS":"arn:aws:iam::123456789012:user/ann""#);
    trial.done(UpdateAssumeRolePolicy { name: "admin".into(), trust_policy: trust });
    let ann = trial.world.credential(&made.key.id).expect("made just now").caller;
    let assume = AssumeRole {
        role_arn: "arn:aws:iam::123456789012:role/admin".into(),
        session_name: "s1".into(),
        ..AssumeRole::default()
    };
    let session = trial.done_by(&ann, assume);
    let token = trial.done(GetAuthorizationToken {});
    let create =
        CreateSecret { name: "db".into(), value: Some(Value::new("hunter2hunter2")), ..CreateSecret::default() };
    let request = format!("{create:?}");
    trial.done(create);
    let value = trial.done(crate::secrets::GetSecretValue { secret_id: "db".into(), ..Default::default() });
    let credential = trial.world.credential(&session.credentials.access_key_id);

    let printed =
        format!("{:?} {request} {root:?} {made:?} {session:?} {token:?} {value:?} {credential:?}", trial.world);
    let secrets = [
        root.secret,
        made.key.secret,
        session.credentials.secret_access_key,
        session.credentials.session_token,
        token.password,
        value.value.text().expect("a text").to_owned(),
    ];
    for secret in secrets {
        assert!(!printed.contains(&secret), "a secret of {} characters is printed", secret.len());
    }
}

#[test]
fn registry_tokens_stand_for_whoever_asked_for_twelve_hours() {
    let mut trial = Trial::new();
    let ann = caller(&mut trial, "ann", &policy("ecr:GetAuthorizationToken", "*"));
    let token = trial.done_by(&ann, GetAuthorizationToken {});
    assert_eq!(token.proxy_endpoint, "https://123456789012.dkr.ecr.eu-central-1.amazonaws.com");
    let in_registry = trial.world.registry_caller(&token.password).expect("handed out just now");
    assert_eq!(in_registry, ann);
    assert!(trial.refused_to(&in_registry, PutImage { repository: "news".into(), ..PutImage::default() }).contains(
        "perform: ecr:PutImage on resource: arn:aws:ecr:eu-central-1:123456789012:repository/news because no identity-based policy allows the ecr:PutImage action"
    ));
    let refused =
        |trial: &Trial, password: &str| trial.world.registry_caller(password).expect_err("refused").to_string();
    assert_eq!(refused(&trial, "guessed"), "UNAUTHORIZED: Not Authorized");
    trial.wait(Duration::from_secs(12 * 3600));
    assert_eq!(
        refused(&trial, &token.password),
        "DENIED: Your authorization token has expired. Reauthenticate and try again."
    );
}
