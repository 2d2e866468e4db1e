//! STS's rows, called as the wire calls them.

use serde_json::{Value, json};
use simulator_core::Caller;
use simulator_core::ec2::DescribeVpcs;
use simulator_core::iam::{CreateAccessKey, CreateRole, CreateUser};

use super::service;
use crate::service::Protocol;
use crate::service::trial::{NOW, Trial};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/ann"},"Action":"sts:AssumeRole"}]}"#;

/// The user `ann`, whom the role `deploy` trusts.
fn ann(trial: &mut Trial) -> Caller {
    let root = trial.world.root();
    let world = &mut trial.world;
    let user = CreateUser { name: "ann".to_owned(), ..CreateUser::default() };
    world.call(NOW, &root, user).expect("a new name");
    let key = world.call(NOW, &root, CreateAccessKey { user: Some("ann".to_owned()) }).expect("the first key").key;
    let role = CreateRole { name: "deploy".to_owned(), trust_policy: TRUST.to_owned(), ..CreateRole::default() };
    world.call(NOW, &root, role).expect("a new name");
    world.credential(&key.id).expect("made just now").caller
}

#[test]
fn a_role_is_assumed_for_a_time() {
    let mut trial = Trial::new(service());
    let ann = ann(&mut trial);
    let service = service();
    let row = service.operations.iter().find(|row| row.name == "AssumeRole").expect("the operation has a row");
    let request = json!({
        "RoleArn": "arn:aws:iam::123456789012:role/deploy", "RoleSessionName": "ci", "DurationSeconds": "900",
    });
    let answer = Value::from(row.handle(&mut trial.world, NOW, &ann, request).expect("trusted"));
    let credentials = &answer["Credentials"];
    assert_eq!(credentials["Expiration"], "2027-01-15T08:15:00.250Z");
    assert_eq!(answer["AssumedRoleUser"]["Arn"], "arn:aws:sts::123456789012:assumed-role/deploy/ci");
    let id = credentials["AccessKeyId"].as_str().expect("a text");
    let credential = trial.world.credential(id).expect("made just now");
    assert_eq!(Some(credential.secret.as_str()), credentials["SecretAccessKey"].as_str());
    assert_eq!(credential.session_token.as_deref(), credentials["SessionToken"].as_str());
}

#[test]
fn everybody_is_told_who_he_is() {
    let mut trial = Trial::new(service());
    assert_eq!(
        trial.answered("GetCallerIdentity", json!({})),
        json!({"UserId": "123456789012", "Account": "123456789012", "Arn": "arn:aws:iam::123456789012:root"})
    );
}

/// EC2's denial carries what STS decodes.
#[test]
fn an_encoded_denial_says_what_was_asked() {
    let mut trial = Trial::new(service());
    let ann = ann(&mut trial);
    let refusal = trial.world.call(NOW, &ann, DescribeVpcs::default()).expect_err("she may do nothing");
    let answer = Protocol::Ec2Query { namespace: "" }.refuse(&refusal, "id");
    let text = String::from_utf8(answer.body).expect("XML is text");
    let (_, rest) = text.split_once("Encoded authorization failure message: ").expect("a denial is encoded");
    let encoded = rest.split('<').next().expect("splitting yields a part");
    let answer = trial.answered("DecodeAuthorizationMessage", json!({"EncodedMessage": encoded}));
    let message = answer["DecodedMessage"].as_str().expect("a text");
    let message: Value = serde_json::from_str(message).expect("JSON");
    assert_eq!((&message["allowed"], &message["explicitDeny"]), (&json!(false), &json!(false)));
    let context = &message["context"];
    assert_eq!((&context["action"], &context["resource"]), (&json!("ec2:DescribeVpcs"), &json!("*")));
    assert_eq!(context["principal"]["arn"], "arn:aws:iam::123456789012:user/ann");
    assert!(context["principal"]["id"].as_str().is_some_and(|id| id.starts_with("AIDA")), "{context}");

    let tampered: String = encoded.chars().rev().collect();
    for wrong in ["nonsense", "", &tampered] {
        let refused = trial.refused("DecodeAuthorizationMessage", json!({"EncodedMessage": wrong}));
        assert!(refused.starts_with("InvalidAuthorizationMessageException: "), "{refused}");
    }
}

#[test]
fn a_user_takes_temporary_credentials() {
    let mut trial = Trial::new(service());
    let answer = trial.answered("GetSessionToken", json!({"DurationSeconds": "900"}));
    assert_eq!(answer["Credentials"]["Expiration"], "2027-01-15T08:15:00.250Z");
    let id = answer["Credentials"]["AccessKeyId"].clone();
    assert_eq!(trial.answered("GetAccessKeyInfo", json!({"AccessKeyId": id})), json!({"Account": "123456789012"}));
}
