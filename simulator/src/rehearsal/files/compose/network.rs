//! By which names and addresses services reach one another.

use super::super::FileError;
use super::super::fields::{Fields, text};
use super::{Node, Source, Value};

/// How a service is reached, and what it reaches by another name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// A name for its container that is not made of the project's and its own.
    pub container_name: Option<String>,
    /// Another network than the project's: `host`, `none`, or another container's.
    pub mode: Option<String>,
    /// Whether it has the same address for ever (`ipv4_address`).
    pub has_fixed_address: bool,
    /// The services that it names under `links`, for which it waits as if they were under `depends_on`.
    pub links: Vec<String>,
}

impl Network {
    pub(super) fn read(source: &Source, fields: &Fields<'_>) -> Result<Self, FileError> {
        let named = |link: &Node| {
            let link = text(source, link, "links")?.value;
            Ok(link.split(':').next().unwrap_or_default().to_owned())
        };
        let has_address = |node: &Node| ["ipv4_address", "ipv6_address"].iter().any(|key| node.get(key).is_some());
        let networks = fields.node("networks").map(|networks| &networks.value);
        Ok(Self {
            container_name: fields.text("container_name")?.map(|name| name.value),
            mode: fields.text("network_mode")?.map(|mode| mode.value),
            has_fixed_address: match networks {
                Some(Value::Map(entries)) => entries.iter().any(|(_, node)| has_address(node)),
                _ => false,
            },
            links: fields.list("links")?.iter().map(named).collect::<Result<_, FileError>>()?,
        })
    }
}
