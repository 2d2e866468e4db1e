//! The account that should be: a pure function of the configuration and of the account and region that it is for.

mod bounds;
mod contradiction;
mod deployer;
pub(crate) mod former;
mod former_service;
mod further;
mod groups;
mod host;
mod part;
mod rights;
mod traffic;

use std::collections::BTreeSet;
use std::num::NonZeroU16;

pub use contradiction::{Contradiction, DesiredError};
pub use deployer::Deployer;
pub use further::FurtherService;

use bounds::Bounds;
use part::Part;

use crate::config::Config;
use crate::config::name::{ProjectName, RepositoryName};
use crate::location::Location;
use crate::policy::{self, Quota, TrustPolicy, deploy, execution};
use crate::resource::cluster::Cluster;
use crate::resource::inline_policy::InlinePolicy;
use crate::resource::instance_profile::InstanceProfile;
use crate::resource::listener::Listener;
use crate::resource::listener_rule::ListenerRule;
use crate::resource::load_balancer::LoadBalancer;
use crate::resource::log_group::LogGroup;
use crate::resource::managed_policy::{ManagedPolicy, PolicyReference};
use crate::resource::network::DefaultNetwork;
use crate::resource::repository::Repository;
use crate::resource::role::{Purpose, Role};
use crate::resource::security_group::SecurityGroup;
use crate::resource::service::{Rollout, Service, Target};
use crate::resource::service_linked_role::ServiceLinkedRole;
use crate::resource::target_group::TargetGroup;
use crate::resource::task_definition::{FIRST_IMAGE_TAG, FirstRevision};
use crate::resource::{Kind, ResourceId, Spec};
use crate::task_definition::reference::{RoleReference, SecretReference};

/// The port that the load balancer listens on.
const HTTP: NonZeroU16 = NonZeroU16::new(80).expect("80 is not zero");

/// The port that SSH listens on.
const SSH: NonZeroU16 = NonZeroU16::new(22).expect("22 is not zero");

/// The account that should be. No two of its parts contradict each other, and no policy is larger than IAM takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// The project that everything belongs to.
    pub project: ProjectName,
    /// Account and region.
    pub location: Location,
    /// The repositories of the services' images, that of the first service first.
    pub repositories: Vec<Repository>,
    /// The secrets and parameters that are read when a task starts.
    pub secrets: BTreeSet<SecretReference>,
    /// The log groups that tasks write to.
    pub log_groups: Vec<LogGroup>,
    /// The roles that start tasks, that of the first service's first.
    pub execution_roles: Vec<Role>,
    /// The roles that tasks have, where their task definition names another.
    pub task_roles: Vec<Role>,
    /// The roles with which ECS moves requests, where a deploy does.
    pub traffic_roles: Vec<Role>,
    /// The security groups: the load balancer's, the services' and, with a database, the database's.
    pub security_groups: Vec<SecurityGroup>,
    /// The load balancer.
    pub load_balancer: LoadBalancer,
    /// The first service's target group.
    pub target_group: TargetGroup,
    /// The target group that requests move to and fro, where a deploy moves them.
    pub alternate_target_group: Option<TargetGroup>,
    /// The first service's listener.
    pub listener: Listener,
    /// The cluster.
    pub cluster: Cluster,
    /// Whether Application Auto Scaling is to change the desired count of a service.
    pub autoscaling: bool,
    /// The first revision of the first service's task definition.
    pub first_revision: FirstRevision,
    /// The first service.
    pub service: Service,
    /// The services beside it.
    pub further: Vec<FurtherService>,
    /// The permissions boundary, where bootstrap makes it.
    pub boundary: Option<ManagedPolicy>,
    /// The instance profile of the EC2 instance that the project runs on, and its role, where there is one.
    pub host: Option<(InstanceProfile, Role)>,
    /// The user or role that deploys.
    pub deployer: Deployer,
}

impl Desired {
    /// What the account should look like.
    ///
    /// # Errors
    /// If the configuration and the task definition contradict each other or the account, or ask for more than AWS
    /// allows. Nothing has been asked of AWS by then.
    pub fn new(config: &Config, location: &Location) -> Result<Self, DesiredError> {
        let mut contradictions = Vec::new();
        contradiction::check_files(config, location, &mut contradictions);
        let desired = Self::assemble(config, location);
        desired.check_names(&mut contradictions);
        desired.check_policies(&mut contradictions);
        rights::check(config, desired.boundary.as_ref(), &mut contradictions);
        if contradictions.is_empty() { Ok(desired) } else { Err(DesiredError { contradictions }) }
    }

    fn assemble(config: &Config, location: &Location) -> Self {
        let (project, service) = (&config.project.name, &config.service);
        let parts = part::all(config);
        let repositories =
            part::repositories(&parts).into_iter().map(|name| repository(name, config, location)).collect();
        let log_groups = part::log_groups(&parts);
        let (executions, task_roles) = (part::execution_roles(&parts), part::task_roles(&parts));
        let role_references =
            || executions.iter().map(|(role, _)| *role).chain(task_roles.iter().map(|(role, _)| *role));
        let deploying = deploy::Scope {
            location,
            repositories: part::repositories(&parts),
            families: parts.iter().map(Part::family).collect(),
            cluster: &service.cluster,
            services: parts.iter().map(|part| part.name).collect(),
            roles: role_references().map(|role| role_arn(role, location)).collect(),
            log_groups: log_groups.clone(),
            tagged: parts.iter().filter(|part| part.definition.facts().tagged).map(Part::family).collect(),
        };
        let starting = |started: &[&Part<'_>]| {
            execution::policy(&execution::Scope {
                location,
                repositories: part::repositories(started.iter().copied()),
                log_groups: part::log_groups(started.iter().copied()),
                secrets: part::secrets(started.iter().copied()),
                environment_files: part::environment_files(started.iter().copied()),
            })
        };
        let holders = role_references().map(|role| role.name.clone()).chain([deployer::name(project)]).collect();
        let every: Vec<&Part<'_>> = parts.iter().collect();
        let bounds = Bounds::new(config.boundary.as_ref(), project, &deploying, &starting(&every), holders);
        let deployer = Deployer::new(&config.deployer, project, &deploying, bounds.own.clone());
        let host = config.host.map(|host| {
            let (repositories, cluster) = (part::repositories(&parts), &service.cluster);
            let scope = policy::host::Scope { location, repositories, cluster, log_groups: log_groups.clone() };
            host::of(host, project, &scope, bounds.others.clone())
        });
        let role_of = |purpose, reference, policy| role(purpose, reference, location, policy, bounds.own.clone());
        let execution_roles = executions.iter().map(|(reference, started)| {
            let of =
                started.first().and_then(|part| part.key).map_or_else(|| project.to_string(), |key| key.full(project));
            let policy = InlinePolicy::of(format!("{of}-execution"), &starting(started));
            role_of(Purpose::Tasks, reference, Some(policy))
        });
        let task_roles = task_roles
            .iter()
            .map(|(reference, policy)| role_of(Purpose::App, reference, policy.map(InlinePolicy::of_task_role)))
            .collect();
        let target_group = TargetGroup {
            name: project.to_string(),
            port: service.port,
            health_check_path: service.health_check_path.clone(),
            purpose: "the service's tasks are registered in it",
        };
        let listener = Listener { load_balancer: project.clone(), target_group: target_group.name.clone(), port: HTTP };
        let (traffic, traffic_roles) = config
            .shift
            .as_ref()
            .map(|shift| traffic::of(shift, project, location, &listener, bounds.others.as_ref()))
            .unzip();
        let alternate_target_group = traffic.as_ref().map(|traffic| TargetGroup {
            name: traffic.alternate.clone(),
            purpose: "the tasks of every other revision are registered in it",
            ..target_group.clone()
        });
        let further = config.further.iter().zip(parts.iter().skip(1));
        Self {
            project: project.clone(),
            repositories,
            secrets: part::secrets(&parts).into_iter().cloned().collect(),
            log_groups: log_groups.iter().map(|name| log_group(name, location)).collect(),
            execution_roles: execution_roles.collect(),
            task_roles,
            traffic_roles: traffic_roles.unwrap_or_default(),
            security_groups: groups::of(config),
            load_balancer: LoadBalancer { name: project.clone(), security_group: groups::load_balancer(project) },
            alternate_target_group,
            listener: listener.clone(),
            cluster: Cluster {
                name: service.cluster.clone(),
                capacity: config.capacity.clone(),
                services: i32::try_from(parts.len()).unwrap_or(i32::MAX),
            },
            autoscaling: service.autoscaling || config.further.iter().any(|further| further.autoscaling),
            first_revision: revision(&parts[0], location),
            service: Service {
                cluster: service.cluster.clone(),
                name: service.name.clone(),
                family: parts[0].family().clone(),
                target: Some(Target {
                    listener,
                    container: service.container.clone(),
                    port: service.port,
                    grace_period: service.health_check_grace_period_seconds,
                }),
                security_group: groups::service(project),
                rollout: Rollout {
                    minimum_healthy_percent: service.minimum_healthy_percent,
                    maximum_percent: service.maximum_percent,
                },
                takes_cluster_capacity: config.capacity.is_some(),
                traffic: traffic.map(Box::new),
            },
            target_group,
            further: further.map(|(further, part)| further::of(config, further, part, location)).collect(),
            boundary: bounds.made,
            host,
            deployer,
            location: location.clone(),
        }
    }

    /// Two services share no more than what both name for themselves: nothing else may be called alike.
    fn check_names(&self, contradictions: &mut Vec<Contradiction>) {
        let mut ids = BTreeSet::new();
        for spec in self.resources() {
            let resource = spec.id();
            if !ids.insert(resource.clone()) {
                contradictions.push(Contradiction::NamedAlike { resource });
            }
        }
    }

    fn check_policies(&self, contradictions: &mut Vec<Contradiction>) {
        let mut check = |quota: Quota, kind: Kind, name: &str, text: &str| {
            if let Err(too_large) = quota.check(text) {
                contradictions.push(Contradiction::PolicyTooLarge { resource: ResourceId::new(kind, name), too_large });
            }
        };
        if let Some(user) = self.deployer.user() {
            let text = user.policy.as_ref().map(|policy| policy.to_text()).unwrap_or_default();
            check(Quota::UserInline, Kind::UserPolicy, &user.name, &text);
        }
        for policy in self.managed_policies() {
            check(Quota::Managed, Kind::ManagedPolicy, &policy.name, &policy.document.to_string());
        }
        for role in self.roles() {
            check(Quota::RoleTrust, Kind::Role, &role.name, &role.trust.to_text());
            if let Some(policy) = &role.policy {
                check(Quota::RoleInline, Kind::RolePolicy, &role.name, &policy.to_text());
            }
        }
    }

    /// Everything that should be, each after all that it needs.
    #[must_use]
    pub fn resources(&self) -> Vec<Spec> {
        let autoscaling = self.autoscaling.then_some(ServiceLinkedRole::Autoscaling);
        let roles = ServiceLinkedRole::ALWAYS.into_iter().chain(autoscaling).map(Spec::ServiceLinkedRole);
        roles
            .chain([Spec::Network(DefaultNetwork)])
            .chain(self.repositories.iter().cloned().map(Spec::Repository))
            .chain(self.log_groups.iter().cloned().map(Spec::LogGroup))
            .chain(self.managed_policies().cloned().map(Spec::ManagedPolicy))
            .chain(self.deployer.provider().cloned().map(Spec::OidcProvider))
            .chain(self.roles().cloned().map(Spec::Role))
            .chain(self.host.iter().map(|(profile, _)| Spec::InstanceProfile(profile.clone())))
            .chain(self.security_groups.iter().cloned().map(Spec::SecurityGroup))
            .chain([Spec::LoadBalancer(self.load_balancer.clone()), Spec::TargetGroup(self.target_group.clone())])
            .chain(self.alternate_target_group.iter().cloned().map(Spec::TargetGroup))
            .chain(self.further.iter().filter_map(|further| further.target_group.clone()).map(Spec::TargetGroup))
            .chain([Spec::Listener(self.listener.clone())])
            .chain(self.listener_rules().cloned().map(Spec::ListenerRule))
            .chain(self.services().skip(1).filter_map(Service::listener).cloned().map(Spec::Listener))
            .chain(part::once_each(
                self.secrets.iter().filter_map(|secret| secret.holder(&self.location)).map(Spec::from),
            ))
            .chain([Spec::Cluster(self.cluster.clone())])
            .chain(self.first_revisions().cloned().map(Spec::TaskDefinition))
            .chain(self.services().cloned().map(Spec::Service))
            .chain(self.deployer.user().cloned().map(Spec::User))
            .collect()
    }

    /// The services that should be, the first one first.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        std::iter::once(&self.service).chain(self.further.iter().map(|further| &further.service))
    }

    /// The first revisions of their task definitions, in the same order.
    pub fn first_revisions(&self) -> impl Iterator<Item = &FirstRevision> {
        std::iter::once(&self.first_revision).chain(self.further.iter().map(|further| &further.first_revision))
    }

    /// The roles that should be.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.execution_roles
            .iter()
            .chain(&self.task_roles)
            .chain(&self.traffic_roles)
            .chain(self.host.iter().map(|(_, role)| role))
            .chain(self.deployer.role())
    }

    /// The managed policies that should be.
    pub fn managed_policies(&self) -> impl Iterator<Item = &ManagedPolicy> {
        self.boundary.iter().chain(self.deployer.policy())
    }

    /// The rules of the listener that should be, where a deploy moves requests.
    pub fn listener_rules(&self) -> impl Iterator<Item = &ListenerRule> {
        self.service.traffic.iter().flat_map(|traffic| traffic.rules())
    }

    /// The names of the secrets and parameters that should be, which have values that are their owners' to set.
    pub fn valued(&self) -> impl Iterator<Item = String> {
        let holders = self.secrets.iter().filter_map(|secret| secret.holder(&self.location));
        holders.map(|holder| Spec::from(holder).id().name)
    }

    /// The name of the load balancer's security group.
    #[must_use]
    pub fn load_balancer_group(&self) -> String {
        groups::load_balancer(&self.project)
    }

    /// The name of the security group of the first service's tasks.
    #[must_use]
    pub fn service_group(&self) -> String {
        groups::service(&self.project)
    }

    /// The name of the database's security group, which is there if the project has a database.
    #[must_use]
    pub fn database_group(&self) -> String {
        groups::database(&self.project)
    }
}

fn role_arn(reference: &RoleReference, location: &Location) -> String {
    let RoleReference { account: _, path, name } = reference;
    location.iam_arn(&format!("role{path}{name}"))
}

fn role(
    purpose: Purpose,
    reference: &RoleReference,
    location: &Location,
    policy: Option<InlinePolicy>,
    boundary: Option<PolicyReference>,
) -> Role {
    let RoleReference { account: _, path, name } = reference;
    Role {
        purpose,
        arn: role_arn(reference, location),
        name: name.clone(),
        path: path.clone(),
        trust: TrustPolicy::for_tasks(location),
        policy,
        managed: None,
        longest_session: None,
        boundary,
    }
}

fn repository(name: &RepositoryName, config: &Config, location: &Location) -> Repository {
    Repository {
        name: name.clone(),
        arn: location.arn("ecr", &format!("repository/{name}")),
        encryption: config.repository.encryption.clone(),
    }
}

fn log_group(name: &str, location: &Location) -> LogGroup {
    LogGroup { name: name.to_owned(), arn: location.arn("logs", &format!("log-group:{name}")) }
}

/// The first revision of a service's task definition, with an image in the service's repository.
fn revision(part: &Part<'_>, location: &Location) -> FirstRevision {
    let image = image_uri(location, &part.repository, FIRST_IMAGE_TAG);
    let execution = part.execution_role();
    let task = part.task_role().filter(|task| execution.is_none_or(|execution| execution.name != task.name));
    FirstRevision {
        family: part.family().clone(),
        document: part.definition.with_image(part.container.as_str(), &image),
        roles: execution.into_iter().chain(task).map(|role| role.name.clone()).collect(),
    }
}

/// What an image is called in the registry of an account.
fn image_uri(location: &Location, repository: &RepositoryName, tag: &str) -> String {
    let Location { account, region } = location;
    format!("{account}.dkr.ecr.{region}.{}/{repository}:{tag}", region.domain())
}

#[cfg(test)]
pub(crate) mod tests;
