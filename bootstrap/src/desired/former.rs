//! What the project would have by other settings than it has now: what greenroom.toml asked for once and does not any more.
//!
//! There is no state file that would tell it. It is found by the names that bootstrap gives, and where the names are the user's own by
//! the project's tag; what does not carry that tag is never touched. Service-linked roles are not among it: they are AWS's, and
//! anything else in the account may use them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::former_service::SERVICES;
use super::{Desired, deployer, traffic};
use crate::config::TestHeader;
use crate::config::name::{HeaderName, HeaderValue, RepositoryName};
use crate::policy::TrustPolicy;
use crate::policy::trust::{Principal, audience, github_provider};
use crate::resource::deploy_user::DeployUser;
use crate::resource::instance_profile::InstanceProfile;
use crate::resource::listener_rule::{ListenerRule, Requests};
use crate::resource::log_group::LogGroup;
use crate::resource::managed_policy::{ManagedPolicy, PolicyReference, Use};
use crate::resource::oidc_provider::OidcProvider;
use crate::resource::parameter::Parameter;
use crate::resource::repository::Repository;
use crate::resource::role::{Purpose, Role};
use crate::resource::secret::Secret;
use crate::resource::security_group::SecurityGroup;
use crate::resource::target_group::TargetGroup;
use crate::resource::{Kind, ResourceId, Spec, State};

/// What greenroom.toml does not ask for any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Former {
    pub(crate) spec: Spec,
    /// What asked for it, as in "`[host]` asked for it".
    pub(crate) setting: &'static str,
    /// What would be lost with it that nobody can bring back, or may break; nothing of that kind, if there is none. Then it is only taken
    /// away when somebody says so.
    pub(crate) risk: Option<&'static str>,
    /// The service that had it to itself, and goes and stays with it.
    pub(crate) part_of: Option<ResourceId>,
}

impl Former {
    /// Whether this is what is called `id`.
    pub(crate) fn is(&self, id: &ResourceId) -> bool {
        self.spec.id() == *id
    }

    /// Whether it is found through a service alone: if it went after it, nobody would find it any more after an interruption.
    pub(crate) fn goes_before_its_service(&self) -> bool {
        let kind = self.spec.id().kind;
        self.part_of.is_some() && matches!(kind, Kind::LogGroup | Kind::Role | Kind::TaskDefinition)
    }
}

const DEPLOY: &str = "`[deploy]`";
const HOST: &str = "`[host]`";
pub(crate) const PERMISSIONS: &str = "`[permissions]`";
const DEPLOYMENT: &str = "`[deployment]`";
const TASK_DEFINITION: &str = "the task definition";

impl Desired {
    /// The permissions boundary that bootstrap makes where it is asked to.
    pub(crate) fn made_boundary(&self) -> PolicyReference {
        self.own_policy("boundary")
    }

    fn own_policy(&self, suffix: &str) -> PolicyReference {
        PolicyReference { arn: self.location.iam_arn(&format!("policy/{}-{suffix}", self.project)), is_own: true }
    }

    /// What other settings would have made under names of bootstrap's, each after what it needs.
    pub(crate) fn formers(&self) -> Vec<Former> {
        let wanted = self.resources();
        let is_wanted = |spec: &Spec| wanted.iter().any(|other| other.id() == spec.id());
        let former = |spec: Spec, setting, risk| Former { spec, setting, risk, part_of: None };
        let mut formers = vec![
            former(Spec::LogGroup(self.log_group(format!("/ecs/{}", self.project))), TASK_DEFINITION, LOG_EVENTS),
            former(self.former_policy("boundary", Use::Boundary), PERMISSIONS, None),
            former(self.former_policy("deploy", Use::Deploys), DEPLOY, None),
            former(self.former_provider(), DEPLOY, None),
        ];
        let tasks = Some("the tasks of a revision that is deployed may have it");
        let roles = [
            (Purpose::Tasks, "execution", TASK_DEFINITION, tasks),
            (Purpose::App, "task", TASK_DEFINITION, tasks),
            (Purpose::Infrastructure, "infrastructure", DEPLOYMENT, None),
            (Purpose::Hooks, "hooks", DEPLOYMENT, None),
            (Purpose::Instance, "host", HOST, None),
            (Purpose::Deploys, "deploy", DEPLOY, None),
        ];
        let name = |suffix: &str| format!("{}-{suffix}", self.project);
        formers.extend(roles.map(|(purpose, suffix, setting, risk)| {
            former(self.former_role(purpose, name(suffix), "/".to_owned()), setting, risk)
        }));
        formers.push(former(self.former_profile(), HOST, None));
        formers.extend(self.former_traffic().into_iter().map(|spec| former(spec, DEPLOYMENT, None)));
        formers.push(former(self.former_user(), DEPLOY, None));
        formers.retain(|former| !is_wanted(&former.spec));
        formers
    }

    /// What was found under a name of the user's own and carries the project's tag; none if it is asked for, or is of a kind whose names
    /// are all bootstrap's.
    pub(crate) fn former(&self, id: &ResourceId) -> Option<Former> {
        let is_wanted = self.resources().iter().any(|spec| spec.id() == *id);
        if is_wanted { None } else { self.beyond(id, &self.formers()) }
    }

    fn beyond(&self, id: &ResourceId, formers: &[Former]) -> Option<Former> {
        let name = id.name.clone();
        let (spec, setting, risk) = if id.kind == Kind::Repository {
            let name = RepositoryName::parse(&name).ok()?;
            let arn = self.location.arn("ecr", &format!("repository/{name}"));
            (Spec::Repository(Repository { name, arn, encryption: None }), "`[repository]`", None)
        } else if id.kind == Kind::Secret {
            (Spec::Secret(Secret { name, is_whole: false }), TASK_DEFINITION, Some("its value would go with it"))
        } else if id.kind == Kind::Parameter {
            (Spec::Parameter(Parameter { name }), TASK_DEFINITION, Some("its value would go with it"))
        } else if let Some(former) = formers.iter().find(|former| former.is(id)) {
            return Some(former.clone());
        } else if id.kind == Kind::SecurityGroup {
            (former_group(name), "a setting such as `[ssh]` or `[database]`", None)
        } else if id.kind == Kind::TargetGroup {
            (self.former_target_group(&name)?, SERVICES, None)
        } else {
            return None;
        };
        Some(Former { spec, setting, risk, part_of: None })
    }

    /// All of that among what was found, each after what it needs. What is not known to be this project's is not among it.
    pub(crate) fn left_over(&self, found: &BTreeMap<ResourceId, State>) -> Vec<Former> {
        let wanted: BTreeSet<ResourceId> = self.resources().iter().map(Spec::id).collect();
        let beyond = found.keys().filter(|id| !wanted.contains(id));
        let mut named = self.former_services(found);
        named.extend(self.formers());
        let listener = |id: &ResourceId| match found.get(id) {
            Some(State::Listener(state)) => self.former_listener(id, state, found),
            _ => None,
        };
        let beyond = beyond.filter_map(|id| {
            let listener = || listener(id).map(|spec| Former { spec, setting: SERVICES, risk: None, part_of: None });
            self.beyond(id, &named).or_else(listener)
        });
        let mut formers: Vec<Former> = beyond.collect();
        formers.sort_by_key(rank);
        formers
    }

    pub(super) fn log_group(&self, name: String) -> LogGroup {
        LogGroup { arn: self.location.arn("logs", &format!("log-group:{name}")), name }
    }

    fn former_policy(&self, suffix: &str, purpose: Use) -> Spec {
        let suffixes = ["execution", "task", "infrastructure", "hooks", "host", "deploy"];
        let own = suffixes.iter().map(|suffix| format!("{}-{suffix}", self.project));
        Spec::ManagedPolicy(ManagedPolicy {
            purpose,
            name: format!("{}-{suffix}", self.project),
            arn: self.own_policy(suffix).arn,
            document: Value::Null,
            wildcards: Vec::new(),
            holders: own.chain(self.roles().map(|role| role.name.clone())).collect(),
        })
    }

    fn former_provider(&self) -> Spec {
        Spec::OidcProvider(OidcProvider {
            arn: github_provider(&self.location),
            audience: audience(&self.location).to_owned(),
            role: deployer::name(&self.project),
        })
    }

    pub(super) fn former_role(&self, purpose: Purpose, name: String, path: String) -> Spec {
        let principal = match purpose {
            Purpose::Deploys => Principal::Federated(github_provider(&self.location)),
            Purpose::Tasks | Purpose::App => Principal::Service("ecs-tasks.amazonaws.com"),
            Purpose::Infrastructure | Purpose::Hooks => Principal::Service("ecs.amazonaws.com"),
            Purpose::Instance => Principal::Service("ec2.amazonaws.com"),
        };
        Spec::Role(Role {
            purpose,
            arn: self.location.iam_arn(&format!("role{path}{name}")),
            name,
            path,
            trust: TrustPolicy { principal, conditions: Vec::new() },
            policy: None,
            managed: None,
            longest_session: None,
            boundary: Some(self.made_boundary()),
        })
    }

    fn former_profile(&self) -> Spec {
        let name = format!("{}-host", self.project);
        let arn = self.location.iam_arn(&format!("instance-profile/{name}"));
        Spec::InstanceProfile(InstanceProfile { arn, role: name.clone(), name })
    }

    fn former_user(&self) -> Spec {
        let name = deployer::name(&self.project);
        Spec::User(DeployUser {
            arn: self.location.iam_arn(&format!("user/{name}")),
            name,
            policy: None,
            managed: Some(self.own_policy("deploy")),
            boundary: Some(self.made_boundary()),
        })
    }

    /// The second target group, and the rules between the two.
    fn former_traffic(&self) -> Vec<Spec> {
        let alternate = TargetGroup {
            name: traffic::alternate(&self.project),
            purpose: "the tasks of every other revision were registered in it",
            ..self.target_group.clone()
        };
        let target_groups = [self.target_group.name.clone(), alternate.name.clone()];
        let rule = |requests| {
            let (listener, target_groups) = (self.listener.clone(), target_groups.clone());
            Spec::ListenerRule(ListenerRule { listener, requests, target_groups })
        };
        // Which header it was is neither known nor asked: the rule is told by its priority and by where it leads.
        let any = HeaderName::parse("x-any").ok().zip(HeaderValue::parse("any").ok());
        let test = any.map(|(name, value)| rule(Requests::Test(TestHeader { name, value })));
        let rules: Vec<Spec> = test.into_iter().chain([rule(Requests::Production)]).collect();
        std::iter::once(Spec::TargetGroup(alternate)).chain(rules).collect()
    }
}

pub(super) fn former_group(name: String) -> Spec {
    Spec::SecurityGroup(SecurityGroup { name, description: FORMER, ingress: Vec::new() })
}

const FORMER: &str = "the project had it by other settings";
pub(super) const LOG_EVENTS: Option<&str> = Some("all events in it would go with it");

/// The place of a thing where things are made one after another; they go in the opposite order.
fn rank(former: &Former) -> usize {
    const ORDER: [Kind; 14] = [
        Kind::Repository,
        Kind::LogGroup,
        Kind::ManagedPolicy,
        Kind::OidcProvider,
        Kind::Role,
        Kind::InstanceProfile,
        Kind::SecurityGroup,
        Kind::TargetGroup,
        Kind::Listener,
        Kind::ListenerRule,
        Kind::Service,
        Kind::Secret,
        Kind::Parameter,
        Kind::User,
    ];
    let kind = former.spec.id().kind;
    let place = ORDER.iter().position(|other| *other == kind).filter(|_| !former.goes_before_its_service());
    place.unwrap_or(ORDER.len() + usize::from(kind == Kind::TaskDefinition))
}
