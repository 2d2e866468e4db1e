//! RegisterTaskDefinition.

use std::time::Duration;

use simulator_core::ecs::definition::{
    Condition, ContainerDefinition, Dependency, HealthCheck, MountPoint, RestartPolicy, Secret, VolumeFrom,
};
use simulator_core::ecs::{LaunchType, RegisterTaskDefinition};
use simulator_core::{Refusal, Timing};

use crate::virtual_time::{Account, container, health_check, secs};

/// A change to a task definition that is right.
type Change = fn(&mut RegisterTaskDefinition);

/// A task of two containers on Fargate, which is taken as it is.
fn right() -> RegisterTaskDefinition {
    let init = ContainerDefinition { essential: false, port_mappings: Vec::new(), ..container("init", "init:1") };
    let on_init = Dependency { container: "init".to_owned(), condition: Condition::Success };
    let app = ContainerDefinition {
        depends_on: vec![on_init],
        health_check: Some(health_check()),
        ..container("app", "app:1")
    };
    RegisterTaskDefinition {
        family: "news-api".to_owned(),
        execution_role: Some("execution".to_owned()),
        network_mode: Some("awsvpc".to_owned()),
        requires: vec![LaunchType::Fargate],
        cpu: Some("256".to_owned()),
        memory: Some("512".to_owned()),
        containers: vec![app, init],
        volumes: vec!["data".to_owned()],
        ..RegisterTaskDefinition::default()
    }
}

fn register(change: Change) -> Result<(), Refusal> {
    let mut asked = right();
    change(&mut asked);
    Account::new(Timing::aws()).call(asked).map(drop)
}

fn check(rows: &[(Change, &str)]) {
    for (place, (change, message)) in rows.iter().enumerate() {
        let expected = Err(Refusal::fault("ClientException", *message));
        assert_eq!(register(*change), expected, "row {place}: {message}");
    }
}

fn app(asked: &mut RegisterTaskDefinition) -> &mut ContainerDefinition {
    &mut asked.containers[0]
}

fn depend(asked: &mut RegisterTaskDefinition, from: usize, on: &str, condition: Condition) {
    asked.containers[from].depends_on = vec![Dependency { container: on.to_owned(), condition }];
}

fn on_ec2(asked: &mut RegisterTaskDefinition, mode: &str) {
    asked.requires.clear();
    asked.network_mode = Some(mode.to_owned());
    asked.containers[0].port_mappings[0].host_port = Some(80);
}

fn health(asked: &mut RegisterTaskDefinition) -> &mut HealthCheck {
    app(asked).health_check.as_mut().expect("it has a check")
}

fn without_log(asked: &mut RegisterTaskDefinition, option: &str) {
    app(asked).log.as_mut().expect("it writes logs").options.remove(option);
}

fn without_role(asked: &mut RegisterTaskDefinition) {
    asked.execution_role = None;
    for container in &mut asked.containers {
        container.log = None;
    }
}

fn policy(codes: usize, period: u64) -> Option<RestartPolicy> {
    Some(RestartPolicy { ignored_exit_codes: vec![1; codes], attempt_period: secs(period) })
}

fn mount(asked: &mut RegisterTaskDefinition, volume: &str, path: &str) {
    app(asked).mount_points.push(MountPoint { volume: volume.to_owned(), path: path.to_owned(), read_only: false });
}

fn secret() -> Vec<Secret> {
    vec![Secret { name: "URL".to_owned(), value_from: "/news/url".to_owned() }]
}

#[test]
fn tasks_that_are_refused() {
    check(&[
        (|asked| asked.family.clear(), "Family contains invalid characters."),
        (|asked| asked.family = "news api".to_owned(), "Family contains invalid characters."),
        (|asked| asked.containers.clear(), "Container list cannot be empty."),
        (
            |asked| app(asked).essential = false,
            "At least one container in the task definition must be marked as essential.",
        ),
        (|asked| asked.tags = [(String::new(), "a".to_owned())].into(), "Tags can not be empty."),
        (|asked| asked.volumes.push("data".to_owned()), "Volume name 'data' is used more than once."),
        (|asked| asked.volumes.push("da ta".to_owned()), "Volume name contains invalid characters."),
        (|asked| asked.network_mode = Some("nat".to_owned()), "Invalid 'networkMode' setting for task."),
        (
            |asked| {
                asked.requires.clear();
                asked.cpu = Some("127".to_owned());
            },
            "Invalid 'cpu' setting for task.",
        ),
    ]);
}

#[test]
fn tasks_that_fargate_refuses() {
    let size = "No Fargate configuration exists for given values: 256 CPU, 777 memory. See the Amazon ECS documentation for the valid \
                values.";
    let role = "Fargate requires task definition to have execution role ARN to support";
    let ecr = format!("{role} ECR images.");
    let logs = format!("{role} log driver awslogs.");
    let range = |what| {
        format!("Tasks using the Fargate launch type must have a container {what} timeout between 2 and 120 seconds.")
    };
    check(&[
        (|asked| asked.network_mode = None, "Fargate only supports network mode ‘awsvpc’."),
        (|asked| asked.network_mode = Some("host".to_owned()), "Fargate only supports network mode ‘awsvpc’."),
        (|asked| asked.cpu = None, "Fargate requires that 'cpu' be defined at the task level."),
        (|asked| asked.memory = None, "Fargate requires that 'memory' be defined at the task level."),
        (|asked| asked.memory = Some("777".to_owned()), size),
        (|asked| asked.cpu = Some("much".to_owned()), "Invalid 'cpu' setting for task."),
        (|asked| asked.memory = Some("much".to_owned()), "Invalid 'memory' setting for task."),
        (
            |asked| asked.pid_mode = Some("host".to_owned()),
            "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'.",
        ),
        (
            |asked| {
                asked.execution_role = None;
                app(asked).image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/news:1".to_owned();
            },
            &ecr,
        ),
        (|asked| asked.execution_role = None, &logs),
        (
            |asked| app(asked).stop_timeout = Some(secs(121)),
            "Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds.",
        ),
        (|asked| app(asked).stop_timeout = Some(secs(1)), &range("stop")),
        (|asked| app(asked).start_timeout = Some(secs(121)), &range("start")),
        (|asked| app(asked).start_timeout = Some(Duration::ZERO), &range("start")),
        (
            |asked| without_log(asked, "awslogs-stream-prefix"),
            "Log driver awslogs requires options: awslogs-stream-prefix",
        ),
    ]);
}

#[test]
fn containers_that_are_refused() {
    let secret_name = "The secret name must be unique and not shared with any new or existing environment variables set on the \
                       container, such as 'URL'.";
    check(&[
        (|asked| app(asked).name.clear(), "Container.name should not be null or empty."),
        (|asked| app(asked).name = "the app".to_owned(), "Container name contains invalid characters."),
        (|asked| app(asked).name = "init".to_owned(), "Container name 'init' is used more than once."),
        (|asked| app(asked).image.clear(), "Container.image should not be null or empty."),
        (
            |asked| {
                asked.requires.clear();
                asked.memory = None;
            },
            "Invalid setting for container 'app'. At least one of 'memory' or 'memoryReservation' must be specified.",
        ),
        (
            |asked| app(asked).port_mappings[0].host_port = Some(80),
            "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        ),
        (
            |asked| on_ec2(asked, "host"),
            "When networkMode=host, the host ports and container ports in port mappings must match.",
        ),
        (|asked| on_ec2(asked, "none"), "When networkMode=none, port mappings are not supported."),
        (
            |asked| {
                without_role(asked);
                app(asked).secrets = secret();
            },
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
        ),
        (
            |asked| {
                app(asked).secrets = secret();
                app(asked).environment = vec![("URL".to_owned(), String::new())];
            },
            secret_name,
        ),
        (|asked| without_log(asked, "awslogs-group"), "Log driver awslogs requires options: awslogs-group"),
        (|asked| without_log(asked, "awslogs-region"), "Log driver awslogs requires options: awslogs-region"),
        (
            |asked| app(asked).environment_files = vec!["arn:aws:s3:::news/a.env".to_owned(); 11],
            "A container can have at most 10 environment files.",
        ),
        (
            |asked| app(asked).environment_files = vec!["s3://news/a.env".to_owned()],
            "Invalid environment file 's3://news/a.env': the value must be the ARN of an S3 object.",
        ),
        (
            |asked| app(asked).environment_files = vec!["arn:aws:s3:::news/a.txt".to_owned()],
            "Invalid environment file 'arn:aws:s3:::news/a.txt': its name must end in .env.",
        ),
        (
            |asked| {
                without_role(asked);
                app(asked).environment_files = vec!["arn:aws:s3:::news/a.env".to_owned()];
            },
            "When you are specifying environment files, you must also specify a value for 'executionRoleArn'.",
        ),
        (|asked| app(asked).restart_policy = policy(51, 60), "A restart policy can ignore at most 50 exit codes."),
        (|asked| app(asked).restart_policy = policy(0, 59), "restartAttemptPeriod 59 is not between 60 and 1800."),
        (|asked| app(asked).restart_policy = policy(0, 1801), "restartAttemptPeriod 1801 is not between 60 and 1800."),
        (|asked| mount(asked, "other", "/srv"), "Unknown volume 'other'."),
        (|asked| mount(asked, "data", "srv"), "Invalid mount point 'srv' of container 'app'."),
        (
            |asked| {
                mount(asked, "data", "/srv");
                mount(asked, "data", "/srv");
            },
            "Invalid mount point '/srv' of container 'app'.",
        ),
    ]);
}

/// Facts 3.8.
#[test]
fn health_checks_that_are_refused() {
    let command = "Health check command must start with CMD or CMD-SHELL, followed by the command.";
    check(&[
        (|asked| health(asked).command.clear(), command),
        (|asked| health(asked).command = vec!["CMD".to_owned()], command),
        (|asked| health(asked).command = vec!["NONE".to_owned(), "true".to_owned()], command),
        (|asked| health(asked).interval = secs(4), "Health check interval 4 is not between 5 and 300."),
        (|asked| health(asked).interval = secs(301), "Health check interval 301 is not between 5 and 300."),
        (|asked| health(asked).timeout = secs(1), "Health check timeout 1 is not between 2 and 60."),
        (|asked| health(asked).timeout = secs(61), "Health check timeout 61 is not between 2 and 60."),
        (|asked| health(asked).retries = 0, "Health check retries 0 is not between 1 and 10."),
        (|asked| health(asked).retries = 11, "Health check retries 11 is not between 1 and 10."),
        (
            |asked| health(asked).start_period = Some(secs(301)),
            "Health check startPeriod 301 is not between 0 and 300.",
        ),
    ]);
}

/// Facts 3.6: what nobody can wait for. Whether a graph goes round is a property of its own.
#[test]
fn dependencies_that_are_refused() {
    let essential = "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container";
    check(&[
        (|asked| asked.containers[1].essential = true, essential),
        (
            |asked| {
                asked.containers[1].essential = true;
                depend(asked, 0, "init", Condition::Complete);
            },
            essential,
        ),
        (
            |asked| depend(asked, 0, "init", Condition::Healthy),
            "A dependency container with HEALTHY condition must have health check configured",
        ),
        (
            |asked| depend(asked, 0, "nobody", Condition::Start),
            "Cannot depend on container + 'nobody' because it does not exist",
        ),
        (
            |asked| depend(asked, 0, "app", Condition::Start),
            "Container 'app' depends on itself, directly or through others.",
        ),
        (
            |asked| app(asked).volumes_from = vec![VolumeFrom { container: "nobody".to_owned(), read_only: false }],
            "Container 'app' mounts volumes of container 'nobody', which does not exist.",
        ),
        (
            |asked| {
                asked.containers[1].volumes_from = vec![VolumeFrom { container: "app".to_owned(), read_only: true }]
            },
            "Container 'app' depends on itself, directly or through others.",
        ),
    ]);
}

/// The ends of every range are within it.
#[test]
fn what_is_just_right_is_taken() {
    let rows: [Change; 12] = [
        |_| {},
        |asked| app(asked).stop_timeout = Some(secs(2)),
        |asked| app(asked).stop_timeout = Some(secs(120)),
        |asked| app(asked).start_timeout = Some(secs(2)),
        |asked| app(asked).start_timeout = Some(secs(120)),
        |asked| app(asked).restart_policy = policy(50, 60),
        |asked| app(asked).restart_policy = policy(0, 1800),
        |asked| *health(asked) = HealthCheck { interval: secs(5), timeout: secs(2), retries: 1, ..health_check() },
        |asked| {
            let start_period = Some(secs(300));
            *health(asked) =
                HealthCheck { interval: secs(300), timeout: secs(60), retries: 10, start_period, ..health_check() };
        },
        |asked| app(asked).environment_files = vec!["arn:aws:s3:::news/a.env".to_owned(); 10],
        |asked| app(asked).port_mappings[0].host_port = Some(8000),
        |asked| {
            without_role(asked);
            app(asked).log = None;
        },
    ];
    for (place, change) in rows.into_iter().enumerate() {
        assert_eq!(register(change), Ok(()), "row {place}");
    }
    for cpu in ["128", "196608", "10 vCPU"] {
        let asked = RegisterTaskDefinition { requires: Vec::new(), cpu: Some(cpu.to_owned()), ..right() };
        assert!(Account::new(Timing::aws()).call(asked).is_ok(), "{cpu} on EC2");
    }
}
