//! Carries a plan out. Nothing is decided here: the plan says what, and what waits for what.
//!
//! - [`schedule`]: which step can start now
//! - [`call`]: the call that a change is
//! - [`patience`]: which failures pass by themselves, and how long that may take

mod call;
mod patience;
mod schedule;

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use crate::config::name::ProjectName;
use crate::connect::Account;
use crate::desired::Desired;
use crate::fault::{CallError, Fault};
use crate::identifiers::{Identifiers, Made};
use crate::outcome::{DeployIdentity, DeployKey, Named, NetworkIdentity, Outcome, RepositoryIdentity};
use crate::plan::{Blocker, Plan, Step};
use crate::resource::ResourceId;
use schedule::Schedule;

/// How many steps run side by side. IAM is the first to throttle, at a handful of writes per second.
const SIDE_BY_SIDE: usize = 8;

/// Told of every step as it happens.
pub trait Progress: Sync {
    /// Something happened to a step.
    fn report(&self, step: &Step, event: StepEvent<'_>);
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
    /// Everything was done, and yet something is missing.
    #[error("the plan is done, and nothing is known of the {what}")]
    Incomplete {
        /// What is missing.
        what: &'static str,
    },
}

impl ExecuteError {
    /// Whose turn it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Blocked(_) => Fault::Blocked,
            Self::MovedOn { .. } => Fault::MovedOn,
            Self::Step { source, .. } => source.fault(),
            Self::Incomplete { .. } => Fault::Bug,
        }
    }
}

/// Carries a plan out, steps that do not wait for one another side by side. After a failure no further step is started.
///
/// # Errors
/// If something stands in the way, a call fails, or the account has changed since the plan was made.
pub async fn execute(account: &Account, plan: &Plan, progress: &dyn Progress) -> Result<Outcome, ExecuteError> {
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
            && let Some(step) = schedule.start_next()
        {
            progress.report(step, StepEvent::Started);
            let known = identifiers.clone();
            running.push(async move { (step, persist(account, step, project, &known, progress).await) });
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
        None => outcome(&plan.desired, identifiers),
    }
}

/// Makes the call of a step until it succeeds or fails for good.
async fn persist(
    account: &Account,
    step: &Step,
    project: &ProjectName,
    identifiers: &Identifiers,
    progress: &dyn Progress,
) -> Result<Made, CallError> {
    let began = Instant::now();
    let mut attempt: u32 = 0;
    loop {
        let error = match call::make(account, &step.change, project, identifiers).await {
            Ok(made) => return Ok(made),
            Err(error) => error,
        };
        let Some(wait) = patience::after(&error, !step.waits_for.is_empty(), attempt, began.elapsed()) else {
            return Err(error);
        };
        tracing::debug!(%error, reason = wait.reason, "trying again");
        progress.report(step, StepEvent::Waiting { reason: wait.reason, delay: wait.delay });
        tokio::time::sleep(wait.delay).await;
        attempt = attempt.saturating_add(1);
    }
}

/// What a deploy needs to know, once everything is there.
pub(crate) fn outcome(desired: &Desired, identifiers: Identifiers) -> Result<Outcome, ExecuteError> {
    fn known<T>(value: Option<T>, what: &'static str) -> Result<T, ExecuteError> {
        value.ok_or(ExecuteError::Incomplete { what })
    }
    let group = |name: String| identifiers.security_groups.get(&name).cloned();
    let role = |name: &str| identifiers.roles.get(name).cloned();
    let cluster = known(identifiers.cluster.clone(), "cluster")?;
    let service = known(identifiers.service.clone(), "service")?;
    let user = known(identifiers.user.clone(), "deploy user")?;
    let execution_role_arn = known(role(&desired.execution_role.name), "execution role")?;
    let task_role_arn = match &desired.task_role {
        Some(task_role) => Some(known(role(&task_role.name), "task role")?),
        None => None,
    };
    let network = NetworkIdentity {
        load_balancer_group_id: known(group(desired.load_balancer_group()), "load balancer's security group")?,
        service_group_id: known(group(desired.service_group()), "service's security group")?,
        database_group_id: group(desired.database_group()),
        vpc_id: known(identifiers.vpc_id.clone(), "VPC")?,
        subnet_ids: identifiers.subnet_ids.clone(),
    };
    Ok(Outcome {
        location: desired.location.clone(),
        deploy: DeployIdentity {
            user: Named { name: desired.user.name.clone(), arn: user },
            key: match identifiers.new_key {
                Some(key) => DeployKey::Created(key),
                None => DeployKey::Kept { access_key_ids: identifiers.access_keys },
            },
        },
        cluster: Named { name: desired.cluster.name.to_string(), arn: cluster },
        service: Named { name: desired.service.name.to_string(), arn: service },
        task_definition_arn: known(identifiers.task_definition, "task definition")?,
        repository: RepositoryIdentity {
            name: desired.repository.name.to_string(),
            arn: desired.repository.arn.clone(),
            uri: known(identifiers.repository_uri, "repository")?,
        },
        load_balancer: known(identifiers.load_balancer, "load balancer")?,
        target_group_arn: known(identifiers.target_groups.get(&desired.target_group.name).cloned(), "target group")?,
        listener_arn: known(identifiers.listener, "listener")?,
        execution_role_arn,
        task_role_arn,
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
    }
}
