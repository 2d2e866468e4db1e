//! An account that is served, and what is in it as its APIs tell it, ids aside.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::{Person, Project};
use crate::app::greenroom;
use crate::serve::{clients, fixture};

/// An account that is being served; it is killed when this is dropped.
pub(super) struct Served {
    process: Child,
    ready: Value,
}

impl Served {
    /// Serves with `options`, on any free port, and waits until it answers.
    pub(super) fn start(options: &[&str]) -> Self {
        let mut command = greenroom();
        command.args([
            "serve",
            "--engine",
            "virtual",
            "--listen",
            "127.0.0.1:0",
            "--quiet",
            "--region",
            "eu-central-1",
        ]);
        let mut process = command.args(options).stdout(Stdio::piped()).spawn().expect("greenroom can be run");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("its output was asked for");
        BufReader::new(stdout).read_line(&mut line).expect("its output can be read");
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { process, ready }
    }

    pub(super) fn said(&self, key: &str) -> &str {
        self.ready[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {}", self.ready))
    }

    /// Its administrator, with a directory of his own called `name`.
    pub(super) fn administrator(&self, project: &Project, name: &str) -> Person {
        Person {
            config: project.config(),
            endpoint: self.said("endpoint").to_owned(),
            access_key_id: self.said("access_key_id").to_owned(),
            secret_access_key: self.said("secret_access_key").to_owned(),
            session_token: None,
            place: project.place(name),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A botocore that asks accounts, whichever they are.
pub(super) struct Boto {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Boto {
    pub(super) fn start() -> Self {
        let mut command = Command::new(clients().join("python"));
        command.arg(fixture("clients/account.py")).env("NO_PROXY", "127.0.0.1").env_remove("AWS_PROFILE");
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("botocore is installed");
        let questions = process.stdin.take().expect("its input was asked for");
        let answers = BufReader::new(process.stdout.take().expect("its output was asked for"));
        Self { process, questions, answers }
    }

    fn ask(&mut self, person: &Person, mut question: Value) -> Value {
        question["endpoint"] = json!(person.endpoint);
        question["key"] = json!(person.access_key_id);
        question["secret"] = json!(person.secret_access_key);
        question["session"] = json!(person.session_token);
        writeln!(self.questions, "{question}").expect("it listens");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {question}: {line}"))
    }

    /// What is in the person's account, whatever its ids and times are.
    pub(super) fn dump(&mut self, person: &Person) -> Value {
        let dump = self.ask(person, json!({"dump": true}));
        assert!(dump.get("error").is_none(), "{dump}");
        dump
    }

    /// The identity token of a job.
    pub(super) fn token(&mut self, served: &Served, person: &Person, job: &Value) -> String {
        let (url, bearer) = (served.said("id_token_request_url"), served.said("id_token_request_token"));
        let answer = self.ask(person, json!({"token": url, "bearer": bearer, "job": job}));
        answer["token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Makes one call, with the credentials of a session if it has any; what it is refused with is an `error`.
    pub(super) fn attempt(&mut self, person: &Person, service: &str, call: &str, with: Value) -> Value {
        let mut question = json!({"service": service, "call": call});
        question["with"] = with;
        self.ask(person, question)
    }

    /// Makes one call, which must succeed.
    pub(super) fn call(&mut self, person: &Person, service: &str, call: &str, with: Value) -> Value {
        let answer = self.attempt(person, service, call, with);
        assert!(answer.get("error").is_none(), "{service}.{call}: {answer}");
        answer
    }
}

impl Drop for Boto {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Asserts that two accounts are alike, and names the first thing that is not.
pub(super) fn assert_alike(found: &Value, wanted: &Value, what: &str) {
    if let Some(difference) = difference(found, wanted) {
        panic!("{what}: {difference}");
    }
}

fn difference(found: &Value, wanted: &Value) -> Option<String> {
    let at = |key: &str, found: Option<&Value>, wanted: Option<&Value>| {
        let (found, wanted) = (found.unwrap_or(&Value::Null), wanted.unwrap_or(&Value::Null));
        difference(found, wanted).map(|difference| format!("{key}: {difference}"))
    };
    match (found, wanted) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            keys.into_iter().find_map(|key| at(key, one.get(key), other.get(key)))
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).enumerate().find_map(|(place, (a, b))| at(&place.to_string(), Some(a), Some(b)))
        }
        _ => (found != wanted).then(|| format!("found {found}, wanted {wanted}")),
    }
}
