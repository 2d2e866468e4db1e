//! Secrets Manager: versions, labels, the ways to name a secret, and refusals.

use super::*;
use crate::trial::Trial;

fn create(name: &str, value: &str) -> CreateSecret {
    CreateSecret { name: name.into(), value: Some(Value::new(value)), ..CreateSecret::default() }
}

fn get(id: &str) -> GetSecretValue {
    GetSecretValue { secret_id: id.into(), ..GetSecretValue::default() }
}

fn put(id: &str, value: &str) -> PutSecretValue {
    PutSecretValue { secret_id: id.into(), value: Value::new(value), token: None, stages: Vec::new() }
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
    for id in [
        "database-url",
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
fn the_current_version_becomes_the_previous_one() {
    let mut trial = Trial::new();
    let first = trial.done(create("db", "one")).version_id.expect("it has a value");
    trial.done(put("db", "two"));
    let staged = |stage: &str| GetSecretValue { version_stage: Some(stage.into()), ..get("db") };
    assert_eq!(trial.done(get("db")).secret_string, "two");
    assert_eq!(trial.done(staged("AWSPREVIOUS")).secret_string, "one");
    let by_id = GetSecretValue { version_id: Some(first), ..get("db") };
    assert_eq!(trial.done(by_id.clone()).secret_string, "one");
    trial.done(put("db", "three"));
    assert_eq!(trial.done(staged("AWSPREVIOUS")).secret_string, "two");
    assert_eq!(trial.done(by_id).stages.len(), 0, "the oldest has no label left");
    let pending = PutSecretValue { stages: vec!["AWSPENDING".into()], ..put("db", "four") };
    trial.done(pending);
    assert_eq!(trial.done(get("db")).secret_string, "three");
    assert_eq!(trial.done(DescribeSecret { secret_id: "db".into() }).versions.len(), 3);
    assert_eq!(
        trial.refused(staged("mine")),
        "400 ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: mine"
    );
}

#[test]
fn a_repeated_request_is_answered_as_the_first_time() {
    let mut trial = Trial::new();
    let token = || Some("t".repeat(32));
    let request = |value: &str| CreateSecret { token: token(), ..create("db", value) };
    assert_eq!(trial.done(request("one")), trial.done(request("one")));
    let exists = "400 ResourceExistsException: The operation failed because the secret db already exists.";
    assert_eq!(trial.refused(request("two")), exists);
    assert_eq!(trial.refused(create("db", "one")), exists);
    let again = PutSecretValue { token: token(), ..put("db", "other") };
    assert!(trial.refused(again).starts_with("400 ResourceExistsException: You can't use ClientRequestToken"));
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
    assert_eq!(
        trial.refused(get("db")),
        "400 InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion."
    );
    assert!(trial.refused(create("db", "v")).contains("already scheduled for deletion"));
    assert_eq!(trial.done(ListSecrets::default()).items, []);
    trial.done(RestoreSecret { secret_id: "db".into() });
    assert_eq!(trial.done(get("db")).secret_string, "v");
    trial.done(delete(None, true));
    trial.done(create("db", "w"));
}

#[test]
fn requests_are_refused_in_awss_words_and_never_repeat_a_value() {
    let mut trial = Trial::new();
    assert_eq!(
        trial.refused(create("a b", "v")),
        "400 InvalidParameterException: Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
    );
    let long = "v".repeat(65_537);
    let refusal = trial.refused(create("db", &long));
    assert_eq!(refusal, "400 InvalidParameterException: SecretString must have between 1 and 65536 bytes.");
}

#[test]
fn tags_of_secrets_come_and_go() {
    let mut trial = Trial::new();
    let arn = trial.done(create("news-api/db-url", "v")).arn;
    trial.done(create("db", "v"));
    let tags: BTreeMap<String, String> = [("a".to_owned(), "1".to_owned())].into();
    trial.done(TagResource { secret_id: arn.as_str().into(), tags: tags.clone() });
    assert_eq!(trial.world.secrets.tags(arn.as_str()), Some(&tags));
    trial.done(TagResource { secret_id: "db".into(), tags: tags.clone() });
    assert_eq!(trial.done(DescribeSecret { secret_id: "db".into() }).tags, tags);
    trial.done(UntagResource { secret_id: "db".into(), keys: vec!["a".into()] });
    assert_eq!(trial.done(DescribeSecret { secret_id: "db".into() }).tags, BTreeMap::new());
}
