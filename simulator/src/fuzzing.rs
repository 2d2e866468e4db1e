//! What `simulator/fuzz` throws bytes at: every place where a stranger's bytes are read before anything is known of him, and, behind
//! it, every operation. Compiled for fuzzing and for tests alone, which try again what the fuzzers have kept.
//!
//! Each function takes whatever it is given and must come back, in bounded time and memory, without a panic.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use simulator_core::iam::Credential;
use simulator_core::iam::policy::{Context, Document, Request as Asked, Requester};
use simulator_core::{Arn, Region, Setup, Timestamp, Timing, World};

use crate::data_channel::{self, Incoming, Message};
use crate::registry::{manifest_needs, range_within, repository_of};
use crate::service::{Service, all};
use crate::wire::IntoDocument as _;
use crate::wire::signature::{Claim, verify};

/// When the account comes into being: 2027-01-15T08:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
/// Calls of one input beyond these are not made: a long story finds nothing that a short one does not.
const MOST_CALLS: usize = 64;

/// Reads the signature of the HTTP request that `input` spells, and checks it. Nobody can have signed it.
///
/// # Panics
/// If it is believed.
pub fn signature(input: &[u8]) {
    let Some(request) = request(input) else { return };
    let Ok(Some(claim)) = Claim::read(&request) else { return };
    let world = world();
    let credential = Credential {
        caller: world.root(),
        secret: "a secret that no input spells".to_owned(),
        session_token: claim.token.clone(),
        expires_at: None,
        active: true,
    };
    let believed = verify(&claim, &request, Some(&credential), &claim.scope.region, claim.at);
    assert!(believed.is_err(), "a signature was believed that nobody made: {claim:?}");
}

/// Reads the HTTP request that `input` spells in every service's protocol, and answers with what was read.
pub fn protocols(input: &[u8]) {
    let Some(request) = request(input) else { return };
    for service in all() {
        match service.protocol.read(&request) {
            Ok(call) => drop(service.protocol.answer(&call.operation, &call.parameters.into_document(), "id")),
            Err(refusal) => drop(service.protocol.refuse(&refusal, "id")),
        }
    }
}

/// Makes the calls that the lines of `input` spell, each `service:Operation` and its parameters as JSON, as the root user. A line that
/// is a number lets so many milliseconds pass.
pub fn operations(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let services = all();
    let mut world = world();
    let mut now = NOW;
    for line in text.lines().take(MOST_CALLS) {
        if let Ok(passed) = line.parse::<u32>() {
            now = now + Duration::from_millis(u64::from(passed));
            world.tick(now);
            continue;
        }
        let Some((name, parameters)) = line.split_once(' ') else { continue };
        let Ok(parameters) = serde_json::from_str::<Value>(parameters) else { continue };
        let Some((service, row)) = find(&services, name) else { continue };
        let root = world.root();
        let request_id = "id";
        match row.handle(&mut world, now, &root, parameters) {
            Ok(output) => drop(service.protocol.answer(row.name, &output, request_id)),
            Err(refusal) => drop(service.protocol.refuse(&refusal, request_id)),
        }
        drop(world.take_effects());
    }
}

/// Reads `input`, a policy document and, after a line that says `---`, lines of `key=value` that a request carries, in every way that
/// IAM reads documents, and decides by it.
pub fn policy(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let (document, carried) = text.split_once("\n---\n").unwrap_or((text, ""));
    let mut context = Context::default();
    for (key, value) in carried.lines().filter_map(|line| line.split_once('=')) {
        context.add(key, value);
    }
    let requester = Requester::Root { account: world().account().clone() };
    for read in [Document::identity, Document::trust, Document::resource] {
        let Ok(document) = read(document) else { continue };
        for statement in &document.statements {
            let (action, resource) = ("ecs:UpdateService", "arn:aws:ecs:eu-central-1:123456789012:service/a/b");
            let asked = Asked { requester: &requester, action, resource, context: &context };
            let _ = (statement.covers(&asked), statement.reach(&requester));
        }
    }
}

/// Asks the registry for what the first line of `input` spells, a method, a space and a path, with the rest as a manifest.
///
/// # Panics
/// If a repository's name was taken that could leave the folder it stands for.
pub fn registry(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let (line, manifest) = text.split_once('\n').unwrap_or((text, ""));
    let _ = manifest_needs(manifest, None);
    let Some((method, path)) = line.split_once(' ') else { return };
    let Ok(method) = method.parse::<Method>() else { return };
    let Some(repository) = repository_of(&method, path) else { return };
    let safe = |part: &str| !part.is_empty() && part != "." && part != "..";
    assert!(repository.split('/').all(safe), "`{repository}` was taken for a repository's name");
}

/// Takes `input` for the messages of a data channel, each after its length in two bytes, and reads them in order.
///
/// # Panics
/// If a message is not written as it was read, or messages are read out of order.
pub fn data_channel(input: &[u8]) {
    let mut incoming = Incoming::default();
    let (mut rest, mut expected) = (input, 0);
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        let (bytes, after) = after.split_at(length);
        rest = after;
        let Ok(message) = Message::read(&Bytes::copy_from_slice(bytes)) else { continue };
        let written = Bytes::from(message.write());
        assert_eq!(Message::read(&written).as_ref(), Ok(&message), "a message was not written as it was read");
        data_channel::understand(&message);
        let _ = incoming.receive(message);
        while let Some(message) = incoming.take() {
            assert_eq!(message.sequence, expected, "a message was read out of order");
            expected += 1;
        }
    }
}

/// Reads the lines of `input` in every way that one text is read: as an ARN, as a range of a blob, as the range of an upload; and as a
/// filter pattern, which is tried on the line after it.
///
/// # Panics
/// If a range was taken that is not within the blob, or an ARN does not say what was read.
pub fn texts(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let lines: Vec<&str> = text.lines().take(MOST_CALLS).collect();
    for pair in lines.windows(2) {
        let &[line, next] = pair else { continue };
        if let Ok(arn) = line.parse::<Arn>() {
            assert_eq!(arn.as_str(), line);
        }
        range_within(line, u64::try_from(next.len()).unwrap_or(u64::MAX));
        filter(line, next);
    }
}

/// Has CloudWatch Logs look for `pattern` in one event that says `message`.
fn filter(pattern: &str, message: &str) {
    let mut world = world();
    let root = world.root();
    let services = all();
    let mut call = |operation: &str, parameters: Value| {
        let (_, row) = find(&services, operation).expect("the operation is served");
        drop(row.handle(&mut world, NOW, &root, parameters));
    };
    call("logs:CreateLogGroup", json!({ "logGroupName": "g" }));
    call("logs:CreateLogStream", json!({ "logGroupName": "g", "logStreamName": "s" }));
    let events = json!([{ "timestamp": NOW.as_millis(), "message": message }]);
    call("logs:PutLogEvents", json!({ "logGroupName": "g", "logStreamName": "s", "logEvents": events }));
    call("logs:FilterLogEvents", json!({ "logGroupName": "g", "filterPattern": pattern }));
}

fn world() -> World {
    let account = "123456789012".parse().expect("twelve digits");
    World::new(Setup { account, region: Region::new("eu-central-1"), seed: 1, timing: Timing::rehearsal(), now: NOW })
}

fn find<'a>(services: &'a [Service], name: &str) -> Option<(&'a Service, &'a crate::wire::Row)> {
    let (service, operation) = name.split_once(':')?;
    let service = services.iter().find(|known| known.signing_name == service)?;
    Some((service, service.operations.iter().find(|row| row.name == operation)?))
}

/// The request that `input` spells as HTTP/1.1 would: a line with method and address, lines of headers, an empty line, the body.
fn request(input: &[u8]) -> Option<Request<Bytes>> {
    let end = input.windows(2).position(|pair| pair == b"\n\n")?;
    let (head, body) = (str::from_utf8(&input[..end]).ok()?, &input[end + 2..]);
    let mut lines = head.lines();
    let (method, address) = lines.next()?.split_once(' ')?;
    let mut builder = Request::builder().method(method).uri(address);
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        builder = builder.header(name, value);
    }
    builder.body(Bytes::copy_from_slice(body)).ok()
}

#[cfg(test)]
mod tests;
