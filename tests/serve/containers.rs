//! With real containers: what was pushed is pulled and run, and nothing is left of it.

use super::{Served, told};

/// The images that were pushed are the user's and stay; they are removed here.
pub(super) struct Tag(pub(super) String);

impl Drop for Tag {
    fn drop(&mut self) {
        drop(docker(&["image", "rm", "--force", &self.0]));
        // What was pushed keeps its digest in the repository, where the image has other tags or the tag another image.
        let (repository, _) = self.0.rsplit_once(':').unwrap_or((&self.0, ""));
        let left = docker(&["image", "ls", "--digests", "--format", "{{.Repository}}@{{.Digest}}", repository]).stdout;
        for digest in String::from_utf8_lossy(&left).lines().filter(|name| name.contains("@sha256:")) {
            drop(docker(&["image", "rm", "--force", digest]));
        }
    }
}

fn docker(arguments: &[&str]) -> std::process::Output {
    std::process::Command::new("docker").args(arguments).output().expect("the Docker client can be run")
}

/// `docker login`, `push`, and a one-off task of the image, whose output is in CloudWatch Logs.
#[test]
fn a_pushed_image_is_run_as_a_task() {
    let served = Served::start(&[]);
    let repository = served.aws(&["ecr", "create-repository", "--repository-name", "app"]);
    let uri = repository["repository"]["repositoryUri"].as_str().expect("a repository has a URI").to_owned();
    let tag = Tag(format!("{uri}:1"));

    let config = tempfile::tempdir().expect("the machine has room");
    let as_client = |arguments: &[&str]| {
        let mut command = served.client("docker");
        command.env("DOCKER_CONFIG", config.path()).args(arguments).output().expect("the Docker client can be run")
    };
    assert!(docker(&["tag", "python:3.11-slim", &tag.0]).status.success());
    let refused = as_client(&["push", &tag.0]);
    assert!(!refused.status.success() && told(&refused).contains("no basic auth credentials"), "{}", told(&refused));
    let token = served.aws(&["ecr", "get-authorization-token", "--query", "authorizationData[0].authorizationToken"]);
    let auths = serde_json::json!({"auths": {served.said("registry"): {"auth": token}}});
    std::fs::write(config.path().join("config.json"), auths.to_string()).expect("there is room");
    let pushed = as_client(&["push", &tag.0]);
    assert!(pushed.status.success(), "{}", told(&pushed));
    let absent = Tag(format!("{}/absent:1", served.said("registry")));
    assert!(docker(&["tag", "python:3.11-slim", &absent.0]).status.success());
    let refused = as_client(&["push", &absent.0]);
    assert!(told(&refused).contains("does not exist in the registry with id"), "{}", told(&refused));

    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let role = served.aws(&["iam", "create-role", "--role-name", "exec", "--assume-role-policy-document", trust]);
    let execution = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
    served.aws(&["iam", "attach-role-policy", "--role-name", "exec", "--policy-arn", execution]);
    served.aws(&["logs", "create-log-group", "--log-group-name", "/ecs/app"]);
    served.aws(&["ecs", "create-cluster", "--cluster-name", "news"]);
    let definition = serde_json::json!({
        "family": "app", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
        "executionRoleArn": role["Role"]["Arn"],
        "containerDefinitions": [{
            "name": "app", "image": tag.0, "essential": true, "command": ["echo", "it runs"],
            "logConfiguration": {"logDriver": "awslogs", "options":
                {"awslogs-group": "/ecs/app", "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "app"}},
        }],
    });
    served.aws(&["ecs", "register-task-definition", "--cli-input-json", &definition.to_string()]);
    let subnet = served.aws(&["ec2", "describe-subnets", "--query", "Subnets[0].SubnetId"]);
    let network = format!("awsvpcConfiguration={{subnets=[{}]}}", subnet.as_str().expect("there are default subnets"));
    let run = ["ecs", "run-task", "--cluster", "news", "--task-definition", "app", "--launch-type", "FARGATE"];
    let run = served.aws(&[run.as_slice(), &["--network-configuration", &network]].concat());
    let task = run["tasks"][0]["taskArn"].as_str().expect("a task was started").to_owned();
    served.aws(&["ecs", "wait", "tasks-stopped", "--cluster", "news", "--tasks", &task]);
    let stopped = served.aws(&["ecs", "describe-tasks", "--cluster", "news", "--tasks", &task]);
    assert_eq!(stopped["tasks"][0]["containers"][0]["exitCode"], 0, "{stopped:#}");
    let lines =
        served.aws(&["logs", "filter-log-events", "--log-group-name", "/ecs/app", "--query", "events[].message"]);
    assert_eq!(lines, serde_json::json!(["it runs"]));

    let pid = served.process.id();
    served.kill();
    // The watcher outlives it by as long as the removal takes.
    let owned =
        || docker(&["network", "ls", "--quiet", "--filter", &format!("label=greenroom.owner={pid}@{}", boot())]);
    let began = std::time::Instant::now();
    while !owned().stdout.is_empty() {
        assert!(began.elapsed().as_secs() < 60, "{}", told(&owned()));
        std::thread::yield_now();
    }
}

/// The machine's boot id, which is in the labels of what a process owns.
pub(super) fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("Linux says it").trim().to_owned()
}
