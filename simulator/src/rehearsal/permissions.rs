//! Whether the deploy's policy is exactly what the deploy needs: every statement used, every call allowed, and nothing else allowed.
//!
//! What the deploy identity asked for in a rehearsal is held against its own policies, or against a file that says what it has on AWS.
//! A statement that allowed nothing is unused if the rehearsal went through everything that could have used it; otherwise it is not shown.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator_core::iam::decision::{Named, StatementRef};
use simulator_core::iam::policy::Document;
use simulator_core::iam::{Asked, Fared, allowing_statements, fare, needed_statement};

use super::files::{FileError, Source};
use super::script::OtherService;
use super::stage::{Ending, Outcome, Stage};
use crate::finding::{Code, Finding, Kind, Place};
use crate::report::denial::answered;

/// A policy of the deploy identity.
#[derive(Clone, Debug)]
pub struct Policy {
    /// What to call it.
    pub name: String,
    /// The file that it is from, if it is the user's own.
    pub source: Option<Source>,
    /// It, as JSON.
    value: Value,
    /// It, as IAM reads it.
    document: Document,
}

impl Policy {
    /// A policy that an identity of the simulated account has. Nothing for what is no policy, which IAM would not have taken.
    #[must_use]
    pub fn attached(name: &str, text: &str) -> Option<Self> {
        let document = Document::identity(text).ok()?;
        Some(Self { name: name.to_owned(), source: None, value: serde_json::from_str(text).ok()?, document })
    }

    /// A policy in a file of the user's: the document itself, or what `aws iam get-user-policy`, `get-role-policy` or
    /// `get-policy-version` prints.
    ///
    /// # Errors
    /// If it is no JSON, or no policy; in AWS's words where they are AWS's.
    pub fn read(source: Source) -> Result<Self, FileError> {
        let wrong = |reason: String| FileError::Parse { place: Place::file(&source.name).into(), reason };
        let read = |text: &str| serde_json::from_str(text).map_err(|error| wrong(error.to_string()));
        let value: Value = read(&source.text)?;
        let text = answered(&value).unwrap_or_else(|| source.text.clone());
        let document = Document::identity(&text).map_err(|malformed| wrong(malformed.0))?;
        let value = read(&text)?;
        Ok(Self { name: source.name.clone(), source: Some(source), value, document })
    }

    /// The statement of a number, as it is written.
    fn statement(&self, number: usize) -> &Value {
        match self.value.get("Statement") {
            Some(Value::Array(statements)) => statements.get(number - 1).unwrap_or(&Value::Null),
            Some(statement) => statement,
            None => &Value::Null,
        }
    }

    /// Where a statement stands in the user's file, as far as its `Sid` tells.
    fn place(&self, number: usize) -> Option<Place> {
        let source = self.source.as_ref()?;
        let sid = self.statement(number).get("Sid").and_then(Value::as_str);
        let offset = sid.and_then(|sid| source.text.find(&format!("\"{sid}\"")));
        Some(offset.map_or_else(|| Place::file(&source.name), |offset| source.place_at(offset)))
    }
}

/// What became of the deploy's policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// The policies, by name.
    pub policies: Vec<String>,
    /// How many statements of theirs allow something.
    pub statements: usize,
    /// How many of those were used.
    pub used: usize,
    /// How many different things were asked for: an action on a resource.
    pub asked: usize,
    /// How many of those were not allowed.
    pub refused: usize,
    /// Statements that nothing in this rehearsal could have used: which, and why.
    pub not_shown: Vec<(String, String)>,
    /// What is to be added, removed or narrowed.
    pub findings: Vec<Finding>,
}

/// Why a deploy has an action that a rehearsal without mishap does not ask for.
const OCCASIONS: [(&str, &[&str]); 5] = [
    (
        "no task had to be looked into",
        &[
            "ecs:listtasks",
            "ecs:describetasks",
            "ecs:stoptask",
            "logs:describelogstreams",
            "logs:filterlogevents",
            "logs:getlogevents",
            "logs:startlivetail",
        ],
    ),
    (
        "the rehearsal watches a rollout by `ecs:DescribeServices` alone",
        &[
            "ecs:describeservicedeployments",
            "ecs:describeservicerevisions",
            "ecs:describetaskdefinition",
            "ecs:listservicedeployments",
            "ecs:listservices",
            "elasticloadbalancing:describetargethealth",
            "ecr:describeimages",
            "ecr:listimages",
        ],
    ),
    ("no deployment had to be stopped", &["ecs:stopservicedeployment"]),
    ("a rehearsal has its credentials already", &["sts:assumerole", "sts:assumerolewithwebidentity", "sts:tagsession"]),
    (
        "CodeDeploy is not rehearsed",
        &[
            "codedeploy:createdeployment",
            "codedeploy:getdeployment",
            "codedeploy:getdeploymentconfig",
            "codedeploy:getdeploymentgroup",
            "codedeploy:registerapplicationrevision",
        ],
    ),
];

/// The stages in which the deploy identity acts.
const ACTING: [Stage; 5] = [Stage::Push, Stage::Baseline, Stage::Migrate, Stage::RollOut, Stage::RollBack];

impl Permissions {
    /// Judges `policies` by what the deploy identity asked for until the rehearsal had come to `outcomes`, in which `others` were not deployed.
    /// Nothing if it asked for nothing.
    #[must_use]
    pub fn judge(policies: &[Policy], asked: &[Asked], outcomes: &[Outcome], others: &[OtherService]) -> Option<Self> {
        if asked.is_empty() || policies.is_empty() {
            return None;
        }
        let named: Vec<Named<'_>> =
            policies.iter().map(|policy| Named { name: &policy.name, document: &policy.document }).collect();
        let fared = fare(&named, asked);
        let unreached = unreached(outcomes);
        let (mut statements, mut not_shown, mut findings) = (0, Vec::new(), Vec::new());
        findings.extend(missing(policies, asked, &fared));
        findings.extend(denied(policies, asked, &fared));
        for (policy, named) in policies.iter().zip(&named) {
            for (number, _) in allowing_statements(named) {
                statements += 1;
                match fared.used.get(&(policy.name.clone(), number)) {
                    Some(uses) => findings.extend(too_wide(policy, number, uses, asked)),
                    None => match for_others(policy, number, others)
                        .or_else(|| occasion(policy, number, unreached.as_deref()))
                    {
                        Some(reason) => not_shown.push((called(policy, number), reason)),
                        None => findings.push(unused(policy, number)),
                    },
                }
            }
        }
        Some(Self {
            policies: policies.iter().map(|policy| policy.name.clone()).collect(),
            statements,
            used: fared.used.len(),
            asked: asked.len(),
            refused: fared.missing.len() + fared.denied.len(),
            not_shown,
            findings,
        })
    }

    /// One line, and one for each statement that is not shown.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let Self { statements, used, asked, refused, not_shown, .. } = self;
        let unused = statements - used - not_shown.len();
        let uses = match (unused, not_shown.len()) {
            (0, 0) => format!("every statement used ({statements})"),
            (0, _) => format!("{used} of {statements} statements used, none in vain"),
            (unused, _) => format!("{used} of {statements} statements used, {unused} in vain"),
        };
        let calls = match refused {
            0 => format!("every call allowed ({asked} different ones)"),
            refused => format!("{refused} of {asked} different calls not allowed"),
        };
        let shown = not_shown.iter().map(|(statement, reason)| format!("not shown: {statement}: {reason}"));
        std::iter::once(format!("{}: {uses}, {calls}", self.policies.join(", "))).chain(shown).collect()
    }
}

/// The stage of the deploy's own that was not gone through to its end, if there is one.
fn unreached(outcomes: &[Outcome]) -> Option<String> {
    let open = outcomes
        .iter()
        .find(|outcome| ACTING.contains(&outcome.stage) && !matches!(outcome.ending, Ending::Proved { .. }))?;
    Some(format!("the stage `{}` was not gone through", open.stage))
}

/// That all resources of a statement are of services that were not deployed; nothing if it is about more.
fn for_others(policy: &Policy, number: usize, others: &[OtherService]) -> Option<String> {
    let resources = texts(policy.statement(number), "Resource");
    let whose = |resource: &String| {
        let resource = resource.splitn(6, ':').nth(5).unwrap_or_default();
        let is_of = |OtherService { name, family, repository, .. }: &&OtherService| {
            let of_family = resource.strip_prefix("task-definition/").and_then(|rest| rest.split(':').next());
            resource.strip_prefix("repository/") == Some(repository)
                || of_family == Some(family)
                || (resource.starts_with("service/") && resource.rsplit('/').next() == Some(name))
        };
        others.iter().find(is_of).map(|other| format!("`{}`", other.name))
    };
    let named: Option<BTreeSet<String>> = resources.iter().map(whose).collect();
    let named = named.filter(|named| !named.is_empty())?;
    let named: Vec<String> = named.into_iter().collect();
    Some(format!("it is for service {}, which is not deployed here", named.join(" and ")))
}

/// What would have used the statement and did not come about; nothing if it is unused.
fn occasion(policy: &Policy, number: usize, unreached: Option<&str>) -> Option<String> {
    let actions = texts(policy.statement(number), "Action");
    let mut reasons = BTreeSet::new();
    for action in &actions {
        let action = action.to_ascii_lowercase();
        match OCCASIONS.iter().find(|(_, known)| known.contains(&action.as_str())) {
            Some((reason, _)) => reasons.insert((*reason).to_owned()),
            None => reasons.insert(unreached?.to_owned()),
        };
    }
    (!reasons.is_empty()).then(|| reasons.into_iter().collect::<Vec<_>>().join("; "))
}

/// What no statement allows, each with the statement to add.
fn missing(policies: &[Policy], asked: &[Asked], fared: &Fared) -> Vec<Finding> {
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    for asked in fared.missing.iter().filter_map(|at| asked.get(*at)) {
        let resource = lasting(&asked.access.resource);
        if !told.insert((asked.access.action, resource.clone())) {
            continue;
        }
        let action = asked.access.action;
        let sentence = format!("the deploy's policy does not allow {action} on {resource}, which the deploy asks for");
        let finding = Finding::error(Code::A01, Kind::Proved, Stage::Account, sentence)
            .help(format!("add this statement to {}:", names(policies)))
            .with_help(needed_statement(asked, &resource).lines().map(str::to_owned));
        findings.push(at_file(finding, policies));
    }
    findings
}

fn denied(policies: &[Policy], asked: &[Asked], fared: &Fared) -> Vec<Finding> {
    let refused = fared.denied.iter().filter_map(|(at, statement)| Some((asked.get(*at)?, statement)));
    refused
        .map(|(asked, StatementRef { policy, sid: _, number })| {
            let (action, resource) = (asked.access.action, &asked.access.resource);
            let policy = policies.iter().find(|candidate| candidate.name == *policy);
            let by = policy.map(|policy| called(policy, *number)).unwrap_or_default();
            let sentence = format!("{by} denies {action} on {resource}, which the deploy asks for");
            let finding = Finding::error(Code::A01, Kind::Proved, Stage::Account, sentence);
            let finding = finding.help("no statement that is added helps: that one must go or be narrowed");
            match policy.and_then(|policy| policy.place(*number)) {
                Some(place) => finding.at(place),
                None => finding,
            }
        })
        .collect()
}

fn unused(policy: &Policy, number: usize) -> Finding {
    let statement = called(policy, number);
    let sentence = format!("nothing in the whole deploy used {statement}");
    let finding = Finding::warning(Code::A03, Kind::Proved, Stage::RollBack, sentence)
        .help("remove it, unless another step of the pipeline needs it:")
        .with_help(written(policy.statement(number)));
    match policy.place(number) {
        Some(place) => finding.at(place),
        None => finding,
    }
}

/// What a statement with a wildcard among its actions should say instead.
fn too_wide(policy: &Policy, number: usize, uses: &[usize], asked: &[Asked]) -> Option<Finding> {
    let statement = policy.statement(number);
    let actions = texts(statement, "Action");
    let is_wide = statement.get("NotAction").is_some() || actions.iter().any(|action| action.contains(['*', '?']));
    if !is_wide {
        return None;
    }
    let uses = || uses.iter().filter_map(|at| asked.get(*at));
    let needed: BTreeSet<&str> = uses().map(|asked| asked.access.action).collect();
    let resources: BTreeSet<String> = uses().map(|asked| lasting(&asked.access.resource)).collect();
    let mut narrow = statement.clone();
    let members = narrow.as_object_mut()?;
    members.remove("NotAction");
    members.insert("Action".to_owned(), json!(needed));
    if texts(statement, "Resource") == ["*"] && !resources.contains("*") {
        members.insert("Resource".to_owned(), json!(resources));
    }
    let sentence = format!(
        "{} allows `{}`, of which the deploy asks for {}",
        called(policy, number),
        actions.join("`, `"),
        if needed.len() == 1 { "one action".to_owned() } else { format!("{} actions", needed.len()) }
    );
    let finding = Finding::warning(Code::A04, Kind::Proved, Stage::RollBack, sentence)
        .help("write instead:")
        .with_help(written(&narrow));
    Some(match policy.place(number) {
        Some(place) => finding.at(place),
        None => finding,
    })
}

fn at_file(finding: Finding, policies: &[Policy]) -> Finding {
    match policies.iter().find_map(|policy| policy.source.as_ref()) {
        Some(source) => finding.in_file(&source.name),
        None => finding,
    }
}

fn names(policies: &[Policy]) -> String {
    policies.iter().map(|policy| format!("`{}`", policy.name)).collect::<Vec<_>>().join(" or ")
}

fn called(policy: &Policy, number: usize) -> String {
    match policy.statement(number).get("Sid").and_then(Value::as_str) {
        Some(sid) => format!("statement `{sid}` of `{}`", policy.name),
        None => format!("statement {number} of `{}`", policy.name),
    }
}

fn written(statement: &Value) -> Vec<String> {
    format!("{statement:#}").lines().map(str::to_owned).collect()
}

/// One text or a list of them.
fn texts(statement: &Value, key: &str) -> Vec<String> {
    match statement.get(key) {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// A resource as the next deploy finds it: every deploy has revisions and tasks of its own.
fn lasting(resource: &str) -> String {
    let kind = resource.splitn(6, ':').nth(5).unwrap_or_default();
    if kind.starts_with("task-definition/")
        && let Some((family, revision)) = resource.rsplit_once(':')
        && revision.bytes().all(|byte| byte.is_ascii_digit())
    {
        return format!("{family}:*");
    }
    match resource.rsplit_once('/') {
        Some((cluster, _)) if kind.starts_with("task/") || kind.starts_with("service-deployment/") => {
            format!("{cluster}/*")
        }
        _ => resource.to_owned(),
    }
}

#[cfg(test)]
mod tests;
