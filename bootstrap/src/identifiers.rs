//! The names that AWS gives: ids and ARNs that cannot be told beforehand. A plan begins with those of what exists; each
//! step that makes something adds to them.

use std::collections::{BTreeMap, BTreeSet};

use crate::fault::{CallError, Failure};
use crate::outcome::AccessKey;
use crate::resource::{Kind, ResourceId};

/// The ids and ARNs of a project's resources, as far as they exist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Identifiers {
    /// Ids or ARNs, whichever AWS takes; of a repository what an image in it is called, but for the tag.
    pub(crate) names: BTreeMap<ResourceId, String>,
    /// Host names of load balancers.
    pub(crate) hosts: BTreeMap<ResourceId, String>,
    /// The subnets to build in.
    pub(crate) subnet_ids: Vec<String>,
    /// The ids of the active keys that were there.
    pub(crate) access_keys: Vec<String>,
    pub(crate) new_key: Option<AccessKey>,
    /// What was made so lately that AWS may not know it everywhere.
    pub(crate) recent: BTreeSet<ResourceId>,
}

/// What a step made that did not have a name before.
#[derive(Debug)]
pub(crate) enum Made {
    Nothing,
    Named(ResourceId, String),
    /// A load balancer: its ARN and its host name.
    Host(ResourceId, String, String),
    AccessKey(AccessKey),
}

impl Identifiers {
    pub(crate) fn learn(&mut self, made: Made) {
        match made {
            Made::Nothing => {}
            Made::Named(resource, name) => drop(self.names.insert(resource, name)),
            Made::Host(resource, name, host) => {
                self.hosts.insert(resource.clone(), host);
                self.names.insert(resource, name);
            }
            Made::AccessKey(key) => self.new_key = Some(key),
        }
    }

    /// What AWS calls a resource, if it is there.
    pub(crate) fn get(&self, resource: &ResourceId) -> Option<&str> {
        self.names.get(resource).map(String::as_str)
    }

    /// The VPC to build in, if there is one.
    pub(crate) fn vpc(&self) -> Option<&str> {
        self.get(&ResourceId::new(Kind::Vpc, ""))
    }

    /// What AWS calls `wanted`, which `operation` takes for `resource`.
    pub(crate) fn name(
        &self,
        wanted: &ResourceId,
        operation: &'static str,
        resource: &ResourceId,
    ) -> Result<&str, CallError> {
        self.get(wanted).ok_or_else(|| CallError {
            operation,
            resource: resource.clone(),
            failure: Failure::Unresolved { what: wanted.clone() },
        })
    }
}
