//! The table of a service as Markdown, and what it lists.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use simulator_core::Access;
use simulator_core::iam::policy::Context;

use super::aws::{Documented, stem};
use super::play::Seen;
use crate::service::Service;

/// What is known of the operations of one service.
pub(super) struct Table {
    service: &'static str,
    /// By the operation's name.
    operations: BTreeMap<&'static str, Row>,
    /// Operations that no call showed.
    pub(super) uncalled: Vec<String>,
}

#[derive(Default)]
struct Row {
    /// By action: resource types, and condition keys.
    asked: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>,
    refused: BTreeSet<String>,
}

impl Table {
    pub(super) fn of(service: &Service, seen: &[Seen], documented: &Documented) -> Self {
        let mut operations = BTreeMap::new();
        let mut uncalled = Vec::new();
        for operation in &service.operations {
            let name = format!("{}:{}", service.signing_name, operation.name);
            let mut row = Row::default();
            let calls: Vec<&Seen> = seen.iter().filter(|seen| seen.operation == name).collect();
            if calls.is_empty() {
                uncalled.push(name);
            }
            row.refused.extend(calls.iter().filter_map(|seen| seen.refused.clone()));
            // What only refused calls ask for is beside the point, but where all are refused.
            let answered = calls.iter().any(|seen| seen.refused.is_none());
            for seen in calls.into_iter().filter(|seen| !answered || seen.refused.is_none()) {
                for (access, conditions) in &seen.asked {
                    let (kinds, keys) = row.asked.entry(access.action.to_owned()).or_default();
                    let kind = documented.kind(access.action, &access.resource);
                    keys.extend(offered(access, conditions, &documented.keys(access.action, &kind)));
                    kinds.insert(kind);
                }
            }
            operations.insert(operation.name, row);
        }
        Self { service: service.signing_name, operations, uncalled }
    }

    /// The table as it is committed.
    pub(super) fn written(&self, documented: &Documented) -> String {
        let Self { service, operations, uncalled: _ } = self;
        let mut text = format!(
            "# Operations of {service}\n\n\
             {} are served. For each, what a call must be allowed: IAM actions, the types of the resources, the condition keys besides those of every\n\
             request; and the codes of the refusals that the tests have seen. Made from the calls in `{service}.calls` by\n\
             `{}=1 cargo test -p simulator operations`; may only grow.\n\n\
             | operation | must be allowed | on | condition keys | refusals |\n| --- | --- | --- | --- | --- |\n",
            operations.len(),
            super::UPDATE,
        );
        let mut arns = BTreeMap::new();
        for (name, row) in operations {
            let mut lines: Vec<[String; 5]> = row
                .asked
                .iter()
                .map(|(action, (kinds, keys))| [String::new(), action.clone(), list(kinds), list(keys), String::new()])
                .collect();
            if lines.is_empty() {
                lines.push(Default::default());
            }
            lines[0][0] = (*name).to_owned();
            lines[0][4] = list(&row.refused);
            for cells in lines {
                writeln!(text, "| {} |", cells.join(" | ")).expect("a text takes what is written");
            }
            for (action, (kinds, _)) in &row.asked {
                arns.extend(kinds.iter().filter_map(|kind| Some((kind.clone(), documented.arn(action, kind)?))));
            }
        }
        text.push_str("\n| resource type | ARN |\n| --- | --- |\n");
        for (kind, arn) in arns {
            writeln!(text, "| {kind} | `{arn}` |").expect("a text takes what is written");
        }
        let missing = documented.service(service).operations.keys();
        let missing: Vec<&str> = missing.map(String::as_str).filter(|name| !operations.contains_key(name)).collect();
        if !missing.is_empty() {
            let plain = "Not served, and refused by name";
            writeln!(text, "\n{plain}: {}.", missing.join(", ")).expect("a text takes what is written");
        }
        text
    }
}

/// The condition keys that `conditions` offers besides those of every request, as AWS writes them where it `documents` them.
pub(super) fn offered(access: &Access, conditions: &Context, documented: &BTreeSet<&str>) -> BTreeSet<String> {
    let about_tags = ["aws:requesttag/", "aws:tagkeys", "aws:resourcetag/"];
    let keys = conditions.iter().map(|(key, _)| key);
    keys.filter(|key| !key.starts_with("aws:") || about_tags.iter().any(|start| key.starts_with(start)))
        .map(|key| {
            let same = |stem: &str| {
                let rest = key.get(stem.len()..).filter(|_| key[..stem.len()].eq_ignore_ascii_case(stem));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let written = access.context.keys().find(|written| written.eq_ignore_ascii_case(key));
            let known = documented.iter().find(|stem| same(stem)).copied();
            known.or(written.map(|written| stem(written))).unwrap_or(key).to_owned()
        })
        .collect()
}

fn list(items: &BTreeSet<String>) -> String {
    items.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Everything that a table lists: each operation, and with each its actions, resource types, keys and refusals.
pub(super) fn entries(table: &str) -> BTreeSet<String> {
    let mut entries = BTreeSet::new();
    let mut operation = "";
    for line in table.lines().filter(|line| line.starts_with('|')).skip(2) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, action, kinds, keys, refusals] = cells.as_slice() else { break };
        if !name.is_empty() {
            operation = name;
            entries.insert(operation.to_owned());
        }
        let items =
            |cell: &'_ str| cell.split(", ").filter(|item| !item.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        entries.extend(items(action).into_iter().map(|action| format!("{operation} asks for {action}")));
        entries.extend(items(kinds).into_iter().map(|kind| format!("{operation} asks for {action} on {kind}")));
        entries.extend(items(keys).into_iter().map(|key| format!("{operation} asks for {action} with {key}")));
        entries.extend(items(refusals).into_iter().map(|code| format!("{operation} refuses with {code}")));
    }
    entries
}
