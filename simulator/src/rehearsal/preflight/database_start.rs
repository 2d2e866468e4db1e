//! the compose file's database starts with the server that its tag stands for today. It is not what is deployed to ECS, so
//! these are warnings.

use super::Subject;
use crate::database::Engine;
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::files::compose::{Compose, Service};
use crate::rehearsal::files::words;

/// Where images of PostgreSQL had their data up to 17, and the volume that later ones want.
const DATA_UP_TO_17: &str = "/var/lib/postgresql/data";
const VOLUME_SINCE_18: &str = "/var/lib/postgresql";

/// MySQL had it up to 8.3 ("removed in MySQL 8.4.0", reference manual, What Is New); 9.7 was seen to end with `unknown variable`.
const REMOVED_IN_8_4: &str = "default-authentication-plugin";

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(compose) = &subject.files.compose else { return Vec::new() };
    let of = |service| [old_volume(compose, service), removed_option(compose, service)];
    compose.services.iter().flat_map(of).flatten().collect()
}

/// The image refuses to start where its data used to be is a volume, on a new volume too, unless it is told to keep them there.
fn old_volume(compose: &Compose, service: &Service) -> Option<Finding> {
    let tag = tag(service, Engine::Postgres)?;
    let mount = service.mounts.iter().find(|mount| mount.target.value.trim_end_matches('/') == DATA_UP_TO_17)?;
    if !at_least(tag, (18, 0), (18, 0)) || service.variable("PGDATA").is_some() {
        return None;
    }
    let name = &service.name.value;
    let sentence = format!("`{name}` does not start: PostgreSQL's images keep their data elsewhere since 18");
    Some(
        warning(Code::R05, sentence)
            .at(compose.source.place(mount.target.spot))
            .help(format!("mount the volume at {VOLUME_SINCE_18}, or write `image: postgres:17`")),
    )
}

fn removed_option(compose: &Compose, service: &Service) -> Option<Finding> {
    let tag = tag(service, Engine::MySql)?;
    let option = service.command.iter().flatten().flat_map(words).find(|word| {
        let name = word.value.split('=').next().unwrap_or_default();
        name.trim_start_matches('-').replace('_', "-") == REMOVED_IN_8_4
    })?;
    // `mysql:8` has been 8.4 since April 2024.
    if !at_least(tag, (8, 4), (8, u32::MAX)) {
        return None;
    }
    let sentence = format!("`{}` does not start: MySQL has no option `{REMOVED_IN_8_4}` since 8.4", service.name.value);
    Some(
        warning(Code::R06, sentence)
            .at(compose.source.place(option.spot))
            .help("write the minor version that production has (`image: mysql:8.0`), or leave the option out")
            .help("where a client needs the old plugin: `--mysql-native-password=ON`, which 9.0 has not any more"),
    )
}

/// The tag of the image of a service that runs `engine`; `latest` if it has none.
fn tag(service: &Service, engine: Engine) -> Option<&str> {
    service.database().filter(|it| *it == engine)?;
    let reference = service.image.as_ref()?.value.split('@').next()?;
    let name = reference.rsplit('/').next()?;
    Some(name.split_once(':').map_or("latest", |(_, tag)| tag))
}

/// Whether `tag` stands for a version from `least` on; a tag without a minor version has the one of `newest`, and one without any number
/// (`latest`, `lts`) is the newest.
fn at_least(tag: &str, least: (u32, u32), newest: (u32, u32)) -> bool {
    let mut numbers = tag.split(['.', '-']).map(|part| part.parse::<u32>().ok());
    let version = match (numbers.next().flatten(), numbers.next().flatten()) {
        (None, _) => return true,
        (Some(major), Some(minor)) => (major, minor),
        (Some(major), None) if major == newest.0 => newest,
        (Some(major), None) => (major, 0),
    };
    version >= least
}

fn warning(code: Code, sentence: String) -> Finding {
    Finding::warning(code, Kind::Static, Stage::Preflight, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::files::Source;

    /// The codes that are found in a compose file whose service has these lines.
    fn found(lines: &str) -> Vec<String> {
        let text = format!("services:\n  db:\n{lines}");
        let compose = Compose::parse(Source { name: "compose.yaml".to_owned(), text }).expect("it is right");
        let of = |service| [old_volume(&compose, service), removed_option(&compose, service)];
        compose.services.iter().flat_map(of).flatten().map(|it| it.code.to_string()).collect()
    }

    #[test]
    fn a_volume_where_postgresql_had_its_data_is_found_since_18() {
        let volumes = "    volumes:\n      - data:/var/lib/postgresql/data\n";
        let long = "    volumes:\n      - {type: volume, source: data, target: /var/lib/postgresql/data/}\n";
        let elsewhere = "    volumes: [\"data:/var/lib/postgresql\", \"./seed:/seed:ro\"]\n";
        let told = "    environment: {PGDATA: /var/lib/postgresql/data}\n";
        let cases = [
            ("postgres:18", volumes, "", true),
            ("docker.io/library/postgres:18.1-alpine", long, "", true),
            ("postgres", volumes, "", true),
            ("postgis/postgis:18-3.6", volumes, "", true),
            ("postgres:17", volumes, "", false),
            ("postgres:15-bookworm", volumes, "", false),
            ("postgres:18", elsewhere, "", false),
            ("postgres:18", volumes, told, false),
            ("postgres:18", "", "", false),
            ("mysql:9", volumes, "", false),
        ];
        for (image, volumes, more, is_found) in cases {
            let expected: &[&str] = if is_found { &["R-05"] } else { &[] };
            assert_eq!(found(&format!("    image: {image}\n{volumes}{more}")), expected, "{image} {volumes}{more}");
        }
    }

    #[test]
    fn an_option_that_mysql_has_lost_is_found_where_the_tag_has_moved_on() {
        let option = "--default-authentication-plugin=mysql_native_password";
        let cases = [
            ("mysql:8", option, true),
            ("mysql:8.4", option, true),
            ("mysql:9.1.0", option, true),
            ("mysql", "mysqld --default_authentication_plugin=mysql_native_password --skip-log-bin", true),
            ("mysql:lts", option, true),
            ("mysql:8.0", option, false),
            ("mysql:8.0.36-debian", option, false),
            ("mysql:5.7", option, false),
            ("mysql:8", "--character-set-server=utf8mb4", false),
            // MariaDB takes the option.
            ("mariadb:11", option, false),
        ];
        for (image, command, is_found) in cases {
            let expected: &[&str] = if is_found { &["R-06"] } else { &[] };
            assert_eq!(found(&format!("    image: {image}\n    command: {command}\n")), expected, "{image} {command}");
        }
    }
}
