use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use simulator_core::{Denial, Refusal};

use super::{Answer, Call};
use crate::service::Protocol;
use crate::wire::signature::Mistrust;
use crate::wire::{Document, document};

const JSON: Protocol = Protocol::Json { target: "Ecs" };
const QUERY: Protocol =
    Protocol::Query { namespace: "https://iam.amazonaws.com/doc/2010-05-08/", denied: "AccessDenied" };
const EC2: Protocol = Protocol::Ec2Query { namespace: "http://ec2.amazonaws.com/doc/2016-11-15/" };
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

fn post(headers: &[(&str, &str)], uri: &str, body: &str) -> Request<Bytes> {
    let mut builder = Request::post(uri);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Bytes::copy_from_slice(body.as_bytes())).expect("the test's request is one")
}

#[test]
fn calls_are_read() {
    let target = [("x-amz-target", "Ecs.ListClusters")];
    for (protocol, request, operation, parameters) in [
        (JSON, post(&target, "/", "{\"maxResults\":1}"), "ListClusters", json!({"maxResults": 1})),
        (JSON, post(&target, "/", ""), "ListClusters", Value::Null),
        (
            QUERY,
            post(&[], "/", "Action=GetUser&Version=2010-05-08&UserName=a%2Bb"),
            "GetUser",
            json!({"UserName": "a+b"}),
        ),
        (QUERY, post(&[], "/?Action=GetUser&X-Amz-Signature=0", ""), "GetUser", json!({})),
        (EC2, post(&[], "/", "Action=DescribeVpcs&VpcId.1=vpc-1"), "DescribeVpcs", json!({"VpcId": ["vpc-1"]})),
    ] {
        let call = Call { operation: operation.to_owned(), parameters };
        assert_eq!(protocol.read(&request), Ok(call));
    }
}

#[test]
fn what_is_no_call_is_refused() {
    let target = [("x-amz-target", "Ecs.ListClusters")];
    let by = |method: Method, mut request: Request<Bytes>| {
        *request.method_mut() = method;
        request
    };
    for (protocol, request, expected) in [
        (JSON, by(Method::GET, post(&target, "/", "{}")), "UnknownOperationException"),
        (JSON, by(Method::PUT, post(&target, "/", "{}")), "UnknownOperationException"),
        (QUERY, by(Method::PUT, post(&[], "/?Action=GetUser", "")), "MalformedHttpRequestException"),
        (EC2, by(Method::DELETE, post(&[], "/?Action=DescribeVpcs", "")), "MalformedHttpRequestException"),
        (JSON, post(&target, "/", "{"), "SerializationException"),
        (JSON, post(&[], "/", "{}"), "UnknownOperationException"),
        (JSON, post(&[("x-amz-target", "Ecr.ListClusters")], "/", "{}"), "UnknownOperationException"),
        (QUERY, post(&[], "/", "UserName=a"), "MissingAction"),
        (QUERY, post(&[], "/", "Action="), "MissingAction"),
        (QUERY, post(&[], "/?Action=A", "Action=A"), "MalformedQueryString"),
        (EC2, post(&[], "/", "Action.1=A"), "MissingAction"),
    ] {
        let refusal = protocol.read(&request).expect_err(expected).to_string();
        assert!(refusal.starts_with(expected), "{refusal}");
    }
}

fn text(answer: &Answer) -> &str {
    std::str::from_utf8(&answer.body).expect("answers are text")
}

#[test]
fn answers_are_written_as_each_protocol_does() {
    let output = document!({"Users": [{"UserName": "a&b"}], "IsTruncated": false});
    let json = JSON.answer("ListUsers", &output, "id");
    assert_eq!(text(&json), "{\"Users\":[{\"UserName\":\"a&b\"}],\"IsTruncated\":false}");
    assert_eq!(json.content_type, "application/x-amz-json-1.1");
    assert_eq!(text(&JSON.answer("CreateLogGroup", &Document::Null, "id")), "");

    let query = QUERY.answer("ListUsers", &output, "id");
    let expected = "<ListUsersResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListUsersResult>\
        <Users><member><UserName>a&amp;b</UserName></member></Users><IsTruncated>false</IsTruncated></ListUsersResult>\
        <ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></ListUsersResponse>";
    assert_eq!(text(&query), format!("{DECLARATION}{expected}"));
    let nothing = QUERY.answer("DeleteUser", &Document::Null, "id");
    assert!(!text(&nothing).contains("DeleteUserResult"), "{}", text(&nothing));
    let empty = QUERY.answer("DeleteRule", &document!({}), "id");
    assert!(text(&empty).contains("<DeleteRuleResult/>"), "{}", text(&empty));

    let ec2 = EC2.answer("DescribeVpcs", &document!({"vpcSet": [{"vpcId": "vpc-1"}], "tagSet": []}), "id");
    let expected = "<DescribeVpcsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>id</requestId>\
        <vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet><tagSet/></DescribeVpcsResponse>";
    assert_eq!(text(&ec2), format!("{DECLARATION}{expected}"));
}

#[test]
fn refusals_are_written_as_each_protocol_does() {
    let fault = Refusal::Fault { code: "NoSuchEntity", status: 404, message: "no `<x>`".to_owned() };
    assert_eq!(text(&JSON.refuse(&fault, "id")), "{\"__type\":\"NoSuchEntity\",\"message\":\"no `<x>`\"}");
    let query = "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
        <Code>NoSuchEntity</Code><Message>no `&lt;x&gt;`</Message></Error><RequestId>id</RequestId></ErrorResponse>";
    assert_eq!(text(&QUERY.refuse(&fault, "id")), format!("{DECLARATION}{query}"));
    let ec2 = "<Response><Errors><Error><Code>NoSuchEntity</Code><Message>no `&lt;x&gt;`</Message></Error></Errors>\
        <RequestID>id</RequestID></Response>";
    assert_eq!(text(&EC2.refuse(&fault, "id")), format!("{DECLARATION}{ec2}"));
}

/// Protocol by protocol, the HTTP status of a refusal and a part of its body.
#[test]
fn refusals_have_the_codes_of_their_protocol() {
    let denied = Refusal::Denied(Denial {
        caller: "arn:aws:iam::123456789012:user/u".to_owned(),
        action: "ecs:UpdateService".to_owned(),
        resource: "*".to_owned(),
        reason: "because no identity-based policy allows the ecs:UpdateService action".to_owned(),
        evidence: None,
    });
    let mistyped = Refusal::fault("SerializationException", "A must be text");
    let not_simulated = Refusal::NotSimulated { what: "parameter `a` of b".to_owned() };
    for (refusal, json, query, ec2) in [
        (&denied, (400, "AccessDeniedException"), (403, "<Code>AccessDenied<"), (403, "<Code>UnauthorizedOperation<")),
        (&mistyped, (400, "SerializationException"), (400, "MalformedInput"), (400, "InvalidParameterValue")),
        (
            &not_simulated,
            (501, "\"NotSimulated\""),
            (501, "<Type>Receiver</Type><Code>NotSimulated"),
            (501, "<Code>NotSimulated<"),
        ),
    ] {
        for (protocol, (status, part)) in [(JSON, json), (QUERY, query), (EC2, ec2)] {
            let answer = protocol.refuse(refusal, "id");
            assert_eq!(answer.status, status, "{}", text(&answer));
            assert!(text(&answer).contains(part), "{}", text(&answer));
        }
    }
}

#[test]
fn mistrust_has_the_codes_of_its_protocol() {
    let text = |text: &str| text.to_owned();
    for (mistrust, json, query, ec2) in [
        (
            Mistrust::Missing,
            "MissingAuthenticationTokenException 400",
            "MissingAuthenticationToken 403",
            "MissingAuthenticationToken 403",
        ),
        (
            Mistrust::Incomplete(text("")),
            "IncompleteSignatureException 400",
            "IncompleteSignature 400",
            "IncompleteSignature 400",
        ),
        (Mistrust::UnknownKey, "UnrecognizedClientException 400", "InvalidClientTokenId 403", "AuthFailure 401"),
        (Mistrust::SessionExpired, "ExpiredTokenException 400", "ExpiredToken 403", "RequestExpired 400"),
        (
            Mistrust::Skewed(text("")),
            "InvalidSignatureException 400",
            "SignatureDoesNotMatch 403",
            "RequestExpired 400",
        ),
        (Mistrust::Scope(text("")), "InvalidSignatureException 400", "SignatureDoesNotMatch 403", "AuthFailure 401"),
        (Mistrust::Mismatch, "InvalidSignatureException 400", "SignatureDoesNotMatch 403", "AuthFailure 401"),
    ] {
        for (protocol, expected) in [(JSON, json), (QUERY, query), (EC2, ec2)] {
            let Refusal::Fault { code, status, .. } = protocol.turn_away(&mistrust) else {
                panic!("{mistrust} must be turned away with a code");
            };
            assert_eq!(format!("{code} {status}"), expected);
        }
    }
}
