//! Polls that wait for news.
//!
//! Clients that wait for a deployment ask, sleep, and ask again; GitHub's deploy action sleeps fifteen seconds (facts/pipelines.md section
//! 1). A question that the same client has asked before is answered once there is news, if what it asks after is not settled.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::Value;
use simulator_core::World;
use simulator_core::ecs::cluster::cluster_name;
use simulator_core::ecs::service::RolloutState;
use simulator_core::ecs::task::TaskStatus;

use crate::account::Account;

/// No answer is held longer: botocore gives up after a minute.
const LONGEST: Duration = Duration::from_secs(20);
/// The questions of so many clients are remembered.
const REMEMBERED: usize = 1_000;

/// Who has asked what.
#[derive(Debug, Default)]
pub(super) struct Polls {
    asked: Mutex<HashSet<u64>>,
}

impl Polls {
    /// Ends once `request` may be answered: at once, unless it asks again after something that is not settled yet.
    pub(super) async fn wait(&self, account: &Account, request: &Request<Bytes>) {
        let Some(question) = Question::read(request) else { return };
        if self.is_first(question.asker) {
            return;
        }
        let Some(state) = account.look(|world| question.unsettled(world)) else { return };
        let news = account.until(|world| (question.unsettled(world).as_ref() != Some(&state)).then_some(()));
        // Without news it is answered as before.
        let _ = tokio::time::timeout(LONGEST, news).await;
    }

    fn is_first(&self, asker: u64) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.len() >= REMEMBERED {
            asked.clear();
        }
        asked.insert(asker)
    }
}

/// What a poll asks after, and who asks.
#[derive(Debug)]
struct Question {
    /// Of the access key and of the whole question.
    asker: u64,
    cluster: String,
    after: After,
}

#[derive(Debug)]
enum After {
    Services(Vec<String>),
    Tasks(Vec<String>),
}

impl Question {
    /// What `request` polls, if it does.
    fn read(request: &Request<Bytes>) -> Option<Self> {
        let target = request.headers().get("x-amz-target")?.to_str().ok()?;
        let operation = target.rsplit('.').next()?;
        if !matches!(operation, "DescribeServices" | "DescribeTasks") {
            return None;
        }
        let body: Value = serde_json::from_slice(request.body()).ok()?;
        let names = |key: &str| -> Option<Vec<String>> {
            body.get(key)?.as_array()?.iter().map(|name| Some(last(name.as_str()?).to_owned())).collect()
        };
        let after = match operation {
            "DescribeServices" => After::Services(names("services")?),
            _ => After::Tasks(names("tasks")?),
        };
        let mut hasher = DefaultHasher::new();
        let signer = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        // `AWS4-HMAC-SHA256 Credential=AKIA…/20261121/…`: the rest is another each time.
        signer.split('/').next().hash(&mut hasher);
        operation.hash(&mut hasher);
        request.body().hash(&mut hasher);
        let cluster = cluster_name(body.get("cluster").and_then(Value::as_str)).to_owned();
        Some(Self { asker: hasher.finish(), cluster, after })
    }

    /// How far what is asked after has come, in what a waiter looks at; none if there is nothing that it could wait for.
    fn unsettled(&self, world: &World) -> Option<String> {
        match &self.after {
            After::Services(names) => self.services(world, names),
            After::Tasks(ids) => tasks(world, ids),
        }
    }

    /// The services that are not settled yet, with what of them has failed. Counts of tasks that change on the way are no news.
    fn services(&self, world: &World, names: &[String]) -> Option<String> {
        let view = world.ecs();
        let mut settled = true;
        let mut state = String::new();
        for name in names {
            let service = view.service(&self.cluster, name)?;
            let (running, _) = view.counts(service, None);
            let failed = || service.deployments.iter().filter(|at| at.rollout_state == RolloutState::Failed);
            // Nothing more is started for a deployment that has failed: there is nothing to wait for.
            let complete = u32::try_from(running) == Ok(service.desired) || failed().next().is_some();
            settled &= service.deployments.len() == 1 && complete;
            state.push_str(service.status.as_str());
            failed().for_each(|deployment| state.push_str(&deployment.id));
        }
        (!settled).then_some(state)
    }
}

/// How far tasks have come, that all wait for the same: to run, or to be stopped.
fn tasks(world: &World, ids: &[String]) -> Option<String> {
    let mut state = String::new();
    let mut over = true;
    for id in ids {
        let task = world.ecs().task(&id.parse().ok()?)?;
        over &= task.last_status == TaskStatus::Stopped;
        state.push(match task.last_status {
            TaskStatus::Provisioning | TaskStatus::Pending | TaskStatus::Activating => 'p',
            TaskStatus::Running => 'r',
            TaskStatus::Deactivating | TaskStatus::Stopping | TaskStatus::Deprovisioning => 's',
            TaskStatus::Stopped => 'x',
        });
    }
    (!over).then_some(state)
}

/// The name in an ARN or a name.
fn last(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}
