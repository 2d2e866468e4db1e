//! `[database]` and `[database.url]`.

use super::Chosen;
use crate::database::Engine;
use crate::proposal::document::{Entry, Section, Setting};
use crate::proposal::found::{Found, open};
use crate::rehearsal::files::compose::Service;
use crate::rehearsal::files::{Compose, Source, Spot, expand};
use crate::rehearsal::secret_values::name_of;

/// A database's URL in a file: how it is written, and what it says.
struct Url {
    engine: Engine,
    shape: String,
    user: Option<String>,
    name: Option<String>,
}

/// The sections, and the name of the secret that holds the URL; none where no file knows a database.
pub(super) fn sections(chosen: &Chosen<'_>) -> (Vec<Section>, Option<String>) {
    let server = chosen
        .compose
        .and_then(|compose| compose.services.iter().find_map(|service| Some((compose, service, service.database()?))));
    let urls: Vec<(Found<Url>, String)> =
        chosen.repository.composes.iter().flat_map(urls_of_compose).chain(urls_of_definition(chosen)).collect();
    let engine = server.map(|(compose, service, engine)| {
        let spot = service.image.as_ref().map_or(service.name.spot, |image| image.spot);
        Found::new(engine, &compose.source, spot, "`image`")
    });
    let by_url = || urls.first().map(|(found, _)| Found { value: found.value.engine, reason: found.reason.clone() });
    let Some(engine) = engine.or_else(by_url) else { return (Vec::new(), None) };
    // MariaDB speaks MySQL's protocol and goes by its URLs.
    let alike = |one: Engine| one == engine.value || (one != Engine::Postgres && engine.value != Engine::Postgres);
    let url = urls.iter().find(|(found, _)| alike(found.value.engine));
    let variable = url.map(|(_, variable)| variable.as_str());
    let secret = secret(chosen, variable);
    let secret_name = secret.as_ref().map(|found| found.value.clone());
    let of_server = |names: &[&str]| server.and_then(|(compose, service, _)| setting(compose, service, names));
    let of_url = |pick: fn(&Url) -> &Option<String>| {
        let (found, _) = url?;
        Some(Found { value: pick(&found.value).clone()?, reason: found.reason.clone() })
    };
    let name = of_server(&["POSTGRES_DB", "MYSQL_DATABASE", "MARIADB_DATABASE"]);
    let user = of_server(&["POSTGRES_USER", "MYSQL_USER", "MARIADB_USER"]);
    let shape = url.map(|(found, _)| Found { value: found.value.shape.clone(), reason: found.reason.clone() });
    // The URL and the section stand or fall together: a table without its parent's keys is an error.
    let is_whole = secret.is_some() && shape.is_some();
    let key = engine.value.key();
    let mut entries = vec![
        Entry::text("engine", Some(engine.map(|engine| engine.key().to_owned())), || open("postgres", "")),
        Entry::text("name", name.or_else(|| of_url(|url| &url.name)), || open("app", "the name of the app's database")),
        Entry::text("user", user.or_else(|| of_url(|url| &url.user)), || open("app", "the app's user")),
    ];
    entries.push(Entry::text("secret", secret, || {
        let in_the_open = chosen.definition.zip(url).filter(|(definition, (found, _))| {
            found.reason.starts_with(&format!("{}:", definition.source.name))
        });
        let advice = match in_the_open {
            Some((_, (found, _))) => format!("the URL is no secret yet ({}): make it one of the task definition's `secrets`", found.reason),
            None => "the secret of the task definition that holds the database's URL; host, user and password apart cannot be rehearsed \
                 yet"
                .to_owned(),
        };
        open("app/database-url", &advice)
    }));
    let whole_url = Entry::text(key, shape, || {
        open(&example(key), "how the URL is written, with `{user}`, `{password}`, `{host}`, `{port}` and `{name}`")
    });
    let mut lines = vec![whole_url];
    for other in Engine::ALL.into_iter().filter(|other| other.key() != key) {
        if let Some((found, _)) = urls.iter().find(|(found, _)| found.value.engine == other) {
            let shape = Found { value: found.value.shape.clone(), reason: found.reason.clone() };
            lines.push(Entry::text(other.key(), Some(shape), || open("", "")));
        }
    }
    if !is_whole && !entries.iter().any(|entry| matches!(entry.setting, Setting::Open { .. })) {
        entries.push(Entry::text("url", None, || open("", "see [database.url] below")));
    }
    let url_section = Section {
        name: "database.url",
        choices: Vec::new(),
        entries: if is_whole { lines } else { lines.into_iter().map(left_open).collect() },
        is_optional: true,
    };
    let section = Section { name: "database", choices: Vec::new(), entries, is_optional: true };
    let secret = if section.is_open() { None } else { secret_name };
    (vec![section, url_section], secret)
}

fn example(key: &str) -> String {
    let scheme = if key == "postgres" { "postgresql" } else { "mysql" };
    format!("{scheme}://{{user}}:{{password}}@{{host}}:{{port}}/{{name}}")
}

/// What was found, as a line of a section that is left open.
fn left_open(entry: Entry) -> Entry {
    let setting = match entry.setting {
        Setting::Found { value, reason } | Setting::Assumed { value, reason } => {
            Setting::Open { example: value, advice: format!("[database] first; {reason}") }
        }
        open @ Setting::Open { .. } => open,
    };
    Entry { setting, ..entry }
}

/// The secret whose variable holds the URL: the variable that a compose file sets to one, or else the one that is called so.
fn secret(chosen: &Chosen<'_>, variable: Option<&str>) -> Option<Found<String>> {
    let definition = chosen.definition?;
    let secrets = || definition.containers.iter().flat_map(|container| &container.secrets);
    let found = secrets().find(|secret| Some(secret.name.value.as_str()) == variable).or_else(|| {
        secrets().find(|secret| ["DATABASE_URL", "DB_URL", "DATABASE_DSN"].contains(&secret.name.value.as_str()))
    })?;
    let what = format!("`{}`", found.name.value);
    Some(Found::new(name_of(&found.value.value).to_owned(), &definition.source, found.value.spot, &what))
}

fn setting(compose: &Compose, service: &Service, names: &[&str]) -> Option<Found<String>> {
    let setting = service.environment.iter().find(|setting| names.contains(&setting.name.value.as_str()))?;
    let value = service.variable(&setting.name.value)?;
    Some(Found::new(value, &compose.source, setting.name.spot, &format!("`{}`", setting.name.value)))
}

fn urls_of_compose(compose: &Compose) -> Vec<(Found<Url>, String)> {
    let settings = compose.services.iter().flat_map(|service| &service.environment);
    settings
        .filter_map(|setting| {
            let value = setting.value.as_ref()?;
            Some((url(&value.value, &compose.source, value.spot, &setting.name.value)?, setting.name.value.clone()))
        })
        .collect()
}

fn urls_of_definition(chosen: &Chosen<'_>) -> Vec<(Found<Url>, String)> {
    let Some(definition) = chosen.definition else { return Vec::new() };
    let variables = definition.containers.iter().flat_map(|container| &container.environment);
    variables
        .filter_map(|variable| {
            let (name, value) = (&variable.name.value, &variable.value);
            Some((url(&value.value, &definition.source, value.spot, name)?, name.clone()))
        })
        .collect()
}

/// The shape of a database's URL: `scheme[+driver]://user:password@host:port/name?options`.
fn url(text: &str, source: &Source, spot: Spot, variable: &str) -> Option<Found<Url>> {
    let (scheme, rest) = text.split_once("://")?;
    let engine = match scheme.split('+').next()? {
        "postgres" | "postgresql" => Engine::Postgres,
        "mysql" => Engine::MySql,
        "mariadb" => Engine::MariaDb,
        _ => return None,
    };
    let (authority, path) = rest.rsplit_once('@').map_or((None, rest), |(login, rest)| (Some(login), rest));
    let (path, options) = path.split_once('?').map_or((path, String::new()), |(path, rest)| (path, format!("?{rest}")));
    let plain = |text: &str| expand(text, &|_| None).filter(|text| !text.is_empty());
    let user = authority.and_then(|login| plain(login.split(':').next()?));
    let name = path.split_once('/').and_then(|(_, name)| plain(name));
    let shape = format!("{scheme}://{{user}}:{{password}}@{{host}}:{{port}}/{{name}}{options}");
    Some(Found::new(Url { engine, shape, user, name }, source, spot, &format!("`{variable}`")))
}
