//! What every kind of resource can do, and the table of the kinds.
//!
//! A new kind is a new file that implements [`Managed`] for its spec and [`Alteration`] for its changes, a row in the table
//! at the end of this file, and a line in [`Desired::resources`](crate::Desired::resources).

use std::fmt;
use std::future::Future;

use super::{Owner, ResourceId};
use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::fault::CallError;
use crate::identifiers::{Identifiers, Made};
use crate::location::Location;
use crate::plan::{Draft, Needs};
use crate::policy::Statement;

/// A resource that should be: how it is looked at, compared, and brought about or taken away.
pub(crate) trait Managed {
    /// What is found of it.
    type State;
    /// The calls that make, change and delete it.
    type Change: Alteration;
    /// The fields that deploys own, in AWS's words. They are observed at most to be shown, and never compared.
    const OWNED_BY_CI: &'static [&'static str];

    /// What it is called in plans and errors.
    fn id(&self) -> ResourceId;

    /// What must be there before it is made; nothing, unless it is said. It is deleted before any of these.
    fn needs(&self) -> Vec<ResourceId> {
        Vec::new()
    }

    /// The resource whose name is asked for to look at this one, if there is one; it is looked at first.
    fn seen_through(&self) -> Option<ResourceId> {
        None
    }

    /// The resource that it is a part of and whose owner is its owner, where it has no tags of its own.
    fn held_by(&self) -> Option<ResourceId> {
        None
    }

    /// Looks at it, without changing anything. None if there is no such thing.
    fn observe(&self, sight: &Sight<'_>) -> impl Future<Output = Result<Option<Self::State>, CallError>> + Send;

    /// Whose it is, by its tags; none if it has no tags that say so.
    fn owner(state: &mut Self::State) -> Option<&mut Owner>;

    /// Tells the names that AWS gave it.
    fn identify(&self, state: &Self::State, known: &mut Identifiers);

    /// Compares, and adds what is to be done to the draft.
    fn compare(&self, found: Option<&Self::State>, known: &Identifiers, draft: &mut Draft);

    /// The change that tags it as this project's; none if it cannot be adopted.
    fn adopt(&self) -> Option<Self::Change>;

    /// Adds what takes it away to the draft, or says why it stays.
    fn take_away(&self, found: &Self::State, draft: &mut Draft);

    /// What the person who runs bootstrap must be allowed for all of that.
    fn grants(&self, project: &ProjectName, location: &Location) -> Vec<Statement>;
}

/// One call that changes an account. Prints as one line.
pub(crate) trait Alteration: fmt::Display {
    /// What the call makes, writes or deletes.
    fn resource(&self) -> ResourceId;

    /// What must be done before it, if it is in the plan.
    fn needs(&self) -> Needs;

    /// What is lost by it and cannot be brought back by running bootstrap again; none if nothing is.
    fn loses(&self) -> Option<&'static str>;

    /// Makes the call, once.
    fn make(&self, hands: &Hands<'_>) -> impl Future<Output = Result<Made, CallError>> + Send;
}

/// What a look at a resource takes.
#[derive(Debug, Clone)]
pub(crate) struct Sight<'a> {
    pub(crate) account: &'a Account,
    pub(crate) project: &'a ProjectName,
    /// The names of what was looked at before.
    pub(crate) known: Identifiers,
    /// When the look began, in seconds since 1970.
    pub(crate) now: i64,
}

/// What a change takes.
#[derive(Debug, Clone)]
pub(crate) struct Hands<'a> {
    pub(crate) account: &'a Account,
    pub(crate) project: &'a ProjectName,
    /// The names of all that is there by now.
    pub(crate) known: &'a Identifiers,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident: $module:ident::$spec:ident, $state:ident,)+) => {
        /// A resource that should be.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Spec {
            $($(#[doc = $doc])+ $kind(super::$module::$spec),)+
        }

        /// A resource that is.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum State {
            $($(#[doc = $doc])+ $kind(super::$module::$state),)+
        }

        /// One call that changes an account. Prints as one line.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Change {
            $($(#[doc = $doc])+ $kind(super::$module::Change),)+
        }

        $(impl From<super::$module::Change> for Change {
            fn from(change: super::$module::Change) -> Self {
                Self::$kind(change)
            }
        })+

        impl Spec {
            /// What it is called in plans and errors.
            #[must_use]
            pub fn id(&self) -> ResourceId {
                match self { $(Self::$kind(spec) => Managed::id(spec),)+ }
            }

            /// What must be there before it is made. It is deleted before any of these.
            #[must_use]
            pub fn needs(&self) -> Vec<ResourceId> {
                match self { $(Self::$kind(spec) => Managed::needs(spec),)+ }
            }

            /// The fields of it that deploys own and that are never compared, in AWS's words.
            #[must_use]
            pub fn owned_by_ci(&self) -> &'static [&'static str] {
                match self { $(Self::$kind(_) => <super::$module::$spec as Managed>::OWNED_BY_CI,)+ }
            }

            pub(crate) fn seen_through(&self) -> Option<ResourceId> {
                match self { $(Self::$kind(spec) => spec.seen_through(),)+ }
            }

            pub(crate) fn held_by(&self) -> Option<ResourceId> {
                match self { $(Self::$kind(spec) => spec.held_by(),)+ }
            }

            pub(crate) async fn observe(&self, sight: &Sight<'_>) -> Result<Option<State>, CallError> {
                match self { $(Self::$kind(spec) => Ok(Managed::observe(spec, sight).await?.map(State::$kind)),)+ }
            }

            pub(crate) fn identify(&self, state: &State, known: &mut Identifiers) {
                match (self, state) {
                    $((Self::$kind(spec), State::$kind(state)) => Managed::identify(spec, state, known),)+
                    _ => {}
                }
            }

            pub(crate) fn compare(&self, found: Option<&State>, known: &Identifiers, draft: &mut Draft) {
                match (self, found) {
                    $((Self::$kind(spec), None) => spec.compare(None, known, draft),)+
                    $((Self::$kind(spec), Some(State::$kind(state))) => spec.compare(Some(state), known, draft),)+
                    _ => {}
                }
            }

            pub(crate) fn adopt(&self) -> Option<Change> {
                match self { $(Self::$kind(spec) => spec.adopt().map(Change::$kind),)+ }
            }

            pub(crate) fn take_away(&self, found: &State, draft: &mut Draft) {
                match (self, found) {
                    $((Self::$kind(spec), State::$kind(state)) => spec.take_away(state, draft),)+
                    _ => {}
                }
            }

            pub(crate) fn grants(&self, project: &ProjectName, location: &Location) -> Vec<Statement> {
                match self { $(Self::$kind(spec) => spec.grants(project, location),)+ }
            }
        }

        impl State {
            pub(crate) fn owner(&mut self) -> Option<&mut Owner> {
                match self { $(Self::$kind(state) => <super::$module::$spec as Managed>::owner(state),)+ }
            }
        }

        impl Change {
            /// What the change makes, writes or deletes.
            #[must_use]
            pub fn resource(&self) -> ResourceId {
                match self { $(Self::$kind(change) => change.resource(),)+ }
            }

            /// What is lost by it and cannot be brought back by running bootstrap again; none if nothing is.
            #[must_use]
            pub fn loses(&self) -> Option<&'static str> {
                match self { $(Self::$kind(change) => change.loses(),)+ }
            }

            pub(crate) fn needs(&self) -> Needs {
                match self { $(Self::$kind(change) => Alteration::needs(change),)+ }
            }

            pub(crate) async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
                match self { $(Self::$kind(change) => change.make(hands).await,)+ }
            }
        }

        impl fmt::Display for Change {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $(Self::$kind(change) => change.fmt(f),)+ }
            }
        }
    };
}

kinds! {
    /// A service-linked role.
    ServiceLinkedRole: service_linked_role::ServiceLinkedRole, Present,
    /// The default network, which is only looked at.
    Network: network::DefaultNetwork, NetworkState,
    /// An ECR repository.
    Repository: repository::Repository, RepositoryState,
    /// A CloudWatch log group.
    LogGroup: log_group::LogGroup, LogGroupState,
    /// A managed policy of the account's own.
    ManagedPolicy: managed_policy::ManagedPolicy, ManagedPolicyState,
    /// An identity provider.
    OidcProvider: oidc_provider::OidcProvider, OidcProviderState,
    /// An IAM role.
    Role: role::Role, RoleState,
    /// An instance profile.
    InstanceProfile: instance_profile::InstanceProfile, InstanceProfileState,
    /// An EC2 security group.
    SecurityGroup: security_group::SecurityGroup, SecurityGroupState,
    /// A load balancer.
    LoadBalancer: load_balancer::LoadBalancer, LoadBalancerState,
    /// A target group.
    TargetGroup: target_group::TargetGroup, TargetGroupState,
    /// A listener.
    Listener: listener::Listener, ListenerState,
    /// A rule of a listener.
    ListenerRule: listener_rule::ListenerRule, ListenerRuleState,
    /// A Secrets Manager secret.
    Secret: secret::Secret, SecretState,
    /// An SSM parameter.
    Parameter: parameter::Parameter, ParameterState,
    /// An ECS cluster.
    Cluster: cluster::Cluster, ClusterState,
    /// A family of task definitions.
    TaskDefinition: task_definition::FirstRevision, FamilyState,
    /// An ECS service.
    Service: service::Service, ServiceState,
    /// The user that deploys.
    User: deploy_user::DeployUser, DeployUserState,
}
