//! Container instances, of which the account has none: ListContainerInstances, DescribeContainerInstances. Nothing registers one:
//! RegisterContainerInstance, StartTask and PutAttributes are not simulated.

use super::cluster::{self, Failure};
use super::cluster_configuration::on_cluster;
use crate::arn::Arn;
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

/// Lists the container instances of a cluster.
#[derive(Clone, Debug, Default)]
pub struct ListContainerInstances {
    /// `cluster`: name or ARN.
    pub cluster: Option<String>,
    /// `maxResults`, 100 by default.
    pub limit: usize,
    /// `nextToken`.
    pub token: Option<String>,
}

impl Operation for ListContainerInstances {
    type Output = Page<String>;
    const NAME: &'static str = "ecs:ListContainerInstances";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![on_cluster(world, Self::NAME, cluster::cluster_name(self.cluster.as_deref()))])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Page<String>, Refusal> {
        let Self { cluster, limit, token } = authorized.operation;
        world.ecs.cluster(cluster.as_deref())?;
        let none = std::iter::empty::<(&str, String)>();
        page(none, token.as_deref(), limit).ok_or_else(|| Refusal::fault("InvalidParameterException", "Invalid token."))
    }
}

/// Describes container instances.
#[derive(Clone, Debug, Default)]
pub struct DescribeContainerInstances {
    /// `cluster`: name or ARN.
    pub cluster: Option<String>,
    /// `containerInstances`: ids or ARNs, at most 100.
    pub instances: Vec<String>,
}

fn arn(world: &World, cluster: &str, reference: &str) -> Arn {
    let id = reference.rsplit('/').next().unwrap_or_default();
    Arn::new("ecs", &world.region, &world.account, &format!("container-instance/{cluster}/{id}"))
}

impl Operation for DescribeContainerInstances {
    /// None is ever found.
    type Output = Vec<Failure>;
    const NAME: &'static str = "ecs:DescribeContainerInstances";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let cluster = cluster::cluster_name(self.cluster.as_deref());
        let access = |reference: &String| {
            Access::new(Self::NAME, arn(world, cluster, reference).as_str())
                .with("ecs:cluster", cluster::cluster_arn(world, cluster).as_str())
        };
        Ok(self.instances.iter().map(access).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Vec<Failure>, Refusal> {
        let Self { cluster, instances } = authorized.operation;
        let cluster = world.ecs.cluster(cluster.as_deref())?.name.clone();
        let invalid = |message: &str| Err(Refusal::fault("InvalidParameterException", message));
        if instances.is_empty() {
            return invalid("Container instance cannot be empty.");
        }
        if instances.len() > 100 {
            return invalid("Container instances can contain at most 100 items.");
        }
        Ok(instances.iter().map(|one| Failure { arn: arn(world, &cluster, one), reason: "MISSING" }).collect())
    }
}
