//! The names that AWS gives: ids and ARNs that cannot be told beforehand. A plan begins with those of what exists; each
//! step that makes something adds to them.

use std::collections::BTreeMap;

use crate::fault::{CallError, Failure};
use crate::outcome::{AccessKey, LoadBalancerIdentity};
use crate::resource::{Kind, ResourceId};

/// The ids and ARNs of a project's resources, as far as they exist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Identifiers {
    pub(crate) vpc_id: Option<String>,
    pub(crate) subnet_ids: Vec<String>,
    pub(crate) repository_uri: Option<String>,
    /// ARNs by name.
    pub(crate) roles: BTreeMap<String, String>,
    /// Ids by name.
    pub(crate) security_groups: BTreeMap<String, String>,
    pub(crate) load_balancer: Option<LoadBalancerIdentity>,
    /// ARNs by name.
    pub(crate) target_groups: BTreeMap<String, String>,
    pub(crate) listener: Option<String>,
    /// ARNs by name.
    pub(crate) listener_rules: BTreeMap<String, String>,
    pub(crate) cluster: Option<String>,
    pub(crate) task_definition: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) user: Option<String>,
    /// The ids of the active keys that were there.
    pub(crate) access_keys: Vec<String>,
    pub(crate) new_key: Option<AccessKey>,
}

/// What a step made that did not have a name before.
#[derive(Debug)]
pub(crate) enum Made {
    Nothing,
    Repository { uri: String },
    Role { name: String, arn: String },
    SecurityGroup { name: String, id: String },
    LoadBalancer(LoadBalancerIdentity),
    TargetGroup { name: String, arn: String },
    Listener { arn: String },
    ListenerRule { name: String, arn: String },
    Cluster { arn: String },
    TaskDefinition { arn: String },
    Service { arn: String },
    User { arn: String },
    AccessKey(AccessKey),
}

impl Identifiers {
    pub(crate) fn learn(&mut self, made: Made) {
        match made {
            Made::Nothing => {}
            Made::Repository { uri } => self.repository_uri = Some(uri),
            Made::Role { name, arn } => drop(self.roles.insert(name, arn)),
            Made::SecurityGroup { name, id } => drop(self.security_groups.insert(name, id)),
            Made::LoadBalancer(identity) => self.load_balancer = Some(identity),
            Made::TargetGroup { name, arn } => drop(self.target_groups.insert(name, arn)),
            Made::Listener { arn } => self.listener = Some(arn),
            Made::ListenerRule { name, arn } => drop(self.listener_rules.insert(name, arn)),
            Made::Cluster { arn } => self.cluster = Some(arn),
            Made::TaskDefinition { arn } => self.task_definition = Some(arn),
            Made::Service { arn } => self.service = Some(arn),
            Made::User { arn } => self.user = Some(arn),
            Made::AccessKey(key) => self.new_key = Some(key),
        }
    }

    pub(crate) fn security_group(
        &self,
        name: &str,
        operation: &'static str,
        resource: &ResourceId,
    ) -> Result<&str, CallError> {
        let id = self.security_groups.get(name).map(String::as_str);
        known(id, || ResourceId::new(Kind::SecurityGroup, name), operation, resource)
    }

    pub(crate) fn load_balancer(
        &self,
        operation: &'static str,
        resource: &ResourceId,
    ) -> Result<&LoadBalancerIdentity, CallError> {
        known(self.load_balancer.as_ref(), || ResourceId::new(Kind::LoadBalancer, ""), operation, resource)
    }

    pub(crate) fn role(&self, name: &str, operation: &'static str, resource: &ResourceId) -> Result<&str, CallError> {
        let arn = self.roles.get(name).map(String::as_str);
        known(arn, || ResourceId::new(Kind::Role, name), operation, resource)
    }

    pub(crate) fn target_group(
        &self,
        name: &str,
        operation: &'static str,
        resource: &ResourceId,
    ) -> Result<&str, CallError> {
        let arn = self.target_groups.get(name).map(String::as_str);
        known(arn, || ResourceId::new(Kind::TargetGroup, name), operation, resource)
    }

    pub(crate) fn listener(&self, operation: &'static str, resource: &ResourceId) -> Result<&str, CallError> {
        known(self.listener.as_deref(), || ResourceId::new(Kind::Listener, ""), operation, resource)
    }

    pub(crate) fn listener_rule(
        &self,
        rule: &ResourceId,
        operation: &'static str,
        resource: &ResourceId,
    ) -> Result<&str, CallError> {
        known(self.listener_rules.get(&rule.name).map(String::as_str), || rule.clone(), operation, resource)
    }

    pub(crate) fn task_definition(&self, operation: &'static str, resource: &ResourceId) -> Result<&str, CallError> {
        known(self.task_definition.as_deref(), || ResourceId::new(Kind::TaskDefinition, ""), operation, resource)
    }
}

fn known<T>(
    identifier: Option<T>,
    what: impl FnOnce() -> ResourceId,
    operation: &'static str,
    resource: &ResourceId,
) -> Result<T, CallError> {
    identifier.ok_or_else(|| CallError {
        operation,
        resource: resource.clone(),
        failure: Failure::Unresolved { what: what() },
    })
}
