//! Whole deploys with real images and containers.

use serde_json::{Value, json};

use super::super::containers::Tag;
use super::{CREDENTIALS, DEPLOY, LOGIN, RENDER, Repository, Run, are_here};

impl Repository {
    /// Releases `tag`. The image goes when the account does.
    fn release(&mut self, tag: &str) -> (Run, Tag) {
        self.set("TAG", tag);
        let image = Tag(format!("{}/news:{tag}", self.served.said("registry")));
        (self.run("deploy.yaml", &[]), image)
    }

    fn service(&self) -> Value {
        self.served.aws(&[
            "ecs",
            "describe-services",
            "--cluster",
            "news",
            "--services",
            "api",
            "--query",
            "services[0]",
        ])
    }

    /// What the tasks that run have of the environment variable `RELEASE`.
    fn running(&self) -> Vec<String> {
        let tasks = self.served.aws(&["ecs", "list-tasks", "--cluster", "news", "--service-name", "api"]);
        let tasks = tasks["taskArns"].as_array().cloned().unwrap_or_default();
        let ids: Vec<&str> = tasks.iter().filter_map(Value::as_str).collect();
        let asked = ["ecs", "describe-tasks", "--cluster", "news", "--query", "tasks[].taskDefinitionArn", "--tasks"];
        let definitions = self.served.aws(&[&asked, ids.as_slice()].concat());
        let release = |definition: &Value| {
            let query = "taskDefinition.containerDefinitions[0].environment[?name=='RELEASE'].value|[0]";
            let definition = definition.as_str().expect("an ARN is a text");
            let asked = ["ecs", "describe-task-definition", "--task-definition", definition, "--query", query];
            self.served.aws(&asked).as_str().expect("the workflow has rendered it").to_owned()
        };
        definitions.as_array().into_iter().flatten().map(release).collect()
    }
}

/// OIDC, login, build and push, a migration as a one-off task, and the new revision runs. Then a migration that fails, on which nothing is
/// deployed; containers that fail, which the circuit breaker rolls back; and a tag that is there already. What an action says of it is its own.
#[test]
fn if_they_are_here_the_four_actions_deploy_and_say_why_they_do_not() {
    if !are_here(&[CREDENTIALS, LOGIN, RENDER, DEPLOY]) {
        return;
    }
    let mut repository = Repository::set_up(&["--hold-polls"]);
    repository.set("MIGRATE", "true");
    let registry = repository.served.said("registry").to_owned();

    let (run, _first) = repository.release("1");
    run.succeeded();
    assert_eq!(run.output("registry", "registry"), registry);
    assert_eq!(repository.running(), ["1"]);
    let service = repository.service();
    let deployed = service["taskDefinition"].as_str().expect("a service has a task definition");
    assert!(deployed.ends_with(":task-definition/news:2"), "{deployed}");
    assert!(run.output("deploy", "task-definition-arn").ends_with(":task-definition/news:2"), "{}", run.printed);
    let said = repository.served.aws(&[
        "logs",
        "filter-log-events",
        "--log-group-name",
        "/ecs/news",
        "--query",
        "events[].message",
    ]);
    assert_eq!(said, json!(["migrated", "the app runs"]));
    tidied_up(&run);

    repository.write("migrate.py", "raise SystemExit('no such table')");
    let (run, _second) = repository.release("2");
    run.failed_at("deploy", "Run task failed: [null]");
    assert_eq!(
        (repository.running(), &repository.service()["taskDefinition"]),
        (vec!["1".to_owned()], &json!(deployed))
    );

    repository.write("migrate.py", "print('migrated')");
    repository.write("app.py", "raise SystemExit('DATABASE_URL is not set')");
    let (run, _third) = repository.release("3");
    let service = repository.service();
    let events = service["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    let told = |event: &Value| event["message"].as_str().unwrap_or_default().to_owned();
    let failed = events.iter().map(told).find(|message| message.ends_with("deployment failed: tasks failed to start."));
    let failed = failed.unwrap_or_else(|| panic!("{service:#}"));
    let id = failed.split([' ', ')']).find(|word| word.starts_with("ecs-svc/")).expect("the deployment's id is named");
    run.failed_at(
        "deploy",
        &format!("Deployment {id} not found after stabilization. The deployment was likely rolled back by the deployment circuit breaker."),
    );
    assert_eq!((repository.running(), &service["taskDefinition"]), (vec!["1".to_owned()], &json!(deployed)));

    repository.write("app.py", "raise SystemExit('another image of the same tag')");
    let (run, _again) = repository.release("1");
    assert_eq!((&run.step("image")["outcome"], &run.step("deploy")["outcome"]), (&json!("failure"), &json!("skipped")));
    assert!(
        run.printed.contains("tag invalid: The image tag '1' already exists in the 'news' repository"),
        "{}",
        run.printed
    );
    tidied_up(&run);
    // Before the images: what runs holds them.
    repository.served.end();
}

/// Asserts that nothing is left of the credentials once the job has ended, and that its log never had them.
fn tidied_up(run: &Run) {
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        assert_eq!(run.record["env"][name], "", "{name}: {}", run.printed);
    }
    assert!(run.printed.contains("Logging out of registry"), "{}", run.printed);
    assert!(!run.printed.contains("ASIA") && !run.printed.contains("eyJ"), "{}", run.printed);
    assert_eq!(run.output("credentials", "aws-account-id"), "***");
}
