//! Makes the calls of a file on a fresh account, and tells what IAM was asked and what was refused.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use simulator_core::iam::policy::Context;
use simulator_core::virtual_time::{Script, VirtualTime};
use simulator_core::{Access, Arn, Caller, Principal, Refusal, Timestamp, World};

use super::calls::{self, Call, End, Line};
use crate::service::{self, Service, trial};

/// What one call showed.
pub(super) struct Seen {
    /// Such as `ecs:CreateService`.
    pub(super) operation: String,
    /// What it had to be allowed, each with the condition keys that the decision saw.
    pub(super) asked: Vec<(Access, Context)>,
    /// The code that it was refused with.
    pub(super) refused: Option<String>,
}

/// A call about to be made.
pub(super) struct Moment<'a> {
    pub(super) world: &'a World,
    pub(super) now: Timestamp,
    pub(super) row: &'a crate::wire::Row,
    pub(super) caller: &'a Caller,
    pub(super) call: &'a Call,
    /// Its request, with every `$name` replaced.
    pub(super) request: &'a Value,
}

/// What all calls of a file show, and which of them ended otherwise than the file says; `service` is for messages.
pub(super) fn all(service: &str, text: &str) -> (Vec<Seen>, Vec<String>) {
    let mut seen = Vec::new();
    let wrong = watch(service, text, |moment| {
        let asked = moment.row.asks(moment.world, moment.request.clone()).unwrap_or_default();
        let conditions = |access: Access| {
            let conditions = moment.world.conditions(moment.caller, &access);
            (access, conditions)
        };
        let refused = match &moment.call.end {
            End::Refused(code) => Some(code.clone()),
            End::Answered | End::Member(_) => None,
        };
        let asked = asked.into_iter().map(conditions).collect();
        seen.push(Seen { operation: moment.call.operation.clone(), asked, refused });
    });
    (seen, wrong)
}

/// Makes the calls of a file, each after `look` has seen it coming, and tells which end otherwise than the file says.
pub(super) fn watch(service: &str, text: &str, mut look: impl FnMut(&Moment<'_>)) -> Vec<String> {
    let services = service::all();
    let mut world = trial::world();
    let mut driver = VirtualTime::new(Script::default());
    let mut now = trial::NOW;
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut wrong: Vec<String> = Vec::new();
    for (number, line) in calls::read(text) {
        let call = match line {
            Line::Let(name, document) => {
                names.insert(name, document);
                continue;
            }
            Line::Wait(seconds) => {
                now = now + Duration::from_secs(seconds);
                driver.run_until(&mut world, |_| false, now);
                world.tick(now);
                continue;
            }
            Line::Call(call) => call,
        };
        let place = format!("{service}.calls, line {number}: {}", call.operation);
        let request = filled(&call.request, &names);
        let row = row(&services, &call.operation).unwrap_or_else(|| panic!("{place} is not served"));
        let caller = caller(&world, call.user.as_deref());
        look(&Moment { world: &world, now, row, caller: &caller, call: &call, request: &request });
        let answer = row.handle(&mut world, now, &caller, request).map(Value::from);
        match ended(&call.end, answer) {
            Ok(Some(member)) => drop(names.insert(call.name.unwrap_or_default(), member)),
            Ok(None) => {}
            Err(otherwise) => wrong.push(format!("{place}: {otherwise}")),
        }
    }
    wrong
}

/// The member that is to be kept of an answer that ended as it should.
fn ended(end: &End, answer: Result<Value, Refusal>) -> Result<Option<String>, String> {
    match (end, answer) {
        (End::Answered, Ok(_)) => Ok(None),
        (End::Member(path), Ok(answer)) => {
            let found = path.iter().try_fold(&answer, |value, key| match key.parse::<usize>() {
                Ok(index) => value.get(index),
                Err(_) => value.get(key),
            });
            let found = found.and_then(Value::as_str).ok_or_else(|| format!("no {path:?} in {answer}"))?;
            Ok(Some(found.to_owned()))
        }
        (End::Refused(expected), Err(refusal)) if code(&refusal) == expected => Ok(None),
        (End::Refused(expected), Err(refusal)) => Err(format!("expected {expected}, got {refusal}")),
        (End::Answered | End::Member(_), Err(refusal)) => Err(refusal.to_string()),
        (End::Refused(expected), Ok(answer)) => Err(format!("expected {expected}, got {answer}")),
    }
}

/// The row of an operation such as `ecs:CreateService`.
pub(super) fn row<'a>(services: &'a [Service], operation: &str) -> Option<&'a crate::wire::Row> {
    let (service, name) = operation.split_once(':')?;
    let service = services.iter().find(|known| known.signing_name == service)?;
    service.operations.iter().find(|row| row.name == name)
}

/// The user called `user`, or root.
pub(super) fn caller(world: &World, user: Option<&str>) -> Caller {
    match user {
        None => world.root(),
        Some(name) => Caller {
            arn: Arn::global("iam", world.account(), &format!("user/{name}")),
            principal: Principal::User { name: name.to_owned() },
            ..world.root()
        },
    }
}

/// The code of a refusal, as the table has it.
pub(super) fn code(refusal: &Refusal) -> &str {
    match refusal {
        Refusal::Denied(_) => "AccessDenied",
        Refusal::Fault { code, .. } => code,
        Refusal::NotSimulated { .. } => "NotSimulated",
    }
}

/// `value` with every `$name` in its texts replaced; longer names first, so that none is taken for another's beginning.
fn filled(value: &Value, names: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => {
            let mut text = text.clone();
            for (name, with) in names.iter().rev() {
                text = text.replace(&format!("${name}"), with);
            }
            Value::String(text)
        }
        Value::Array(items) => items.iter().map(|item| filled(item, names)).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(key, value)| (key.clone(), filled(value, names))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}
