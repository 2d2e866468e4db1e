//! Parameter Store's rows, called as the wire calls them.

use serde_json::json;

use super::service;
use crate::service::trial::Trial;

#[test]
fn parameters_are_put_read_labelled_and_deleted() {
    let mut trial = Trial::new(service());
    let arn = "arn:aws:ssm:eu-central-1:123456789012:parameter/news/url";
    let user = "arn:aws:iam::123456789012:root";
    let modified = json!(1_800_000_000.25);
    let put = json!({"Name": "/news/url", "Value": "one", "Type": "String", "Description": "d", "Tags": [{"Key": "k", "Value": "v"}]});
    for (operation, request, answer) in [
        ("PutParameter", put, json!({"Version": 1, "Tier": "Standard"})),
        (
            "PutParameter",
            json!({"Name": "/news/url", "Value": "two", "Overwrite": true, "Tier": "Intelligent-Tiering", "DataType": "text"}),
            json!({"Version": 2, "Tier": "Standard"}),
        ),
        (
            "LabelParameterVersion",
            json!({"Name": "/news/url", "ParameterVersion": 1, "Labels": ["prod", "aws"]}),
            json!({"InvalidLabels": ["aws"], "ParameterVersion": 1}),
        ),
        (
            "GetParameter",
            json!({"Name": "/news/url:prod", "WithDecryption": true}),
            json!({"Parameter": {
                "Name": "/news/url", "Type": "String", "Value": "one", "Version": 1, "Selector": ":prod",
                "LastModifiedDate": modified, "ARN": arn, "DataType": "text",
            }}),
        ),
        (
            "GetParameterHistory",
            json!({"Name": "/news/url", "MaxResults": 1}),
            json!({
                "Parameters": [{
                    "Name": "/news/url", "Type": "String", "LastModifiedDate": modified, "LastModifiedUser": user,
                    "Description": "d", "Value": "one", "Version": 1, "Labels": ["prod"], "Tier": "Standard", "Policies": [],
                    "DataType": "text",
                }],
                "NextToken": "3030303030303030303030303030303030303031",
            }),
        ),
        (
            "DescribeParameters",
            json!({"Filters": [{"Key": "Name", "Values": ["/news"]}], "ParameterFilters": [{"Key": "tag:k", "Values": ["v"]}]}),
            json!({"Parameters": [{
                "Name": "/news/url", "ARN": arn, "Type": "String", "LastModifiedDate": modified, "LastModifiedUser": user,
                "Description": "d", "Version": 2, "Tier": "Standard", "Policies": [], "DataType": "text",
            }]}),
        ),
        (
            "UnlabelParameterVersion",
            json!({"Name": "/news/url", "ParameterVersion": 1, "Labels": ["prod"]}),
            json!({"RemovedLabels": ["prod"], "InvalidLabels": []}),
        ),
        (
            "RemoveTagsFromResource",
            json!({"ResourceType": "Parameter", "ResourceId": "/news/url", "TagKeys": ["k"]}),
            json!({}),
        ),
        (
            "AddTagsToResource",
            json!({"ResourceType": "Parameter", "ResourceId": "/news/url", "Tags": [{"Key": "l", "Value": "w"}]}),
            json!({}),
        ),
        (
            "ListTagsForResource",
            json!({"ResourceType": "Parameter", "ResourceId": "/news/url"}),
            json!({"TagList": [{"Key": "l", "Value": "w"}]}),
        ),
        (
            "DeleteParameters",
            json!({"Names": ["/news/url", "x"]}),
            json!({"DeletedParameters": ["/news/url"], "InvalidParameters": ["x"]}),
        ),
    ] {
        assert_eq!(trial.answered(operation, request), answer, "{operation}");
    }
    for (operation, request, refused) in [
        ("DeleteParameter", json!({"Name": "/news/url"}), "ParameterNotFound: "),
        (
            "PutParameter",
            json!({"Name": "a", "Value": "v", "Type": "Text"}),
            "ValidationException: 1 validation error detected: Value 'Text' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SecureString, StringList, String]",
        ),
        (
            "PutParameter",
            json!({"Name": "a", "Value": "v", "Type": "SecureString", "KeyId": "alias/mine"}),
            "greenroom does not simulate the KMS key `alias/mine` of a parameter",
        ),
        (
            "PutParameter",
            json!({"Name": "a", "Value": "v", "Type": "String", "AllowedPattern": "^v$"}),
            "greenroom does not simulate parameter `AllowedPattern` of ssm:PutParameter",
        ),
        (
            "PutParameter",
            json!({"Name": "a", "Value": "v", "Type": "String", "DataType": "json"}),
            "ValidationException: The following data type is not supported: json (Data type names are all lowercase.)",
        ),
    ] {
        assert_eq!(trial.refused(operation, request), refused, "{operation}");
    }
}

#[test]
fn several_parameters_are_read_by_name_and_by_path() {
    let mut trial = Trial::new(service());
    for name in ["/news/a", "/news/b"] {
        trial.answered("PutParameter", json!({"Name": name, "Value": "v", "Type": "SecureString"}));
    }
    let several = trial.answered("GetParameters", json!({"Names": ["/news/b", "x"], "WithDecryption": true}));
    assert_eq!((&several["Parameters"][0]["Value"], &several["InvalidParameters"]), (&json!("v"), &json!(["x"])));
    let by_path = trial.answered("GetParametersByPath", json!({"Path": "/news", "MaxResults": 1}));
    assert_ne!(by_path["Parameters"][0]["Value"], "v", "without decryption the value is not shown");
    let next = json!({"Path": "/news", "NextToken": by_path["NextToken"], "WithDecryption": true});
    assert_eq!(trial.answered("GetParametersByPath", next)["Parameters"][0]["Name"], "/news/b");
}
