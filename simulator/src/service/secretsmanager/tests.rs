//! Secrets Manager's rows, called as the wire calls them.

use serde_json::{Value, json};

use super::service;
use crate::service::trial::Trial;

const TOKEN: &str = "00000000-0000-0000-0000-000000000001";

fn token(number: u8) -> Value {
    json!(format!("{}{number}", &TOKEN[..35]))
}

#[test]
fn a_secret_lives_from_its_making_to_its_deletion() {
    let mut trial = Trial::new(service());
    let made = trial.answered(
        "CreateSecret",
        json!({"Name": "db", "SecretString": "one", "Tags": [{"Key": "a", "Value": "1"}], "ClientRequestToken": token(1)}),
    );
    let value = trial.answered("GetSecretValue", json!({"SecretId": made["ARN"]}));
    assert_eq!((&value["SecretString"], &value["VersionStages"]), (&json!("one"), &json!(["AWSCURRENT"])));
    assert_eq!(value["CreatedDate"], json!(1_800_000_000.25));
    trial.answered("PutSecretValue", json!({"SecretId": "db", "SecretString": "two", "ClientRequestToken": token(2)}));
    let stages = json!({TOKEN: ["AWSPREVIOUS"], "00000000-0000-0000-0000-000000000002": ["AWSCURRENT"]});
    let described = trial.answered("DescribeSecret", json!({"SecretId": "db"}));
    assert_eq!(described["VersionIdsToStages"], stages);
    assert_eq!(described["LastAccessedDate"], json!(1_799_971_200.0), "the day's beginning");
    assert_eq!(described["Tags"], json!([{"Key": "a", "Value": "1"}]));
    trial.answered("TagResource", json!({"SecretId": "db", "Tags": [{"Key": "b", "Value": "2"}]}));
    trial.answered("UntagResource", json!({"SecretId": "db", "TagKeys": ["a"]}));
    let list =
        json!({"MaxResults": 1, "SortBy": "name", "SortOrder": "desc", "Filters": [{"Key": "name", "Values": ["d"]}]});
    let listed = trial.answered("ListSecrets", list)["SecretList"][0].clone();
    assert_eq!((&listed["SecretVersionsToStages"], &listed["Tags"]), (&stages, &json!([{"Key": "b", "Value": "2"}])));
    let deleted = trial.answered("DeleteSecret", json!({"SecretId": "db", "RecoveryWindowInDays": 7}));
    assert_eq!(deleted["DeletionDate"], json!(1_800_604_800.25));
    assert_eq!(trial.answered("RestoreSecret", json!({"SecretId": "db"}))["Name"], "db");
    trial.answered("DeleteSecret", json!({"SecretId": "db", "ForceDeleteWithoutRecovery": true}));
    assert_eq!(trial.answered("ListSecrets", json!({})), json!({"SecretList": []}));
}

#[test]
fn values_are_texts_or_bytes_and_come_with_a_token() {
    let mut trial = Trial::new(service());
    let bytes = json!({"Name": "key", "SecretBinary": "AAEC/w==", "ClientRequestToken": token(1)});
    trial.answered("CreateSecret", bytes);
    let value = trial.answered("GetSecretValue", json!({"SecretId": "key"}));
    assert_eq!((&value["SecretBinary"], value.get("SecretString")), (&json!("AAEC/w=="), None));
    let updated =
        trial.answered("UpdateSecret", json!({"SecretId": "key", "SecretString": "v", "ClientRequestToken": token(2)}));
    assert_eq!(updated["VersionId"], token(2));
    let described = trial.answered("UpdateSecret", json!({"SecretId": "key", "Description": "d"}));
    assert_eq!(described.get("VersionId"), None);
    for (operation, request, refused) in [
        (
            "PutSecretValue",
            json!({"SecretId": "key", "SecretString": "v"}),
            "InvalidRequestException: You must provide a ClientRequestToken value. We recommend a UUID-type value.",
        ),
        (
            "PutSecretValue",
            json!({"SecretId": "key"}),
            "InvalidRequestException: You must provide either SecretString or SecretBinary.",
        ),
        (
            "CreateSecret",
            json!({"Name": "x", "SecretString": "v", "SecretBinary": "AA==", "ClientRequestToken": token(1)}),
            "InvalidParameterException: You can't specify both a binary secret value and a string secret value in the same secret.",
        ),
        (
            "CreateSecret",
            json!({"Name": "x", "SecretBinary": "?", "ClientRequestToken": token(1)}),
            "SerializationException: SecretBinary must be Base64",
        ),
        ("ListSecrets", json!({"SortBy": "colour"}), "InvalidParameterException: Invalid value for SortBy: colour"),
        (
            "CreateSecret",
            json!({"Name": "x", "AddReplicaRegions": [{"Region": "eu-west-1"}]}),
            "greenroom does not simulate parameter `AddReplicaRegions` of secretsmanager:CreateSecret",
        ),
    ] {
        assert_eq!(trial.refused(operation, request), refused, "{operation}");
    }
}

#[test]
fn versions_are_listed_and_their_labels_moved() {
    let mut trial = Trial::new(service());
    trial.answered("CreateSecret", json!({"Name": "db", "SecretString": "one", "ClientRequestToken": token(1)}));
    trial.answered(
        "PutSecretValue",
        json!({"SecretId": "db", "SecretString": "two", "ClientRequestToken": token(2), "VersionStages": ["AWSPENDING"]}),
    );
    let shift = json!({"SecretId": "db", "VersionStage": "AWSCURRENT", "RemoveFromVersionId": token(1), "MoveToVersionId": token(2)});
    assert_eq!(trial.answered("UpdateSecretVersionStage", shift)["Name"], "db");
    let listed = trial.answered("ListSecretVersionIds", json!({"SecretId": "db"}));
    let made = json!(1_800_000_000.25);
    let key = json!(["DefaultEncryptionKey"]);
    assert_eq!(
        listed["Versions"],
        json!([
            {"VersionId": token(1), "VersionStages": ["AWSPREVIOUS"], "CreatedDate": made, "KmsKeyIds": key},
            {"VersionId": token(2), "VersionStages": ["AWSCURRENT", "AWSPENDING"], "CreatedDate": made, "KmsKeyIds": key},
        ])
    );
    let batch = trial.answered("BatchGetSecretValue", json!({"SecretIdList": ["db", "none"]}));
    assert_eq!(batch["SecretValues"][0]["SecretString"], "two");
    let message = "Secrets Manager can't find the specified secret.";
    assert_eq!(
        batch["Errors"],
        json!([{"SecretId": "none", "ErrorCode": "ResourceNotFoundException", "Message": message}])
    );
}

#[test]
fn the_one_policy_of_a_secret_is_called_default() {
    let mut trial = Trial::new(service());
    let made = trial.answered("CreateSecret", json!({"Name": "db"}));
    let policy =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#;
    let put = trial
        .answered("PutResourcePolicy", json!({"SecretId": "db", "ResourcePolicy": policy, "PolicyName": "default"}));
    assert_eq!(put, json!({"ARN": made["ARN"], "Name": "db", "PolicyName": "default"}));
    assert_eq!(trial.answered("GetResourcePolicy", json!({"SecretId": "db"}))["ResourcePolicy"], policy);
    trial.answered("DeleteResourcePolicy", json!({"SecretId": "db"}));
    assert_eq!(trial.answered("GetResourcePolicy", json!({"SecretId": "db"})).get("ResourcePolicy"), None);
    for (operation, code) in [
        ("GetResourcePolicy", "ResourceNotFoundException"),
        ("DeleteResourcePolicy", "InvalidParameterException"),
        ("PutResourcePolicy", "InvalidParameterException"),
    ] {
        let refused =
            trial.refused(operation, json!({"SecretId": "db", "PolicyName": "mine", "ResourcePolicy": policy}));
        assert_eq!(refused, format!("{code}: A secret has no policy but the one named default: mine"));
    }
}
