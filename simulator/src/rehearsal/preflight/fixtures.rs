//! The rules on the news service and its broken versions, one of which preflight can see through.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{Subject, check};
use crate::database::Engine;
use crate::finding::Place;
use crate::rehearsal::files::{FileNames, Files, workflow};

const APP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/apps/news-api");

/// What preflight finds in a version, as text.
fn findings(version: &str, engine: Engine) -> Vec<String> {
    let files = files(version, engine);
    found(&files, engine)
}

fn files(version: &str, engine: Engine) -> Files {
    let directory = tempfile::tempdir().expect("a temporary directory");
    // Each version differs from v2, and v2 from v1, in the files that its folder holds.
    for layer in ["v1", "v2", version].iter().take(if version == "v1" { 1 } else { 3 }) {
        copy(&Path::new(APP).join(layer), directory.path());
    }
    // What both releases have comes last.
    let both = Path::new(APP).join(version).join("both");
    if both.is_dir() {
        copy(&both, directory.path());
    }
    let compose = if engine == Engine::Postgres { "compose.yaml" } else { "compose.mysql.yaml" };
    let names = FileNames {
        dockerfile: "Dockerfile".to_owned(),
        context: ".".to_owned(),
        compose: Some(compose.to_owned()),
        task_definition: "task-definition.json".to_owned(),
        smoke: "smoke.json".to_owned(),
    };
    Files::read(directory.path(), &names).expect("the fixtures can be read")
}

fn found(files: &Files, engine: Engine) -> Vec<String> {
    let url = match engine {
        Engine::Postgres => "postgresql+asyncpg://{user}:{password}@{host}:{port}/{name}",
        Engine::MySql | Engine::MariaDb => "mysql+aiomysql://{user}:{password}@{host}:{port}/{name}",
    };
    let subject = Subject {
        files,
        container: "app".to_owned(),
        port: 8000,
        port_place: Place::new("greenroom.toml", 16, 8, "port = 8000"),
        sql_migrations_before: &[],
        migration_command: ["alembic", "upgrade", "head"].map(str::to_owned).to_vec(),
        engine,
        database_url: url.to_owned(),
        database_url_place: Place::new("greenroom.toml", 37, 12, ""),
        secrets: ["news-api/database-url", "news-api/session-key"].map(str::to_owned).to_vec(),
        secret_keys: BTreeMap::from([("news-api/session-key".to_owned(), vec!["session".to_owned()])]),
    };
    check(&subject).iter().map(ToString::to_string).collect()
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the fixture has this folder") {
        let entry = entry.expect("the folder can be read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("it has a type").is_dir() {
            fs::create_dir_all(&target).expect("a folder can be made");
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a file can be copied");
        }
    }
}

/// The versions in which the files alone show something, with its codes where the compose file is PostgreSQL's; that of the MySQLs is
/// v1's in all of them.
const SEEN: [(&str, &[&str], &[&str]); 10] = [
    ("v2-wrong-port", &["H-05"], &["H-05"]),
    ("v2-two-heads", &["M-01"], &["M-01"]),
    ("v2-loopback", &["H-04"], &["H-04"]),
    ("v2-misspelt-secret", &["C-03"], &["C-03"]),
    ("v2-secret-without-key", &["C-03"], &["C-03"]),
    ("v2-localhost-database", &["C-02"], &["C-02"]),
    ("v2-lying-check", &["R-01", "R-02", "R-02"], &[]),
    ("v2-pinging-check", &["R-03", "R-03"], &[]),
    ("v2-lying-service", &["R-01", "R-02", "R-02"], &["R-01", "R-02", "R-02"]),
    (
        "v2-careless-pipeline",
        &[
            "G-01", "G-01", "G-04", "G-05", "G-06", "S-01", "S-02", "S-03", "S-04", "S-05", "N-01", "N-02", "N-03",
            "X-10", "X-11",
        ],
        &["G-01", "G-01", "G-04", "G-05", "G-06", "S-01", "S-02", "S-03", "S-04", "X-11"],
    ),
];

#[test]
fn what_the_files_show_is_seen_before_anything_is_started_and_nothing_else() {
    let mut versions: Vec<String> = fs::read_dir(APP)
        .expect("the fixtures are there")
        .filter_map(|entry| Some(entry.ok()?).filter(|entry| entry.path().is_dir())?.file_name().into_string().ok())
        .collect();
    versions.sort();
    assert!(versions.len() >= 9, "v1, v2 and seven broken versions: {versions:?}");
    for version in &versions {
        let seen = SEEN.iter().find(|(name, ..)| name == version);
        for engine in Engine::ALL {
            let expected = seen
                .map_or(&[][..], |(_, postgres, others)| if engine == Engine::Postgres { postgres } else { others });
            let found = findings(version, engine);
            let code = |finding: &String| finding.split(['[', ']']).nth(1).unwrap_or_default().to_owned();
            assert_eq!(found.iter().map(code).collect::<Vec<_>>(), expected, "{version} on {engine}: {found:#?}");
        }
    }
}

/// The small repositories of `init`, with what their workflows show.
const REPOSITORIES: [(&str, &[&str]); 6] = [
    ("compose-over-ssh", &["G-06 .github/workflows/deploy.yml:18"]),
    ("ecs-api", &[]),
    // A host of which the runner knows nothing, and a key that is used as it is.
    ("two-images", &["G-06 .github/workflows/deploy.yml:33", "S-02 .github/workflows/deploy.yml:33"]),
    ("two-services", &[]),
    ("zero-downtime", &[]),
    ("staging-and-production", &["G-04 .github/workflows/deploy.yml:29"]),
];

#[test]
fn what_workflows_show_is_seen_in_small_repositories() {
    let app = files("v1", Engine::Postgres);
    for (name, expected) in REPOSITORIES {
        let directory = Path::new(APP).join("../../repositories").join(name);
        let files = Files { workflows: workflow::read(&directory), ..app.clone() };
        assert!(!files.workflows.is_empty(), "{name} has workflows");
        let all = found(&files, Engine::Postgres);
        let about = |finding: &String| {
            let code = finding.split(['[', ']']).nth(1).unwrap_or_default();
            let place = finding.lines().nth(1).unwrap_or_default().trim();
            let line = place.rsplitn(2, "   ").last().unwrap_or_default().rsplit_once(':').unwrap_or_default().0;
            // What the deploy to ECS shows is looked at elsewhere.
            (code != "H-08").then(|| format!("{code} {line}"))
        };
        assert_eq!(all.iter().filter_map(about).collect::<Vec<_>>(), expected, "{name}: {all:#?}");
    }
}

/// Line and column, as printed, of the first `needle` in a file of the fixtures.
fn place_of(file: &str, needle: &str) -> String {
    let text = fs::read_to_string(Path::new(APP).join(file)).expect("the fixture has this file");
    let offset = text.find(needle).expect("the fixture has this text");
    let Place { line, column, .. } = Place::at_offset("", &text, offset);
    format!("{line}:{column}")
}

#[test]
fn the_wrong_port_is_shown_where_it_stands() {
    let expected = [
        "error[H-05] the app listens on port 8080, and the load balancer asks on 8000 (preflight)".to_owned(),
        format!("  Dockerfile:{}   CMD [\"uvicorn\"", place_of("v2-wrong-port/Dockerfile", "8080\", ")),
        "  read     greenroom.toml:16:8 service.port is 8000".to_owned(),
        format!(
            "           task-definition.json:{} containerPort is 8000",
            place_of("v1/task-definition.json", "8000,")
        ),
        format!("           Dockerfile:{} EXPOSE is 8080", place_of("v2-wrong-port/Dockerfile", "8080\n")),
        "  fix      let the app listen on 8000, or write 8080 in all the other places".to_owned(),
    ];
    for engine in Engine::ALL {
        let first = findings("v2-wrong-port", engine).into_iter().next().expect("there is one");
        let lines: Vec<&str> = first.lines().collect();
        assert_eq!(lines.len(), expected.len(), "{first}");
        for (line, expected) in lines.iter().zip(&expected) {
            assert!(line.starts_with(expected), "{line}\nis not\n{expected}");
        }
    }
}
