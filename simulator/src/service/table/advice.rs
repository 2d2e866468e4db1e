//! The smallest statements that allow a call are enough, none of them can be missed, and they allow no other call.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator_core::iam::decision::PolicyKind;
use simulator_core::iam::{Advice, read_told, smallest_statement};
use simulator_core::{Access, Caller, Refusal, Timestamp, World};

use super::play::{self, Moment};
use crate::service::{self, Service};
use crate::wire::{Document, Row};

/// Who tries every call, with no policy but what is advised.
const PROBE: &str = "probe";

/// What a call asks for: actions and resources.
type Asked = BTreeSet<(&'static str, String)>;

/// Every call of every file, by a user who is given what is advised until it passes.
#[test]
fn advice_allows_just_the_call() {
    let services = service::all();
    let mut followed = 0;
    for service in super::services() {
        let mut before: Option<(String, Value)> = None;
        play::watch(service, &super::read(&format!("{service}.calls")), |moment| {
            let accesses = moment.row.asks(moment.world, moment.request.clone()).unwrap_or_default();
            // Whose call it is, or that it is not signed, decides otherwise than policies do.
            if accesses.is_empty() || moment.call.user.is_some() || moment.row.unsigned {
                return;
            }
            let asked = named(accesses);
            let probe = Probe::of(&services, moment);
            let statements = probe.follow();
            followed += statements.len();
            probe.miss_none(&statements);
            if let Some((operation, request)) = &before {
                probe.refuses(operation, request, &asked, &statements);
            }
            before = Some((moment.call.operation.clone(), moment.request.clone()));
        });
    }
    assert!(followed > 400, "only {followed} statements were advised");
}

fn named(accesses: Vec<Access>) -> Asked {
    accesses.into_iter().map(|access| (access.action, access.resource)).collect()
}

/// A call that is tried by the probe.
struct Probe<'a> {
    services: &'a [Service],
    moment: &'a Moment<'a>,
    /// As before the call, with the probe as a user.
    world: World,
    caller: Caller,
}

impl<'a> Probe<'a> {
    fn of(services: &'a [Service], moment: &'a Moment<'a>) -> Self {
        let mut world = moment.world.clone();
        by_root(services, &mut world, moment.now, "iam:CreateUser", json!({"UserName": PROBE}));
        let caller = play::caller(&world, Some(PROBE));
        Self { services, moment, world, caller }
    }

    /// What has to be allowed, as advised, until nothing is denied any more; then it ends as root's call does.
    fn follow(&self) -> Vec<String> {
        let place = &self.moment.call.operation;
        let mut statements = Vec::new();
        while let Err(Refusal::Denied(denial)) = self.attempt(self.moment.row, self.moment.request.clone(), &statements)
        {
            let told = read_told(&denial.to_string());
            let named: Vec<_> = told.iter().map(|told| (&told.caller, &told.action)).collect();
            assert_eq!(named, [(&denial.caller, &denial.action)], "{place}: the sentence can be read again");
            match smallest_statement(&denial) {
                Some(Advice::Add { policy: PolicyKind::Identity, statement }) => statements.push(statement),
                advice => panic!("{place}: {advice:?} for {denial}"),
            }
            assert!(statements.len() < 20, "{place}: no advice helps: {statements:#?}");
        }
        let mut world = self.moment.world.clone();
        let by_root =
            self.moment.row.handle(&mut world, self.moment.now, self.moment.caller, self.moment.request.clone());
        let by_probe = self.attempt(self.moment.row, self.moment.request.clone(), &statements);
        let code = |answer: Result<Document, Refusal>| answer.err().map(|refusal| play::code(&refusal).to_owned());
        assert_eq!(code(by_probe), code(by_root), "{place}");
        statements
    }

    /// Without any one of the statements, the call is denied.
    fn miss_none(&self, statements: &[String]) {
        for missing in 0..statements.len() {
            let mut others = statements.to_vec();
            let missed = others.remove(missing);
            self.denied(self.moment.row, self.moment.request.clone(), &others, &missed);
        }
    }

    /// The statements, which allow what is `allowed`, do not allow this other call.
    fn refuses(&self, operation: &str, request: &Value, allowed: &Asked, statements: &[String]) {
        let row = play::row(self.services, operation).expect("it was called before");
        // What is refused before IAM is asked tells nothing.
        let asked = row.asks(&self.world, request.clone()).map(named).unwrap_or_default();
        if !asked.is_subset(allowed) {
            self.denied(row, request.clone(), statements, operation);
        }
    }

    fn denied(&self, row: &Row, request: Value, statements: &[String], why: &str) {
        match self.attempt(row, request, statements) {
            Err(Refusal::Denied(_)) => {}
            answer => panic!("{} is not denied by {statements:#?}, for {why}: {answer:?}", row.name),
        }
    }

    fn attempt(&self, row: &Row, request: Value, statements: &[String]) -> Result<Document, Refusal> {
        let mut world = self.world.clone();
        if !statements.is_empty() {
            let document = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
            let policy = json!({"UserName": PROBE, "PolicyName": "advised", "PolicyDocument": document});
            by_root(self.services, &mut world, self.moment.now, "iam:PutUserPolicy", policy);
        }
        row.handle(&mut world, self.moment.now, &self.caller, request)
    }
}

fn by_root(services: &[Service], world: &mut World, now: Timestamp, operation: &str, request: Value) {
    let row = play::row(services, operation).expect("it is served");
    let root = world.root();
    if let Err(refusal) = row.handle(world, now, &root, request) {
        panic!("{operation} is refused: {refusal}");
    }
}
