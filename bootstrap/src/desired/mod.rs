//! The account that should be: a pure function of the configuration and of the account and region that it is for.

mod contradiction;
mod traffic;

use std::num::NonZeroU16;

pub use contradiction::{Contradiction, DesiredError};

use crate::config::Config;
use crate::config::name::ProjectName;
use crate::location::Location;
use crate::policy::{Policy, Quota, TrustPolicy, deploy, execution};
use crate::resource::cluster::Cluster;
use crate::resource::deploy_user::DeployUser;
use crate::resource::inline_policy::InlinePolicy;
use crate::resource::listener::Listener;
use crate::resource::listener_rule::ListenerRule;
use crate::resource::load_balancer::LoadBalancer;
use crate::resource::log_group::LogGroup;
use crate::resource::network::DefaultNetwork;
use crate::resource::repository::Repository;
use crate::resource::role::{Purpose, Role};
use crate::resource::security_group::{IngressRule, SecurityGroup, Source};
use crate::resource::service::{Rollout, Service};
use crate::resource::service_linked_role::ServiceLinkedRole;
use crate::resource::target_group::TargetGroup;
use crate::resource::task_definition::{FIRST_IMAGE_TAG, FirstRevision};
use crate::resource::{Kind, ResourceId, Spec};
use crate::task_definition::reference::RoleReference;

/// The port that the load balancer listens on.
const HTTP: NonZeroU16 = NonZeroU16::new(80).expect("80 is not zero");

/// The account that should be. No two of its parts contradict each other, and no policy is larger than IAM takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// The project that everything belongs to.
    pub project: ProjectName,
    /// Account and region.
    pub location: Location,
    /// The repository of the service's image.
    pub repository: Repository,
    /// The log groups that tasks write to.
    pub log_groups: Vec<LogGroup>,
    /// The role that starts tasks.
    pub execution_role: Role,
    /// The role that the app has, if the task definition names another.
    pub task_role: Option<Role>,
    /// The roles with which ECS moves requests, where a deploy does.
    pub traffic_roles: Vec<Role>,
    /// The security groups: the load balancer's, the service's and, with a database, the database's.
    pub security_groups: Vec<SecurityGroup>,
    /// The load balancer.
    pub load_balancer: LoadBalancer,
    /// The target group.
    pub target_group: TargetGroup,
    /// The target group that requests move to and fro, where a deploy moves them.
    pub alternate_target_group: Option<TargetGroup>,
    /// The listener.
    pub listener: Listener,
    /// The cluster.
    pub cluster: Cluster,
    /// The task definition's first revision.
    pub first_revision: FirstRevision,
    /// The service.
    pub service: Service,
    /// The user that deploys.
    pub user: DeployUser,
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
        let Some(execution_role) = config.task_definition.facts().execution_role.as_ref() else {
            return Err(DesiredError { contradictions });
        };
        let desired = Self::assemble(config, location.clone(), execution_role);
        desired.check_policies(&mut contradictions);
        if contradictions.is_empty() { Ok(desired) } else { Err(DesiredError { contradictions }) }
    }

    fn assemble(config: &Config, location: Location, execution: &RoleReference) -> Self {
        let Config { project, service, repository, shift, task_definition, database_port } = config;
        let facts = task_definition.facts();
        let project = &project.name;
        let repository = {
            let name = repository.name_for(project);
            let arn = location.arn("ecr", &format!("repository/{name}"));
            Repository { name, arn }
        };
        let log_groups: Vec<LogGroup> = facts
            .log_groups
            .iter()
            .map(|group| LogGroup {
                name: group.name.clone(),
                arn: location.arn("logs", &format!("log-group:{}", group.name)),
            })
            .collect();
        let log_group_names = || log_groups.iter().map(|group| group.name.as_str()).collect();
        let starting = execution::policy(&execution::Scope {
            location: &location,
            repository: &repository.name,
            log_groups: log_group_names(),
            secrets: &facts.secrets,
            environment_files: &facts.environment_files,
        });
        let execution_role = role(execution, &location, Some(inline(format!("{project}-execution"), starting)));
        let task_role = facts.task_role.as_ref().filter(|role| role.name != execution_role.name);
        let task_role = task_role.map(|reference| role(reference, &location, None));
        let roles = || [Some(&execution_role), task_role.as_ref()].into_iter().flatten();
        let deploying = deploy::policy(&deploy::Scope {
            location: &location,
            repository: &repository.name,
            family: &facts.family,
            cluster: &service.cluster,
            service: &service.name,
            roles: roles().map(|role| role.arn.clone()).collect(),
            log_groups: log_group_names(),
            tags_revisions: facts.tagged,
        });
        let user = DeployUser {
            arn: location.iam_arn(&format!("user/{project}-deploy")),
            name: format!("{project}-deploy"),
            policy: inline(format!("{project}-deploy"), deploying),
        };
        let image = image_uri(&location, &repository, FIRST_IMAGE_TAG);
        let first_revision = FirstRevision {
            family: facts.family.clone(),
            document: task_definition.with_image(service.container.as_str(), &image),
            roles: roles().map(|role| role.name.clone()).collect(),
        };
        let security_groups = security_groups(project, service.port, *database_port);
        let target_group = TargetGroup {
            name: project.to_string(),
            port: service.port,
            health_check_path: service.health_check_path.clone(),
            purpose: "the service's tasks are registered in it",
        };
        let listener = Listener { load_balancer: project.clone(), target_group: target_group.name.clone(), port: HTTP };
        let (traffic, traffic_roles) =
            shift.as_ref().map(|shift| traffic::of(shift, project, &location, &listener)).unzip();
        let alternate_target_group = traffic.as_ref().map(|traffic| TargetGroup {
            name: traffic.alternate.clone(),
            purpose: "the tasks of every other revision are registered in it",
            ..target_group.clone()
        });
        Self {
            project: project.clone(),
            repository,
            log_groups,
            execution_role,
            task_role,
            traffic_roles: traffic_roles.unwrap_or_default(),
            security_groups,
            load_balancer: LoadBalancer { name: project.clone(), security_group: load_balancer_group(project) },
            alternate_target_group,
            listener: listener.clone(),
            cluster: Cluster { name: service.cluster.clone() },
            first_revision,
            service: Service {
                cluster: service.cluster.clone(),
                name: service.name.clone(),
                family: facts.family.clone(),
                listener,
                container: service.container.clone(),
                port: service.port,
                security_group: service_group(project),
                target_group: target_group.name.clone(),
                rollout: Rollout {
                    minimum_healthy_percent: service.minimum_healthy_percent,
                    maximum_percent: service.maximum_percent,
                    grace_period: service.health_check_grace_period_seconds,
                },
                traffic: traffic.map(Box::new),
            },
            target_group,
            user,
            location,
        }
    }

    fn check_policies(&self, contradictions: &mut Vec<Contradiction>) {
        let mut check = |quota: Quota, kind: Kind, name: &str, text: &str| {
            if let Err(too_large) = quota.check(text) {
                contradictions.push(Contradiction::PolicyTooLarge { resource: ResourceId::new(kind, name), too_large });
            }
        };
        check(Quota::UserInline, Kind::UserPolicy, &self.user.name, &self.user.policy.policy.to_text());
        for role in self.roles() {
            check(Quota::RoleTrust, Kind::Role, &role.name, &role.trust.to_text());
            if let Some(policy) = &role.policy {
                check(Quota::RoleInline, Kind::RolePolicy, &role.name, &policy.policy.to_text());
            }
        }
    }

    /// Everything that should be, each after all that it needs.
    #[must_use]
    pub fn resources(&self) -> Vec<Spec> {
        let roles = ServiceLinkedRole::ALL.map(Spec::ServiceLinkedRole).into_iter();
        roles
            .chain([Spec::Network(DefaultNetwork), Spec::Repository(self.repository.clone())])
            .chain(self.log_groups.iter().cloned().map(Spec::LogGroup))
            .chain(self.roles().cloned().map(Spec::Role))
            .chain(self.security_groups.iter().cloned().map(Spec::SecurityGroup))
            .chain([Spec::LoadBalancer(self.load_balancer.clone()), Spec::TargetGroup(self.target_group.clone())])
            .chain(self.alternate_target_group.iter().cloned().map(Spec::TargetGroup))
            .chain([Spec::Listener(self.listener.clone())])
            .chain(self.listener_rules().cloned().map(Spec::ListenerRule))
            .chain([
                Spec::Cluster(self.cluster.clone()),
                Spec::TaskDefinition(self.first_revision.clone()),
                Spec::Service(self.service.clone()),
                Spec::User(self.user.clone()),
            ])
            .collect()
    }

    /// The roles that should be.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        std::iter::once(&self.execution_role).chain(&self.task_role).chain(&self.traffic_roles)
    }

    /// The rules of the listener that should be, where a deploy moves requests.
    pub fn listener_rules(&self) -> impl Iterator<Item = &ListenerRule> {
        self.service.traffic.iter().flat_map(|traffic| traffic.rules())
    }

    /// The name of the load balancer's security group.
    #[must_use]
    pub fn load_balancer_group(&self) -> String {
        load_balancer_group(&self.project)
    }

    /// The name of the security group of the service's tasks.
    #[must_use]
    pub fn service_group(&self) -> String {
        service_group(&self.project)
    }

    /// The name of the database's security group, which is there if the project has a database.
    #[must_use]
    pub fn database_group(&self) -> String {
        database_group(&self.project)
    }
}

fn role(reference: &RoleReference, location: &Location, policy: Option<InlinePolicy>) -> Role {
    let RoleReference { account: _, path, name } = reference;
    Role {
        purpose: Purpose::Tasks,
        arn: location.iam_arn(&format!("role{path}{name}")),
        name: name.clone(),
        path: path.clone(),
        trust: TrustPolicy::for_tasks(location),
        policy,
        managed: None,
    }
}

fn inline(name: String, policy: Policy) -> InlinePolicy {
    InlinePolicy { name, policy }
}

fn security_groups(project: &ProjectName, port: NonZeroU16, database_port: Option<NonZeroU16>) -> Vec<SecurityGroup> {
    let mut groups = vec![
        SecurityGroup {
            name: load_balancer_group(project),
            description: "requests from the internet reach the load balancer",
            ingress: vec![IngressRule { port: HTTP, from: Source::Anywhere }],
        },
        SecurityGroup {
            name: service_group(project),
            description: "the load balancer reaches the tasks of the service",
            ingress: vec![IngressRule { port, from: Source::Group(load_balancer_group(project)) }],
        },
    ];
    groups.extend(database_port.map(|port| SecurityGroup {
        name: database_group(project),
        description: "the tasks of the service reach the database",
        ingress: vec![IngressRule { port, from: Source::Group(service_group(project)) }],
    }));
    groups
}

fn load_balancer_group(project: &ProjectName) -> String {
    format!("{project}-load-balancer")
}

fn service_group(project: &ProjectName) -> String {
    format!("{project}-service")
}

fn database_group(project: &ProjectName) -> String {
    format!("{project}-database")
}

/// What an image is called in the registry of an account.
fn image_uri(location: &Location, repository: &Repository, tag: &str) -> String {
    let suffix = if location.region.partition() == "aws-cn" { ".cn" } else { "" };
    let Location { account, region } = location;
    format!("{account}.dkr.ecr.{region}.amazonaws.com{suffix}/{}:{tag}", repository.name)
}

#[cfg(test)]
pub(crate) mod tests;
