//! Who may do what: the keys that calls carry, and policies of secrets.

use super::*;
use crate::iam::{CreateAccessKey, CreateUser, PutInlinePolicy, User};
use crate::operation::{Caller, Operation};

const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-AbCdEf";

/// An account with the secret `db`, and its user `ann`, who may do what `statement` says.
fn with_user(statement: &str) -> (Trial, Caller) {
    let mut trial = Trial::new();
    trial.done(CreateSecret { suffix: Some("AbCdEf".into()), ..create("db", "v") });
    trial.done(CreateUser { name: "ann".into(), ..Default::default() });
    let statements = if statement.is_empty() { r#"{"Effect":"Deny","Action":"*","Resource":"*"}"# } else { statement };
    let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    trial.done(PutInlinePolicy::<User>::new("ann".into(), "inline".into(), document));
    let key = trial.done(CreateAccessKey { user: Some("ann".into()) }).key;
    let caller = trial.world.credential(&key.id).expect("made just now").caller;
    (trial, caller)
}

fn resource_policy(effect: &str, principal: &str, action: &str) -> PutResourcePolicy {
    let statement = format!(r#"{{"Effect":"{effect}","Principal":{principal},"Action":"{action}","Resource":"*"}}"#);
    let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    PutResourcePolicy { secret_id: "db".into(), policy, block_public: false }
}

#[test]
fn calls_carry_the_keys_that_policies_ask_for() {
    let (trial, _) = with_user("");
    let key = |accesses: Vec<Access>, key: &str| accesses[0].context[key].clone();
    let world = &trial.world;
    let delete = DeleteSecret { secret_id: "db".into(), recovery_days: Some(7), force: false };
    let accesses = delete.accesses(world).expect("accesses");
    assert_eq!(accesses[0].resource, ARN);
    assert_eq!(key(accesses.clone(), "secretsmanager:RecoveryWindowInDays"), ["7"]);
    assert_eq!(key(accesses, "secretsmanager:ForceDeleteWithoutRecovery"), ["false"]);
    let stage = UpdateSecretVersionStage { secret_id: "db".into(), stage: "x".into(), ..Default::default() };
    assert_eq!(key(stage.accesses(world).expect("accesses"), "secretsmanager:VersionStage"), ["x"]);
    let put = PutResourcePolicy { block_public: true, ..resource_policy("Allow", r#""*""#, "*") };
    assert_eq!(key(put.accesses(world).expect("accesses"), "secretsmanager:BlockPublicPolicy"), ["true"]);
    let create = CreateSecret { description: Some("d".into()), ..create("x", "v") };
    assert_eq!(key(create.accesses(world).expect("accesses"), "secretsmanager:Description"), ["d"]);
    let update = UpdateSecret { description: Some("d".into()), ..update("db") };
    assert_eq!(key(update.accesses(world).expect("accesses"), "secretsmanager:Description"), ["d"]);
}

#[test]
fn a_batch_names_the_secrets_that_may_not_be_read() {
    let statement = r#"{"Effect":"Allow","Action":"secretsmanager:BatchGetSecretValue","Resource":"*"},
        {"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:*:*:secret:db-??????"}"#;
    let (mut trial, ann) = with_user(statement);
    trial.done(create("other", "w"));
    let batch = BatchGetSecretValue { secret_ids: vec!["db".into(), "other".into()], ..Default::default() };
    let read = trial.done_by(&ann, batch);
    assert_eq!((read.values.len(), read.errors[0].code), (1, "AccessDeniedException"));
    assert!(
        read.errors[0].message.contains("perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:")
    );
    let filters = vec![SecretFilter { key: "name".into(), values: vec!["db".into()] }];
    let refused = trial.refused_to(&ann, BatchGetSecretValue { filters, ..Default::default() });
    assert_eq!(
        refused,
        "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: secretsmanager:ListSecrets because no identity-based policy allows the secretsmanager:ListSecrets action"
    );
}

#[test]
fn the_policy_of_a_secret_lets_in_and_keeps_out() {
    let (mut trial, ann) = with_user(r#"{"Effect":"Allow","Action":"secretsmanager:DescribeSecret","Resource":"*"}"#);
    let user = r#"{"AWS":"arn:aws:iam::123456789012:user/ann"}"#;
    assert!(trial.refused_to(&ann, get("db")).contains("because no identity-based policy allows"));
    trial.done(resource_policy("Allow", user, "secretsmanager:GetSecretValue"));
    trial.done_by(&ann, get("db"));
    trial.done(resource_policy("Deny", user, "secretsmanager:DescribeSecret"));
    assert!(trial.refused_to(&ann, describe("db")).ends_with("with an explicit deny in a resource-based policy"));
    let read = |trial: &mut Trial| trial.done(GetResourcePolicy { secret_id: "db".into() }).1;
    assert!(read(&mut trial).is_some_and(|policy| policy.contains("Deny")));
    trial.done(DeleteResourcePolicy { secret_id: "db".into() });
    trial.done_by(&ann, describe("db"));
    assert_eq!(read(&mut trial), None);
    trial.done(DeleteResourcePolicy { secret_id: "db".into() });
}

#[test]
fn policies_of_secrets_are_refused_in_awss_words() {
    let (mut trial, _) = with_user("");
    let block = |operation| PutResourcePolicy { block_public: true, ..operation };
    let conditional = {
        let open = resource_policy("Allow", r#""*""#, "*");
        let condition = r#","Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}]"#;
        PutResourcePolicy { policy: open.policy.replace("}]", condition), ..open }
    };
    for (operation, refused) in [
        (
            resource_policy("AllowSomething", r#""*""#, "*"),
            "400 MalformedPolicyDocumentException: This resource policy contains a syntax error.",
        ),
        (
            resource_policy("Allow", r#"{"AWS":"arn:aws:iam::123456789012:user/bob"}"#, "*"),
            "400 MalformedPolicyDocumentException: This resource policy contains an unsupported principal.",
        ),
        (
            block(resource_policy("Allow", r#""*""#, "*")),
            "400 PublicPolicyException: You can't attach a resource-based policy that allows broad access to the secret.",
        ),
        (
            block(conditional.clone()),
            "greenroom does not simulate `BlockPublicPolicy` of a policy whose statements for everybody have conditions",
        ),
    ] {
        assert_eq!(trial.refused(operation), refused);
    }
    trial.done(conditional);
    trial.done(block(resource_policy("Deny", r#""*""#, "*")));
}
