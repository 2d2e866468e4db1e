//! H-10: containers wait for what can happen.

use super::Subject;
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::files::task_definition::{Container, Dependency};

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let containers = &subject.files.task_definition.containers;
    let place = |spot| subject.files.task_definition.source.place(spot);
    let mut findings = Vec::new();
    if containers.iter().all(|container| !container.essential) {
        let sentence = "no container is essential, and ECS refuses such a task definition".to_owned();
        let first = place(containers[0].name.spot);
        findings.push(error(sentence).at(first).help("write \"essential\": true for the app's container"));
    }
    for container in containers {
        for dependency in &container.depends_on {
            let Dependency { container: awaited, condition } = dependency;
            let (waiting, name) = (&container.name.value, &awaited.value);
            let Some(other) = find(containers, name) else {
                let sentence = format!("container `{waiting}` waits for `{name}`, which does not exist");
                let help = format!("name one of {}", names(containers));
                findings.push(error(sentence).at(place(awaited.spot)).help(help));
                continue;
            };
            let (sentence, help) = match condition.value.as_str() {
                "HEALTHY" if other.health_check.is_none() => (
                    format!("container `{waiting}` waits for `{name}` to be healthy, and `{name}` has no health check"),
                    format!("give `{name}` a \"healthCheck\", or wait for START"),
                ),
                "SUCCESS" | "COMPLETE" if other.essential => (
                    format!(
                        "container `{waiting}` waits for the end of `{name}`, and `{name}` is essential: the task stops with it"
                    ),
                    format!("write \"essential\": false for `{name}`"),
                ),
                // UNHEALTHY does not fail such a dependency; only `startTimeout` does (`facts/aws.md` section 2).
                "HEALTHY" if !other.has_start_timeout => {
                    let sentence = format!(
                        "container `{waiting}` waits for `{name}` to be healthy, and for ever if it never is: `{name}` has no `startTimeout`"
                    );
                    let warning = Finding::warning(Code::H10, Kind::Static, Stage::Preflight, sentence)
                        .at(place(condition.spot))
                        .help(format!("give `{name}` a \"startTimeout\" (2 to 120 seconds on Fargate)"));
                    findings.push(warning);
                    continue;
                }
                _ => continue,
            };
            let mut finding = error(sentence).at(place(condition.spot)).help(help);
            if condition.value == "HEALTHY"
                && let Some(spot) = subject.files.dockerfile.health_check
            {
                let place = subject.files.dockerfile.place(spot);
                finding = finding.evidence(format!("{place} the image has a HEALTHCHECK, which ECS does not look at"));
            }
            findings.push(finding);
        }
    }
    findings.extend(circle(subject));
    findings
}

/// The first circle of containers that wait for one another.
fn circle(subject: &Subject<'_>) -> Option<Finding> {
    let containers = &subject.files.task_definition.containers;
    containers.iter().find_map(|start| {
        let mut path = vec![start];
        walk(containers, start, &mut path).then(|| {
            let names: Vec<&str> = path.iter().chain([&start]).map(|container| container.name.value.as_str()).collect();
            let place = subject.files.task_definition.source.place(start.depends_on[0].container.spot);
            error(format!("the containers wait for one another in a circle: {}", names.join(" -> ")))
                .at(place)
                .help("take one `dependsOn` out of the circle")
        })
    })
}

/// Whether the path can be continued until it is back where it began; it holds the circle then.
fn walk<'all>(containers: &'all [Container], start: &Container, path: &mut Vec<&'all Container>) -> bool {
    let Some(last) = path.last().copied() else { return false };
    for dependency in &last.depends_on {
        if dependency.container.value == start.name.value {
            return true;
        }
        if let Some(next) = find(containers, &dependency.container.value)
            && path.iter().all(|seen| seen.name.value != next.name.value)
        {
            path.push(next);
            if walk(containers, start, path) {
                return true;
            }
            path.pop();
        }
    }
    false
}

fn find<'all>(containers: &'all [Container], name: &str) -> Option<&'all Container> {
    containers.iter().find(|container| container.name.value == name)
}

fn names(containers: &[Container]) -> String {
    containers.iter().map(|container| format!("`{}`", container.name.value)).collect::<Vec<_>>().join(", ")
}

fn error(sentence: String) -> Finding {
    Finding::error(Code::H10, Kind::Static, Stage::Preflight, sentence)
}
