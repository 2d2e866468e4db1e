//! The ECS cluster. Several projects may share one, so that one which is there already is as good as one of ours.

use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_ecs::types::{CapacityProviderStrategyItem, ClusterField, Tag};

use super::managed::{Alteration, Hands, Managed, Sight};
use super::service_linked_role::ServiceLinkedRole;
use super::{Kind, OWNER_TAG, Owner, ResourceId};
use crate::config::capacity::{Capacity, Share};
use crate::config::name::{ClusterName, ProjectName};
use crate::fault::{CallError, Called, sent, unless_absent};
use crate::identifiers::{Identifiers, Made};
use crate::location::Location;
use crate::plan::{Draft, Needs};
use crate::policy::{Action, Statement};

/// The cluster that should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its name.
    pub name: ClusterName,
    /// Where tasks run whose service does not say; what is there is left alone if there is none.
    pub capacity: Option<Capacity>,
    /// How many services the project has in it.
    pub services: i32,
}

/// The cluster that is. A deleted one stays visible for a while as `INACTIVE` and counts as none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterState {
    /// Its ARN.
    pub arn: String,
    /// ECS's word for its state, for example `ACTIVE`.
    pub status: String,
    /// Whom it belongs to.
    pub owner: Owner,
    /// How many services are in it.
    pub services: i32,
    /// The names of its capacity providers.
    pub providers: BTreeSet<String>,
    /// Its default strategy: provider, base and weight.
    pub strategy: BTreeSet<(String, i32, i32)>,
}

/// What can be done about a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `ecs:CreateCluster`.
    Create(Cluster),
    /// `ecs:PutClusterCapacityProviders`.
    SetCapacity(Cluster),
    /// `ecs:TagResource`.
    Tag(Cluster),
    /// `ecs:DeleteCluster`.
    Delete(Cluster),
}

const CLUSTER: &[&str] = &["cluster/"];
static ACTIONS: [Action; 4] = [
    Action::on("ecs:CreateCluster", CLUSTER),
    Action::on("ecs:DeleteCluster", CLUSTER),
    Action::on("ecs:DescribeClusters", CLUSTER),
    Action::on("ecs:TagResource", CLUSTER),
];

static PUT_CAPACITY: Action = Action::on("ecs:PutClusterCapacityProviders", CLUSTER);

impl Cluster {
    /// What it is called in plans and errors.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId::new(Kind::Cluster, self.name.as_str())
    }

    /// The strategy that it should have, as it is found; none if that is left alone.
    pub(crate) fn strategy(&self) -> Option<BTreeSet<(String, i32, i32)>> {
        let found = |share: &Share| {
            let base = i32::try_from(share.base).expect("a base is at most 100,000");
            (share.provider.to_string(), base, i32::from(share.weight))
        };
        self.capacity.as_ref().map(|capacity| capacity.strategy().iter().map(found).collect())
    }

    fn sent(&self) -> (Option<Vec<String>>, Option<Vec<CapacityProviderStrategyItem>>) {
        let item = |(provider, base, weight): &(String, i32, i32)| {
            let item = CapacityProviderStrategyItem::builder().capacity_provider(provider).base(*base).weight(*weight);
            item.build().expect("a provider is all that an item must have")
        };
        let strategy = self.strategy();
        let providers = strategy.iter().flatten().map(|(provider, _, _)| provider.clone()).collect();
        let items = strategy.as_ref().map(|strategy| strategy.iter().map(item).collect());
        (strategy.is_some().then_some(providers), items)
    }
}

impl Managed for Cluster {
    type State = ClusterState;
    type Change = Change;
    const OWNED_BY_CI: &'static [&'static str] = &["tasks"];

    fn id(&self) -> ResourceId {
        Self::id(self)
    }

    fn needs(&self) -> Vec<ResourceId> {
        vec![ServiceLinkedRole::Ecs.id()]
    }

    async fn observe(&self, sight: &Sight<'_>) -> Result<Option<ClusterState>, CallError> {
        const OPERATION: &str = "ecs:DescribeClusters";
        let request = sight.account.ecs.describe_clusters().clusters(self.name.as_str()).include(ClusterField::Tags);
        let answer = request.send().await.called(OPERATION, &Self::id(self))?;
        let found = answer.clusters.unwrap_or_default().into_iter().find(|found| found.status() != Some("INACTIVE"));
        let Some(found) = found else { return Ok(None) };
        Ok(Some(ClusterState {
            owner: Owner::of(found.tags().iter().map(|tag| (tag.key(), tag.value())), sight.project),
            services: found.active_services_count,
            providers: found.capacity_providers().iter().cloned().collect(),
            strategy: found.default_capacity_provider_strategy().iter().map(share).collect(),
            arn: sent(found.cluster_arn, "clusterArn", OPERATION, &Self::id(self))?,
            status: found.status.unwrap_or_default(),
        }))
    }

    fn owner(state: &mut ClusterState) -> Option<&mut Owner> {
        Some(&mut state.owner)
    }

    fn identify(&self, state: &ClusterState, known: &mut Identifiers) {
        known.names.insert(Self::id(self), state.arn.clone());
    }

    fn compare(&self, found: Option<&ClusterState>, _: &Identifiers, draft: &mut Draft) {
        match found {
            None => draft.missing(Change::Create(self.clone()), "the service runs in it"),
            Some(found) if found.status == "ACTIVE" => {
                let Some(wanted) = self.strategy() else { return };
                let lacks = |(provider, _, _): &(String, i32, i32)| !found.providers.contains(provider);
                if wanted != found.strategy || wanted.iter().any(lacks) {
                    let shown = if found.providers.is_empty() { "none".to_owned() } else { words(&found.strategy) };
                    draft.differs(Change::SetCapacity(self.clone()), "capacity", &words(&wanted), &shown);
                }
            }
            Some(found) => draft.unusable(format!("its status is `{}`", found.status)),
        }
    }

    fn adopt(&self) -> Option<Change> {
        Some(Change::Tag(self.clone()))
    }

    fn take_away(&self, found: &ClusterState, draft: &mut Draft) {
        if found.services > self.services {
            draft.stays(format!("{} services are in it", found.services));
        } else {
            draft.unwanted(Change::Delete(self.clone()), "the project's services ran in it");
        }
    }

    fn grants(&self, _: &ProjectName, location: &Location) -> Vec<Statement> {
        vec![Statement {
            sid: "Cluster",
            purposes: vec!["Make, find and delete the cluster."],
            actions: ACTIONS.iter().chain(self.capacity.is_some().then_some(&PUT_CAPACITY)).collect(),
            resources: vec![location.arn("ecs", &format!("cluster/{}", self.name))],
            conditions: vec![],
        }]
    }
}

impl Alteration for Change {
    fn resource(&self) -> ResourceId {
        match self {
            Self::SetCapacity(cluster) => ResourceId::new(Kind::ClusterCapacity, cluster.name.as_str()),
            Self::Create(cluster) | Self::Tag(cluster) | Self::Delete(cluster) => cluster.id(),
        }
    }

    fn needs(&self) -> Needs {
        Needs::These(match self {
            Self::Create(cluster) => Managed::needs(cluster),
            Self::SetCapacity(cluster) => vec![cluster.id()],
            Self::Tag(_) | Self::Delete(_) => Vec::new(),
        })
    }

    fn loses(&self) -> Option<&'static str> {
        None
    }

    async fn make(&self, hands: &Hands<'_>) -> Result<Made, CallError> {
        let (ecs, resource) = (&hands.account.ecs, self.resource());
        match self {
            Self::Create(cluster) => {
                const OPERATION: &str = "ecs:CreateCluster";
                let (providers, strategy) = cluster.sent();
                let request = ecs.create_cluster().cluster_name(cluster.name.as_str()).tags(tag(hands.project));
                let request =
                    request.set_capacity_providers(providers).set_default_capacity_provider_strategy(strategy);
                let answer = request.send().await.called(OPERATION, &resource)?;
                let arn = answer.cluster.and_then(|cluster| cluster.cluster_arn);
                let arn = sent(arn, "clusterArn", OPERATION, &resource)?;
                return Ok(Made::Named(resource, arn));
            }
            Self::SetCapacity(cluster) => {
                let (providers, strategy) = cluster.sent();
                let request = ecs.put_cluster_capacity_providers().cluster(cluster.name.as_str());
                let request =
                    request.set_capacity_providers(providers).set_default_capacity_provider_strategy(strategy);
                request.send().await.called("ecs:PutClusterCapacityProviders", &resource)?;
            }
            Self::Tag(_) => {
                let arn = hands.known.name(&resource, "ecs:TagResource", &resource)?;
                let answer = ecs.tag_resource().resource_arn(arn).tags(tag(hands.project)).send().await;
                answer.called("ecs:TagResource", &resource)?;
            }
            Self::Delete(cluster) => {
                let answer = ecs.delete_cluster().cluster(cluster.name.as_str()).send().await;
                unless_absent(answer.called("ecs:DeleteCluster", &resource), &["ClusterNotFoundException"])?;
            }
        }
        Ok(Made::Nothing)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = self.resource();
        match self {
            Self::Create(cluster) => {
                write!(f, "create {resource}")?;
                cluster.strategy().map_or(Ok(()), |strategy| write!(f, " on {}", words(&strategy)))
            }
            Self::SetCapacity(_) => write!(f, "set {resource}"),
            Self::Tag(_) => write!(f, "tag {resource} as the project's"),
            Self::Delete(_) => write!(f, "delete {resource}"),
        }
    }
}

fn share(item: &CapacityProviderStrategyItem) -> (String, i32, i32) {
    (item.capacity_provider().to_owned(), item.base(), item.weight())
}

/// A strategy in words.
fn words(strategy: &BTreeSet<(String, i32, i32)>) -> String {
    let share = |(provider, base, weight): &(String, i32, i32)| match base {
        0 => format!("{provider} with weight {weight}"),
        _ => format!("{provider} with base {base} and weight {weight}"),
    };
    if strategy.is_empty() {
        "no strategy".to_owned()
    } else {
        strategy.iter().map(share).collect::<Vec<_>>().join(", ")
    }
}

/// The ownership tag as ECS takes it.
pub(super) fn tag(project: &ProjectName) -> Tag {
    Tag::builder().key(OWNER_TAG).value(project.as_str()).build()
}
