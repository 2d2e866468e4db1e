//! GitHub workflows: jobs, their steps, and what is constant in them.
//!
//! Read leniently: GitHub itself refuses a workflow that is wrong, and keys come faster than anybody can list them.
//!
//! Source of the keys: GitHub's "Workflow syntax for GitHub Actions".

mod docker;
mod expression;
mod service;
mod shell;

use std::collections::BTreeMap;
use std::path::Path;

use super::fields::scalar;
use super::source::{Located, Source, Spot};
use super::tree::{Node, Value};
use super::{FileError, file_names, yaml};
use crate::finding::Place;
pub use docker::{Docker, Program, is_name};
pub use expression::Text;
pub use service::Service;
pub use shell::{Command, Runs, Session, commands, is_open};

/// A workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workflow {
    /// The file.
    pub source: Source,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The branches whose pushes it runs for, as patterns; none where it runs for all or for no push.
    pub branches: Vec<Located<String>>,
    /// The same of tags.
    pub tags: Vec<Located<String>>,
    /// Its jobs, in the file's order.
    pub jobs: Vec<Job>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its key under `jobs`.
    pub id: Located<String>,
    /// The deployment environment that it names.
    pub environment: Option<Located<Text>>,
    /// The condition on which it runs, as it is written.
    pub condition: Option<Located<String>>,
    /// The labels of the machine that it runs on (`runs-on`), as they are written.
    pub runs_on: Vec<String>,
    /// Whether its steps run in a container of their own.
    pub has_container: bool,
    /// The containers that run beside it, such as the database of its tests.
    pub services: Vec<Service>,
    /// Its steps, in order.
    pub steps: Vec<Step>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it begins.
    pub spot: Spot,
    /// The action that it uses, such as `aws-actions/amazon-ecr-login@v2`.
    pub uses: Option<String>,
    /// The script that it runs.
    pub run: Option<Located<String>>,
    /// What the action is given, with the expressions that are constant replaced.
    pub with: BTreeMap<String, Located<Text>>,
    /// The variables that the step sees: its own, its job's and its workflow's.
    pub environment: BTreeMap<String, Text>,
}

impl Workflow {
    /// Reads a workflow.
    ///
    /// # Errors
    /// If it is no YAML, or has no jobs.
    pub fn parse(source: Source) -> Result<Self, FileError> {
        let root = yaml::parse(&source)?;
        let Some(Value::Map(entries)) = root.get("jobs").map(|jobs| &jobs.value) else {
            let place = source.place(root.spot);
            return Err(FileError::MissingKey { place: place.into(), key: "jobs", within: "the workflow".to_owned() });
        };
        let inputs = inputs(&root);
        let variables = environment(&root, &BTreeMap::new(), &inputs);
        let jobs = entries
            .iter()
            .map(|(key, node)| {
                let variables = environment(node, &variables, &inputs);
                let steps = node.get("steps").map(items).unwrap_or_default();
                Job {
                    id: Located { value: key.text.clone(), spot: key.spot },
                    environment: named_environment(node, &variables, &inputs),
                    condition: node.get("if").and_then(located),
                    runs_on: node.get("runs-on").map(one_or_more).unwrap_or_default(),
                    has_container: node.get("container").is_some(),
                    services: service::read(&source, node, &variables, &inputs),
                    steps: steps.iter().map(|step| Step::read(&source, step, &variables, &inputs)).collect(),
                }
            })
            .collect();
        let name = root.get("name").and_then(plain);
        let (branches, tags) = (pushes(&root, "branches"), pushes(&root, "tags"));
        Ok(Self { source, name, branches, tags, jobs })
    }

    /// Every command of its scripts, and of the scripts that it has other machines run.
    pub fn commands(&self) -> impl Iterator<Item = Command> {
        self.jobs.iter().flat_map(|job| &job.steps).flat_map(|step| step.commands(&self.source))
    }

    /// The place of the line in which a command begins.
    #[must_use]
    pub fn place(&self, command: &Command) -> Place {
        let line = self.source.text.lines().nth(command.line.saturating_sub(1)).unwrap_or_default();
        let column = line.chars().take_while(|letter| letter.is_whitespace()).count() + 1;
        self.source.place(Spot { line: command.line, column })
    }
}

impl Job {
    /// Every command of its scripts, and of the scripts that it has other machines run, with the step.
    pub fn commands(&self, source: &Source) -> Vec<(&Step, Command)> {
        self.steps
            .iter()
            .flat_map(|step| step.commands(source).into_iter().map(move |command| (step, command)))
            .collect()
    }

    /// Whether it runs on a machine of GitHub's own with one of these systems (`ubuntu`, `windows`, `macos`), which is new for each job.
    #[must_use]
    pub fn is_hosted(&self, systems: &[&str]) -> bool {
        let [label] = &self.runs_on[..] else { return false };
        // `ubuntu-latest`, `ubuntu-24.04-arm`, `macos-15`; a larger runner's label is anything.
        let is_version = |rest: &str| rest == "latest" || rest.starts_with(|first: char| first.is_ascii_digit());
        label.split_once('-').is_some_and(|(system, rest)| systems.contains(&system) && is_version(rest))
    }
}

/// Where GitHub has them.
const FOLDER: &str = ".github/workflows";

/// The workflows of the repository in `directory`, by name. One that cannot be read is left out: GitHub refuses it, too.
pub(in crate::rehearsal) fn read(directory: &Path) -> Vec<Workflow> {
    let is_yaml = |name: &String| name.ends_with(".yml") || name.ends_with(".yaml");
    let names = file_names(&directory.join(FOLDER)).into_iter().filter(is_yaml);
    let sources = names.filter_map(|name| Source::read(directory, &format!("{FOLDER}/{name}")).ok());
    sources.filter_map(|source| Workflow::parse(source).ok()).collect()
}

impl Step {
    fn read(source: &Source, node: &Node, outer: &BTreeMap<String, Text>, inputs: &BTreeMap<String, String>) -> Self {
        let environment = environment(node, outer, inputs);
        let with = match node.get("with").map(|with| &with.value) {
            Some(Value::Map(entries)) => entries
                .iter()
                .filter_map(|(key, node)| {
                    let Located { value, spot } = scalar(source, node, &key.text).ok()?;
                    Some((key.text.clone(), Located { value: Text::resolve(&value, &environment, inputs), spot }))
                })
                .collect(),
            _ => BTreeMap::new(),
        };
        Self {
            spot: node.spot,
            uses: node.get("uses").and_then(plain),
            run: node.get("run").and_then(|run| scalar(source, run, "run").ok()),
            with,
            environment,
        }
    }

    /// Whether it uses the action `name`, such as `aws-actions/amazon-ecr-login`, at whatever version.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        self.uses.as_deref().and_then(|uses| uses.split('@').next()).is_some_and(|used| used == name)
    }

    /// Whether it uses the action that builds an image and has it push that.
    #[must_use]
    pub fn builds_and_pushes(&self) -> bool {
        self.uses("docker/build-push-action")
            && self.with.get("push").is_some_and(|push| push.value.constant() == Some("true"))
    }

    /// The commands of its script, and of the script that it has another machine run over SSH (`script` of appleboy/ssh-action).
    #[must_use]
    pub fn commands(&self, source: &Source) -> Vec<Command> {
        let remote = self.with.get("script").map(|script| Located { value: script.value.shown(), spot: script.spot });
        let remote = remote.map(|script| {
            shell::commands_that_run(&Runs::Elsewhere(Session::default()), source, &script, &self.environment)
        });
        let here = self.run.iter().flat_map(|script| commands(source, script, &self.environment));
        here.chain(remote.into_iter().flatten()).collect()
    }
}

/// The defaults of what whoever starts the workflow by hand, or calls it, may give.
fn inputs(root: &Node) -> BTreeMap<String, String> {
    // YAML 1.1 takes the key `on` for a truth value; ours does not.
    let Some(on) = root.get("on") else { return BTreeMap::new() };
    ["workflow_dispatch", "workflow_call"]
        .iter()
        .filter_map(|event| match &on.get(event)?.get("inputs")?.value {
            Value::Map(entries) => Some(entries),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => None,
        })
        .flatten()
        .filter_map(|(key, node)| Some((key.text.clone(), plain(node.get("default")?)?)))
        .collect()
}

/// What `on.push` says under `key`, a list or a single one.
fn pushes(root: &Node, key: &str) -> Vec<Located<String>> {
    let Some(named) = root.get("on").and_then(|on| on.get("push")?.get(key)) else { return Vec::new() };
    if let Some(one) = located(named) { vec![one] } else { items(named).iter().filter_map(located).collect() }
}

/// `outer` and what `node` says under `env`.
fn environment(
    node: &Node,
    outer: &BTreeMap<String, Text>,
    inputs: &BTreeMap<String, String>,
) -> BTreeMap<String, Text> {
    let mut variables = outer.clone();
    if let Some(Value::Map(entries)) = node.get("env").map(|env| &env.value) {
        for (key, node) in entries {
            if let Some(value) = plain(node) {
                variables.insert(key.text.clone(), Text::resolve(&value, outer, inputs));
            }
        }
    }
    variables
}

/// `environment: production`, or `environment: {name: production}`.
fn named_environment(
    job: &Node,
    variables: &BTreeMap<String, Text>,
    inputs: &BTreeMap<String, String>,
) -> Option<Located<Text>> {
    let node = job.get("environment")?;
    let Located { value, spot } = located(node.get("name").unwrap_or(node))?;
    Some(Located { value: Text::resolve(&value, variables, inputs), spot })
}

fn located(node: &Node) -> Option<Located<String>> {
    Some(Located { value: plain(node)?, spot: node.spot })
}

fn plain(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) | Value::Number(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// A text, or those of a list.
fn one_or_more(node: &Node) -> Vec<String> {
    plain(node).map_or_else(|| items(node).iter().filter_map(plain).collect(), |one| vec![one])
}

fn items(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(nodes) => nodes,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
name: Deploy
on:
  push: {branches: [main, 'release/**'], tags: v*}
  workflow_dispatch:
    inputs:
      service: {default: api}
env:
  REGION: eu-central-1
  CLUSTER: news
jobs:
  deploy:
    environment: {name: production}
    env:
      CLUSTER: ${{ env.CLUSTER }}-live
    steps:
      - uses: aws-actions/configure-aws-credentials@v6
        with:
          aws-region: ${{ env.REGION }}
          role-to-assume: ${{ vars.ROLE }}
      - run: |
          set -e
          aws ecs update-service --cluster \"$CLUSTER\" \\
            --service ${{ inputs.service }} && echo done
";

    #[test]
    fn steps_see_the_constants_around_them() {
        let source = Source { name: "deploy.yml".to_owned(), text: TEXT.to_owned() };
        let workflow = Workflow::parse(source).expect("it is right");
        let [job] = &workflow.jobs[..] else { panic!("one job") };
        let environment = job.environment.as_ref().expect("it names one");
        assert_eq!((environment.value.constant(), environment.spot.line), (Some("production"), 12));
        let named = |pushed: &[Located<String>]| pushed.iter().map(|name| name.value.clone()).collect::<Vec<_>>();
        assert_eq!(
            (named(&workflow.branches), named(&workflow.tags)),
            (vec!["main".to_owned(), "release/**".to_owned()], vec!["v*".to_owned()],)
        );
        let [credentials, deploy] = &job.steps[..] else { panic!("two steps") };
        assert!(credentials.uses("aws-actions/configure-aws-credentials"));
        let region = &credentials.with["aws-region"];
        assert_eq!((region.value.constant(), region.spot.line), (Some("eu-central-1"), 18));
        assert_eq!(credentials.with["role-to-assume"].value, Text::Unknown("${{ vars.ROLE }}".to_owned()));
        let commands = deploy.commands(&workflow.source);
        let told: Vec<(usize, String)> =
            commands.iter().map(|command| (command.line, command.words.join(" "))).collect();
        assert_eq!(
            told,
            [
                (21, "set -e".to_owned()),
                (22, "aws ecs update-service --cluster news-live --service ${{ inputs.service }}".to_owned()),
                (22, "echo done".to_owned()),
            ]
        );
    }

    #[test]
    fn what_is_no_workflow_is_placed() {
        let error = Workflow::parse(Source { name: "x.yml".to_owned(), text: "a: 1\n".to_owned() });
        assert_eq!(error.expect_err("it has no jobs").to_string(), "x.yml:1:1: the workflow has no `jobs`");
    }
}
