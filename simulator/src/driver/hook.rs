//! Stand-ins for the functions that lifecycle hooks call: a local command, or an HTTP endpoint.
//!
//! What the function gets and what it answers is as with Lambda (developer guide, lambda-lifecycle-hooks): a command reads the event on
//! its standard input and writes the answer to its standard output; an endpoint gets the event by POST and answers with the answer.

use std::collections::BTreeMap;
use std::process::Stdio;

use reqwest::Client;
use serde_json::{Map, Value, json};
use simulator_core::ecs::service::Percent;
use simulator_core::effect::HookCall;
use simulator_core::observation::HookAnswer;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

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

/// Calls the functions of lifecycle hooks.
#[derive(Clone, Debug)]
pub struct Hooks {
    stand_ins: BTreeMap<String, StandIn>,
    client: Client,
}

impl Hooks {
    /// The stand-ins by `hookTargetArn`.
    ///
    /// # Panics
    /// Never: without TLS there is nothing that could fail.
    #[must_use]
    pub fn new(stand_ins: BTreeMap<String, StandIn>) -> Self {
        let client = Client::builder().no_proxy().build().expect("a client without TLS can always be built");
        Self { stand_ins, client }
    }

    /// Calls the function and waits for its answer. A function without stand-in has failed, and the answer says so.
    pub async fn call(&self, call: &HookCall) -> HookAnswer {
        let Some(stand_in) = self.stand_ins.get(&call.function) else {
            return HookAnswer::Broken(format!("no stand-in is given for the function `{}`", call.function));
        };
        let answered = async {
            match stand_in {
                StandIn::Command(command) => run(command, &event(call)).await,
                StandIn::Post(url) => self.post(url, &event(call)).await,
            }
        };
        match timeout(call.timeout, answered).await {
            Ok(Ok(text)) => read(&text).unwrap_or_else(HookAnswer::Broken),
            Ok(Err(why)) => HookAnswer::Broken(why),
            Err(_) => HookAnswer::Broken(format!("there was no answer within {} s", call.timeout.as_secs())),
        }
    }

    async fn post(&self, url: &str, event: &Value) -> Result<String, String> {
        let unreachable = |error: reqwest::Error| format!("`{url}` could not be asked: {error}");
        let response = self.client.post(url).json(event).send().await.map_err(unreachable)?;
        let status = response.status();
        if !status.is_success() {
            return Err(format!("`{url}` answered with status {}", status.as_u16()));
        }
        response.text().await.map_err(unreachable)
    }
}

impl Default for Hooks {
    fn default() -> Self {
        Self::new(BTreeMap::new())
    }
}

async fn run(command: &[String], event: &Value) -> Result<String, String> {
    let [program, arguments @ ..] = command else { return Err("the stand-in's command is empty".to_owned()) };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("`{program}` could not be started: {error}"))?;
    let mut input = child.stdin.take().expect("it was asked for");
    let event = event.to_string();
    let written = async move {
        // A program that does not read what it is told need not.
        let _ = input.write_all(event.as_bytes()).await;
        drop(input);
    };
    let ((), ended) = tokio::join!(written, child.wait_with_output());
    let output = ended.map_err(|error| format!("`{program}` could not be waited for: {error}"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let last: String = complaint.trim().lines().last().unwrap_or_default().chars().take(REPEATED).collect();
        return Err(format!("`{program}` ended with {}: {last}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
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
