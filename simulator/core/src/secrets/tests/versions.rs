//! Which version has which label. The sequences are those that LocalStack's tests recorded from AWS.

use super::*;

fn staged(id: &str, stage: &str) -> GetSecretValue {
    GetSecretValue { version_stage: Some(stage.into()), ..get(id) }
}

/// Puts `value` with `stages` as the version called by `value` 32 times.
fn add(trial: &mut Trial, value: char, stages: &[&str]) {
    let stages = stages.iter().map(|&stage| stage.to_owned()).collect();
    let token = Some(value.to_string().repeat(32));
    trial.done(PutSecretValue { stages, token, ..put("db", &value.to_string()) });
}

/// `stage` goes from the version `from` to the version `to`.
fn shift(stage: &str, from: Option<char>, to: Option<char>) -> UpdateSecretVersionStage {
    let id = |version: Option<char>| version.map(|version| version.to_string().repeat(32));
    UpdateSecretVersionStage { secret_id: "db".into(), stage: stage.into(), remove_from: id(from), move_to: id(to) }
}

/// The versions that have labels, as `1:AWSCURRENT+x 2:…`.
fn labels(trial: &mut Trial) -> String {
    let versions = trial.done(describe("db")).versions;
    let written = versions
        .iter()
        .map(|(id, stages)| format!("{}:{}", &id[..1], stages.iter().cloned().collect::<Vec<_>>().join("+")));
    written.collect::<Vec<_>>().join(" ")
}

/// An account with the secret `db`, whose first version is `1`.
fn with_secret() -> Trial {
    let mut trial = Trial::new();
    trial.done(CreateSecret { token: Some("1".repeat(32)), ..create("db", "1") });
    trial
}

#[test]
fn the_current_version_becomes_the_previous_one() {
    let mut trial = with_secret();
    add(&mut trial, '2', &[]);
    assert_eq!(text(&mut trial, get("db")), "2");
    assert_eq!(text(&mut trial, staged("db", "AWSPREVIOUS")), "1");
    add(&mut trial, '3', &[]);
    assert_eq!(labels(&mut trial), "2:AWSPREVIOUS 3:AWSCURRENT");
    let first = |stage: Option<&str>| GetSecretValue {
        version_id: Some("1".repeat(32)),
        version_stage: stage.map(str::to_owned),
        ..get("db")
    };
    assert_eq!(text(&mut trial, first(None)), "1");
    for (request, refused) in [
        (
            first(Some("AWSCURRENT")),
            "InvalidRequestException: You provided a VersionStage that is not associated to the provided VersionId.",
        ),
        (
            staged("db", "mine"),
            "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: mine",
        ),
        (
            GetSecretValue { version_id: Some("9".repeat(32)), ..get("db") },
            "ResourceNotFoundException: Secrets Manager can't find the specified secret value for VersionId: 99999999999999999999999999999999",
        ),
    ] {
        assert_eq!(trial.refused(request), format!("400 {refused}"));
    }
}

#[test]
fn a_pending_version_becomes_the_current_one_and_is_pending_no_more_when_it_is_replaced() {
    let mut trial = with_secret();
    add(&mut trial, '2', &["AWSPENDING"]);
    assert_eq!(labels(&mut trial), "1:AWSCURRENT 2:AWSPENDING");
    trial.done(shift("AWSCURRENT", Some('1'), Some('2')));
    assert_eq!(labels(&mut trial), "1:AWSPREVIOUS 2:AWSCURRENT+AWSPENDING");
    add(&mut trial, '3', &["AWSCURRENT"]);
    assert_eq!(labels(&mut trial), "2:AWSPREVIOUS 3:AWSCURRENT");
}

#[test]
fn labels_of_ones_own_stay_where_they_are_put() {
    let mut trial = with_secret();
    add(&mut trial, '2', &["AWSCURRENT", "PUT0"]);
    add(&mut trial, '3', &["AWSPENDING", "PUT1"]);
    trial.done(shift("AWSCURRENT", Some('2'), Some('3')));
    assert_eq!(labels(&mut trial), "2:AWSPREVIOUS+PUT0 3:AWSCURRENT+AWSPENDING+PUT1");
    add(&mut trial, '4', &["AWSPENDING", "PUT2"]);
    trial.done(shift("AWSCURRENT", Some('3'), Some('4')));
    assert_eq!(labels(&mut trial), "2:PUT0 3:AWSPREVIOUS+PUT1 4:AWSCURRENT+AWSPENDING+PUT2");
    add(&mut trial, '5', &["PUT0", "PUT1", "four"]);
    assert_eq!(labels(&mut trial), "3:AWSPREVIOUS 4:AWSCURRENT+AWSPENDING+PUT2 5:PUT0+PUT1+four");
    trial.done(shift("PUT2", Some('4'), None));
    assert_eq!(labels(&mut trial), "3:AWSPREVIOUS 4:AWSCURRENT+AWSPENDING 5:PUT0+PUT1+four");
}

#[test]
fn the_first_version_of_all_is_the_current_one() {
    let mut trial = Trial::new();
    trial.done(CreateSecret { name: "db".into(), ..CreateSecret::default() });
    assert!(trial.refused(get("db")).ends_with("for staging label: AWSCURRENT"));
    add(&mut trial, '1', &["mine"]);
    assert_eq!(labels(&mut trial), "1:AWSCURRENT+mine");
}

#[test]
fn a_label_does_not_move_unless_its_version_is_named() {
    let mut trial = with_secret();
    add(&mut trial, '2', &["mine"]);
    for (operation, refused) in [
        (
            shift("AWSCURRENT", None, Some('2')),
            "The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is",
        ),
        (
            shift("AWSCURRENT", Some('2'), Some('2')),
            "When you move staging label AWSCURRENT, if you specify RemoveFrom",
        ),
        (
            shift("AWSCURRENT", Some('1'), None),
            "You can only move staging label AWSCURRENT to a different secret version.",
        ),
        (shift("mine", Some('1'), None), "When you move staging label mine, if you specify RemoveFromVersionId"),
        (shift("mine", None, None), "You must provide either MoveToVersionId or RemoveFromVersionId."),
        (shift(&"x".repeat(257), None, Some('1')), "VersionStages must be 1 to 20 labels of 1 to 256 characters."),
    ] {
        let answer = trial.refused(operation);
        assert!(answer.starts_with(&format!("400 InvalidParameterException: {refused}")), "{answer}");
    }
    assert!(trial.refused(shift("mine", None, Some('9'))).starts_with("400 ResourceNotFoundException"));
    trial.done(shift("AWSCURRENT", None, Some('1')));
    assert_eq!(labels(&mut trial), "1:AWSCURRENT 2:mine");
}

#[test]
fn a_secret_has_a_hundred_versions_and_twenty_labels_at_most() {
    let mut trial = with_secret();
    let labels: Vec<String> = (0..20).map(|number| format!("l{number}")).collect();
    let full =
        "400 LimitExceededException: The request failed because it would exceed one of the Secrets Manager quotas.";
    assert_eq!(trial.refused(PutSecretValue { stages: labels, ..put("db", "v") }), full);
    for _ in 0..99 {
        trial.wait(Duration::from_secs(1));
        trial.done(put("db", "v"));
    }
    assert_eq!(trial.refused(put("db", "v")), full, "no version is a day old");
    trial.wait(Duration::from_secs(24 * 3600 + 1));
    trial.done(put("db", "w"));
    let all = ListSecretVersionIds { secret_id: "db".into(), with_deprecated: true, ..Default::default() };
    let versions = trial.done(all).versions;
    assert_eq!((versions.items.len(), versions.next), (100, None));
    assert!(!versions.items.iter().any(|version| version.id == "1".repeat(32)), "the oldest went");
}

#[test]
fn an_update_changes_the_description_the_value_or_both() {
    let mut trial = with_secret();
    trial.wait(Duration::from_secs(60));
    let only = trial.done(UpdateSecret { description: Some("d".into()), ..update("db") });
    assert_eq!(only.version_id, None);
    let described = trial.done(describe("db"));
    assert_eq!((described.description.as_deref(), described.changed), (Some("d"), trial.now));
    let token = Some("2".repeat(32));
    trial.done(UpdateSecret { value: Some(Value::new("2")), token, ..update("db") });
    assert_eq!(labels(&mut trial), "1:AWSPREVIOUS 2:AWSCURRENT");
    assert_eq!(trial.done(describe("db")).description.as_deref(), Some("d"));
    trial.done(UpdateSecret { description: Some(String::new()), ..update("db") });
    assert_eq!(trial.done(describe("db")).description, None);
}
