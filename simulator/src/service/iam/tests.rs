//! IAM's rows, called as the wire calls them: all leaves of a request are text, and documents are answered URL-encoded.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::service;
use crate::service::trial::Trial;

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecr:*","Resource":"*"}]}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

fn decoded(document: &Value) -> String {
    let text = document.as_str().expect("a text");
    assert!(!text.contains(['{', '"', ' ', ':', '*']), "{text} is not encoded");
    percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned()
}

fn user(trial: &mut Trial) -> Value {
    let request = json!({"UserName": "ann", "Path": "/ci/", "Tags": [{"Key": "a", "Value": "1"}]});
    trial.answered("CreateUser", request)["User"].clone()
}

fn role(trial: &mut Trial) -> Value {
    let request = json!({"RoleName": "task", "AssumeRolePolicyDocument": TRUST, "MaxSessionDuration": "7200"});
    trial.answered("CreateRole", request)["Role"].clone()
}

#[test]
fn users_are_described_with_their_tags() {
    let mut trial = Trial::new(service());
    let made = user(&mut trial);
    assert_eq!(made["Arn"], "arn:aws:iam::123456789012:user/ci/ann");
    assert_eq!(made["CreateDate"], "2027-01-15T08:00:00.250Z");
    assert_eq!(made["Tags"], json!([{"Key": "a", "Value": "1"}]));
    assert_eq!(trial.answered("GetUser", json!({"UserName": "ann"}))["User"], made);
    trial.answered("TagUser", json!({"UserName": "ann", "Tags": [{"Key": "b", "Value": "2"}]}));
    trial.answered("UntagUser", json!({"UserName": "ann", "TagKeys": ["a"]}));
    assert_eq!(
        trial.answered("ListUserTags", json!({"UserName": "ann"})),
        json!({"Tags": [{"Key": "b", "Value": "2"}], "IsTruncated": false})
    );
    let root = trial.answered("GetUser", json!({}));
    assert_eq!((root["User"].get("UserName"), &root["User"]["UserId"]), (None, &json!("123456789012")));
    assert_eq!(trial.answered("ListUsers", json!({"PathPrefix": "/ci/"}))["Users"][0]["UserName"], "ann");
    trial.answered("DeleteUser", json!({"UserName": "ann"}));
}

#[test]
fn roles_are_described_with_their_trust_policy() {
    let mut trial = Trial::new(service());
    let made = role(&mut trial);
    assert_eq!(decoded(&made["AssumeRolePolicyDocument"]), TRUST);
    assert_eq!(made["MaxSessionDuration"], 7200);
    assert_eq!(trial.answered("UpdateRole", json!({"RoleName": "task", "Description": "d"})), json!({}));
    trial.answered(
        "UpdateAssumeRolePolicy",
        json!({"RoleName": "task", "PolicyDocument": TRUST.replace("ecs-tasks", "ecs")}),
    );
    let changed = trial.answered("GetRole", json!({"RoleName": "task"}))["Role"].clone();
    assert_eq!(changed["Description"], "d");
    assert_eq!(decoded(&changed["AssumeRolePolicyDocument"]), TRUST.replace("ecs-tasks", "ecs"));
    trial.answered("TagRole", json!({"RoleName": "task", "Tags": [{"Key": "a", "Value": ""}]}));
    assert_eq!(trial.answered("ListRoleTags", json!({"RoleName": "task"}))["Tags"], json!([{"Key": "a", "Value": ""}]));
    trial.answered("UntagRole", json!({"RoleName": "task", "TagKeys": ["a"]}));
    assert_eq!(trial.answered("ListRoles", json!({}))["Roles"][0]["RoleName"], "task");
    trial.answered("DeleteRole", json!({"RoleName": "task"}));
    let linked = trial.answered("CreateServiceLinkedRole", json!({"AWSServiceName": "ecs.amazonaws.com"}));
    assert_eq!(linked["Role"]["Path"], "/aws-service-role/ecs.amazonaws.com/");
}

#[test]
fn both_users_and_roles_have_inline_attached_and_bounding_policies() {
    let mut trial = Trial::new(service());
    user(&mut trial);
    role(&mut trial);
    let arn =
        trial.answered("CreatePolicy", json!({"PolicyName": "own", "PolicyDocument": POLICY}))["Policy"]["Arn"].clone();
    for (noun, name) in [("User", "ann"), ("Role", "task")] {
        let key = format!("{noun}Name");
        let mut call = |operation: String, more: Value| {
            let mut request = more;
            request[&key] = json!(name);
            trial.answered(&operation, request)
        };
        call(format!("Put{noun}Policy"), json!({"PolicyName": "p", "PolicyDocument": POLICY}));
        let got = call(format!("Get{noun}Policy"), json!({"PolicyName": "p"}));
        assert_eq!(
            (&got[&key], &got["PolicyName"], decoded(&got["PolicyDocument"])),
            (&json!(name), &json!("p"), POLICY.to_owned())
        );
        assert_eq!(call(format!("List{noun}Policies"), json!({}))["PolicyNames"], json!(["p"]));
        call(format!("Delete{noun}Policy"), json!({"PolicyName": "p"}));

        call(format!("Attach{noun}Policy"), json!({"PolicyArn": arn}));
        let attached = call(format!("ListAttached{noun}Policies"), json!({"PathPrefix": "/"}));
        assert_eq!(attached["AttachedPolicies"], json!([{"PolicyName": "own", "PolicyArn": arn}]));
        call(format!("Detach{noun}Policy"), json!({"PolicyArn": arn}));

        call(format!("Put{noun}PermissionsBoundary"), json!({"PermissionsBoundary": arn}));
        let bound =
            call(format!("Get{noun}"), json!({}))[noun]["PermissionsBoundary"]["PermissionsBoundaryArn"].clone();
        assert_eq!(bound, arn);
        call(format!("Delete{noun}PermissionsBoundary"), json!({}));
    }
}

#[test]
fn managed_policies_have_versions() {
    let mut trial = Trial::new(service());
    let made =
        trial.answered("CreatePolicy", json!({"PolicyName": "own", "PolicyDocument": POLICY, "Description": "d"}));
    let arn = made["Policy"]["Arn"].clone();
    assert_eq!(trial.answered("GetPolicy", json!({"PolicyArn": arn})), made);
    let second = POLICY.replace("ecr", "ecs");
    let request = json!({"PolicyArn": arn, "PolicyDocument": second, "SetAsDefault": "true"});
    let version = trial.answered("CreatePolicyVersion", request)["PolicyVersion"].clone();
    assert_eq!((&version["VersionId"], &version["IsDefaultVersion"]), (&json!("v2"), &json!(true)));
    let got = trial.answered("GetPolicyVersion", json!({"PolicyArn": arn, "VersionId": "v2"}));
    assert_eq!(decoded(&got["PolicyVersion"]["Document"]), second);
    trial.answered("SetDefaultPolicyVersion", json!({"PolicyArn": arn, "VersionId": "v1"}));
    trial.answered("DeletePolicyVersion", json!({"PolicyArn": arn, "VersionId": "v2"}));
    assert_eq!(
        trial.answered("ListPolicyVersions", json!({"PolicyArn": arn}))["Versions"].as_array().map(Vec::len),
        Some(1)
    );
    let local = trial.answered("ListPolicies", json!({"Scope": "Local"}));
    assert_eq!(local["Policies"][0]["PolicyName"], "own");
    let first = trial.answered("ListPolicies", json!({"MaxItems": "1"}));
    assert_eq!(first["IsTruncated"], true);
    let rest = trial.answered("ListPolicies", json!({"Marker": first["Marker"]}));
    assert_eq!(rest["IsTruncated"], false);
    trial.answered("DeletePolicy", json!({"PolicyArn": arn}));
}

#[test]
fn access_keys_are_told_once() {
    let mut trial = Trial::new(service());
    user(&mut trial);
    let made = trial.answered("CreateAccessKey", json!({"UserName": "ann"}))["AccessKey"].clone();
    assert_eq!((&made["UserName"], &made["Status"]), (&json!("ann"), &json!("Active")));
    assert_eq!(made["SecretAccessKey"].as_str().map(str::len), Some(40));
    let id = made["AccessKeyId"].clone();
    trial.answered("UpdateAccessKey", json!({"UserName": "ann", "AccessKeyId": id, "Status": "Inactive"}));
    let listed = trial.answered("ListAccessKeys", json!({"UserName": "ann"}))["AccessKeyMetadata"][0].clone();
    assert_eq!(
        (&listed["AccessKeyId"], &listed["Status"], listed.get("SecretAccessKey")),
        (&id, &json!("Inactive"), None)
    );
    trial.answered("DeleteAccessKey", json!({"UserName": "ann", "AccessKeyId": id}));
    assert_eq!(trial.answered("ListAccessKeys", json!({"UserName": "ann"}))["AccessKeyMetadata"], json!([]));
}

#[test]
fn what_a_request_lacks_is_named() {
    let mut trial = Trial::new(service());
    for (operation, request, complaint) in [
        ("CreateUser", json!({}), "ValidationError: The request must contain the parameter UserName"),
        (
            "PutRolePolicy",
            json!({"RoleName": "r"}),
            "ValidationError: The request must contain the parameter PolicyName",
        ),
        (
            "CreateRole",
            json!({"RoleName": "r"}),
            "ValidationError: The request must contain the parameter AssumeRolePolicyDocument",
        ),
        (
            "CreateUser",
            json!({"UserName": "u", "Colour": "red"}),
            "greenroom does not simulate parameter `Colour` of iam:CreateUser",
        ),
    ] {
        assert_eq!(trial.refused(operation, request), complaint);
    }
}

#[test]
fn identity_providers_are_made_and_changed() {
    let mut trial = Trial::new(service());
    let request = json!({"Url": "https://token.actions.githubusercontent.com", "ClientIDList": ["sts.amazonaws.com"], "Tags": [{"Key": "a", "Value": "1"}]});
    let made = trial.answered("CreateOpenIDConnectProvider", request);
    let arn = made["OpenIDConnectProviderArn"].clone();
    assert_eq!(made["Tags"], json!([{"Key": "a", "Value": "1"}]));
    let mut call = |operation: &str, more: Value| {
        let mut request = more;
        request["OpenIDConnectProviderArn"] = arn.clone();
        trial.answered(operation, request)
    };
    call("AddClientIDToOpenIDConnectProvider", json!({"ClientID": "b"}));
    call("RemoveClientIDFromOpenIDConnectProvider", json!({"ClientID": "sts.amazonaws.com"}));
    call("UpdateOpenIDConnectProviderThumbprint", json!({"ThumbprintList": ["a".repeat(40)]}));
    call("TagOpenIDConnectProvider", json!({"Tags": [{"Key": "b", "Value": "2"}]}));
    call("UntagOpenIDConnectProvider", json!({"TagKeys": ["a"]}));
    let tags = json!([{"Key": "b", "Value": "2"}]);
    assert_eq!(call("ListOpenIDConnectProviderTags", json!({}))["Tags"], tags);
    assert_eq!(
        call("GetOpenIDConnectProvider", json!({})),
        json!({
            "Url": "token.actions.githubusercontent.com", "ClientIDList": ["b"], "ThumbprintList": ["a".repeat(40)],
            "CreateDate": "2027-01-15T08:00:00.250Z", "Tags": tags,
        })
    );
    let listed = trial.answered("ListOpenIDConnectProviders", json!({}));
    assert_eq!(listed, json!({"OpenIDConnectProviderList": [{"Arn": arn}]}));
    trial.answered("DeleteOpenIDConnectProvider", json!({"OpenIDConnectProviderArn": arn}));
}

#[test]
fn managed_policies_are_tagged() {
    let mut trial = Trial::new(service());
    let made = trial.answered("CreatePolicy", json!({"PolicyName": "own", "PolicyDocument": POLICY}));
    let arn = made["Policy"]["Arn"].clone();
    trial.answered(
        "TagPolicy",
        json!({"PolicyArn": arn, "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]}),
    );
    trial.answered("UntagPolicy", json!({"PolicyArn": arn, "TagKeys": ["a"]}));
    let tags = json!([{"Key": "b", "Value": ""}]);
    assert_eq!(trial.answered("ListPolicyTags", json!({"PolicyArn": arn}))["Tags"], tags);
    assert_eq!(trial.answered("GetPolicy", json!({"PolicyArn": arn}))["Policy"]["Tags"], tags);
}

#[test]
fn instance_profiles_hold_a_role() {
    let mut trial = Trial::new(service());
    role(&mut trial);
    let made = trial.answered("CreateInstanceProfile", json!({"InstanceProfileName": "web", "Path": "/ci/"}));
    assert_eq!(made["InstanceProfile"]["Arn"], "arn:aws:iam::123456789012:instance-profile/ci/web");
    let both = json!({"InstanceProfileName": "web", "RoleName": "task"});
    trial.answered("AddRoleToInstanceProfile", both.clone());
    let name = json!({"InstanceProfileName": "web"});
    let got = trial.answered("GetInstanceProfile", name.clone());
    assert_eq!(got["InstanceProfile"]["Roles"][0]["RoleName"], "task");
    for (operation, request) in [
        ("ListInstanceProfiles", json!({"PathPrefix": "/ci/"})),
        ("ListInstanceProfilesForRole", json!({"RoleName": "task"})),
    ] {
        assert_eq!(trial.answered(operation, request)["InstanceProfiles"][0]["InstanceProfileName"], "web");
    }
    trial.answered("TagInstanceProfile", json!({"InstanceProfileName": "web", "Tags": [{"Key": "a", "Value": "1"}]}));
    assert_eq!(trial.answered("ListInstanceProfileTags", name.clone())["Tags"], json!([{"Key": "a", "Value": "1"}]));
    trial.answered("UntagInstanceProfile", json!({"InstanceProfileName": "web", "TagKeys": ["a"]}));
    trial.answered("RemoveRoleFromInstanceProfile", both);
    trial.answered("DeleteInstanceProfile", name);
}

#[test]
fn the_rest_of_iam_is_served() {
    let mut trial = Trial::new(service());
    user(&mut trial);
    role(&mut trial);
    let key = trial.answered("CreateAccessKey", json!({"UserName": "ann"}))["AccessKey"]["AccessKeyId"].clone();
    assert_eq!(
        trial.answered("GetAccessKeyLastUsed", json!({"AccessKeyId": key})),
        json!({"AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}, "UserName": "ann"})
    );
    trial.answered("UpdateUser", json!({"UserName": "ann", "NewUserName": "anna", "NewPath": "/"}));
    assert_eq!(trial.answered("ListGroupsForUser", json!({"UserName": "anna"}))["Groups"], json!([]));
    let described = trial.answered("UpdateRoleDescription", json!({"RoleName": "task", "Description": "d"}));
    assert_eq!(described["Role"]["Description"], "d");
    let entries = trial.answered("GetAccountSummary", json!({}))["SummaryMap"]["entry"].clone();
    assert_eq!(entries[0], json!({"key": "Users", "value": 1}));

    let arn =
        trial.answered("CreatePolicy", json!({"PolicyName": "own", "PolicyDocument": POLICY}))["Policy"]["Arn"].clone();
    trial.answered("AttachRolePolicy", json!({"RoleName": "task", "PolicyArn": arn}));
    let listed = trial.answered("ListEntitiesForPolicy", json!({"PolicyArn": arn, "EntityFilter": "Role"}));
    assert_eq!((&listed["PolicyRoles"][0]["RoleName"], &listed["PolicyUsers"]), (&json!("task"), &json!([])));
    let refused = trial.refused("ListEntitiesForPolicy", json!({"PolicyArn": arn, "EntityFilter": "Dog"}));
    assert!(refused.contains("Value 'Dog' at 'entityFilter'"), "{refused}");

    trial.answered("CreateServiceLinkedRole", json!({"AWSServiceName": "ecs.amazonaws.com"}));
    let task = trial.answered("DeleteServiceLinkedRole", json!({"RoleName": "AWSServiceRoleForECS"}));
    let status = trial.answered("GetServiceLinkedRoleDeletionStatus", task);
    assert_eq!(status, json!({"Status": "SUCCEEDED"}));
}

#[test]
fn policies_are_simulated() {
    let mut trial = Trial::new(service());
    let request = json!({
        "PolicyInputList": [POLICY], "ActionNames": ["ecr:PutImage", "ecs:RunTask"],
        "ContextEntries": [{"ContextKeyName": "aws:username", "ContextKeyValues": ["ann"], "ContextKeyType": "string"}],
    });
    let answer = trial.answered("SimulateCustomPolicy", request);
    let results = &answer["EvaluationResults"];
    assert_eq!((&results[0]["EvalDecision"], &results[1]["EvalDecision"]), (&json!("allowed"), &json!("implicitDeny")));
    let statement = &results[0]["MatchedStatements"][0];
    assert_eq!(statement["SourcePolicyId"], "PolicyInputList.1");
    assert_eq!(statement["StartPosition"]["Line"], 1);
    user(&mut trial);
    let request = json!({
        "PolicySourceArn": "arn:aws:iam::123456789012:user/ci/ann", "ActionNames": ["ecr:PutImage"],
        "ResourceArns": ["*"], "PermissionsBoundaryPolicyInputList": [POLICY],
    });
    let answer = trial.answered("SimulatePrincipalPolicy", request);
    let result = &answer["EvaluationResults"][0];
    assert_eq!(result["PermissionsBoundaryDecisionDetail"], json!({"AllowedByPermissionsBoundary": true}));
    assert_eq!(result["ResourceSpecificResults"][0]["EvalResourceDecision"], "implicitDeny");
}
