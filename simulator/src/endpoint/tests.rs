mod connections;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use futures_util::stream;
use http::Request;
use serde_json::json;
use simulator_core::iam::AccessKey;
use simulator_core::{Access, Authorized, Denial, EventKind, Operation, Refusal, Region, Setup, Timing, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::exchange::Served;
use super::server::Patience;
use super::{Bound, Endpoint, EndpointError, LARGEST_REQUEST};
use crate::account::{self, Account};
use crate::service::{self, Protocol, Service};
use crate::wire::signature::{Signer, sign};
use crate::wire::{Client, ClientError, row};

const REGION: &str = "eu-central-1";
const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// An operation that answers what it was told, or refuses as it was told.
#[derive(Debug)]
struct Echo {
    text: String,
    refuse: Option<String>,
}

impl Operation for Echo {
    type Output = String;
    const NAME: &'static str = "test:Echo";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(Vec::new())
    }

    fn perform(authorized: Authorized<Self>, _: &mut World) -> Result<String, Refusal> {
        let Self { text, refuse } = authorized.operation;
        match refuse.as_deref() {
            None => Ok(text),
            Some("denied") => Err(Refusal::Denied(Denial {
                caller: authorized.caller.arn.to_string(),
                action: Self::NAME.to_owned(),
                resource: "*".to_owned(),
                reason: "because no identity-based policy allows the test:Echo action".to_owned(),
                evidence: None,
            })),
            Some(_) => Err(Refusal::fault("EchoNotFoundException", text)),
        }
    }
}

fn services() -> Vec<Service> {
    let echo = || {
        row::<Echo, _>(
            "Echo",
            |input, _| Ok(Echo { text: input.required("Text", "ValidationError")?, refuse: input.text("Refuse")? }),
            |output, _| json!({ "Text": output }),
        )
    };
    let service = |signing_name, protocol| Service { signing_name, protocol, operations: vec![echo()] };
    vec![
        service("ecs", Protocol::Json { target: "Ecs" }),
        service("iam", Protocol::Query { namespace: "urn:iam", denied: "AccessDenied" }),
        service("ec2", Protocol::Ec2Query { namespace: "urn:ec2" }),
    ]
}

fn account() -> (Arc<Account>, AccessKey) {
    let mut world = World::new(Setup {
        account: "123456789012".parse().expect("twelve digits"),
        region: Region::new(REGION),
        seed: 1,
        timing: Timing::rehearsal(),
        now: account::now(),
    });
    let key = world.root_access_key();
    (Arc::new(Account::new(world)), key)
}

async fn start() -> (Endpoint, Arc<Account>, AccessKey) {
    let (account, key) = account();
    let bound = Bound::to(ANY_PORT).await.expect("a port is free");
    let served = Served::new(Arc::clone(&account), services());
    (bound.serve_only(served, Router::new(), Patience::default()), account, key)
}

fn client(endpoint: &Endpoint, key: &AccessKey) -> Client {
    Client::new(&endpoint.url(), REGION, &key.id, &key.secret).expect("an HTTP client can be set up")
}

fn signed(key: &AccessKey, service: &str, uri: &str, body: &str) -> Request<Bytes> {
    let mut request = unsigned(&[("x-amz-target", "Ecs.Echo")], uri, body);
    let AccessKey { id, secret } = key.clone();
    let signer = Signer { access_key_id: id, secret, token: None, region: REGION.to_owned() };
    sign(&mut request, &signer, service, account::now()).expect("the test's request can be signed");
    request
}

fn unsigned(headers: &[(&str, &str)], uri: &str, body: &str) -> Request<Bytes> {
    let host = if headers.iter().any(|(name, _)| *name == "host") { None } else { Some(("host", "localhost")) };
    let builder = Request::post(uri);
    let builder =
        headers.iter().copied().chain(host).fold(builder, |builder, (name, value)| builder.header(name, value));
    builder.body(Bytes::copy_from_slice(body.as_bytes())).expect("the test's request is one")
}

/// The HTTP status of the answer to `request`, and its body.
fn respond(served: &Served, request: &Request<Bytes>) -> (u16, String) {
    let answer = served.respond(request).answer;
    (answer.status, String::from_utf8(answer.body).expect("answers are text"))
}

#[tokio::test]
async fn a_signed_call_is_carried_out_and_answered() {
    let (endpoint, account, key) = start().await;
    let client = client(&endpoint, &key);
    for text in ["one", "two é\n"] {
        let output = client.json("ecs", "Ecs", "Echo", json!({ "Text": text })).await.expect("root may do all");
        assert_eq!(output, json!({ "Text": text }));
    }
    assert_eq!(account.events_after(0).len(), 2);
    endpoint.stop().await;
}

/// Service, operation and input of a call, with the code and status that refuse it, and what the trace then says.
#[tokio::test]
async fn refusals_reach_the_client_and_the_trace() {
    let (endpoint, account, key) = start().await;
    let client = client(&endpoint, &key);
    for (service, operation, input, code, status, traced) in [
        (
            "ecs",
            "Echo",
            json!({"Text": "x", "Refuse": "fault"}),
            "EchoNotFoundException",
            400,
            Some("test:Echo EchoNotFoundException: x"),
        ),
        (
            "ecs",
            "Echo",
            json!({"Text": "x", "Refuse": "denied"}),
            "AccessDeniedException",
            400,
            Some("test:Echo User: arn:aws:iam::123456789012:root is not authorized"),
        ),
        ("ecs", "Echo", json!({}), "ValidationError", 400, Some("test:Echo ValidationError: ")),
        ("ecs", "Echo", json!([]), "SerializationException", 400, Some("test:Echo SerializationException: ")),
        (
            "ecs",
            "Echo",
            json!({"Text": "x", "New": 1}),
            "NotSimulated",
            501,
            Some("test:Echo greenroom does not simulate parameter `New`"),
        ),
        ("ecs", "Other", json!({}), "UnknownOperationException", 400, Some("the operation ecs:Other")),
        ("dynamodb", "ListTables", json!({}), "NotSimulated", 501, Some("the operation dynamodb:ListTables")),
    ] {
        let seen = account.events_after(0).len();
        let error = client.json(service, "Ecs", operation, input.clone()).await.expect_err(code);
        let ClientError::Refused { code: given, status: given_status, .. } = &error else { panic!("{error}") };
        assert_eq!((given.as_str(), *given_status), (code, status), "{error}");
        assert_eq!(error.is_denial(), code == "AccessDeniedException");
        let traced_as: Vec<String> = account.events_after(seen).iter().map(|event| entry(&event.kind)).collect();
        let expected: Vec<&str> = traced.into_iter().collect();
        assert_eq!(traced_as.len(), expected.len(), "{traced_as:?}");
        assert!(traced_as.iter().zip(&expected).all(|(given, expected)| given.starts_with(expected)), "{traced_as:?}");
    }
}

fn entry(kind: &EventKind) -> String {
    if let EventKind::Called { operation, refusal: Some(refusal), .. } = kind {
        format!("{operation} {refusal}")
    } else if let EventKind::NotSimulated { what } = kind {
        what.clone()
    } else {
        format!("{kind:?}")
    }
}

#[tokio::test]
async fn impostors_are_turned_away_without_a_trace() {
    let (endpoint, account, AccessKey { id, secret }) = start().await;
    for (id, secret, code) in
        [("AKIAUNKNOWN", secret.as_str(), "UnrecognizedClientException"), (&id, "wrong", "InvalidSignatureException")]
    {
        let client = Client::new(&endpoint.url(), REGION, id, secret).expect("an HTTP client can be set up");
        let error = client.json("ecs", "Ecs", "Echo", json!({ "Text": "x" })).await.expect_err(code);
        assert_eq!(error.code(), Some(code));
        assert!(!error.is_denial());
    }
    assert_eq!(account.events_after(0), []);
}

#[test]
fn every_protocol_is_served_on_the_one_port() {
    let (account, key) = account();
    let served = Served::new(account, services());
    for (service, body, status, expected) in [
        ("ecs", "{\"Text\":\"x\"}", 200, "{\"Text\":\"x\"}"),
        ("iam", "Action=Echo&Version=2010-05-08&Text=x", 200, "<EchoResult><Text>x</Text></EchoResult>"),
        ("iam", "Action=Echo&Text=x&Refuse=denied", 403, "<Code>AccessDenied</Code>"),
        (
            "iam",
            "Action=Other",
            400,
            "<Code>InvalidAction</Code><Message>greenroom does not simulate the operation iam:Other<",
        ),
        ("ec2", "Action=Echo&Text=x", 200, "<Text>x</Text></EchoResponse>"),
        ("ec2", "Action=Echo&Text=x&Refuse=denied", 403, "<Code>UnauthorizedOperation</Code>"),
    ] {
        let (given, answer) = respond(&served, &signed(&key, service, "/", body));
        assert_eq!(given, status, "{answer}");
        assert!(answer.contains(expected), "{answer}");
    }
    let (status, answer) = respond(&served, &signed(&key, "iam", "/?Action=Echo&Text=in+the+address", ""));
    assert!(status == 200 && answer.contains("<Text>in the address</Text>"), "{answer}");
    let (status, answer) = respond(&served, &signed(&key, "ecs", "/other", "{}"));
    assert!(status == 501 && answer.contains("the path `/other` of ecs"), "{answer}");
}

/// A signed request to a service that is not simulated: its signing name, the address, a header, the body; then a part of the answer's body
/// and what the trace says.
#[test]
fn other_services_are_refused_in_their_own_protocol() {
    let (account, key) = account();
    let served = Served::new(Arc::clone(&account), services());
    let answered = "greenroom does not simulate ";
    for (service, uri, header, body, expected, traced) in [
        (
            "dynamodb",
            "/",
            ("x-amz-target", "DynamoDB_20120810.ListTables"),
            "{}",
            "\"__type\":\"NotSimulated\"",
            "the operation dynamodb:ListTables",
        ),
        (
            "codedeploy",
            "/service/CodeDeploy_20141006/operation/CreateDeployment",
            ("smithy-protocol", "rpc-v2-cbor"),
            "",
            "f__typelNotSimulated",
            "the operation codedeploy:CreateDeployment; it does simulate ECS's own blue/green, linear and canary deployments",
        ),
        (
            "cloudformation",
            "/",
            ("accept", "*/*"),
            "Action=CreateStack&Version=2010-05-15",
            "<ErrorResponse><Error><Type>Receiver</Type><Code>NotSimulated<",
            "the operation cloudformation:CreateStack",
        ),
        (
            "lambda",
            "/2015-03-31/functions/f/invocations",
            ("accept", "*/*"),
            "{}",
            "\"code\":\"NotSimulated\"",
            "the service `lambda`, asked for `POST /2015-03-31/functions/f/invocations`",
        ),
        (
            "s3",
            "/bucket/key?versionId=1",
            ("accept", "*/*"),
            "",
            "<Error><Code>NotSimulated<",
            "the service `s3`, asked for `POST /bucket/key`",
        ),
        ("s3", "/", ("accept", "*/*"), "", "<Error><Code>NotSimulated<", "the service `s3`, asked for `POST /`"),
        (
            "xray",
            "/",
            ("content-type", "application/json"),
            "{}",
            "\"code\":\"NotSimulated\"",
            "the service `xray`, asked for `POST /`",
        ),
        ("sdb", "/", ("accept", "*/*"), "", "<Code>NotSimulated<", "the service `sdb`, asked for `POST /`"),
    ] {
        let seen = account.events_after(0).len();
        let mut request = unsigned(&[header], uri, body);
        let signer = Signer {
            access_key_id: key.id.clone(),
            secret: key.secret.clone(),
            token: None,
            region: REGION.to_owned(),
        };
        sign(&mut request, &signer, service, account::now()).expect("the test's request can be signed");
        let answer = served.respond(&request).answer;
        let text = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, 501, "{text}");
        assert!(text.contains(expected) && text.contains(&format!("{answered}{traced}")), "{text}");
        let traced_as: Vec<String> = account.events_after(seen).iter().map(|event| entry(&event.kind)).collect();
        assert_eq!(traced_as, [traced]);
    }
}

#[test]
fn unsigned_requests_are_refused_in_their_own_protocol() {
    let (account, _) = account();
    let served = Served::new(account, services());
    for (headers, body, expected) in [
        (&[("x-amz-target", "Ecs.Echo")][..], "{}", "{\"__type\":\"MissingAuthenticationTokenException\""),
        (&[("host", "ecs.eu-central-1.amazonaws.com")], "{}", "{\"__type\":\"MissingAuthenticationTokenException\""),
        (&[("content-type", "application/json")], "{}", "{\"__type\":\"MissingAuthenticationTokenException\""),
        (
            &[("host", "iam.amazonaws.com")],
            "Action=Other",
            "<ErrorResponse xmlns=\"urn:iam\"><Error><Type>Sender</Type><Code>MissingAuthenticationToken<",
        ),
        (
            &[("host", "api.ec2.eu-central-1.amazonaws.com")],
            "Action=Echo",
            "<Response><Errors><Error><Code>MissingAuthenticationToken<",
        ),
        (&[], "Action=Echo", "<Code>MissingAuthenticationToken<"),
        (&[], "", "<Code>MissingAuthenticationToken<"),
    ] {
        let (_, answer) = respond(&served, &unsigned(headers, "/", body));
        assert!(answer.contains(expected), "{answer}");
    }
}

#[tokio::test]
async fn bodies_in_chunks_are_read() {
    let (endpoint, _, key) = start().await;
    let request = signed(&key, "ecs", &format!("{}/", endpoint.url()), "{\"Text\":\"chunked\"}");
    let (parts, body) = request.into_parts();
    let chunks: Vec<Result<Bytes, std::io::Error>> =
        body.chunks(5).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    let body = reqwest::Body::wrap_stream(stream::iter(chunks));
    let request = reqwest::Request::try_from(Request::from_parts(parts, body)).expect("the address is one");
    let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client can be set up");
    let answer = http.execute(request).await.expect("the endpoint answers");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.text().await.expect("the answer is text"), "{\"Text\":\"chunked\"}");
}

#[tokio::test]
async fn connections_are_kept_and_bodies_have_their_length() {
    let (endpoint, _, _) = start().await;
    let mut connection = TcpStream::connect(endpoint.address()).await.expect("the endpoint listens");
    for _ in 0..2 {
        let request = b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Ecs.Echo\r\nContent-Length: 2\r\n\r\n{}";
        connection.write_all(request).await.expect("the connection is kept");
        let head = read_head(&mut connection).await.to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 400"), "{head}");
        assert!(
            head.contains("content-type: application/x-amz-json-1.1\r\n") && head.contains("x-amzn-requestid: "),
            "{head}"
        );
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length is given");
        let mut body = vec![0; length.parse().expect("a length is a number")];
        connection.read_exact(&mut body).await.expect("the body has its length");
        assert!(body.ends_with(b"}"));
    }
}

async fn read_head(connection: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await.expect("the endpoint answers"));
    }
    String::from_utf8(head).expect("heads are text")
}

#[tokio::test]
async fn too_large_a_request_is_refused() {
    let (endpoint, _, key) = start().await;
    let text = "x".repeat(LARGEST_REQUEST);
    let error =
        client(&endpoint, &key).json("ecs", "Ecs", "Echo", json!({ "Text": text })).await.expect_err("too large");
    // A client that is still sending may see the connection close before it reads the answer.
    assert!(
        error.code() == Some("RequestEntityTooLargeException") || matches!(error, ClientError::Unreachable { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_taken_port_is_named_and_a_stopped_endpoint_frees_its_own() {
    let (endpoint, account, key) = start().await;
    let address = endpoint.address();
    let again = || Endpoint::start(Arc::clone(&account), address);
    let error = again().await.expect_err("the port is taken");
    assert!(matches!(error, EndpointError::Taken(_)));
    assert_eq!(error.to_string(), format!("the port {} on 127.0.0.1 is already taken", address.port()));

    // A connection that is kept does not keep the endpoint.
    let idle = client(&endpoint, &key);
    idle.json("ecs", "Ecs", "Echo", json!({ "Text": "x" })).await.expect("root may do all");
    endpoint.stop().await;
    let endpoint = again().await.expect("the port is free again");

    drop(endpoint);
    // Dropping does not wait: the port is free once the server has noticed.
    let closed = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), closed).await.expect("a dropped endpoint stops");
}

#[test]
fn services_and_operations_are_listed_once() {
    let services = service::all();
    let mut names: Vec<String> = Vec::new();
    for Service { signing_name, operations, .. } in &services {
        names.push((*signing_name).to_owned());
        names.extend(operations.iter().map(|row| format!("{signing_name}:{}", row.name)));
    }
    names.sort_unstable();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
