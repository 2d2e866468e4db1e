//! Shapes that several ECS operations share.

use std::collections::BTreeMap;
use std::time::Duration;

use simulator_core::ecs::cluster::Failure;
use simulator_core::ecs::{LaunchType, Network};
use simulator_core::{Page, Refusal};

pub(super) use crate::service::json::{object, time as seconds_of};
use crate::wire::{Document, Input, document};

/// ECS's code for a request that it cannot make sense of.
pub(super) const INVALID: &str = "InvalidParameterException";

/// Takes the whole number `key`, which is not negative.
pub(super) fn whole(input: &mut Input, key: &str) -> Result<Option<u32>, Refusal> {
    let Some(number) = input.integer(key)? else { return Ok(None) };
    let place = input.place().to_owned();
    let invalid = |_| Refusal::fault(INVALID, format!("{place}.{key} must be a whole number from 0 on"));
    u32::try_from(number).map(Some).map_err(invalid)
}

/// Takes the port `key`.
pub(super) fn port(input: &mut Input, key: &str) -> Result<Option<u16>, Refusal> {
    let Some(number) = input.integer(key)? else { return Ok(None) };
    let place = input.place().to_owned();
    let invalid = |_| Refusal::fault(INVALID, format!("{place}.{key} must be a port number"));
    u16::try_from(number).map(Some).map_err(invalid)
}

/// Takes `key`, a number of seconds.
pub(super) fn seconds(input: &mut Input, key: &str) -> Result<Option<Duration>, Refusal> {
    Ok(whole(input, key)?.map(|seconds| Duration::from_secs(u64::from(seconds))))
}

/// Takes `tags`: `[{"key": …, "value": …}]`.
pub(super) fn tags(input: &mut Input) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for mut tag in input.structures("tags")? {
        let (key, value) = (tag.text("key")?.unwrap_or_default(), tag.text("value")?.unwrap_or_default());
        tag.finish()?;
        tags.insert(key, value);
    }
    Ok(tags)
}

/// Takes `include`, whose only member may be `TAGS`.
pub(super) fn includes_tags(input: &mut Input) -> Result<bool, Refusal> {
    let asked = input.texts("include")?;
    match asked.iter().find(|what| *what != "TAGS") {
        Some(what) => Err(Refusal::NotSimulated { what: format!("`{what}` of `include`") }),
        None => Ok(!asked.is_empty()),
    }
}

/// Takes `[{"name": …, "value": …}]` under `key`.
pub(super) fn pairs(input: &mut Input, key: &str) -> Result<Vec<(String, String)>, Refusal> {
    let pair = |mut entry: Input| {
        let pair = (entry.text("name")?.unwrap_or_default(), entry.text("value")?.unwrap_or_default());
        entry.finish()?;
        Ok(pair)
    };
    input.structures(key)?.into_iter().map(pair).collect()
}

/// Takes `launchType`.
pub(super) fn launch_type(input: &mut Input) -> Result<Option<LaunchType>, Refusal> {
    input.text("launchType")?.map(|text| launch_type_named(&text)).transpose()
}

/// The launch type called `text`.
pub(super) fn launch_type_named(text: &str) -> Result<LaunchType, Refusal> {
    match text {
        "FARGATE" => Ok(LaunchType::Fargate),
        "EC2" => Ok(LaunchType::Ec2),
        other => Err(Refusal::NotSimulated { what: format!("launch type `{other}`") }),
    }
}

/// Takes `networkConfiguration`.
pub(super) fn network(input: &mut Input) -> Result<Option<Network>, Refusal> {
    let Some(mut configuration) = input.structure("networkConfiguration")? else { return Ok(None) };
    let vpc = configuration.structure("awsvpcConfiguration")?;
    configuration.finish()?;
    let Some(mut vpc) = vpc else { return Ok(None) };
    let network = Network {
        subnets: vpc.texts("subnets")?,
        security_groups: vpc.texts("securityGroups")?,
        public_ip: vpc.text("assignPublicIp")?.as_deref() == Some("ENABLED"),
    };
    vpc.finish()?;
    Ok(Some(network))
}

/// Takes `platformVersion`: the newest one is all there is.
pub(super) fn platform_version(input: &mut Input) -> Result<(), Refusal> {
    match input.text("platformVersion")?.as_deref() {
        None | Some("LATEST" | "1.4.0") => Ok(()),
        Some(other) => Err(Refusal::NotSimulated { what: format!("Fargate platform version `{other}`") }),
    }
}

/// Takes the truth value `key`, which must not be true.
pub(super) fn refuse_true(input: &mut Input, key: &str) -> Result<(), Refusal> {
    match input.boolean(key)? {
        Some(true) => Err(Refusal::NotSimulated { what: format!("`{key}` of {}", input.place()) }),
        Some(false) | None => Ok(()),
    }
}

/// Takes `maxResults` of a listing whose pages have at most `most` entries.
pub(super) fn limit_up_to(input: &mut Input, most: u32) -> Result<usize, Refusal> {
    let limit = whole(input, "maxResults")?.unwrap_or(most);
    if !(1..=most).contains(&limit) {
        return Err(Refusal::fault(INVALID, format!("maxResults must be between 1 and {most}.")));
    }
    Ok(usize::try_from(limit).expect("a page fits usize"))
}

/// Takes `maxResults`, `most` by default.
pub(super) fn limit(input: &mut Input, most: u32) -> Result<usize, Refusal> {
    let limit = whole(input, "maxResults")?.unwrap_or(most);
    if !(1..=100).contains(&limit) {
        return Err(Refusal::fault(INVALID, "maxResults must be between 1 and 100."));
    }
    Ok(usize::try_from(limit).expect("a hundred fits usize"))
}

/// `[{"key": …, "value": …}]`.
pub(super) fn tag_list(tags: &BTreeMap<String, String>) -> Document {
    tags.iter().map(|(key, value)| document!({ "key": key, "value": value })).collect()
}

/// `failures`.
pub(super) fn failures(failures: &[Failure]) -> Document {
    failures.iter().map(|failure| document!({ "arn": failure.arn.as_str(), "reason": failure.reason })).collect()
}

/// A page of ARNs under `name`.
pub(super) fn page(name: &'static str, page: &Page<String>) -> Document {
    object([(name, document!(&page.items)), ("nextToken", document!(&page.next))])
}

/// `networkConfiguration`.
pub(super) fn network_json(network: &Network) -> Document {
    let Network { subnets, security_groups, public_ip } = network;
    let configuration = object([
        ("subnets", document!(subnets)),
        ("securityGroups", document!(security_groups)),
        ("assignPublicIp", document!(if *public_ip { "ENABLED" } else { "DISABLED" })),
    ]);
    object([("awsvpcConfiguration", configuration)])
}
