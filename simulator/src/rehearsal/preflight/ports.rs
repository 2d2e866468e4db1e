//! H-05: every place names the same port.

use super::listening::{self, Address};
use super::{Subject, app};
use crate::finding::{Code, Finding, Kind, Place, Stage};
use crate::rehearsal::files::Spot;
use crate::rehearsal::files::task_definition::Container;

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(container) = app::container(subject) else { return Vec::new() };
    let mut findings = Vec::new();
    findings.extend(container_port(subject, container));
    let listening = listening_port(subject);
    findings.extend(listening.as_ref().and_then(|address| listens_elsewhere(subject, container, address)));
    findings.extend(health_check(subject, container, listening.as_ref()));
    if listening.is_none() {
        findings.extend(exposed(subject));
    }
    findings.extend(published(subject));
    findings
}

/// The address whose port the app's command says.
fn listening_port(subject: &Subject<'_>) -> Option<Address> {
    listening::addresses(&listening::command(subject)).into_iter().find(|address| address.port.is_some())
}

/// The load balancer's port must be one of the container's.
fn container_port(subject: &Subject<'_>, container: &Container) -> Option<Finding> {
    let Subject { port, .. } = subject;
    if container.ports.iter().any(|mapped| mapped.value == *port) {
        return None;
    }
    let source = &subject.files.task_definition.source;
    let name = &container.name.value;
    let finding = match container.ports.first() {
        Some(first) => error(format!(
            "the load balancer asks container `{name}` on port {port}, and its `containerPort` is {}",
            first.value
        ))
        .at(source.place(first.spot)),
        None => error(format!("the load balancer asks container `{name}` on port {port}, and it maps no port"))
            .at(source.place(container.name.spot)),
    };
    Some(
        finding
            .evidence(said(&subject.port_place, "service.port", *port))
            .help(format!("write \"containerPort\": {port}")),
    )
}

/// The app must listen where it is asked.
fn listens_elsewhere(subject: &Subject<'_>, container: &Container, address: &Address) -> Option<Finding> {
    let (wanted, found) = (subject.port, address.port?);
    if found == wanted {
        return None;
    }
    let source = &subject.files.task_definition.source;
    let mut finding = error(format!("the app listens on port {found}, and the load balancer asks on {wanted}"))
        .at(address.place.clone())
        .evidence(said(&subject.port_place, "service.port", wanted));
    for mapped in &container.ports {
        finding = finding.evidence(said(&source.place(mapped.spot), "containerPort", mapped.value));
    }
    for exposed in &subject.files.dockerfile.exposed {
        finding = finding.evidence(said(&subject.files.dockerfile.place(exposed.spot), "EXPOSE", exposed.value));
    }
    Some(finding.help(format!("let the app listen on {wanted}, or write {found} in all the other places")))
}

/// A health check must ask a port that something listens on: the app's own, or another that the container maps or the image exposes.
fn health_check(subject: &Subject<'_>, container: &Container, listening: Option<&Address>) -> Option<Finding> {
    let check = container.health_check.as_ref()?;
    let listened = listening.and_then(|address| address.port);
    let known = |port: u16| {
        listened == Some(port)
            || container.ports.iter().any(|mapped| mapped.value == port)
            || subject.files.dockerfile.exposed.iter().any(|exposed| exposed.value == port)
    };
    let source = &subject.files.task_definition.source;
    check.command.iter().find_map(|word| {
        let (column, port) = listening::asked(&word.value).into_iter().find(|(_, port)| !known(*port))?;
        let spot = Spot { line: word.spot.line, column: word.spot.column + column };
        let finding =
            error(format!("the health check asks port {port}, and nothing listens there")).at(source.place(spot));
        Some(
            match listening {
                Some(address) => finding.evidence(said(&address.place, "the app's port", listened?)),
                None => finding.evidence(said(&subject.port_place, "service.port", subject.port)),
            }
            .help(format!("ask port {}", listened.unwrap_or(subject.port))),
        )
    })
}

/// EXPOSE does nothing, but who wrote it had a reason.
fn exposed(subject: &Subject<'_>) -> Option<Finding> {
    let Subject { port, files, .. } = subject;
    let exposed = &files.dockerfile.exposed;
    let first = exposed.first().filter(|_| exposed.iter().all(|exposed| exposed.value != *port))?;
    let sentence = format!("the image exposes port {}, and the load balancer asks on {port}", first.value);
    Some(
        Finding::warning(Code::H05, Kind::Static, Stage::Preflight, sentence)
            .at(files.dockerfile.place(first.spot))
            .evidence(said(&subject.port_place, "service.port", *port))
            .help(format!("write EXPOSE {port} if the app listens there")),
    )
}

/// The compose file is not deployed, but it runs the same image: it should publish the port that the app has on ECS.
fn published(subject: &Subject<'_>) -> Option<Finding> {
    let service = app::service(subject)?;
    let compose = subject.files.compose.as_ref()?;
    // With a command or PORT of its own the app may well listen elsewhere there.
    if service.command.is_some()
        || service.variable("PORT").is_some()
        || service.ports.iter().any(|it| it.value == subject.port)
    {
        return None;
    }
    let first = service.ports.first()?;
    let sentence = format!(
        "the compose file publishes port {} of the app, and the load balancer asks on {}",
        first.value, subject.port
    );
    Some(
        Finding::warning(Code::H05, Kind::Static, Stage::Preflight, sentence)
            .at(compose.source.place(first.spot))
            .evidence(said(&subject.port_place, "service.port", subject.port))
            .help("write the same port in both"),
    )
}

fn error(sentence: String) -> Finding {
    Finding::error(Code::H05, Kind::Static, Stage::Preflight, sentence)
}

fn said(place: &Place, what: &str, port: u16) -> String {
    format!("{place} {what} is {port}")
}
