//! The security groups: the load balancer's, each service's, and the database's and the host's where there are such.

use std::num::NonZeroU16;

use super::{HTTP, SSH};
use crate::config::name::ProjectName;
use crate::config::{Config, Further};
use crate::resource::security_group::{IngressRule, SecurityGroup, Source};

/// All of them, each after those that its rules name.
pub(super) fn of(config: &Config) -> Vec<SecurityGroup> {
    let Config { project, service, further, database_port, ssh, .. } = config;
    let project = &project.name;
    let listened = further.iter().filter_map(|further| further.balanced.as_ref()).map(|it| it.listener_port);
    let from_balancer = |port: NonZeroU16| IngressRule { port, from: Source::Group(load_balancer(project)) };
    let mut groups = vec![
        SecurityGroup {
            name: load_balancer(project),
            description: "requests from the internet reach the load balancer",
            ingress: std::iter::once(HTTP)
                .chain(listened)
                .map(|port| IngressRule { port, from: Source::Anywhere })
                .collect(),
        },
        SecurityGroup {
            name: self::service(project),
            description: "the load balancer reaches the tasks of the service",
            ingress: vec![from_balancer(service.port)],
        },
    ];
    groups.extend(further.iter().map(|further| SecurityGroup {
        name: of_further(project, further),
        description: match &further.balanced {
            Some(_) => "the load balancer reaches the tasks of the service",
            None => "the tasks of the service are in it, and nothing reaches them",
        },
        ingress: further.balanced.iter().map(|balanced| from_balancer(balanced.port)).collect(),
    }));
    groups.extend(database_port.map(|port| {
        let tasks = std::iter::once(self::service(project)).chain(further.iter().map(|it| of_further(project, it)));
        SecurityGroup {
            name: database(project),
            description: "the tasks of the service reach the database",
            ingress: tasks.map(|group| IngressRule { port, from: Source::Group(group) }).collect(),
        }
    }));
    groups.extend(ssh.as_ref().map(|ssh| SecurityGroup {
        name: format!("{project}-host"),
        description: "people and deploys reach the host by SSH",
        ingress: ssh.sources.iter().cloned().map(|from| IngressRule { port: SSH, from: Source::Named(from) }).collect(),
    }));
    groups
}

/// The name of the load balancer's.
pub(super) fn load_balancer(project: &ProjectName) -> String {
    format!("{project}-load-balancer")
}

/// The name of that of the first service's tasks.
pub(super) fn service(project: &ProjectName) -> String {
    format!("{project}-service")
}

/// The name of that of a further service's tasks.
pub(super) fn of_further(project: &ProjectName, further: &Further) -> String {
    further.key.full(project)
}

/// The name of the database's.
pub(super) fn database(project: &ProjectName) -> String {
    format!("{project}-database")
}
