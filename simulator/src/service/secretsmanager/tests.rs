//! Secrets Manager's rows, called as the wire calls them.

use serde_json::json;

use super::service;
use crate::service::trial::Trial;

#[test]
fn a_secret_lives_from_its_making_to_its_deletion() {
    let mut trial = Trial::new(service());
    let made = trial
        .answered("CreateSecret", json!({"Name": "db", "SecretString": "one", "Tags": [{"Key": "a", "Value": "1"}]}));
    let value = trial.answered("GetSecretValue", json!({"SecretId": made["ARN"]}));
    assert_eq!((&value["SecretString"], &value["VersionStages"]), (&json!("one"), &json!(["AWSCURRENT"])));
    assert_eq!(value["CreatedDate"], json!(1_800_000_000.25));
    let second = trial.answered("PutSecretValue", json!({"SecretId": "db", "SecretString": "two"}));
    let stages = |made: &serde_json::Value, second: &serde_json::Value| {
        let [first, second] = [made, second].map(|answer| answer["VersionId"].as_str().expect("a text").to_owned());
        json!({first: ["AWSPREVIOUS"], second: ["AWSCURRENT"]})
    };
    let described = trial.answered("DescribeSecret", json!({"SecretId": "db"}));
    assert_eq!(described["VersionIdsToStages"], stages(&made, &second));
    assert_eq!(described["Tags"], json!([{"Key": "a", "Value": "1"}]));
    trial.answered("TagResource", json!({"SecretId": "db", "Tags": [{"Key": "b", "Value": "2"}]}));
    trial.answered("UntagResource", json!({"SecretId": "db", "TagKeys": ["a"]}));
    let listed = trial.answered("ListSecrets", json!({"MaxResults": 1}))["SecretList"][0].clone();
    assert_eq!(
        (&listed["SecretVersionsToStages"], &listed["Tags"]),
        (&stages(&made, &second), &json!([{"Key": "b", "Value": "2"}]))
    );
    let deleted = trial.answered("DeleteSecret", json!({"SecretId": "db", "RecoveryWindowInDays": 7}));
    assert_eq!(deleted["DeletionDate"], json!(1_800_604_800.25));
    assert_eq!(trial.answered("RestoreSecret", json!({"SecretId": "db"}))["Name"], "db");
    trial.answered("DeleteSecret", json!({"SecretId": "db", "ForceDeleteWithoutRecovery": true}));
    assert_eq!(trial.answered("ListSecrets", json!({})), json!({"SecretList": []}));
}
