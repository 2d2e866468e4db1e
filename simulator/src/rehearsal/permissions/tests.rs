use std::time::Duration;

use simulator_core::ecr::{BatchCheckLayerAvailability, GetAuthorizationToken, InitiateLayerUpload};
use simulator_core::iam::CreateUser;
use simulator_core::logs::DescribeLogGroups;
use simulator_core::{AccountId, Arn, Caller, Principal, Region, Setup, Timestamp, Timing, World};

use super::*;

/// What a deploy asks for that logs in and looks at one repository, twice.
fn asked() -> Vec<Asked> {
    let account: AccountId = "123456789012".parse().expect("twelve digits");
    let region = Region::new("eu-central-1");
    let now = Timestamp::from_millis(1_000);
    let setup = Setup { account: account.clone(), region, seed: 1, timing: Timing::rehearsal(), now };
    let mut world = World::new(setup);
    let root = world.root();
    let user = CreateUser { name: "deploy".to_owned(), ..CreateUser::default() };
    world.call(now, &root, user).expect("root may");
    world.keep_asked();
    let deploy = Caller {
        arn: Arn::global("iam", &account, "user/deploy"),
        account,
        principal: Principal::User { name: "deploy".to_owned() },
        access_key: None,
    };
    for _ in 0..2 {
        // What it is refused is asked for as well.
        let look = BatchCheckLayerAvailability { repository: "news".to_owned(), digests: Vec::new() };
        world.call(now, &deploy, GetAuthorizationToken {}).expect_err("it has no policy");
        world.call(now, &deploy, look).expect_err("it has no policy");
        world.call(now, &deploy, InitiateLayerUpload { repository: "news".to_owned() }).expect_err("it has no policy");
    }
    world.call(now, &root, DescribeLogGroups::default()).expect("root may");
    world.asked().to_vec()
}

fn outcomes(ended: Stage) -> Vec<Outcome> {
    let ending = |stage: Stage| {
        if stage <= ended {
            Ending::Proved { evidence: String::new() }
        } else {
            Ending::NotShown { reason: String::new() }
        }
    };
    let all = Stage::ALL.into_iter();
    all.map(|stage| Outcome { stage, ending: ending(stage), warnings: Vec::new(), took: Duration::ZERO }).collect()
}

fn judge(statements: &str, ended: Stage) -> Permissions {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    let policy = Policy::read(Source { name: "deploy.json".to_owned(), text }).expect("a policy");
    let worker = OtherService {
        name: "worker".to_owned(),
        desired_count: 1,
        family: "news-worker".to_owned(),
        repository: "worker".to_owned(),
    };
    Permissions::judge(&[policy], &asked(), &outcomes(ended), &[worker]).expect("there is something to judge")
}

const LOGIN: &str = r#"{"Sid": "Login", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}"#;
const PUSH: &str = r#"{"Sid": "Push", "Effect": "Allow", "Action": ["ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload"],
    "Resource": "arn:aws:ecr:eu-central-1:123456789012:repository/news"}"#;

/// Statements, how far the rehearsal came, how many are used, and the codes and parts of the findings and of what is not shown.
type Case<'a> = (&'a str, Stage, usize, &'a [&'a str], &'a [&'a str]);

#[test]
fn each_statement_is_used_unused_or_not_shown() {
    let exact = format!("{LOGIN}, {PUSH}");
    let bucket = r#"{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}"#;
    let logs = r#"{"Sid": "Logs", "Effect": "Allow", "Action": ["logs:GetLogEvents"], "Resource": "*"}"#;
    let guard = r#"{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}"#;
    let again = format!("{exact}, {}", LOGIN.replace("Login", "Again"));
    let wide = r#"{"Sid": "All", "Effect": "Allow", "Action": "ecr:*", "Resource": "*"}"#;
    let images = r#"{"Sid": "Images", "Effect": "Allow", "Action": ["ecr:Batch*", "ecr:Initiate*"], "Resource": "*"}"#;
    let frozen =
        format!(r#"{exact}, {{"Sid": "Frozen", "Effect": "Deny", "Action": "ecr:Initiate*", "Resource": "*"}}"#);
    let of_worker = r#"{"Sid": "Worker", "Effect": "Allow", "Action": ["ecr:PutImage", "ecs:RegisterTaskDefinition"], "Resource": [
        "arn:aws:ecr:eu-central-1:123456789012:repository/worker",
        "arn:aws:ecs:eu-central-1:123456789012:task-definition/news-worker:*"]}"#;
    let of_stranger = of_worker.replace("repository/worker", "repository/workers");
    let cases: [Case<'_>; 12] = [
        (
            &format!("{exact}, {of_worker}"),
            Stage::RollBack,
            2,
            &[],
            &["not shown: statement `Worker` of `deploy.json`: it is for service `worker`, which is not deployed here"],
        ),
        (&format!("{exact}, {of_stranger}"), Stage::RollBack, 2, &["A-03"], &["statement `Worker`"]),
        (&exact, Stage::RollBack, 2, &[], &["every statement used (2), every call allowed (3 different ones)"]),
        (
            &format!("{exact}, {bucket}"),
            Stage::RollBack,
            2,
            &["A-03"],
            &[
                "nothing in the whole deploy used statement 3 of `deploy.json`",
                "\"Action\": \"s3:PutObject\"",
                "2 of 3 statements used, 1 in vain",
            ],
        ),
        (
            &format!("{exact}, {bucket}"),
            Stage::Push,
            2,
            &[],
            &["not shown: statement 3 of `deploy.json`: the stage `baseline` was not gone through"],
        ),
        (
            &format!("{exact}, {logs}"),
            Stage::RollBack,
            2,
            &[],
            &["not shown: statement `Logs` of `deploy.json`: no task had to be looked into"],
        ),
        (&format!("{exact}, {guard}"), Stage::RollBack, 2, &[], &["every statement used (2)"]),
        (&again, Stage::RollBack, 2, &["A-03"], &["statement `Again`"]),
        (
            LOGIN,
            Stage::RollBack,
            1,
            &["A-01", "A-01"],
            &[
                "does not allow ecr:BatchCheckLayerAvailability on arn:aws:ecr:eu-central-1:123456789012:repository/news",
                "add this statement to `deploy.json`:",
                "\"Resource\": \"arn:aws:ecr:eu-central-1:123456789012:repository/news\"",
                "2 of 3 different calls not allowed",
            ],
        ),
        (wide, Stage::RollBack, 1, &["A-04"], &["allows `ecr:*`, of which the deploy asks for 3 actions"]),
        (
            &format!("{LOGIN}, {images}"),
            Stage::RollBack,
            2,
            &["A-04"],
            &["write instead:", "\"ecr:InitiateLayerUpload\"", "arn:aws:ecr:eu-central-1:123456789012:repository/news"],
        ),
        (
            &frozen,
            Stage::RollBack,
            2,
            &["A-01"],
            &["statement `Frozen` of `deploy.json` denies ecr:InitiateLayerUpload"],
        ),
    ];
    for (statements, ended, used, codes, parts) in cases {
        let judged = judge(statements, ended);
        assert_eq!(judged.used, used, "{statements}: {judged:#?}");
        let found: Vec<&str> = judged.findings.iter().map(|finding| finding.code.text()).collect();
        assert_eq!(found, codes, "{statements}: {judged:#?}");
        let said: Vec<String> = judged.findings.iter().map(Finding::to_string).chain(judged.lines()).collect();
        let said = said.join("\n");
        for part in parts {
            assert!(said.contains(part), "`{part}` is not in\n{said}");
        }
    }
}

#[test]
fn a_statement_is_shown_where_it_stands() {
    let judged = judge(&format!("{LOGIN},\n{PUSH},\n{}", LOGIN.replace("Login", "Again")), Stage::RollBack);
    let place = judged.findings[0].place.as_ref().map(ToString::to_string);
    assert_eq!(place.as_deref(), Some("deploy.json:4:9"));
}

#[test]
fn resources_are_named_as_the_next_deploy_finds_them() {
    for (resource, lasts) in [
        ("arn:aws:ecs:eu-central-1:1:task-definition/news:42", "arn:aws:ecs:eu-central-1:1:task-definition/news:*"),
        ("arn:aws:ecs:eu-central-1:1:task/news/0123", "arn:aws:ecs:eu-central-1:1:task/news/*"),
        ("arn:aws:ecs:eu-central-1:1:service/news/api", "arn:aws:ecs:eu-central-1:1:service/news/api"),
        ("*", "*"),
    ] {
        assert_eq!(lasting(resource), lasts);
    }
}

#[test]
fn what_is_no_policy_is_said() {
    for text in ["{", "7", r#"{"Statement": 7}"#] {
        let error = Policy::read(Source { name: "deploy.json".to_owned(), text: text.to_owned() });
        let error = error.expect_err("it is none").to_string();
        assert!(error.starts_with("deploy.json: could not parse it: "), "{error}");
    }
}
