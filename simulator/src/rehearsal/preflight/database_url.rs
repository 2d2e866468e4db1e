//! C-02: database URLs can work where they are used.

use super::{Subject, app};
use crate::database::Engine;
use crate::finding::{Code, Finding, Kind, Place, Severity, Stage};
use crate::rehearsal::files::expand;

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Subject { database_url, database_url_place, .. } = subject;
    if let Some(url) = Url::parse(database_url) {
        findings.extend(engine(subject, &url, database_url_place));
        findings.extend(scheme(subject, &url, database_url_place, Severity::Error));
    }
    if let Some(container) = app::container(subject) {
        let source = &subject.files.task_definition.source;
        for variable in &container.environment {
            let Some(url) = Url::parse(&variable.value.value) else { continue };
            let place = source.place(variable.value.spot);
            findings.extend(host(subject, &url, &place, Severity::Error));
            findings.extend(scheme(subject, &url, &place, Severity::Error));
            findings.extend(name(&url, &place));
        }
    }
    if let (Some(service), Some(compose)) = (app::service(subject), &subject.files.compose) {
        for setting in &service.environment {
            let Some(value) = &setting.value else { continue };
            let Some(url) = expand(&value.value, &|_| Some("x".to_owned())).as_deref().and_then(Url::parse) else {
                continue;
            };
            let place = compose.source.place(value.spot);
            findings.extend(host(subject, &url, &place, Severity::Warning));
            findings.extend(scheme(subject, &url, &place, Severity::Warning));
        }
    }
    findings
}

/// A database's URL: `scheme[+driver]://user:password@host:port/name`.
#[derive(Debug)]
struct Url {
    scheme: String,
    host: String,
    port: Option<u16>,
    name: String,
}

impl Url {
    /// Reads a URL whose scheme is a database's.
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let family = scheme.split('+').next()?;
        if !["postgres", "postgresql", "mysql", "mariadb"].contains(&family) {
            return None;
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let address = authority.rsplit('@').next()?;
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()),
            None => (address, None),
        };
        let name = path.split('?').next().unwrap_or_default().to_owned();
        Some(Self { scheme: scheme.to_owned(), host: host.to_owned(), port, name })
    }

    fn driver(&self) -> Option<&str> {
        self.scheme.split_once('+').map(|(_, driver)| driver)
    }

    fn is_postgres(&self) -> bool {
        self.scheme.starts_with("postgres")
    }
}

fn finding(severity: Severity, sentence: String, place: &Place) -> Finding {
    let finding = match severity {
        Severity::Error => Finding::error(Code::C02, Kind::Static, Stage::Preflight, sentence),
        Severity::Warning => Finding::warning(Code::C02, Kind::Static, Stage::Preflight, sentence),
    };
    finding.at(place.clone())
}

/// The URL must be one of the engine it is written for.
fn engine(subject: &Subject<'_>, url: &Url, place: &Place) -> Option<Finding> {
    let fits = url.is_postgres() == (subject.engine == Engine::Postgres);
    let sentence = || format!("the URL for {} begins with `{}://`", subject.engine, url.scheme);
    (!fits).then(|| finding(Severity::Error, sentence(), place).help(format!("write a URL of {}", subject.engine)))
}

/// Inside a container `localhost` is the container itself, or on ECS another container of the same task.
fn host(subject: &Subject<'_>, url: &Url, place: &Place, severity: Severity) -> Option<Finding> {
    if !["localhost", "127.0.0.1", "[::1]"].contains(&url.host.as_str()) {
        return None;
    }
    let port = url.port.unwrap_or(if url.is_postgres() { 5432 } else { 3306 });
    let others = subject.files.task_definition.containers.iter().filter(|other| other.name.value != subject.container);
    let has_neighbour = others.flat_map(|other| &other.ports).any(|mapped| mapped.value == port);
    if severity == Severity::Error && has_neighbour {
        return None;
    }
    let sentence = format!("the database's host is `{}`, which in a container is the container itself", url.host);
    Some(finding(severity, sentence, place).help("write the database's own host name"))
}

/// The driver must know the scheme, and be installed.
fn scheme(subject: &Subject<'_>, url: &Url, place: &Place, severity: Severity) -> Option<Finding> {
    let asked = |package: &str| subject.files.requirements.iter().any(|requirement| requirement.name.value == package);
    if url.scheme.split('+').next() == Some("postgres") && asked("sqlalchemy") {
        let sentence = "SQLAlchemy knows no scheme `postgres`".to_owned();
        return Some(finding(severity, sentence, place).help("write `postgresql://`"));
    }
    let packages: &[&str] = match url.driver()? {
        "asyncpg" => &["asyncpg"],
        "psycopg" | "psycopg_async" => &["psycopg", "psycopg-binary"],
        "psycopg2" => &["psycopg2", "psycopg2-binary"],
        "pg8000" => &["pg8000"],
        "aiomysql" => &["aiomysql"],
        "asyncmy" => &["asyncmy"],
        "pymysql" => &["pymysql"],
        "mysqldb" => &["mysqlclient"],
        _ => return None,
    };
    // Something that the list does not name may bring it along.
    let lacking = !subject.files.requirements.is_empty() && !packages.iter().any(|package| asked(package));
    let sentence = format!("the URL wants the driver `{}`, and requirements.txt does not ask for it", packages[0]);
    lacking
        .then(|| finding(Severity::Warning, sentence, place).help(format!("add `{}` to requirements.txt", packages[0])))
}

fn name(url: &Url, place: &Place) -> Option<Finding> {
    let sentence = "the database's URL names no database".to_owned();
    url.name.is_empty().then(|| finding(Severity::Warning, sentence, place).help("add `/` and the database's name"))
}
