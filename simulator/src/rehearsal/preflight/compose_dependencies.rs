//! services wait for what can happen. The compose file is not what is deployed to ECS, so these are warnings.

use super::Subject;
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::files::compose::Dependency;

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(compose) = &subject.files.compose else { return Vec::new() };
    let mut findings = Vec::new();
    for service in &compose.services {
        for Dependency { service: awaited, condition, restarts: _ } in &service.depends_on {
            let Some(other) = compose.service(&awaited.value) else { continue };
            let (waiting, name) = (&service.name.value, &awaited.value);
            // A check of the image's own counts; only of the project's own image is it known.
            let own_check = other.build.is_some() && subject.files.dockerfile.health_check.is_some();
            let has_check = other.health_check.as_ref().map_or(own_check, |check| !check.is_disabled);
            let finding = match condition {
                Some(condition) if condition.value == "service_healthy" && !has_check => {
                    let sentence =
                        format!("`{waiting}` waits for `{name}` to be healthy, and `{name}` has no health check");
                    warning(sentence)
                        .at(compose.source.place(condition.spot))
                        .help(format!("give `{name}` a `healthcheck`"))
                }
                None if other.database().is_some() => {
                    let sentence = format!("`{waiting}` waits only until `{name}` has started, not until it is ready");
                    warning(sentence)
                        .at(compose.source.place(awaited.spot))
                        .help(format!("depends_on: {{{name}: {{condition: service_healthy}}}}"))
                }
                Some(_) | None => continue,
            };
            findings.push(finding);
        }
    }
    findings
}

fn warning(sentence: String) -> Finding {
    Finding::warning(Code::R07, Kind::Static, Stage::Preflight, sentence)
}
