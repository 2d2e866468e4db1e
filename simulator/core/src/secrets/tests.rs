//! Secrets Manager: the ways to name a secret, repeated requests, deletion, tags and refusals.

mod access;
mod listing;
mod versions;

use std::time::Duration;

use super::*;
use crate::trial::Trial;

fn create(name: &str, value: &str) -> CreateSecret {
    CreateSecret { name: name.into(), value: Some(Value::new(value)), ..CreateSecret::default() }
}

fn get(id: &str) -> GetSecretValue {
    GetSecretValue { secret_id: id.into(), ..GetSecretValue::default() }
}

/// The text of the value that `request` reads.
fn text(trial: &mut Trial, request: GetSecretValue) -> String {
    trial.done(request).value.text().expect("a text").to_owned()
}

fn put(id: &str, value: &str) -> PutSecretValue {
    PutSecretValue { secret_id: id.into(), value: Value::new(value), token: None, stages: Vec::new() }
}

fn update(id: &str) -> UpdateSecret {
    UpdateSecret { secret_id: id.into(), ..UpdateSecret::default() }
}

fn describe(id: &str) -> DescribeSecret {
    DescribeSecret { secret_id: id.into() }
}

#[test]
fn a_secret_is_found_by_name_and_by_arn_with_or_without_suffix() {
    let mut trial = Trial::new();
    let made = trial.done(CreateSecret { suffix: Some("AbCdEf".into()), ..create("news-api/database-url", "v") });
    let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:news-api/database-url";
    assert_eq!(made.arn.as_str(), format!("{arn}-AbCdEf"));
    for id in ["news-api/database-url", arn, &format!("{arn}-AbCdEf"), &format!("{arn}-??????")] {
        assert_eq!(trial.done(get(id)).name, "news-api/database-url", "{id}");
    }
    // What ends as a suffix does is no name without one.
    trial.done(create("Name-a1b2c3", "v"));
    for id in [
        "database-url",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:Name-a1b2c3",
        &format!("{arn}-Ghijkl"),
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:news-api/database-url",
    ] {
        assert_eq!(
            trial.refused(get(id)),
            "400 ResourceNotFoundException: Secrets Manager can't find the specified secret.",
            "{id}"
        );
    }
}

#[test]
fn a_suffix_is_drawn_where_none_is_given() {
    let mut trial = Trial::new();
    let one = trial.done(create("one", "v")).arn;
    let other = trial.done(create("other", "v")).arn;
    let suffix = |arn: &Arn| arn.as_str().rsplit('-').next().unwrap_or_default().to_owned();
    assert_eq!(suffix(&one).len(), 6);
    assert_ne!(suffix(&one), suffix(&other));
}

#[test]
fn a_repeated_request_is_answered_as_the_first_time() {
    let mut trial = Trial::new();
    let token = || Some("t".repeat(32));
    let request = |value: &str| CreateSecret { token: token(), ..create("db", value) };
    assert_eq!(trial.done(request("one")), trial.done(request("one")));
    let exists = "400 ResourceExistsException: The operation failed because the secret db already exists.";
    assert_eq!(trial.refused(create("db", "one")), exists);
    let in_use = format!("400 ResourceExistsException: You can't use ClientRequestToken {} because", "t".repeat(32));
    for refused in [
        trial.refused(request("two")),
        trial.refused(PutSecretValue { token: token(), ..put("db", "other") }),
        trial.refused(UpdateSecret { token: token(), value: Some(Value::new("one")), ..update("db") }),
    ] {
        assert!(refused.starts_with(&in_use), "{refused}");
    }
    trial.done(put("db", "two"));
    let again = trial.done(PutSecretValue { token: token(), ..put("db", "one") });
    assert_eq!(again.stages, ["AWSPREVIOUS".to_owned()].into(), "the same again does nothing");
    let short = CreateSecret { token: Some("t".into()), ..create("x", "v") };
    assert_eq!(
        trial.refused(short),
        "400 InvalidParameterException: ClientRequestToken must be 32-64 characters long."
    );
}

#[test]
fn a_deleted_secret_can_be_restored_but_not_read() {
    let mut trial = Trial::new();
    trial.done(create("db", "v"));
    let delete = |recovery_days, force| DeleteSecret { secret_id: "db".into(), recovery_days, force };
    assert!(trial.refused(delete(Some(6), false)).contains("between 7 and 30 days (inclusive)"));
    assert!(trial.refused(delete(Some(7), true)).contains("in conjunction with RecoveryWindowInDays"));
    trial.done(delete(Some(7), false));
    let marked = "400 InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion.";
    for refused in [
        trial.refused(get("db")),
        trial.refused(put("db", "w")),
        trial.refused(update("db")),
        trial.refused(TagResource { secret_id: "db".into(), tags: BTreeMap::new() }),
        trial.refused(UntagResource { secret_id: "db".into(), keys: Vec::new() }),
        trial.refused(GetResourcePolicy { secret_id: "db".into() }),
        trial.refused(UpdateSecretVersionStage { secret_id: "db".into(), stage: "x".into(), ..Default::default() }),
    ] {
        assert_eq!(refused, marked);
    }
    assert!(trial.refused(delete(None, false)).contains("it was already scheduled for deletion."));
    assert!(trial.refused(create("db", "v")).contains("already scheduled for deletion"));
    assert_eq!(trial.done(ListSecrets::default()).items, []);
    assert_eq!(trial.done(describe("db")).deleted, Some(trial.now));
    trial.done(RestoreSecret { secret_id: "db".into() });
    assert_eq!(text(&mut trial, get("db")), "v");
    trial.done(delete(None, true));
    trial.done(delete(None, true));
    trial.done(create("db", "w"));
}

#[test]
fn a_deleted_secret_is_gone_when_its_time_of_grace_is_over() {
    let mut trial = Trial::new();
    let first = trial.done(create("db", "v")).arn;
    trial.done(DeleteSecret { secret_id: "db".into(), recovery_days: Some(7), force: false });
    trial.wait(Duration::from_secs(7 * 86_400 - 1));
    trial.done(describe("db"));
    trial.wait(Duration::from_secs(1));
    assert!(trial.refused(describe("db")).starts_with("400 ResourceNotFoundException"));
    assert!(trial.refused(RestoreSecret { secret_id: "db".into() }).starts_with("400 ResourceNotFoundException"));
    assert_eq!(trial.done(ListSecrets { with_deleted: true, ..Default::default() }).items, []);
    assert_ne!(trial.done(create("db", "w")).arn, first);
}

#[test]
fn requests_are_refused_in_awss_words_and_never_repeat_a_value() {
    let mut trial = Trial::new();
    let invalid = "400 ValidationException: Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";
    for refused in [
        trial.refused(create("a b", "v")),
        trial.refused(get("a b")),
        trial.refused(describe("a*")),
        trial.refused(DeleteSecret { secret_id: "a b".into(), recovery_days: None, force: true }),
    ] {
        assert_eq!(refused, invalid);
    }
    let long = "v".repeat(65_537);
    for value in [Value::new(&long), Value::new("")] {
        let refusal = trial.refused(CreateSecret { value: Some(value), ..create("db", "") });
        assert_eq!(refusal, "400 InvalidParameterException: SecretString must have between 1 and 65536 bytes.");
    }
    // 65,536 bytes, and one more.
    for (base64, fits) in [("A".repeat(87_380) + "AA==", true), ("A".repeat(87_384), false)] {
        let value = Some(Value::Binary(crate::iam::Secret::new(base64)));
        let root = trial.world.root();
        let made = trial.world.call(trial.now, &root, CreateSecret { value, ..create("bytes", "") });
        assert_eq!(made.is_ok(), fits);
        trial.done(DeleteSecret { secret_id: "bytes".into(), recovery_days: None, force: true });
    }
    let description = || Some("d".repeat(2049));
    assert!(trial.refused(CreateSecret { description: description(), ..create("db", "v") }).contains("2048"));
    assert_eq!(
        trial.refused(CreateSecret { kms_key: Some("alias/mine".into()), ..create("db", "v") }),
        "greenroom does not simulate the KMS key `alias/mine` of a secret"
    );
    trial.done(CreateSecret { kms_key: Some("alias/aws/secretsmanager".into()), ..create("db", "v") });
}

#[test]
fn tags_of_secrets_come_and_go() {
    let mut trial = Trial::new();
    let arn = trial.done(create("news-api/db-url", "v")).arn;
    trial.done(create("db", "v"));
    let tags: BTreeMap<String, String> = [("a".to_owned(), "1".to_owned())].into();
    assert_eq!(trial.done(describe("db")).tags, None);
    trial.done(TagResource { secret_id: arn.as_str().into(), tags: tags.clone() });
    assert_eq!(trial.world.secrets.tags(arn.as_str()), Some(&tags));
    trial.done(TagResource { secret_id: "db".into(), tags: tags.clone() });
    assert_eq!(trial.done(describe("db")).tags, Some(tags));
    trial.done(UntagResource { secret_id: "db".into(), keys: vec!["a".into()] });
    assert_eq!(trial.done(describe("db")).tags, Some(BTreeMap::new()));
    let many = |count: usize| (0..count).map(|number| (number.to_string(), String::new())).collect();
    assert!(
        trial.refused(TagResource { secret_id: "db".into(), tags: many(51) }).contains("maximum number of 50 tags")
    );
    for tags in [[("aws:x".to_owned(), String::new())], [("k".to_owned(), "v".repeat(257))]] {
        let refusal = trial.refused(TagResource { secret_id: "db".into(), tags: tags.into() });
        assert!(refusal.starts_with("400 InvalidParameterException: The tag key"), "{refusal}");
    }
}
