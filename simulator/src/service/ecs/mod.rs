//! ECS on the wire: AWS JSON 1.1, member names as in the botocore model.

mod cluster;
mod definition;
mod network;
mod service;
mod task;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator_core::ecs::LaunchType;
use simulator_core::ecs::cluster::Failure;
use simulator_core::Refusal;

use super::json::{object, time};
use super::{Protocol, Service};
use crate::wire::Input;

/// ECS and its operations.
#[must_use]
pub fn service() -> Service {
    let operations = [cluster::rows(), definition::rows(), service::rows(), task::rows()];
    Service {
        signing_name: "ecs",
        protocol: Protocol::Json { target: "AmazonEC2ContainerServiceV20141113" },
        operations: operations.into_iter().flatten().collect(),
    }
}

/// `tags`, a list of `key` and `value`.
fn tags(input: &mut Input) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for mut tag in input.structures("tags")? {
        let key = tag.required("key", INVALID)?;
        tags.insert(key, tag.text("value")?.unwrap_or_default());
        tag.finish()?;
    }
    Ok(tags)
}

fn encode_tags(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

/// Whether `include` holds `TAGS`.
fn includes_tags(input: &mut Input) -> Result<bool, Refusal> {
    Ok(input.texts("include")?.iter().any(|it| it == "TAGS"))
}

fn encode_failures(failures: &[Failure]) -> Value {
    failures.iter().map(|failure| json!({"arn": failure.arn.as_str(), "reason": failure.reason})).collect()
}

/// `maxResults`, 100 where it is not given.
fn limit(input: &mut Input) -> Result<usize, Refusal> {
    match input.integer("maxResults")? {
        None => Ok(100),
        Some(number) => match usize::try_from(number) {
            Ok(number @ 1..=100) => Ok(number),
            Ok(_) | Err(_) => Err(Refusal::fault(INVALID, "maxResults must be between 1 and 100.")),
        },
    }
}

/// A whole number that fits what it counts.
fn number<T: TryFrom<i64>>(input: &mut Input, key: &str) -> Result<Option<T>, Refusal> {
    let Some(number) = input.integer(key)? else { return Ok(None) };
    let wrong = |_| Refusal::fault(INVALID, format!("Invalid value for {key}: {number}"));
    T::try_from(number).map(Some).map_err(wrong)
}

fn launch_type(text: &str) -> Result<LaunchType, Refusal> {
    match text {
        "FARGATE" => Ok(LaunchType::Fargate),
        "EC2" => Ok(LaunchType::Ec2),
        other => Err(Refusal::NotSimulated { what: format!("launch type `{other}` of ECS") }),
    }
}

const INVALID: &str = "InvalidParameterException";
const CLIENT: &str = "ClientException";
