//! The look at what greenroom.toml does not ask for any more: by the names that bootstrap gives, and by the project's tag.
//!
//! Most projects have nothing of the kind, so that the first question about each thing is whether it is there at all.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::Filter as GroupFilter;
use aws_sdk_ecs::types::ServiceField;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use aws_sdk_ssm::types::ParameterStringFilter;

use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::desired::Desired;
use crate::fault::{CallError, Called, unless_absent};
use crate::identifiers::Identifiers;
use crate::policy::{Action, Condition, Statement};
use crate::resource::listener::ListenerState;
use crate::resource::load_balancer::SEEN;
use crate::resource::parameter::ParameterState;
use crate::resource::secret::SecretState;
use crate::resource::service::family;
use crate::resource::{Kind, OWNER_TAG, Owner, ResourceId, Sight, Spec, State};

/// What the first look finds.
#[derive(Debug, Default)]
pub(crate) struct Glimpse {
    /// What is there and has to be looked at closely.
    pub(crate) there: Vec<Spec>,
    /// What the first look has told all of.
    pub(crate) known: BTreeMap<ResourceId, State>,
}

const LISTED: &str = "it lists what a filter lets through, and has no resource type";
static FIND: [Action; 4] = [
    Action::everywhere("ec2:DescribeSecurityGroups", "no describing action of EC2 has a resource type"),
    Action::everywhere("elasticloadbalancing:DescribeTargetGroups", SEEN),
    Action::everywhere("secretsmanager:ListSecrets", LISTED),
    Action::everywhere("ssm:DescribeParameters", LISTED),
];
/// So many services are described by one call (ECS API reference, `DescribeServices`).
const DESCRIBED_AT_ONCE: usize = 10;
const REPOSITORY: &[&str] = &["repository/"];
static REPOSITORIES: [Action; 4] = [
    Action::on("ecr:DescribeRepositories", REPOSITORY),
    Action::on("ecr:GetLifecyclePolicy", REPOSITORY),
    Action::on("ecr:ListImages", REPOSITORY),
    Action::on("ecr:ListTagsForResource", REPOSITORY),
];

static LIST_SERVICES: Action = Action::everywhere("ecs:ListServices", "the action has no resource type");
static SERVICES: Action = Action::on("ecs:DescribeServices", &["service/"]);

/// What the person must be allowed to find it, and to take away what has a name of bootstrap's. To delete anything else that the project
/// has no use for any more, a person needs rights of his own.
pub(crate) fn grants(desired: &Desired) -> Vec<Statement> {
    let statement = |sid, purpose, actions, resources| Statement {
        sid,
        purposes: vec![purpose],
        actions,
        resources,
        conditions: Vec::new(),
    };
    let cluster = desired.location.arn("ecs", &format!("cluster/{}", desired.cluster.name));
    let in_cluster = Condition { operator: "ArnEquals", key: "ecs:cluster", values: vec![cluster] };
    let services = vec![desired.location.arn("ecs", &format!("service/{}/*", desired.cluster.name))];
    let find = "Find what the project had by other settings.";
    let every = vec![desired.location.arn("ecr", "repository/*")];
    let found = [
        statement("Look", find, FIND.iter().collect(), Vec::new()),
        statement("Repositories", find, REPOSITORIES.iter().collect(), every),
        Statement {
            conditions: vec![in_cluster],
            ..statement("ListServices", "List the cluster's services.", vec![&LIST_SERVICES], Vec::new())
        },
        statement("Services", "Look at the cluster's services.", vec![&SERVICES], services),
    ];
    let formers = desired.formers().into_iter();
    let own = formers.flat_map(|former| former.spec.grants(&desired.project, &desired.location));
    found.into_iter().chain(own.filter_map(of_an_end)).collect()
}

/// What of a statement it takes to look at a thing and to take it away.
fn of_an_end(statement: Statement) -> Option<Statement> {
    const VERBS: [&str; 7] = ["Get", "List", "Describe", "Delete", "Detach", "Remove", "Revoke"];
    let ends = |action: &&'static Action| {
        let verb = action.name.split_once(':').map_or("", |(_, verb)| verb);
        VERBS.iter().any(|begin| verb.starts_with(begin))
    };
    let actions: Vec<&'static Action> = statement.actions.into_iter().filter(ends).collect();
    if actions.is_empty() {
        return None;
    }
    let (sid, purpose) = if statement.resources.is_empty() {
        ("Look", "Find what the project had by other settings.")
    } else if statement.conditions.is_empty() {
        ("Former", "Find and delete what the project had by other settings.")
    } else {
        return Some(Statement { actions, ..statement });
    };
    Some(Statement { sid, purposes: vec![purpose], actions, ..statement })
}

/// Looks whether there is any of it.
///
/// # Errors
/// If a call is refused, or AWS does not answer.
pub(crate) async fn glimpse(account: &Account, desired: &Desired, now: i64) -> Result<Glimpse, CallError> {
    let sight = Sight { account, project: &desired.project, known: Identifiers::default(), now };
    let formers = desired.formers().into_iter().map(|former| first_look(former.spec, &sight));
    let (formers, secrets, parameters, groups, repositories, services, target_groups) = futures_util::try_join!(
        futures_util::future::try_join_all(formers),
        secrets(account, &desired.project),
        parameters(account, &desired.project),
        groups(account, &desired.project),
        repositories(account, &desired.project),
        services(account, desired),
        target_groups(account),
    )?;
    let mut glimpse = Glimpse::default();
    for (spec, state) in formers.into_iter().flatten() {
        match state {
            Some(state) => drop(glimpse.known.insert(spec.id(), state)),
            None => glimpse.there.push(spec),
        }
    }
    // Between target groups of which one is not there leads no rule.
    let has_alternate = glimpse.known.keys().any(|id| id.kind == Kind::TargetGroup);
    glimpse.there.retain(|spec| has_alternate || spec.id().kind != Kind::ListenerRule);
    let named = groups.into_iter().chain(repositories).chain(target_groups).filter_map(|id| desired.former(&id));
    let named = named.map(|former| former.spec).filter(|spec| !glimpse.known.contains_key(&spec.id()));
    glimpse.there.extend(named);
    glimpse.there.extend(services);
    glimpse.known.extend(secrets.into_iter().chain(parameters).filter(|(id, _)| desired.former(id).is_some()));
    Ok(glimpse)
}

/// Asks of a thing whether it is there, and where one call tells all of it, that. None if there is no such thing.
async fn first_look(spec: Spec, sight: &Sight<'_>) -> Result<Option<(Spec, Option<State>)>, CallError> {
    let is_there = match &spec {
        Spec::Role(role) => role.is_there(sight.account).await?,
        Spec::User(user) => user.is_there(sight.account).await?,
        Spec::ManagedPolicy(policy) => policy.is_there(sight.account).await?,
        // Seen through the listener, which is being looked at.
        Spec::ListenerRule(_) => true,
        Spec::LogGroup(_)
        | Spec::ServiceLinkedRole(_)
        | Spec::Network(_)
        | Spec::Repository(_)
        | Spec::OidcProvider(_)
        | Spec::InstanceProfile(_)
        | Spec::SecurityGroup(_)
        | Spec::LoadBalancer(_)
        | Spec::TargetGroup(_)
        | Spec::Listener(_)
        | Spec::Secret(_)
        | Spec::Parameter(_)
        | Spec::Cluster(_)
        | Spec::TaskDefinition(_)
        | Spec::Service(_) => {
            let found = spec.observe(sight).await?;
            return Ok(found.map(|state| (spec.clone(), Some(state))));
        }
    };
    Ok(is_there.then_some((spec, None)))
}

/// The secrets with the project's tag. Those whose deletion is scheduled are not listed (botocore secretsmanager, `ListSecrets`).
async fn secrets(account: &Account, project: &ProjectName) -> Result<Vec<(ResourceId, State)>, CallError> {
    let filter = |key, value: &str| Filter::builder().key(key).values(value).build();
    let filters =
        [filter(FilterNameStringType::TagKey, OWNER_TAG), filter(FilterNameStringType::TagValue, project.as_str())];
    let mut pages = account.secrets.list_secrets().set_filters(Some(filters.into())).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.called("secretsmanager:ListSecrets", &ResourceId::account())?;
        for secret in page.secret_list() {
            // A filter lets through whatever begins with its value.
            let owner = Owner::of(secret.tags().iter().map(|tag| (tag.key(), tag.value())), project);
            let (Some(name), Some(arn)) = (secret.name(), secret.arn()) else { continue };
            if owner == Owner::Ours {
                let state = SecretState { arn: arn.to_owned(), owner: Some(owner), is_going: false };
                found.push((ResourceId::new(Kind::Secret, name), State::Secret(state)));
            }
        }
    }
    Ok(found)
}

/// The parameters with the project's tag.
async fn parameters(account: &Account, project: &ProjectName) -> Result<Vec<(ResourceId, State)>, CallError> {
    let filter = ParameterStringFilter::builder().key(format!("tag:{OWNER_TAG}")).values(project.as_str()).build();
    let filter = filter.expect("a key is all that a filter must have");
    let mut pages = account.ssm.describe_parameters().parameter_filters(filter).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.called("ssm:DescribeParameters", &ResourceId::account())?;
        for parameter in page.parameters() {
            let Some(name) = parameter.name() else { continue };
            let kind = parameter.r#type().map(|kind| kind.as_str().to_owned()).unwrap_or_default();
            let state = State::Parameter(ParameterState { kind, owner: Owner::Ours });
            found.push((ResourceId::new(Kind::Parameter, name), state));
        }
    }
    Ok(found)
}

/// The security groups with the project's tag.
async fn groups(account: &Account, project: &ProjectName) -> Result<Vec<ResourceId>, CallError> {
    let filter = GroupFilter::builder().name(format!("tag:{OWNER_TAG}")).values(project.as_str()).build();
    let mut pages = account.ec2.describe_security_groups().filters(filter).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.called("ec2:DescribeSecurityGroups", &ResourceId::account())?;
        let names = page.security_groups().iter().filter_map(|group| group.group_name());
        found.extend(names.map(|name| ResourceId::new(Kind::SecurityGroup, name)));
    }
    Ok(found)
}

/// The repositories whose names begin with the project's; their tags are looked at one by one.
async fn repositories(account: &Account, project: &ProjectName) -> Result<Vec<ResourceId>, CallError> {
    // The most that ECR takes, so that one call does for most accounts.
    let mut pages = account.ecr.describe_repositories().max_results(1000).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.called("ecr:DescribeRepositories", &ResourceId::account())?;
        let names = page.repositories().iter().filter_map(|repository| repository.repository_name());
        let alike = names.filter(|name| name.starts_with(project.as_str()));
        found.extend(alike.map(|name| ResourceId::new(Kind::Repository, name)));
    }
    Ok(found)
}

/// The services of the cluster with the project's tag that nobody asks for any more.
async fn services(account: &Account, desired: &Desired) -> Result<Vec<Spec>, CallError> {
    let cluster = desired.cluster.name.as_str();
    let mut pages = account.ecs.list_services().cluster(cluster).into_paginator().send();
    let mut others = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.called("ecs:ListServices", &desired.cluster.id());
        let Some(page) = unless_absent(page, &["ClusterNotFoundException"])? else { break };
        let wanted = |arn: &str| desired.services().any(|it| arn.ends_with(&format!("/{}", it.name)));
        others.extend(page.service_arns().iter().filter(|arn| !wanted(arn)).cloned());
    }
    let mut found = Vec::new();
    for arns in others.chunks(DESCRIBED_AT_ONCE) {
        let request = account.ecs.describe_services().cluster(cluster).set_services(Some(arns.to_vec()));
        let answer = request.include(ServiceField::Tags).send().await;
        let answer = answer.called("ecs:DescribeServices", &desired.cluster.id())?;
        for service in answer.services() {
            let owner = Owner::of(service.tags().iter().map(|tag| (tag.key(), tag.value())), &desired.project);
            let id =
                ResourceId::new(Kind::Service, format!("{cluster}/{}", service.service_name().unwrap_or_default()));
            if owner == Owner::Ours {
                found.extend(desired.former_service(&id, family(service.task_definition().unwrap_or_default())));
            }
        }
    }
    Ok(found.into_iter().map(|former| former.spec).collect())
}

/// All target groups: they are few, and no call filters them by their tags.
async fn target_groups(account: &Account) -> Result<Vec<ResourceId>, CallError> {
    let mut pages = account.elb.describe_target_groups().into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.called("elasticloadbalancing:DescribeTargetGroups", &ResourceId::account())?;
        let names = page.target_groups().iter().filter_map(|group| group.target_group_name());
        found.extend(names.map(|name| ResourceId::new(Kind::TargetGroup, name)));
    }
    Ok(found)
}

/// The listeners of the project's load balancer that lead to a target group that nobody asks for any more.
///
/// # Errors
/// If the call is refused, or AWS does not answer.
pub(crate) async fn listeners(
    account: &Account,
    desired: &Desired,
    found: &BTreeMap<ResourceId, State>,
) -> Result<BTreeMap<ResourceId, State>, CallError> {
    let balancer = ResourceId::new(Kind::LoadBalancer, desired.project.as_str());
    let leads = |id: &ResourceId| id.kind == Kind::TargetGroup && desired.former(id).is_some();
    let (Some(State::LoadBalancer(balancer)), true) = (found.get(&balancer), found.keys().any(leads)) else {
        return Ok(BTreeMap::new());
    };
    let mut pages = account.elb.describe_listeners().load_balancer_arn(&balancer.identity.arn).into_paginator().send();
    let mut listeners = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page = page.called("elasticloadbalancing:DescribeListeners", &ResourceId::account())?;
        for listener in page.listeners() {
            let id =
                ResourceId::new(Kind::Listener, format!("{}:{}", desired.project, listener.port().unwrap_or_default()));
            if let Some(state) = ListenerState::of(listener).filter(|_| !found.contains_key(&id)) {
                listeners.insert(id, State::Listener(state));
            }
        }
    }
    Ok(listeners)
}

/// When the active access keys of a former user were used last, in seconds since 1970.
pub(crate) async fn look_at_use(account: &Account, spec: &Spec, state: &mut State) -> Result<(), CallError> {
    if let (Spec::User(user), State::User(found)) = (spec, state) {
        for key in found.keys.iter_mut().filter(|key| key.is_active) {
            let answer = account.iam.get_access_key_last_used().access_key_id(&key.id).send().await;
            let answer = answer.called("iam:GetAccessKeyLastUsed", &user.id());
            let used = unless_absent(answer, &["NoSuchEntity"])?.and_then(|answer| answer.access_key_last_used);
            key.used = used.and_then(|used| used.last_used_date).map(|date| date.secs());
        }
    }
    Ok(())
}
