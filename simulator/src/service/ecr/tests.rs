//! ECR's rows, called as the wire calls them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::service;
use crate::service::trial::Trial;

const INDEX: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;

fn create(trial: &mut Trial) -> Value {
    let request = json!({
        "repositoryName": "news",
        "tags": [{"Key": "a", "Value": "1"}],
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev-*"}],
        "imageScanningConfiguration": {"scanOnPush": true},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    });
    trial.answered("CreateRepository", request)["repository"].clone()
}

fn put(trial: &mut Trial, tag: &str) -> Value {
    let request =
        json!({"repositoryName": "news", "imageManifest": INDEX, "imageTag": tag, "registryId": "123456789012"});
    trial.answered("PutImage", request)["image"].clone()
}

#[test]
fn a_token_is_the_user_aws_and_a_password() {
    let mut trial = Trial::new(service());
    let data = trial.answered("GetAuthorizationToken", json!({}))["authorizationData"][0].clone();
    assert_eq!(data["proxyEndpoint"], "https://123456789012.dkr.ecr.eu-central-1.amazonaws.com");
    assert_eq!(data["expiresAt"], json!(1_800_043_200.25));
    let token = STANDARD.decode(data["authorizationToken"].as_str().expect("a text")).expect("base64");
    let token = String::from_utf8(token).expect("UTF-8");
    let (user, password) = token.split_once(':').expect("user and password");
    assert_eq!(user, "AWS");
    assert_eq!(trial.world.registry_caller(password).expect("known"), trial.world.root());
}

#[test]
fn repositories_are_described_with_their_settings() {
    let mut trial = Trial::new(service());
    let made = create(&mut trial);
    let filters = json!([{"filterType": "WILDCARD", "filter": "dev-*"}]);
    assert_eq!(
        (&made["imageTagMutability"], &made["imageTagMutabilityExclusionFilters"]),
        (&json!("IMMUTABLE_WITH_EXCLUSION"), &filters)
    );
    assert_eq!(made["encryptionConfiguration"], json!({"encryptionType": "AES256"}));
    assert_eq!(made["createdAt"], json!(1_800_000_000.25));
    let all = trial.answered("DescribeRepositories", json!({"maxResults": 1}));
    assert_eq!(all, json!({"repositories": [made]}));
    let setting =
        trial.answered("PutImageTagMutability", json!({"repositoryName": "news", "imageTagMutability": "MUTABLE"}));
    assert_eq!(setting.get("imageTagMutabilityExclusionFilters"), None);
    trial.answered(
        "PutImageScanningConfiguration",
        json!({"repositoryName": "news", "imageScanningConfiguration": {"scanOnPush": false}}),
    );
    let changed =
        trial.answered("DescribeRepositories", json!({"repositoryNames": ["news"]}))["repositories"][0].clone();
    assert_eq!(
        (&changed["imageTagMutability"], &changed["imageScanningConfiguration"]["scanOnPush"]),
        (&json!("MUTABLE"), &json!(false))
    );
    let setting = json!({"name": "BLOB_MOUNTING", "value": "ENABLED"});
    assert_eq!(trial.answered("PutAccountSetting", setting.clone()), setting);
    assert_eq!(trial.answered("GetAccountSetting", json!({"name": "BLOB_MOUNTING"})), setting);
    assert_eq!(
        trial.answered("DeleteRepository", json!({"repositoryName": "news", "force": true}))["repository"],
        changed
    );
}

#[test]
fn an_image_gets_another_tag_by_the_api_alone() {
    let mut trial = Trial::new(service());
    create(&mut trial);
    let image = put(&mut trial, "v1");
    let digest = image["imageId"]["imageDigest"].clone();
    assert_eq!(put(&mut trial, "v2")["imageId"], json!({"imageDigest": digest, "imageTag": "v2"}));
    let listed = trial.answered("ListImages", json!({"repositoryName": "news", "filter": {"tagStatus": "TAGGED"}}));
    assert_eq!(listed["imageIds"].as_array().map(Vec::len), Some(2));
    let described = trial.answered("DescribeImages", json!({"repositoryName": "news"}))["imageDetails"][0].clone();
    assert_eq!(
        (&described["imageTags"], &described["imagePushedAt"]),
        (&json!(["v1", "v2"]), &json!(1_800_000_000.25))
    );
    let got = trial.answered(
        "BatchGetImage",
        json!({"repositoryName": "news", "imageIds": [{"imageTag": "v2"}, {"imageTag": "v3"}]}),
    );
    assert_eq!(got["images"][0]["imageManifest"], INDEX);
    assert_eq!(
        got["failures"],
        json!([{"imageId": {"imageTag": "v3"}, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}])
    );
    let deleted =
        trial.answered("BatchDeleteImage", json!({"repositoryName": "news", "imageIds": [{"imageDigest": digest}]}));
    assert_eq!((deleted["imageIds"].as_array().map(Vec::len), &deleted["failures"]), (Some(2), &json!([])));
}

#[test]
fn an_image_that_is_not_what_it_claims_is_refused() {
    let mut trial = Trial::new(service());
    create(&mut trial);
    let put = |manifest: &str, more: Value| {
        let mut request = more;
        request["repositoryName"] = json!("news");
        request["imageManifest"] = json!(manifest);
        request
    };
    let refusal = trial.refused("PutImage", put(INDEX, json!({"imageDigest": "sha256:0"})));
    assert!(refusal.starts_with("ImageDigestDoesNotMatchException: The provided image digest 'sha256:0'"), "{refusal}");
    for manifest in ["{", "{}", r#"{"mediaType":"text/plain"}"#] {
        let refusal = trial.refused("PutImage", put(manifest, json!({})));
        assert!(refusal.starts_with("InvalidParameterException: Invalid parameter at 'ImageManifest'"), "{refusal}");
    }
    assert_eq!(
        trial.refused("ListImages", json!({"repositoryName": "news", "registryId": "210987654321"})),
        "greenroom does not simulate the ECR registry of account 210987654321"
    );
}

#[test]
fn policies_of_repositories_come_back_as_they_were_put() {
    let mut trial = Trial::new(service());
    let arn = create(&mut trial)["repositoryArn"].clone();
    let lifecycle = r#"{"rules":[{"rulePriority":1,"description":"keep few","selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":3},"action":{"type":"expire"}}]}"#;
    trial.answered("PutLifecyclePolicy", json!({"repositoryName": "news", "lifecyclePolicyText": lifecycle}));
    for operation in ["GetLifecyclePolicy", "DeleteLifecyclePolicy"] {
        let got = trial.answered(operation, json!({"repositoryName": "news"}));
        assert_eq!((&got["lifecyclePolicyText"], &got["lastEvaluatedAt"]), (&json!(lifecycle), &json!(0.0)));
    }
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"ecr:*"}]}"#;
    trial.answered("SetRepositoryPolicy", json!({"repositoryName": "news", "policyText": policy, "force": true}));
    for operation in ["GetRepositoryPolicy", "DeleteRepositoryPolicy"] {
        assert_eq!(trial.answered(operation, json!({"repositoryName": "news"}))["policyText"], policy);
    }
    trial.answered("TagResource", json!({"resourceArn": arn, "tags": [{"Key": "b", "Value": "2"}]}));
    trial.answered("UntagResource", json!({"resourceArn": arn, "tagKeys": ["a"]}));
    assert_eq!(
        trial.answered("ListTagsForResource", json!({"resourceArn": arn})),
        json!({"tags": [{"Key": "b", "Value": "2"}]})
    );
}
