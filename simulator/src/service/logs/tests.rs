//! CloudWatch Logs' rows, called as the wire calls them: times are whole milliseconds.

use serde_json::json;

use super::service;
use crate::service::trial::{NOW, Trial};

#[test]
fn lines_are_put_read_and_searched() {
    let mut trial = Trial::new(service());
    let now = NOW.as_millis();
    trial.answered("CreateLogGroup", json!({"logGroupName": "/news", "logGroupClass": "STANDARD", "tags": {"a": "1"}}));
    trial.answered("CreateLogStream", json!({"logGroupName": "/news", "logStreamName": "s"}));
    let events = json!([{"timestamp": now, "message": "one"}, {"timestamp": now + 8_000_000, "message": "tomorrow"}]);
    let put =
        trial.answered("PutLogEvents", json!({"logGroupName": "/news", "logStreamName": "s", "logEvents": events}));
    assert_eq!(put["rejectedLogEventsInfo"], json!({"tooNewLogEventStartIndex": 1}));
    let line = json!({"timestamp": now, "message": "one", "ingestionTime": now});
    let arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/news";
    let read =
        trial.answered("GetLogEvents", json!({"logGroupIdentifier": arn, "logStreamName": "s", "startFromHead": true}));
    assert_eq!(read["events"], json!([line]));
    let found = trial
        .answered("FilterLogEvents", json!({"logGroupName": "/news", "filterPattern": "one", "interleaved": true}));
    assert_eq!((&found["events"][0]["logStreamName"], &found["searchedLogStreams"]), (&json!("s"), &json!([])));
    let stream = trial.answered(
        "DescribeLogStreams",
        json!({"logGroupName": "/news", "orderBy": "LastEventTime", "descending": true}),
    );
    assert_eq!(stream["logStreams"][0]["firstEventTimestamp"], json!(now));
    assert_eq!(stream["logStreams"][0]["storedBytes"], json!(0));
    let both = json!({"logGroupName": "/news", "logGroupIdentifier": arn});
    assert_eq!(
        trial.refused("DescribeLogStreams", both),
        "ValidationException: LogGroup name and LogGroup ARN are mutually exclusive parameters."
    );
    let elsewhere = json!({"logGroupIdentifier": arn.replace("123456789012", "210987654321"), "logStreamName": "s"});
    assert_eq!(
        trial.refused("GetLogEvents", elsewhere),
        "ResourceNotFoundException: The specified log group does not exist."
    );
    assert_eq!(
        trial.refused("FilterLogEvents", json!({"logGroupName": "/news", "unmask": true})),
        "greenroom does not simulate unmasked log lines"
    );
    trial.answered("DeleteLogStream", json!({"logGroupName": "/news", "logStreamName": "s"}));
}

#[test]
fn groups_are_described_with_retention_and_both_arns() {
    let mut trial = Trial::new(service());
    let arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/news";
    trial.answered("CreateLogGroup", json!({"logGroupName": "/news"}));
    trial.answered("PutRetentionPolicy", json!({"logGroupName": "/news", "retentionInDays": 30}));
    let group = trial.answered("DescribeLogGroups", json!({"logGroupNamePrefix": "/n"}))["logGroups"][0].clone();
    assert_eq!(
        (&group["retentionInDays"], &group["logGroupArn"], &group["arn"]),
        (&json!(30), &json!(arn), &json!(format!("{arn}:*")))
    );
    trial.answered("DeleteRetentionPolicy", json!({"logGroupName": "/news"}));
    let group = trial.answered("DescribeLogGroups", json!({}))["logGroups"][0].clone();
    assert_eq!(group.get("retentionInDays"), None);
    trial.answered("TagResource", json!({"resourceArn": arn, "tags": {"a": "1", "b": "2"}}));
    trial.answered("UntagResource", json!({"resourceArn": arn, "tagKeys": ["a"]}));
    assert_eq!(trial.answered("ListTagsForResource", json!({"resourceArn": arn})), json!({"tags": {"b": "2"}}));
    trial.answered("TagLogGroup", json!({"logGroupName": "/news", "tags": {"c": "3"}}));
    trial.answered("UntagLogGroup", json!({"logGroupName": "/news", "tags": ["b"]}));
    assert_eq!(trial.answered("ListTagsLogGroup", json!({"logGroupName": "/news"})), json!({"tags": {"c": "3"}}));
    let by_identifier = trial.answered("DescribeLogGroups", json!({"logGroupIdentifiers": [format!("{arn}:*")]}));
    assert_eq!(by_identifier["logGroups"][0]["deletionProtectionEnabled"], json!(false));
    let by_pattern = trial.answered("DescribeLogGroups", json!({"logGroupNamePattern": "ew"}))["logGroups"][0].clone();
    assert_eq!((by_pattern.get("storedBytes"), by_pattern.get("deletionProtectionEnabled")), (None, None));
    trial.answered("DeleteLogGroup", json!({"logGroupName": "/news"}));
    assert_eq!(
        trial.refused("CreateLogGroup", json!({"logGroupName": "/x", "logGroupClass": "INFREQUENT_ACCESS"})),
        "greenroom does not simulate log groups of the class `INFREQUENT_ACCESS`"
    );
}
