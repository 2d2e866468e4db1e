//! `[deploy]`: as whom the workflow deploys.

use super::Chosen;
use crate::proposal::document::{Entry, Section, Setting};
use crate::proposal::found::{Found, open};
use crate::proposal::release::Release;
use crate::rehearsal::files::Workflow;
use crate::rehearsal::files::workflow::Job;

/// The section; none where no workflow says as whom it deploys.
pub(super) fn section(chosen: &Chosen<'_>) -> Option<Section> {
    let release = chosen.release()?;
    let identity = release.identity.as_ref()?;
    let is_role = identity.is_role.value;
    let name = identity.is_role.clone().map(|is_role| if is_role { "oidc" } else { "user" }.to_owned());
    let mut entries = vec![Entry::text("identity", Some(name), || open("user", ""))];
    let mut choices = Vec::new();
    if is_role {
        let number = |key: &str, advice: &str| Entry {
            key: key.to_owned(),
            setting: Setting::Open { example: "1".to_owned(), advice: advice.to_owned() },
        };
        entries.push(Entry::text("repository", None, || open("OWNER/NAME", "this repository's name on GitHub")));
        entries.push(number("repository-id", "its number on GitHub: `gh api repos/OWNER/NAME --jq .id` tells it"));
        entries.push(number("owner-id", "its owner's number: `gh api repos/OWNER/NAME --jq .owner.id` tells it"));
        entries.extend(jobs(release, identity.job, &mut choices));
    }
    Some(Section { name: "deploy", choices, entries, is_optional: true })
}

/// Which jobs take the role: those that name the environment of this one, or else that run for the same branch or tag.
fn jobs(release: &Release<'_>, job: &Job, choices: &mut Vec<String>) -> Vec<Entry> {
    let workflow = release.workflow;
    let found = |value: &str, spot, what: &str| Some(Found::new(value.to_owned(), &workflow.source, spot, what));
    let mut entries = Vec::new();
    if let Some(environment) = &job.environment {
        let name = environment.value.constant();
        let name = name.and_then(|name| found(name, environment.spot, "`environment`"));
        entries.push(Entry::text("environment", name, || {
            let written = environment.value.shown();
            let (file, line) = (&workflow.source.name, environment.spot.line);
            open("production", &format!("the workflow says `{written}` ({file}:{line}), which only GitHub knows"))
        }));
    }
    if let Some((key, reference)) = reference(workflow, job, entries.is_empty(), choices) {
        entries.push(Entry::text(key, Some(reference), || open("main", "")));
    } else if entries.is_empty() {
        entries.push(Entry::text("branch", None, || {
            open("main", "the branch that deploys; without one, or an `environment` or `tag`, any pull request could")
        }));
    }
    entries
}

/// The branch or tag that the job runs for. Where it names an environment only its own condition counts: the workflow may be started by
/// hand for any other.
fn reference(
    workflow: &Workflow,
    job: &Job,
    is_needed: bool,
    choices: &mut Vec<String>,
) -> Option<(&'static str, Found<String>)> {
    if let Some(condition) = &job.condition {
        let named = |prefix: &str| {
            let (before, after) = condition.value.split_once(prefix)?;
            let is_equal = before.trim_end().ends_with("==") && !after.contains("||") && !before.contains("||");
            after.split_once('\'').filter(|_| is_equal).map(|(name, _)| name.to_owned())
        };
        let (branch, tag) = (named("'refs/heads/"), named("'refs/tags/"));
        let key = if branch.is_some() { "branch" } else { "tag" };
        if let Some(name) = branch.or(tag) {
            return Some((key, Found::new(name, &workflow.source, condition.spot, "`if`")));
        }
    }
    // What GitHub takes for patterns, `[deploy]` takes only of tags, and not at their beginning.
    let branches = workflow.branches.iter().filter(|name| !name.value.contains(['*', '?', '[', '!', '+']));
    let branches = branches.map(|name| ("branch", name, "`branches`"));
    let tags = workflow.tags.iter().filter(|name| {
        !name.value.starts_with('*') && !name.value.contains(['?', '[', '!', '+']) && !name.value.contains("**")
    });
    let tags = tags.map(|name| ("tag", name, "`tags`"));
    let mut all = branches.chain(tags).filter(|_| is_needed);
    let (key, name, what) = all.next()?;
    let others: Vec<String> = all.map(|(_, name, _)| format!("`{}`", name.value)).collect();
    if !others.is_empty() {
        let (name, others) = (&name.value, others.join(" or "));
        choices.push(format!("chosen: {key} `{name}` deploys, the first that the workflow runs for, not {others}"));
    }
    Some((key, Found::new(name.value.clone(), &workflow.source, name.spot, what)))
}
