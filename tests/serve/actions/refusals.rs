//! Deploys that are refused, and what the actions say of it.

use super::super::containers::Tag;
use super::{CREDENTIALS, DEPLOY, LOGIN, RENDER, Repository, are_here};

const ACCOUNT: &str = "arn:aws:ecs:eu-central-1:123456789012";

impl Repository {
    /// An account in virtual time, and an image that runs there.
    fn virtual_account() -> Self {
        let mut repository = Self::set_up(&["--engine", "virtual", "--hold-polls"]);
        repository.set("IMAGE", "example.com/news:1");
        repository
    }

    /// Does `command` to an inline policy of the deploy role's.
    fn policy(&self, command: &str, name: &str, more: &[&str]) -> String {
        let policy = ["iam", command, "--role-name", "news-deploy", "--policy-name", name];
        self.served.aws(&[&policy, more].concat()).to_string()
    }
}

/// Without an action that the deploy role is allowed, the step that needs it fails in AWS's words, and no step before it. The one not here is
/// `ecs:DescribeTasks`: the action's waiter asks on for half an hour.
#[test]
fn if_they_are_here_the_actions_fail_where_the_role_lacks_a_permission() {
    if !are_here(&[CREDENTIALS, LOGIN, RENDER, DEPLOY]) {
        return;
    }
    let mut repository = Repository::virtual_account();
    let family = format!("{ACCOUNT}:task-definition/news:*");
    for (policy, left, step, action, resource) in [
        ("login", "ecr:DescribeRegistry", "registry", "ecr:GetAuthorizationToken", "*".to_owned()),
        ("register", "ecs:ListTasks", "deploy", "ecs:RegisterTaskDefinition", family),
        ("pass", "iam:GetRole", "deploy", "iam:PassRole", "arn:aws:iam::123456789012:role/news-execution".to_owned()),
        ("migrate", "ecs:StopTask", "deploy", "ecs:RunTask", format!("{ACCOUNT}:task-definition/news:2")),
        ("deploy", "ecs:UpdateService", "deploy", "ecs:DescribeServices", format!("{ACCOUNT}:service/news/api")),
        ("deploy", "ecs:DescribeServices", "deploy", "ecs:UpdateService", format!("{ACCOUNT}:service/news/api")),
    ] {
        repository.set("MIGRATE", if policy == "migrate" { "true" } else { "false" });
        let whole = repository.policy("get-role-policy", policy, &["--query", "PolicyDocument"]);
        let narrow = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{left}","Resource":"*"}}]}}"#
        );
        repository.policy("put-role-policy", policy, &["--policy-document", &narrow]);
        let session = "arn:aws:sts::123456789012:assumed-role/news-deploy/GitHubActions";
        let denied = format!(
            "User: {session} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
        );
        repository.run("release.yaml", &[]).failed_at(step, &denied);
        repository.policy("put-role-policy", policy, &["--policy-document", &whole]);
    }
    repository.run("release.yaml", &[]).succeeded();

    repository.set("TAG", "1");
    repository.policy("delete-role-policy", "push", &[]);
    let _image = Tag(format!("{}/news:1", repository.served.said("registry")));
    let run = repository.run("deploy.yaml", &[]);
    assert_eq!(
        (&run.step("image")["outcome"], &run.step("definition")["outcome"]),
        (&"failure".into(), &"skipped".into())
    );
    assert!(run.printed.contains("is not authorized to perform: ecr:InitiateLayerUpload"), "{}", run.printed);
}

/// What a deploy may ask for that is wrong, or that is not simulated.
#[test]
fn if_they_are_here_the_actions_fail_where_the_deploy_cannot_be() {
    if !are_here(&[CREDENTIALS, LOGIN, RENDER, DEPLOY]) {
        return;
    }
    let mut repository = Repository::virtual_account();
    repository.set("SERVICE", "other");
    repository.run("release.yaml", &[]).failed_at("deploy", &format!("{ACCOUNT}:service/news/other is MISSING"));

    let vpc = repository.served.aws(&["ec2", "describe-vpcs", "--query", "Vpcs[0].VpcId"]);
    let group = [
        "elbv2",
        "create-target-group",
        "--name",
        "news",
        "--protocol",
        "HTTP",
        "--port",
        "8000",
        "--target-type",
        "ip",
    ];
    let group = [&group, ["--query", "TargetGroups[0].TargetGroupArn", "--vpc-id", text(&vpc)].as_slice()].concat();
    let group = repository.served.aws(&group);
    let subnets = text(&repository.variables["SUBNETS"]).to_owned();
    let balancer =
        ["elbv2", "create-load-balancer", "--name", "news", "--query", "LoadBalancers[0].LoadBalancerArn", "--subnets"];
    let balancer = repository.served.aws(&[balancer.as_slice(), &subnets.split(',').collect::<Vec<_>>()].concat());
    let forward = format!("Type=forward,TargetGroupArn={}", text(&group));
    let listener = ["elbv2", "create-listener", "--protocol", "HTTP", "--port", "80", "--default-actions", &forward];
    repository.served.aws(&[&listener, ["--load-balancer-arn", text(&balancer)].as_slice()].concat());
    let network = format!("awsvpcConfiguration={{subnets=[{subnets}]}}");
    let balancers = format!("targetGroupArn={},containerName=app,containerPort=8000", text(&group));
    repository.served.aws(&[
        "ecs",
        "create-service",
        "--cluster",
        "news",
        "--service-name",
        "blue-green",
        "--task-definition",
        "news:1",
        "--desired-count",
        "0",
        "--launch-type",
        "FARGATE",
        "--network-configuration",
        &network,
        "--load-balancers",
        &balancers,
        "--deployment-controller",
        "type=CODE_DEPLOY",
    ]);
    repository.set("SERVICE", "blue-green");
    repository.run("release.yaml", &[]).failed_at("deploy", "greenroom does not simulate the operation codedeploy:GetDeploymentGroup; it does simulate ECS's own blue/green, linear and canary deployments");

    repository.set("SERVICE", "api");
    repository.served.aws(&["ecs", "delete-service", "--cluster", "news", "--service", "api"]);
    repository.run("release.yaml", &[]).failed_at("deploy", "Service is INACTIVE");

    let definition =
        std::fs::read_to_string(repository.tree.path().join("task-definition.json")).expect("it was copied");
    repository.write("task-definition.json", &definition.replace("\"512\"", "\"8192\""));
    let fargate = "No Fargate configuration exists for given values: 256 CPU, 8192 memory. See the Amazon ECS documentation for the valid values.";
    repository.run("release.yaml", &[]).failed_at("deploy", fargate);

    repository.set("REGISTRY_TYPE", "public");
    repository
        .run("release.yaml", &[])
        .failed_at("registry", "greenroom does not simulate the operation ecr-public:GetAuthorizationToken");
}

fn text(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_default()
}
