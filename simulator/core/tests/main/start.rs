//! What a task needs before its first container, and what is said when it cannot be had (facts 3.2).

use simulator_core::ecs::definition::{ContainerDefinition, Secret};
use simulator_core::iam;
use simulator_core::secrets::{CreateSecret, Value};
use simulator_core::{Effect, EventKind, Observation, Timing};

use crate::virtual_time::{Account, Behaviour, Image, container, ending, until_over, until_running};

#[test]
fn a_task_that_cannot_start_says_why() {
    let absent = "manifest for app:1 not found: manifest unknown: Requested image not found";
    let denied = "denied: User: x is not authorized to perform: ecr:BatchGetImage";
    for (behaviour, reason, container_reason) in [
        (
            Behaviour { image: Image::Refused(absent.to_owned()), ..Behaviour::healthy() },
            "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref app:1: app:1: not found",
            "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref app:1: app:1: not found",
        ),
        (
            Behaviour { image: Image::Refused(denied.to_owned()), ..Behaviour::healthy() },
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref app:1: \
             denied: User: x is not authorized to perform: ecr:BatchGetImage",
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref app:1: \
             denied: User: x is not authorized to perform: ecr:BatchGetImage",
        ),
        (
            Behaviour { cannot_start: Some("exec: \"serve\": not found".to_owned()), ..Behaviour::healthy() },
            "Task failed to start",
            "CannotStartContainerError: exec: \"serve\": not found",
        ),
    ] {
        let mut account = Account::new(Timing::aws());
        account.driver.script("app:1", behaviour);
        let id = account.run_task(vec![container("app", "app:1")]);
        until_over(&mut account, &id);
        let task = account.task(&id);
        assert_eq!(ending(task), ("TaskFailedToStart", reason));
        assert_eq!(task.containers[0].reason.as_deref(), Some(container_reason));
        assert_eq!((task.started_at, task.containers[0].exit_code), (None, None), "it never ran");
    }
}

/// What is told of a container has at most 1,024 characters.
#[test]
fn a_long_story_is_cut_short() {
    for behaviour in [Behaviour::cannot_start("é".repeat(2000)), Behaviour::refused("é".repeat(2000))] {
        let mut account = Account::new(Timing::aws());
        account.driver.script("app:1", behaviour);
        let id = account.run_task(vec![container("app", "app:1")]);
        until_over(&mut account, &id);
        let reason = account.task(&id).containers[0].reason.clone().expect("it has a reason");
        assert_eq!(reason.chars().count(), 1024);
    }
}

fn with_secret(value_from: &str) -> ContainerDefinition {
    let secret = Secret { name: "URL".to_owned(), value_from: value_from.to_owned() };
    ContainerDefinition { secrets: vec![secret], ..container("app", "app:1") }
}

fn secret(account: &mut Account, name: &str, value: &str) -> String {
    let made = account.must(CreateSecret {
        name: name.to_owned(),
        value: Some(Value::new(value)),
        description: None,
        kms_key: None,
        tags: std::collections::BTreeMap::new(),
        token: None,
        suffix: None,
    });
    made.arn.to_string()
}

#[test]
fn secrets_are_fetched_by_the_execution_role_when_the_task_starts() {
    let mut account = Account::new(Timing::aws());
    let arn = secret(&mut account, "database", r#"{"url":"postgres://x","port":5432}"#);
    for (value_from, value) in [
        (arn.clone(), r#"{"url":"postgres://x","port":5432}"#),
        (format!("{arn}:url::"), "postgres://x"),
        (format!("{arn}:port::"), "5432"),
        (format!("{arn}::AWSCURRENT:"), r#"{"url":"postgres://x","port":5432}"#),
    ] {
        account.driver.wanted.clear();
        let id = account.run_task(vec![with_secret(&value_from)]);
        until_running(&mut account, &id);
        let environments = account.driver.wanted.iter().filter_map(|(_, effect)| {
            if let Effect::StartContainer(spec) = effect { Some(&spec.environment) } else { None }
        });
        let environments: Vec<_> = environments.collect();
        assert_eq!(environments.len(), 1);
        assert_eq!(environments[0].get("URL").map(String::as_str), Some(value), "{value_from}");
        let told = format!("{:?}{:?}", account.world.events(), account.world.ecs().tasks());
        assert!(!told.contains("postgres://x"), "the value is in no event and no debug output");
    }
}

#[test]
fn a_secret_that_cannot_be_had_keeps_the_task_from_starting() {
    let prefix = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: \
                  unable to retrieve secret from asm: service call has been retried 1 time(s): ";
    let absent = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:none-AbCdEf";
    let mut account = Account::new(Timing::aws());
    let arn = secret(&mut account, "database", r#"{"url":"postgres://x"}"#);
    for (value_from, allowed, why) in [
        (
            absent.to_owned(),
            true,
            format!("failed to fetch secret {absent} from secrets manager: ResourceNotFoundException: "),
        ),
        (
            format!("{arn}:user::"),
            true,
            "retrieved secret from Secrets Manager did not contain json key user".to_owned(),
        ),
        (
            arn.clone(),
            false,
            format!(
                "failed to fetch secret {arn} from secrets manager: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/execution/"
            ),
        ),
    ] {
        account.allow_execution(if allowed { &["logs:*", "secretsmanager:*"] } else { &["logs:*"] });
        let id = account.run_task(vec![with_secret(&value_from)]);
        until_over(&mut account, &id);
        let (code, reason) = ending(account.task(&id));
        assert_eq!(code, "TaskFailedToStart");
        assert!(reason.starts_with(&format!("{prefix}{why}")), "{reason}");
        if !allowed {
            let ending = "because no identity-based policy allows the secretsmanager:GetSecretValue action";
            assert!(reason.contains(&id.to_string()) && reason.ends_with(ending), "{reason}");
        }
    }
}

/// What a task is started with, by container; none if no container of it was.
fn environment(account: &Account, container: &str) -> Option<std::collections::BTreeMap<String, String>> {
    account.driver.wanted.iter().rev().find_map(|(_, effect)| {
        if let Effect::StartContainer(spec) = effect {
            (spec.name == container).then(|| spec.environment.clone())
        } else {
            None
        }
    })
}

/// Parameters are named by name or ARN, and read with `ssm:GetParameters`.
#[test]
fn secrets_may_lie_in_the_parameter_store() {
    let mut account = Account::new(Timing::aws());
    account.world.put_parameter("/news/url", iam::Secret::new("postgres://x"));
    let arn = "arn:aws:ssm:eu-central-1:123456789012:parameter/news/url";
    let prefix = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: \
                  unable to retrieve secrets from ssm: service call has been retried 1 time(s): ";
    let denied = "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/execution/";
    for (value_from, allowed, why) in [
        ("/news/url", true, None),
        (arn, true, None),
        ("/news/none", true, Some("invalid ssm parameters: /news/none")),
        ("/news/url", false, Some(denied)),
    ] {
        account.allow_execution(if allowed { &["logs:*", "ssm:GetParameters"] } else { &["logs:*"] });
        let id = account.run_task(vec![with_secret(value_from)]);
        if let Some(why) = why {
            until_over(&mut account, &id);
            let (_, reason) = ending(account.task(&id));
            assert!(reason.starts_with(&format!("{prefix}{why}")), "{reason}");
            assert!(allowed || reason.contains(&format!("ssm:GetParameters on resource: {arn} because")), "{reason}");
        } else {
            until_running(&mut account, &id);
            let environment = environment(&account, "app").expect("it was started");
            assert_eq!(environment.get("URL").map(String::as_str), Some("postgres://x"));
        }
    }
}

const FILES: [(&str, &str); 2] = [
    ("arn:aws:s3:::config/first.env", "A=first\nB=first\nC=first\nSECRET=first\n"),
    ("arn:aws:s3:::config/second.env", "A=second\nD=second\n"),
];

/// Facts 3.10: `environment` (and secrets) win over files, an earlier file over a later one.
#[test]
fn environment_files_give_way_to_everything_else() {
    let mut account = Account::new(Timing::aws());
    account.allow_execution(&["logs:*", "secretsmanager:*", "s3:GetObject", "s3:GetBucketLocation"]);
    for (arn, contents) in FILES {
        account.world.put_object(arn, iam::Secret::new(contents));
    }
    let arn = secret(&mut account, "database", "hidden");
    let app = ContainerDefinition {
        environment: vec![("B".to_owned(), "written".to_owned())],
        secrets: vec![Secret { name: "SECRET".to_owned(), value_from: arn }],
        environment_files: FILES.map(|(arn, _)| arn.to_owned()).into(),
        ..container("app", "app:1")
    };
    let id = account.run_task(vec![app]);
    until_running(&mut account, &id);
    let environment = environment(&account, "app").expect("it was started");
    for (name, value) in [("A", "first"), ("B", "written"), ("C", "first"), ("D", "second"), ("SECRET", "hidden")] {
        assert_eq!(environment.get(name).map(String::as_str), Some(value), "{name}");
    }
    let told = format!("{:?}{:?}", account.world.events(), account.world.ecs().tasks());
    assert!(!told.contains("second\""), "the contents are in no event and no debug output");
}

/// A file that cannot be had keeps the task from starting; that there is none is told only to whoever may list the bucket.
#[test]
fn an_environment_file_that_cannot_be_had_keeps_the_task_from_starting() {
    let read: [&str; 3] = ["logs:*", "s3:GetObject", "s3:GetBucketLocation"];
    for (put, allowed, expected) in [
        (true, vec!["logs:*"], "StatusCode: 403, api error Forbidden: Forbidden"),
        (true, vec!["logs:*", "s3:GetObject"], "StatusCode: 403, api error Forbidden: Forbidden"),
        (false, read.to_vec(), "StatusCode: 403, api error Forbidden: Forbidden"),
        (false, [read.as_slice(), &["s3:ListBucket"]].concat(), "StatusCode: 404, api error NotFound: Not Found"),
    ] {
        let mut account = Account::new(Timing::aws());
        account.allow_execution(&allowed);
        let (arn, contents) = FILES[0];
        if put {
            account.world.put_object(arn, iam::Secret::new(contents));
        }
        let files = vec![arn.to_owned()];
        let id = account.run_task(vec![ContainerDefinition { environment_files: files, ..container("app", "app:1") }]);
        until_over(&mut account, &id);
        let reason = format!(
            "ResourceInitializationError: failed to download env files: service call has been retried 1 time(s): operation error \
             S3: HeadObject, https response error {expected}"
        );
        assert_eq!(ending(account.task(&id)), ("TaskFailedToStart", reason.as_str()), "{allowed:?}");
        assert_eq!(environment(&account, "app"), None);
    }
}

#[test]
fn a_missing_log_group_keeps_the_task_from_starting() {
    let mut account = Account::new(Timing::aws());
    let mut app = container("app", "app:1");
    let log = app.log.as_mut().expect("it writes logs");
    log.options.insert("awslogs-group".to_owned(), "/none".to_owned());
    let id = account.run_task(vec![app.clone()]);
    until_over(&mut account, &id);
    let reason = "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: \
                  failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.";
    assert_eq!(ending(account.task(&id)), ("TaskFailedToStart", reason));

    let log = app.log.as_mut().expect("it writes logs");
    log.options.insert("awslogs-create-group".to_owned(), "true".to_owned());
    let id = account.run_task(vec![app]);
    until_running(&mut account, &id);
    let now = account.world.now();
    let (task, container) = (id, "app".to_owned());
    account.world.observe(now, Observation::Logged { task, container: container.into(), line: "hello".to_owned() });
    let logged = account.world.events().iter().find_map(|event| {
        if let EventKind::Logged { group, stream, line } = &event.kind {
            Some((group.as_str(), stream.clone(), line.as_str()))
        } else {
            None
        }
    });
    assert_eq!(logged, Some(("/none", format!("ecs/app/{id}"), "hello")));
}

#[test]
fn a_registry_token_is_the_execution_roles_own() {
    let image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/news-api:1";
    let mut account = Account::new(Timing::aws());
    let id = account.run_task(vec![container("app", image)]);
    until_running(&mut account, &id);
    let token = account
        .driver
        .wanted
        .iter()
        .find_map(|(_, effect)| if let Effect::PullImage(pull) = effect { pull.token.clone() } else { None });
    let caller = account.world.registry_caller(&token.expect("an ECR image is pulled with a token"));
    let session = format!("arn:aws:sts::123456789012:assumed-role/execution/{id}");
    assert_eq!(caller.map(|caller| caller.arn.to_string()), Ok(session));

    account.allow_execution(&["logs:*"]);
    let id = account.run_task(vec![container("app", image)]);
    until_over(&mut account, &id);
    let (_, reason) = ending(account.task(&id));
    let prefix = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: \
                  unable to retrieve ecr registry auth: service call has been retried 1 time(s): AccessDeniedException: ";
    assert!(reason.starts_with(prefix), "{reason}");
}
