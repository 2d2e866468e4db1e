//! Stand-ins for the functions that lifecycle hooks call: a local command, or an HTTP endpoint.
//!
//! What the function gets and what it answers is as with Lambda (developer guide, lambda-lifecycle-hooks): a command reads the event on
//! its standard input and writes the answer to its standard output; an endpoint gets the event by POST and answers with the answer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Map, Value, json};
use simulator_core::Timestamp;
use simulator_core::ecs::service::Percent;
use simulator_core::effect::HookCall;
use simulator_core::observation::HookAnswer;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::account::now;

/// Of a command's complaint as much is repeated.
const REPEATED: usize = 200;

/// What stands for a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StandIn {
    /// A program and its arguments.
    Command(Vec<String>),
    /// The URL of an endpoint.
    Post(String),
}

/// The variable in which a command finds the load balancer's URL: with it a stand-in can send test requests, as a function would to the
/// load balancer's own name.
pub const URL_VARIABLE: &str = "GREENROOM_URL";

/// The header in which an endpoint finds the same.
pub const URL_HEADER: &str = "greenroom-url";

/// Calls the functions of lifecycle hooks. Copies share what was called.
#[derive(Clone, Debug)]
pub struct Hooks {
    stand_ins: BTreeMap<String, StandIn>,
    client: Client,
    directory: Option<PathBuf>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    url: Option<String>,
    calls: Vec<Called>,
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// When it was made.
    pub at: Timestamp,
    /// The function's name, with its alias or version if it has one.
    pub function: String,
    /// `lifecycleStage`.
    pub stage: &'static str,
    /// What came back.
    pub answer: HookAnswer,
    /// How long that took.
    pub took: Duration,
    /// The last line that a command wrote to its standard error.
    pub said: Option<String>,
}

impl Called {
    /// What came back, in a word or in a few.
    #[must_use]
    pub fn word(&self) -> &str {
        match &self.answer {
            HookAnswer::Succeeded => "SUCCEEDED",
            HookAnswer::Failed => "FAILED",
            HookAnswer::InProgress { .. } => "IN_PROGRESS",
            HookAnswer::Broken(why) => why,
        }
    }

    /// Whether it rolls the deployment back.
    #[must_use]
    pub const fn fails(&self) -> bool {
        match self.answer {
            HookAnswer::Failed | HookAnswer::Broken(_) => true,
            HookAnswer::Succeeded | HookAnswer::InProgress { .. } => false,
        }
    }
}

impl Hooks {
    /// The stand-ins by `hookTargetArn`, or by the name of the function that is in it.
    ///
    /// # Panics
    /// Never: without TLS there is nothing that could fail.
    #[must_use]
    pub fn new(stand_ins: BTreeMap<String, StandIn>) -> Self {
        let client = Client::builder().no_proxy().build().expect("a client without TLS can always be built");
        Self { stand_ins, client, directory: None, shared: Arc::default() }
    }

    /// Has commands run in `directory`; a program that is named by a path with directories in it is looked for there, too.
    #[must_use]
    pub fn beside(mut self, directory: &Path) -> Self {
        self.directory = Some(directory.to_owned());
        self
    }

    /// Tells stand-ins from now on that the load balancer is at `url`.
    pub fn reachable_at(&self, url: &str) {
        self.shared().url = Some(url.to_owned());
    }

    /// The calls so far that have been answered, in the order of their answers.
    #[must_use]
    pub fn calls(&self) -> Vec<Called> {
        self.shared().calls.clone()
    }

    /// Every change is whole, whoever panicked in between.
    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the function and waits for its answer. A function without stand-in has failed, and the answer says so.
    pub async fn call(&self, call: &HookCall) -> HookAnswer {
        let (at, began) = (now(), Instant::now());
        let (answer, said) = self.ask(call).await;
        let (function, stage, took) = (name(&call.function).to_owned(), call.stage, began.elapsed());
        self.shared().calls.push(Called { at, function, stage, answer: answer.clone(), took, said });
        answer
    }

    async fn ask(&self, call: &HookCall) -> (HookAnswer, Option<String>) {
        let stand_in = self.stand_ins.get(&call.function).or_else(|| self.stand_ins.get(name(&call.function)));
        let Some(stand_in) = stand_in else {
            return (HookAnswer::Broken(format!("no stand-in is given for the function `{}`", call.function)), None);
        };
        let answered = async {
            match stand_in {
                StandIn::Command(command) => self.run(command, &event(call)).await,
                StandIn::Post(url) => self.post(url, &event(call)).await.map(|text| (text, None)),
            }
        };
        match timeout(call.timeout, answered).await {
            Ok(Ok((text, said))) => (read(&text).unwrap_or_else(HookAnswer::Broken), said),
            Ok(Err(why)) => (HookAnswer::Broken(why), None),
            Err(_) => (HookAnswer::Broken(format!("there was no answer within {} s", call.timeout.as_secs())), None),
        }
    }

    async fn post(&self, url: &str, event: &Value) -> Result<String, String> {
        let unreachable = |error: reqwest::Error| format!("`{url}` could not be asked: {error}");
        let mut request = self.client.post(url).json(event);
        if let Some(balancer) = self.shared().url.clone() {
            request = request.header(URL_HEADER, balancer);
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        if !status.is_success() {
            return Err(format!("`{url}` answered with status {}", status.as_u16()));
        }
        response.text().await.map_err(unreachable)
    }

    /// Answers what `command` writes to its standard output, and the last line of its standard error.
    async fn run(&self, command: &[String], event: &Value) -> Result<(String, Option<String>), String> {
        let [program, arguments @ ..] = command else { return Err("the stand-in's command is empty".to_owned()) };
        let mut order = match &self.directory {
            Some(directory) if program.contains('/') => Command::new(directory.join(program)),
            Some(_) | None => Command::new(program),
        };
        order.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        if let Some(directory) = &self.directory {
            order.current_dir(directory);
        }
        if let Some(url) = self.shared().url.clone() {
            order.env(URL_VARIABLE, url);
        }
        let mut child = order.spawn().map_err(|error| format!("`{program}` could not be started: {error}"))?;
        let mut input = child.stdin.take().expect("it was asked for");
        let event = event.to_string();
        let written = async move {
            // A program that does not read what it is told need not.
            let _ = input.write_all(event.as_bytes()).await;
            drop(input);
        };
        let ((), ended) = tokio::join!(written, child.wait_with_output());
        let output = ended.map_err(|error| format!("`{program}` could not be waited for: {error}"))?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        let last = complaint.trim().lines().last().map(|line| line.chars().take(REPEATED).collect::<String>());
        if !output.status.success() {
            return Err(format!("`{program}` ended with {}: {}", output.status, last.unwrap_or_default()));
        }
        Ok((String::from_utf8_lossy(&output.stdout).into_owned(), last))
    }
}

/// The name of the function in `arn`, with its alias or version if it has one.
fn name(arn: &str) -> &str {
    arn.split_once(":function:").map_or(arn, |(_, name)| name)
}

impl Default for Hooks {
    fn default() -> Self {
        Self::new(BTreeMap::new())
    }
}

/// The event as the function gets it.
fn event(call: &HookCall) -> Value {
    let HookCall { execution, function: _, stage, resource, service, target, test, production, details, timeout: _ } =
        call;
    let mut event = json!({
        "executionId": execution,
        "lifecycleStage": stage,
        "resourceArn": resource,
        "executionDetails": {
            "serviceArn": service.as_str(),
            "targetServiceRevisionArn": target,
            "testTrafficWeights": weights(test),
            "productionTrafficWeights": weights(production),
        },
    });
    if let Some(details) = details.as_deref().and_then(|details| serde_json::from_str::<Value>(details).ok()) {
        event["hookDetails"] = details;
    }
    event
}

fn weights(weights: &[(String, Percent)]) -> Value {
    let weight = |(revision, percent): &(String, Percent)| {
        let number: Value = percent.to_string().parse().expect("a percentage is written as a number");
        (revision.clone(), number)
    };
    Value::Object(weights.iter().map(weight).collect::<Map<_, _>>())
}

/// What the function says.
fn read(text: &str) -> Result<HookAnswer, String> {
    let answer: Value = text.trim().parse().map_err(|_| "the answer is not JSON".to_owned())?;
    match answer["hookStatus"].as_str() {
        Some("SUCCEEDED") => Ok(HookAnswer::Succeeded),
        Some("FAILED") => Ok(HookAnswer::Failed),
        Some("IN_PROGRESS") => Ok(HookAnswer::InProgress {
            call_back: answer["callBackDelay"].as_u64().map(std::time::Duration::from_secs),
            details: answer.get("hookDetails").filter(|details| details.is_object()).map(Value::to_string),
        }),
        Some(other) => Err(format!("the answer's hookStatus is `{other}`")),
        None => Err("the answer has no hookStatus".to_owned()),
    }
}

#[cfg(test)]
mod tests;
