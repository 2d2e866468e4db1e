//! Whole rehearsals: the good version, and each broken one, on each database.

use serde_json::{Value, json};

use crate::app::{App, Run};
use crate::whole::whole;

/// Where a broken version must be caught, and how.
struct Broken {
    stage: &'static str,
    code: &'static str,
    /// A part of the first line of the verdict.
    first_line: &'static str,
}

fn succeeds(database: &str) -> Run {
    succeeds_with(database, "")
}

/// The same with more in its `greenroom.toml`.
fn succeeds_with(database: &str, more: &str) -> Run {
    let app = App::check_out("v2");
    let file = app.path().join("greenroom.toml");
    let text = std::fs::read_to_string(&file).expect("it was checked out");
    std::fs::write(&file, format!("{text}\n{more}")).expect("there is room");
    let run = app.rehearse(database);
    assert_eq!(run.exit, Some(0), "{}", run.printed());
    for stage in run.report["stages"].as_array().expect("a report lists its stages") {
        assert_eq!(stage["ended"], "proved", "{stage}\n{}", run.printed());
    }
    assert_eq!(run.report["requests"]["failed"], 0, "{}", run.printed());
    assert!(run.report["requests"]["sent"].as_u64() > Some(50), "{}", run.printed());
    for list in ["real", "simulated", "stoodIn"] {
        assert!(run.report[list].as_array().is_some_and(|it| !it.is_empty()), "{list}: {}", run.printed());
    }
    assert!(run.junit.contains("failures=\"0\""), "{}", run.junit);
    let prediction = &run.report["prediction"];
    assert_eq!(prediction["rollout"]["ended"], "completed", "{}", run.printed());
    // Old tasks drain for five minutes on AWS, while the new ones run.
    assert!(prediction["overlap"].as_u64() > Some(300_000), "{}", run.printed());
    assert_eq!(prediction["mostTasks"], 4, "{}", run.printed());
    let connections = &run.report["connections"];
    let [old, new, most] = ["oldTask", "newTask", "atMost"].map(|key| connections[key].as_u64().unwrap_or_default());
    assert!(old > 0 && new > 0, "both hold some while they are asked: {}", run.printed());
    assert!(most >= 2 * (old + new), "two of each run side by side: {}", run.printed());
    assert!(connections["maxConnections"].as_u64() > Some(most), "{}", run.printed());
    let app = run.report["memory"].as_array().and_then(|it| it.iter().find(|used| used["container"] == "app"));
    let app = app.expect("the app was watched");
    assert_eq!(app["limitMebibytes"], 1024, "{}", run.printed());
    let peak = app["peakMebibytes"].as_u64().unwrap_or_default();
    assert!((20..512).contains(&peak), "a Python server: {}", run.printed());
    run
}

/// Every call of the deploy is made with the credentials of a role that its trust policy gave to a job of the workflow, within a
/// permissions boundary.
#[test]
fn a_workflow_deploys_with_a_role_of_its_own() {
    let run = succeeds_with(
        "postgres",
        r#"
[deploy]
identity = "oidc"
repository = "acme/news-api"
repository-id = 74
owner-id = 65
environment = "production"
branch = "main"

[permissions]
boundary = "make"
"#,
    );
    let callers = run.trace.iter().filter_map(|event| event["caller"].as_str());
    assert!(
        run.trace.iter().any(|event| event.to_string().contains("assumed-role/news-api-deploy/rehearsal")),
        "{}",
        run.printed()
    );
    assert!(callers.into_iter().all(|caller| !caller.contains("user/news-api-deploy")), "{}", run.printed());
}

fn breaks(version: &str, database: &str, expected: &Broken) -> Run {
    let run = App::check_out(version).rehearse(database);
    assert_eq!(run.exit, Some(5), "{}", run.printed());
    assert_eq!(run.ended(expected.stage), "refuted", "{}", run.printed());
    assert_eq!(run.report["findings"][0]["code"], expected.code, "{}", run.printed());
    let first = run.stdout.lines().next().unwrap_or_default();
    assert!(first.starts_with(&format!("error[{}]", expected.code)), "{}", run.printed());
    assert!(first.contains(expected.first_line), "{}", run.printed());
    assert!(run.junit.contains("failures=\"1\""), "{}", run.junit);
    run
}

/// The circuit breaker rolled back and v1 served all along.
fn rolled_back_while_serving(run: &Run) {
    let services: Vec<&str> = run.trace.iter().filter_map(|event| event["message"].as_str()).collect();
    assert!(services.iter().any(|it| it.contains("rolling back to deployment")), "{services:#?}");
    assert!(services.iter().any(|it| it.contains("deployment failed: tasks failed to start.")), "{services:#?}");
    assert_eq!(run.report["requests"]["failed"], 0, "{}", run.printed());
    assert!(run.report["requests"]["sent"].as_u64() > Some(50), "{}", run.printed());
    assert_eq!(run.report["prediction"]["rollout"]["ended"], "failed", "{}", run.printed());
    assert!(run.report["prediction"]["rollout"]["steadyAfter"].is_u64(), "{}", run.printed());
}

/// One test per database for one broken version; or one alone, on one of the databases if they make no difference to how it breaks and
/// not everything is to be played.
macro_rules! broken {
    ($name:ident, $version:literal, $postgres:expr, $mysql:expr, $more:expr) => {
        mod $name {
            use super::{Broken, breaks};

            #[test]
            fn postgres() {
                $more(&breaks($version, "postgres", &$postgres));
            }

            #[test]
            fn mysql() {
                $more(&breaks($version, "mysql", &$mysql));
            }
        }
    };
    ($name:ident, $version:literal, on $database:literal, $both:expr, $more:expr) => {
        #[test]
        fn $name() {
            for database in ["postgres", "mysql"].into_iter().filter(|database| whole() || *database == $database) {
                $more(&breaks($version, database, &$both));
            }
        }
    };
    ($name:ident, $version:literal, $both:expr, $more:expr) => {
        broken!($name, $version, $both, $both, $more);
    };
}

#[test]
fn v2_on_postgres() {
    succeeds("postgres");
}

#[test]
fn v2_on_mysql() {
    succeeds("mysql");
}

#[test]
fn v2_on_mariadb() {
    succeeds("mariadb");
}

broken!(
    migration_fails,
    "v2-migration-fails",
    Broken { stage: "migrate", code: "M-11", first_line: "contains null values" },
    Broken { stage: "migrate", code: "M-08", first_line: "NULL" },
    super::nothing_more
);
broken!(
    migration_half,
    "v2-migration-half",
    Broken { stage: "migrate", code: "M-12", first_line: "unique" },
    Broken { stage: "migrate", code: "M-08", first_line: "stay applied" },
    super::nothing_more
);
broken!(
    missing_env,
    "v2-missing-env",
    on "mysql",
    Broken { stage: "roll out", code: "C-01", first_line: "needs the variable" },
    rolled_back_while_serving
);
broken!(
    unhealthy,
    "v2-unhealthy",
    on "mysql",
    Broken { stage: "roll out", code: "H-02", first_line: "not in the image" },
    rolled_back_while_serving
);
broken!(
    wrong_port,
    "v2-wrong-port",
    Broken { stage: "preflight", code: "H-05", first_line: "8000" },
    super::nothing_more
);
broken!(
    async_driver,
    "v2-async-driver",
    Broken { stage: "migrate", code: "M-25", first_line: "asynchronous driver" },
    super::nothing_more
);
broken!(
    slow_start,
    "v2-slow-start",
    on "postgres",
    Broken { stage: "roll out", code: "H-01", first_line: "first healthy after" },
    rolled_back_while_serving
);

broken!(
    closed_database,
    "v2-closed-database",
    Broken {
        stage: "baseline",
        code: "A-02",
        first_line: "`news-rows` has no inbound rule for TCP port 5432 from `news-api-service`"
    },
    Broken {
        stage: "baseline",
        code: "A-02",
        first_line: "`news-rows` has no inbound rule for TCP port 3306 from `news-api-service`"
    },
    super::names_the_rule_to_add
);

/// What adds the missing rule is printed, with the ids that the groups have on AWS.
fn names_the_rule_to_add(run: &Run) {
    let finding = &run.report["findings"][0];
    let place = &finding["place"];
    assert_eq!(place["file"], "security-groups.json", "{}", run.printed());
    let help = finding["help"][0].as_str().unwrap_or_default();
    let [start, end] = ["--group-id sg-0d51b3a9c7e2f4068 --protocol tcp --port", "--source-group sg-02e8d1f7a63b95c04"];
    let command = format!("aws ec2 authorize-security-group-ingress {start}");
    assert!(help.starts_with(&command) && help.ends_with(end), "{}", run.printed());
    assert!(run.printed().contains("to the database was dropped"), "{}", run.printed());
}

#[test]
fn the_database_is_reached_once_the_missing_rule_is_there() {
    let app = App::check_out("v2-closed-database");
    let path = app.path().join("security-groups.json");
    let text = std::fs::read_to_string(&path).expect("the version has the file");
    let mut groups: Value = serde_json::from_str(&text).expect("it is JSON");
    let group =
        groups["SecurityGroups"].as_array_mut().expect("a list").iter_mut().find(|it| it["GroupName"] == "news-rows");
    let inbound = group.and_then(|group| group["IpPermissions"].as_array_mut()).expect("the database has a group");
    inbound.push(json!({
        "IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": "sg-02e8d1f7a63b95c04"}]
    }));
    std::fs::write(&path, groups.to_string()).expect("it can be written");
    let run = app.rehearse("postgres");
    assert_eq!(run.exit, Some(0), "{}", run.printed());
    assert_eq!(run.ended("roll back"), "proved", "{}", run.printed());
}

fn nothing_more(_: &Run) {}
