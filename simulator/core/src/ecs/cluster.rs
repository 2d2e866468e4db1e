//! Clusters: CreateCluster, DescribeClusters, DeleteCluster, ListClusters.

use std::collections::BTreeMap;

use super::capacity::{self, StrategyItem};
use super::cluster_configuration::{self, ClusterSetting, ExecuteConfiguration};
use super::service::ServiceStatus;
use super::{Service, State, TaskStatus, access, account_setting, tag};
use crate::arn::Arn;
use crate::operation::{Access, Authorized, Operation};
use crate::page::{Page, page};
use crate::refusal::Refusal;
use crate::world::World;

/// A cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// `cluster/NAME`.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// Whether its `status` is ACTIVE; once deleted it is INACTIVE and can only be described.
    pub active: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The value of its setting `containerInsights`.
    pub insights: String,
    /// `configuration.executeCommandConfiguration`.
    pub execute: Option<ExecuteConfiguration>,
    /// `capacityProviders`, by name.
    pub providers: Vec<String>,
    /// `defaultCapacityProviderStrategy`.
    pub default_strategy: Vec<StrategyItem>,
}

/// A cluster with its counts, as DescribeClusters shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterDescription {
    /// The cluster.
    pub cluster: Cluster,
    /// `runningTasksCount`.
    pub running: usize,
    /// `pendingTasksCount`.
    pub pending: usize,
    /// `activeServicesCount`.
    pub services: usize,
    /// Its services that are being deleted.
    pub draining: usize,
    /// What the answer shows besides.
    pub shown: Shown,
}

/// What an answer shows of clusters besides what it always does (`include`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// TAGS.
    pub tags: bool,
    /// SETTINGS.
    pub settings: bool,
    /// CONFIGURATIONS.
    pub configurations: bool,
    /// STATISTICS.
    pub statistics: bool,
}

impl Shown {
    /// What the answers of those calls show that write: all but the statistics.
    #[must_use]
    pub const fn everything() -> Self {
        Self { tags: true, settings: true, configurations: true, statistics: false }
    }
}

/// Something asked for by name that does not exist (`failures[]`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What was asked for, as an ARN.
    pub arn: Arn,
    /// `reason`, such as `MISSING`.
    pub reason: &'static str,
}

/// The name in a cluster's name or ARN; `default` where none is given.
#[must_use]
pub fn cluster_name(reference: Option<&str>) -> &str {
    let reference = reference.unwrap_or("default");
    reference.rsplit_once(":cluster/").map_or(reference, |(_, name)| name)
}

/// The ARN of the cluster called `name`, whether it exists or not.
pub(crate) fn cluster_arn(world: &World, name: &str) -> Arn {
    Arn::new("ecs", &world.region, &world.account, &format!("cluster/{name}"))
}

impl State {
    /// The cluster that `reference` names.
    ///
    /// # Errors
    /// AWS's `ClusterNotFoundException`.
    pub(crate) fn cluster(&self, reference: Option<&str>) -> Result<&Cluster, Refusal> {
        match self.clusters.get(cluster_name(reference)) {
            Some(cluster) if cluster.active => Ok(cluster),
            Some(_) => Err(Refusal::fault("ClusterNotFoundException", "The referenced cluster was inactive.")),
            None => Err(Refusal::fault("ClusterNotFoundException", "Cluster not found.")),
        }
    }

    pub(super) fn describe_cluster(&self, cluster: &Cluster, shown: Shown) -> ClusterDescription {
        let (mut running, mut pending) = (0, 0);
        for task in self.tasks.iter().filter(|task| task.origin.cluster == cluster.name) {
            running += usize::from(task.last_status.is_running());
            pending += usize::from(task.last_status.is_pending());
        }
        let in_it = |wanted| {
            let services = self.services.values().filter(|service| service.key.cluster == cluster.name);
            services.filter(|service| service.status == wanted).count()
        };
        let (services, draining) = (in_it(ServiceStatus::Active), in_it(ServiceStatus::Draining));
        ClusterDescription { cluster: cluster.clone(), running, pending, services, draining, shown }
    }
}

/// Makes a cluster. An active one of the same name is answered as it is.
#[derive(Clone, Debug, Default)]
pub struct CreateCluster {
    /// `clusterName`; `default` by default.
    pub name: Option<String>,
    /// `tags`.
    pub tags: BTreeMap<String, String>,
    /// `settings`; what the account's setting `containerInsights` says by default.
    pub settings: Vec<ClusterSetting>,
    /// `configuration.executeCommandConfiguration`.
    pub execute: Option<ExecuteConfiguration>,
    /// `capacityProviders`.
    pub providers: Vec<String>,
    /// `defaultCapacityProviderStrategy`.
    pub strategy: Vec<StrategyItem>,
}

impl Operation for CreateCluster {
    type Output = ClusterDescription;
    const NAME: &'static str = "ecs:CreateCluster";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let arn = cluster_arn(world, cluster_name(self.name.as_deref()));
        let create = access::tagged(Access::new(Self::NAME, arn.as_str()), &self.tags);
        let create = capacity::with_providers(create, world, self.providers.iter());
        Ok([create].into_iter().chain(access::tag_on_create(&arn, "CreateCluster", &self.tags)).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<ClusterDescription, Refusal> {
        let Authorized { operation: Self { name, tags, settings, execute, providers, strategy }, caller, .. } =
            authorized;
        let name = name.unwrap_or_else(|| "default".to_owned());
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || name.len() > 255 || !name.bytes().all(valid) {
            return Err(Refusal::fault("InvalidParameterException", "Invalid identifier: Identifier is for cluster."));
        }
        tag::check(&tags)?;
        let insights = cluster_configuration::insights(&settings)?;
        let insights = insights.unwrap_or_else(|| account_setting::insights_of(world, &caller));
        execute.as_ref().map_or(Ok(()), ExecuteConfiguration::check)?;
        capacity::check_providers(&providers)?;
        capacity::check_strategy(&strategy, &providers)?;
        let arn = cluster_arn(world, &name);
        let new = Cluster {
            arn,
            name: name.clone(),
            active: true,
            tags,
            insights,
            execute,
            providers: capacity::names(&providers),
            default_strategy: strategy,
        };
        let cluster = match world.ecs.clusters.get(&name) {
            Some(there) if there.active => there.clone(),
            Some(_) | None => {
                world.ecs.clusters.insert(name, new.clone());
                new
            }
        };
        Ok(world.ecs.describe_cluster(&cluster, Shown::everything()))
    }
}

/// Describes clusters.
#[derive(Clone, Debug)]
pub struct DescribeClusters {
    /// `clusters`; none means the default cluster.
    pub clusters: Vec<String>,
    /// What `include` asks for.
    pub shown: Shown,
}

impl DescribeClusters {
    fn names(&self) -> Vec<&str> {
        if self.clusters.is_empty() {
            return vec!["default"];
        }
        self.clusters.iter().map(|reference| cluster_name(Some(reference))).collect()
    }
}

impl Operation for DescribeClusters {
    type Output = (Vec<ClusterDescription>, Vec<Failure>);
    const NAME: &'static str = "ecs:DescribeClusters";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let access = |name| {
            let access = Access::new(Self::NAME, cluster_arn(world, name).as_str());
            match world.ecs.clusters.get(name) {
                Some(cluster) => access::on_tagged(access, &cluster.tags),
                None => access,
            }
        };
        Ok(self.names().into_iter().map(access).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let asked = authorized.operation;
        if asked.clusters.len() > 100 {
            return Err(Refusal::fault("InvalidParameterException", "clusters can have at most 100 items."));
        }
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for name in asked.names() {
            match world.ecs.clusters.get(name) {
                Some(cluster) => found.push(world.ecs.describe_cluster(cluster, asked.shown)),
                None => failures.push(Failure { arn: cluster_arn(world, name), reason: "MISSING" }),
            }
        }
        Ok((found, failures))
    }
}

/// Deletes a cluster that nothing is in. It stays to be seen as INACTIVE.
#[derive(Clone, Debug)]
pub struct DeleteCluster {
    /// `cluster`: name or ARN.
    pub cluster: String,
}

impl Operation for DeleteCluster {
    type Output = ClusterDescription;
    const NAME: &'static str = "ecs:DeleteCluster";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        let name = cluster_name(Some(&self.cluster));
        let access = Access::new(Self::NAME, cluster_arn(world, name).as_str());
        Ok(vec![match world.ecs.clusters.get(name) {
            Some(cluster) => access::on_tagged(access, &cluster.tags),
            None => access,
        }])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<ClusterDescription, Refusal> {
        let name = world.ecs.cluster(Some(&authorized.operation.cluster))?.name.clone();
        let contains =
            |code, what| Err(Refusal::fault(code, format!("The Cluster cannot be deleted while {what} are active.")));
        let in_it = |service: &&Service| service.key.cluster == name && service.status != ServiceStatus::Inactive;
        if world.ecs.services.values().any(|service| in_it(&service)) {
            return contains("ClusterContainsServicesException", "Services");
        }
        if world.ecs.tasks.iter().any(|task| task.origin.cluster == name && task.last_status != TaskStatus::Stopped) {
            return contains("ClusterContainsTasksException", "Tasks");
        }
        let gone = || Refusal::fault("ClusterNotFoundException", "Cluster not found.");
        let cluster = world.ecs.clusters.get_mut(&name).ok_or_else(gone)?;
        cluster.active = false;
        let cluster = cluster.clone();
        Ok(world.ecs.describe_cluster(&cluster, Shown::everything()))
    }
}

/// Lists the ARNs of clusters, without those that have been deleted.
#[derive(Clone, Debug)]
pub struct ListClusters {
    /// `maxResults`, 100 by default.
    pub limit: usize,
    /// `nextToken`.
    pub token: Option<String>,
}

impl Operation for ListClusters {
    type Output = Page<String>;
    const NAME: &'static str = "ecs:ListClusters";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Page<String>, Refusal> {
        let Self { limit, token } = authorized.operation;
        let active = world.ecs.clusters.iter().filter(|(_, cluster)| cluster.active);
        let arns = active.map(|(name, cluster)| (name, cluster.arn.to_string()));
        page(arns, token.as_deref(), limit).ok_or_else(|| Refusal::fault("InvalidParameterException", "Invalid token."))
    }
}
