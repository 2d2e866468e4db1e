//! N-01 and N-03: nginx finds the services that its configuration names. The compose file is not what is deployed to ECS, so these are
//! warnings.
//!
//! Seen on nginx 1.22 and 1.30: a name in `proxy_pass` without a variable, or in an upstream's `server` without `resolve`, is looked up when
//! the configuration is read, and never again. Docker's DNS knows a name while a container of it runs, not when one is created or has
//! ended. A variable does not help where another `proxy_pass` names the same host and port without one: nginx takes that one's address.

mod static_name;

use super::Subject;
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::files::Workflow;
use crate::rehearsal::files::compose::{Compose, Service};
use crate::rehearsal::files::nginx::Nginx;
use crate::rehearsal::files::workflow::{Command, Docker};
use static_name::StaticName;

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(compose) = &subject.files.compose else { return Vec::new() };
    let of = |nginx: &Nginx| of_nginx(compose, nginx, &subject.files.workflows);
    subject.files.nginx.iter().flat_map(of).collect()
}

pub(super) fn of_nginx(compose: &Compose, nginx: &Nginx, workflows: &[Workflow]) -> Vec<Finding> {
    // In another network than the project's, names are not Docker's.
    let Some(service) = compose.service(&nginx.service).filter(|service| service.network.mode.is_none()) else {
        return Vec::new();
    };
    let names = static_name::read(nginx);
    let is_renewed = workflows.iter().flat_map(Workflow::commands).any(|command| renews(&command, compose, service));
    let mut findings = Vec::new();
    for named in compose.services.iter().filter(|named| named.name != service.name) {
        let is_named = |host: &str| host == named.name.value || named.network.container_name.as_deref() == Some(host);
        let places: Vec<&StaticName<'_>> = names.iter().filter(|name| is_named(name.host)).collect();
        if !is_renewed && !keeps_up(service, named) {
            findings.extend(stale(service, &places));
        }
        if !service.restarts && !compose.awaited(service).contains(named.name.value.as_str()) {
            findings.extend(unknown(service, named, &places));
        }
    }
    findings
}

/// Whether nginx need not look again: the service's address never changes, or Compose restarts nginx with it.
fn keeps_up(service: &Service, named: &Service) -> bool {
    let restarts = service.depends_on.iter().any(|it| it.restarts && it.service.value == named.name.value);
    named.network.has_fixed_address || restarts
}

/// Whether a command of a workflow makes nginx look again.
fn renews(command: &Command, compose: &Compose, service: &Service) -> bool {
    let says = |word: &str| command.words.iter().any(|said| said == word);
    if ["reload", "HUP", "SIGHUP", "--signal=HUP", "--signal=SIGHUP"].into_iter().any(says) {
        return true;
    }
    let Some(docker) = Docker::of(command) else { return false };
    let renewing = docker.does(&["restart"]) || docker.says("--force-recreate");
    let named = |service: &Service| {
        docker.says(&service.name.value) || service.network.container_name.as_deref().is_some_and(|it| docker.says(it))
    };
    // Without a name it is about all of them.
    let is_meant = named(service) || !compose.services.iter().any(named);
    docker.is_compose() && docker.does(&["down"]) || renewing && is_meant
}

/// N-01, at the first of the places.
fn stale(service: &Service, places: &[&StaticName<'_>]) -> Option<Finding> {
    let (first, others) = places.split_first()?;
    let sentence = format!(
        "`{}` looks `{}` up once, when it starts: when that container is made anew, requests fail or reach another one until nginx is reloaded",
        service.name.value, first.host
    );
    let further = others.iter().map(|other| {
        let place = other.place();
        format!("{place} {}", place.snippet)
    });
    let mut help = Vec::new();
    for line in places.iter().flat_map(|place| place.dynamic()) {
        if !help.contains(&line) {
            help.push(line);
        }
    }
    help.extend((!others.is_empty()).then(|| ALL_OF_THEM.to_owned()));
    Some(warning(Code::N01, sentence).at(first.place()).with_evidence(further).with_help(help))
}

const ALL_OF_THEM: &str =
    "in all of these places: nginx uses the address of a static one for a variable of the same host and port, too";

/// N-03, at the first of the places.
fn unknown(service: &Service, named: &Service, places: &[&StaticName<'_>]) -> Option<Finding> {
    let (first, name) = (places.first()?, &service.name.value);
    let sentence = format!(
        "`{name}` does not wait for `{}`, and ends with `host not found in upstream` if it starts first",
        named.name.value
    );
    let healthy = named.health_check.as_ref().is_some_and(|check| !check.is_disabled);
    let condition = if healthy { "service_healthy" } else { "service_started" };
    let help =
        format!("in `{name}` of the compose file: `depends_on: {{{}: {{condition: {condition}}}}}`", named.name.value);
    Some(warning(Code::N03, sentence).at(first.place()).help(help))
}

fn warning(code: Code, sentence: String) -> Finding {
    Finding::warning(code, Kind::Static, Stage::Preflight, sentence)
}

#[cfg(test)]
mod tests;
