//! Carries a plan out. Nothing is decided here: the plan says what, and what waits for what.
//!
//! - [`schedule`]: which step can start now
//! - [`apply`]: observes, plans and executes until nothing is left to do
//! - [`patience`]: which failures pass by themselves, and how long that may take

mod apply;
mod patience;
mod schedule;

pub use apply::apply;

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use crate::connect::Account;
use crate::desired::{Deployer, Desired};
use crate::fault::{CallError, Fault};
use crate::identifiers::{Identifiers, Made};
use crate::outcome::{
    DeployIdentity, DeployKey, LoadBalancerIdentity, Named, NetworkIdentity, Outcome, RepositoryIdentity,
    ServiceIdentity,
};
use crate::plan::{Blocker, Plan, Step};
use crate::resource::repository::Repository;
use crate::resource::service::Service;
use crate::resource::task_definition::FirstRevision;
use crate::resource::{Hands, Kind, ResourceId};
use schedule::Schedule;

/// How many steps run side by side. IAM is the first to throttle, at a handful of writes per second.
const SIDE_BY_SIDE: usize = 8;

/// Told of every step as it happens.
pub trait Progress: Sync {
    /// Something happened to a step.
    fn report(&self, step: &Step, event: StepEvent<'_>);

    /// Whether somebody has asked for an end: no further step is started then, and none is tried again.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// What happens to a step.
#[derive(Debug)]
pub enum StepEvent<'a> {
    /// Its call is being made.
    Started,
    /// It failed in a way that passes, and is tried again.
    Waiting {
        /// What it waits for.
        reason: &'static str,
        /// How long until the next try.
        delay: Duration,
        /// What AWS said.
        error: &'a CallError,
    },
    /// It is done.
    Done,
    /// It failed, and with it the execution; steps that run already are still waited for.
    Failed(&'a CallError),
}

/// Progress that nobody wants to hear of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _: &Step, _: StepEvent<'_>) {}
}

/// Why a plan was not carried out to its end. What was done stays done, and a new plan goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// Something stands in the way; nothing was changed.
    #[error("the plan has {} in the way: {}", count(.0.len()), join(.0))]
    Blocked(Vec<Blocker>),
    /// Something appeared in the account after the plan was made.
    #[error("the account has changed since the plan was made: {resource} is there now")]
    MovedOn {
        /// What appeared.
        resource: ResourceId,
        /// What AWS said.
        #[source]
        source: Box<CallError>,
    },
    /// A step failed.
    #[error("step {number}, {change}")]
    Step {
        /// The step's number.
        number: usize,
        /// What it was to do.
        change: String,
        /// Why it failed.
        #[source]
        source: Box<CallError>,
    },
    /// Somebody asked for an end, and the steps that ran have ended.
    #[error("stopped before the end of the plan")]
    Stopped,
    /// The plan was saved, and would be another one now.
    #[error("the saved plan is no longer what there is to do: {what}")]
    Outdated {
        /// What has changed.
        what: String,
    },
    /// Everything was done, and yet something is missing.
    #[error("the plan is done, and nothing is known of the {what}")]
    Incomplete {
        /// What is missing.
        what: &'static str,
    },
}

impl ExecuteError {
    /// The action that the caller may not take, if that is what failed.
    #[must_use]
    pub fn lacks(&self) -> Option<&str> {
        match self {
            Self::Step { source, .. } => source.lacks(),
            Self::Blocked(_)
            | Self::MovedOn { .. }
            | Self::Stopped
            | Self::Outdated { .. }
            | Self::Incomplete { .. } => None,
        }
    }

    /// Whose turn it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Blocked(_) => Fault::Blocked,
            Self::MovedOn { .. } | Self::Outdated { .. } => Fault::MovedOn,
            Self::Step { source, .. } => source.fault(),
            Self::Stopped => Fault::Stopped,
            Self::Incomplete { .. } => Fault::Bug,
        }
    }
}

/// Carries a plan out, steps that do not wait for one another side by side. After a failure no further step is started.
///
/// # Errors
/// If something stands in the way, a call fails, or the account has changed since the plan was made.
pub async fn execute(account: &Account, plan: &Plan, progress: &dyn Progress) -> Result<Outcome, ExecuteError> {
    let identifiers = carry_out(account, plan, progress).await?;
    outcome(&plan.desired, &identifiers)
}

/// Carries out a plan that takes everything away.
///
/// # Errors
/// As [`execute`].
pub async fn destroy(account: &Account, plan: &Plan, progress: &dyn Progress) -> Result<(), ExecuteError> {
    carry_out(account, plan, progress).await.map(drop)
}

async fn carry_out(account: &Account, plan: &Plan, progress: &dyn Progress) -> Result<Identifiers, ExecuteError> {
    if !plan.blockers().is_empty() {
        return Err(ExecuteError::Blocked(plan.blockers().to_vec()));
    }
    let project = &plan.desired.project;
    let mut identifiers = plan.identifiers.clone();
    let mut schedule = Schedule::new(plan.steps(), SIDE_BY_SIDE);
    let mut running = FuturesUnordered::new();
    let mut failure = None;
    loop {
        while failure.is_none()
            && !progress.is_stopped()
            && let Some(step) = schedule.start_next()
        {
            progress.report(step, StepEvent::Started);
            let known = identifiers.clone();
            running.push(async move {
                let hands = Hands { account, project, known: &known };
                (step, persist(&hands, step, progress).await)
            });
        }
        let Some((step, result)) = running.next().await else { break };
        match result {
            Ok(made) => {
                identifiers.learn(made);
                schedule.finish(step);
                progress.report(step, StepEvent::Done);
            }
            Err(error) => {
                progress.report(step, StepEvent::Failed(&error));
                failure.get_or_insert((step, error));
            }
        }
    }
    match failure {
        Some((step, source)) if patience::is_there_already(&source) => {
            Err(ExecuteError::MovedOn { resource: step.change.resource(), source: Box::new(source) })
        }
        Some((step, source)) => {
            Err(ExecuteError::Step { number: step.number, change: step.change.to_string(), source: Box::new(source) })
        }
        None if schedule.is_done() => Ok(identifiers),
        None => Err(ExecuteError::Stopped),
    }
}

/// Makes the call of a step until it succeeds or fails for good.
async fn persist(hands: &Hands<'_>, step: &Step, progress: &dyn Progress) -> Result<Made, CallError> {
    let began = Instant::now();
    let mut attempt: u32 = 0;
    let recent = !hands.known.recent.is_empty();
    loop {
        let error = match step.change.make(hands).await {
            Ok(made) => return Ok(made),
            Err(error) => error,
        };
        let follows = recent || !step.waits_for.is_empty();
        let Some(wait) = patience::after(&error, follows, attempt, began.elapsed()) else {
            return Err(error);
        };
        tracing::debug!(%error, reason = wait.reason, "trying again");
        progress.report(step, StepEvent::Waiting { reason: wait.reason, delay: wait.delay, error: &error });
        tokio::time::sleep(wait.delay).await;
        if progress.is_stopped() {
            return Err(error);
        }
        attempt = attempt.saturating_add(1);
    }
}

/// What a deploy needs to know, once everything is there.
pub(crate) fn outcome(desired: &Desired, identifiers: &Identifiers) -> Result<Outcome, ExecuteError> {
    fn known<T>(value: Option<T>, what: &'static str) -> Result<T, ExecuteError> {
        value.ok_or(ExecuteError::Incomplete { what })
    }
    let name = |kind, name: &str| identifiers.get(&ResourceId::new(kind, name)).map(str::to_owned);
    let group = |wanted: String| name(Kind::SecurityGroup, &wanted);
    let balancer = desired.load_balancer.id();
    let repository_of = |part: &Repository| -> Result<RepositoryIdentity, ExecuteError> {
        let uri = known(identifiers.get(&part.id()).map(str::to_owned), "repository")?;
        Ok(RepositoryIdentity { name: part.name.to_string(), arn: part.arn.clone(), uri })
    };
    let service_of = |(service, revision): (&Service, &FirstRevision)| -> Result<ServiceIdentity, ExecuteError> {
        let arn = known(identifiers.get(&service.id()).map(str::to_owned), "service")?;
        let listener_arn = match &service.target {
            Some(target) => Some(known(identifiers.get(&target.listener.id()).map(str::to_owned), "listener")?),
            None => None,
        };
        Ok(ServiceIdentity {
            service: Named { name: service.name.to_string(), arn },
            task_definition_arn: known(identifiers.get(&revision.id()).map(str::to_owned), "task definition")?,
            listener_port: service.listener().map(|listener| listener.port),
            listener_arn,
        })
    };
    let services = desired.services().zip(desired.first_revisions()).map(service_of);
    let network = NetworkIdentity {
        load_balancer_group_id: known(group(desired.load_balancer_group()), "load balancer's security group")?,
        service_group_id: known(group(desired.service_group()), "service's security group")?,
        database_group_id: group(desired.database_group()),
        vpc_id: known(name(Kind::Vpc, ""), "VPC")?,
        subnet_ids: identifiers.subnet_ids.clone(),
    };
    Ok(Outcome {
        location: desired.location.clone(),
        deploy: match &desired.deployer {
            Deployer::User(user, _) => DeployIdentity::User {
                user: Named {
                    name: user.name.clone(),
                    arn: known(identifiers.get(&user.id()).map(str::to_owned), "deploy user")?,
                },
                key: match identifiers.new_key.clone() {
                    Some(key) => DeployKey::Created(key),
                    None => DeployKey::Kept { access_key_ids: identifiers.access_keys.clone() },
                },
            },
            Deployer::Role(_, role) => DeployIdentity::Role(Named {
                name: role.name.clone(),
                arn: known(name(Kind::Role, &role.name), "deploy role")?,
            }),
        },
        cluster: Named {
            name: desired.cluster.name.to_string(),
            arn: known(identifiers.get(&desired.cluster.id()).map(str::to_owned), "cluster")?,
        },
        services: services.collect::<Result<_, _>>()?,
        repositories: desired.repositories.iter().map(repository_of).collect::<Result<_, _>>()?,
        load_balancer: LoadBalancerIdentity {
            arn: known(identifiers.get(&balancer).map(str::to_owned), "load balancer")?,
            dns_name: known(identifiers.hosts.get(&balancer).cloned(), "load balancer's host name")?,
        },
        log_groups: desired.log_groups.iter().map(|group| group.name.clone()).collect(),
        network,
    })
}

fn count(blockers: usize) -> String {
    if blockers == 1 { "one thing".to_owned() } else { format!("{blockers} things") }
}

fn join(blockers: &[Blocker]) -> String {
    blockers.iter().map(Blocker::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::ConnectOptions;

    fn can_be_spawned<T: Send>(_: T) {}

    /// Never run: it is enough that it compiles. Callers must be able to spawn everything on tokio's threads.
    #[expect(dead_code, reason = "the compiler is what is asked")]
    fn all_futures_can_be_spawned(options: &ConnectOptions, account: &Account, plan: &Plan, progress: &dyn Progress) {
        can_be_spawned(crate::connect(options));
        can_be_spawned(crate::observe(account, &plan.desired));
        can_be_spawned(execute(account, plan, progress));
        can_be_spawned(destroy(account, plan, progress));
    }
}
