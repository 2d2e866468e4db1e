//! What AWS documents: `fixtures/operations/aws`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::service::Protocol;

/// What AWS documents of every service, by its signing name.
pub(super) struct Documented {
    services: BTreeMap<&'static str, Service>,
    common: Common,
}

/// The error codes of any operation of a protocol.
#[derive(Deserialize)]
struct Common {
    json: BTreeSet<String>,
    query: BTreeSet<String>,
    ec2: BTreeSet<String>,
}

#[derive(Deserialize)]
pub(super) struct Service {
    /// Operations, and the error codes of each.
    pub(super) operations: BTreeMap<String, BTreeSet<String>>,
    pub(super) actions: BTreeMap<String, Action>,
    resources: BTreeMap<String, Resource>,
}

#[derive(Deserialize)]
pub(super) struct Action {
    /// Resource types, and the condition keys that each adds.
    pub(super) resources: BTreeMap<String, Vec<String>>,
    pub(super) keys: Vec<String>,
    /// Actions that must be allowed besides.
    #[serde(default)]
    pub(super) needs: BTreeSet<String>,
}

#[derive(Deserialize)]
pub(super) struct Resource {
    pub(super) arn: String,
    pub(super) keys: Vec<String>,
}

impl Documented {
    pub(super) fn read() -> Self {
        let read = |service| {
            let text = super::read(&format!("aws/{service}.toml"));
            let documented = toml::from_str(&text).unwrap_or_else(|error| panic!("aws/{service}.toml: {error}"));
            (service, documented)
        };
        let common =
            toml::from_str(&super::read("aws/common.toml")).unwrap_or_else(|error| panic!("aws/common.toml: {error}"));
        Self { services: super::services().into_iter().map(read).collect(), common }
    }

    /// The error codes that any operation of `service` may answer with; `NotSimulated` is greenroom's own.
    pub(super) fn common_codes(&self, service: &crate::service::Service) -> BTreeSet<&str> {
        let codes = match service.protocol {
            Protocol::Json { .. } => &self.common.json,
            Protocol::Query { .. } => &self.common.query,
            Protocol::Ec2Query { .. } => &self.common.ec2,
        };
        codes.iter().map(String::as_str).chain(["NotSimulated"]).collect()
    }

    pub(super) fn service(&self, name: &str) -> &Service {
        &self.services[name]
    }

    /// The action called so, such as `iam:PassRole`.
    pub(super) fn action(&self, action: &str) -> Option<&Action> {
        let (service, name) = action.split_once(':')?;
        self.services.get(service)?.actions.get(name)
    }

    /// The type of the resource with this ARN, as the service of `action` calls it; `*` for none.
    pub(super) fn kind(&self, action: &str, resource: &str) -> String {
        // Of an action without resource types, Systems Manager's messages name all that the account has.
        if resource == "*"
            || resource.ends_with(":*") && self.action(action).is_some_and(|known| known.resources.is_empty())
        {
            return "*".to_owned();
        }
        let service = action.split(':').next().unwrap_or_default();
        let best = |shortest: usize| {
            let resources = self.services.get(service).into_iter().flat_map(|service| &service.resources);
            let fitting = resources.filter(|(_, kind)| fits(&kind.arn, resource, shortest));
            // The longest form is the most exact: a log stream's begins as its group's.
            fitting.max_by_key(|(_, kind)| (kind.arn.matches("${").count(), kind.arn.len()))
        };
        // IAM names all users `user/`, but what Logs calls `log-stream:` is a group.
        let found = best(1).or_else(|| best(0));
        found.map_or_else(|| panic!("{action}: AWS knows no resource like {resource}"), |(name, _)| name.clone())
    }

    /// The ARN format of the type `kind` as the service of `action` calls it.
    pub(super) fn arn(&self, action: &str, kind: &str) -> Option<&str> {
        self.resource(action, kind).map(|resource| resource.arn.as_str())
    }

    fn resource(&self, action: &str, kind: &str) -> Option<&Resource> {
        self.services.get(action.split(':').next()?)?.resources.get(kind)
    }

    /// The condition keys that AWS lists for `action` on a resource of the type `kind`: the action's own, and those of what it touches.
    pub(super) fn keys(&self, action: &str, kind: &str) -> BTreeSet<&str> {
        let Some(documented) = self.action(action) else { return BTreeSet::new() };
        let own = documented.resources.get(kind).into_iter().flatten().chain(&documented.keys);
        // What a resource's tags say counts wherever the resource is touched.
        let tags = self.resource(action, kind).into_iter().flat_map(|resource| &resource.keys);
        let tags = tags.filter(|key| key.to_ascii_lowercase().contains("resourcetag/"));
        own.chain(tags).map(|key| stem(key)).collect()
    }
}

/// A key without what stands for any name: `aws:RequestTag` of `aws:RequestTag/${TagKey}`.
pub(super) fn stem(key: &str) -> &str {
    let key = key.strip_suffix("/tag-key").unwrap_or(key);
    key.split_once("/${").map_or(key, |(stem, _)| stem)
}

/// Whether an ARN has this form, each `${…}` of which stands for so many characters at least.
fn fits(form: &str, arn: &str, shortest: usize) -> bool {
    let mut parts = form.split("${").map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
    let Some(mut rest) = parts.next().and_then(|start| arn.strip_prefix(start)) else { return false };
    let mut open = false;
    for part in parts {
        open = part.is_empty();
        let Some(at) = rest.get(shortest..).and_then(|rest| rest.find(part)) else { return false };
        rest = &rest[shortest + at + part.len()..];
    }
    open || rest.is_empty()
}
