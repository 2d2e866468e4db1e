//! ExecuteCommand: what can be entered, and what AWS says of the rest.

use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::ecs::{CreateService, ExecuteCommand, LaunchType, RunTask};
use simulator_core::effect::TaskId;
use simulator_core::{Refusal, Timing};

use crate::virtual_time::{Account, CLUSTER, Deploy, container, until_running};

/// What the agent beside a container calls.
const CHANNELS: [&str; 4] = [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
];

fn account() -> Account {
    let mut account = Account::new(Timing::aws());
    account.allow_execution(&["logs:*", "ecr:*", "ssmmessages:*"]);
    account
}

/// A task of `containers` that runs, its role being the execution role, entered with `enableExecuteCommand` or not.
fn task(account: &mut Account, containers: Vec<ContainerDefinition>, enabled: bool) -> TaskId {
    let definition = account.register(containers);
    let mut run = RunTask {
        cluster: Some(CLUSTER.to_owned()),
        task_definition: definition.name().to_string(),
        launch_type: Some(LaunchType::Fargate),
        network: Some(account.network.clone()),
        execute_command: enabled,
        ..RunTask::default()
    };
    if enabled {
        let refusal = account.call(run.clone()).expect_err("there is no task role").to_string();
        assert!(refusal.contains("because a valid taskRoleArn is not being used"), "{refusal}");
    }
    run.overrides.task_role = Some("arn:aws:iam::123456789012:role/execution".to_owned());
    let task = account.must(run).remove(0);
    until_running(account, &task);
    task
}

fn asked(task: &TaskId) -> ExecuteCommand {
    ExecuteCommand {
        cluster: Some(CLUSTER.to_owned()),
        task: task.to_string(),
        container: None,
        command: "sh -l".to_owned(),
        interactive: true,
        enterable: true,
    }
}

fn refused(account: &mut Account, asked: ExecuteCommand) -> String {
    account.call(asked).expect_err("this is refused").to_string()
}

#[test]
fn what_cannot_be_entered_is_refused_in_the_services_words() {
    let mut account = account();
    let closed = task(&mut account, vec![container("app", "app:1")], false);
    let pair = vec![container("app", "app:1"), ContainerDefinition::new("db", "db:1")];
    let pair = task(&mut account, pair, true);
    let sealed =
        task(&mut account, vec![ContainerDefinition { read_only_root: true, ..container("app", "app:1") }], true);
    let stopped = task(&mut account, vec![container("app", "app:1")], true);
    account.stop(&stopped);

    let (not_enabled, in_db) = ("execute command was not enabled when the task was run", Some("db".to_owned()));
    for (case, asked, expected) in [
        ("not interactive", ExecuteCommand { interactive: false, ..asked(&pair) }, "Interactive is the only mode"),
        (
            "no such task",
            ExecuteCommand { task: "gone".to_owned(), ..asked(&pair) },
            "The referenced task was not found.",
        ),
        (
            "another cluster",
            ExecuteCommand { cluster: Some("x".to_owned()), ..asked(&pair) },
            "ClusterNotFoundException",
        ),
        ("not enabled", asked(&closed), not_enabled),
        ("a stopped task", asked(&stopped), not_enabled),
        ("a root nobody can write to", asked(&sealed), not_enabled),
        ("which container", asked(&pair), "A container name must be specified"),
        (
            "no such container",
            ExecuteCommand { container: Some("x".to_owned()), ..asked(&pair) },
            "was not found in the task",
        ),
    ] {
        let refusal = refused(&mut account, asked);
        assert!(refusal.contains(expected), "{case}: {refusal}");
    }
    let execution = account.must(ExecuteCommand { container: in_db, ..asked(&pair) });
    assert_eq!((execution.container.as_str(), execution.command.as_str()), ("db", "sh -l"));
    assert!(execution.container_arn.contains(&format!("container/{CLUSTER}/{pair}/")), "{execution:?}");

    let create = account.creation(&Deploy::default());
    let refusal = account.call(CreateService { execute_command: true, ..create }).expect_err("nor here").to_string();
    assert!(refusal.contains("The service couldn't be created because a valid taskRoleArn"), "{refusal}");
}

/// Each of the four actions is needed; with the role gone nothing is left of them.
#[test]
fn the_agent_is_reached_only_as_its_role_allows() {
    let mut account = account();
    let task = task(&mut account, vec![container("app", "app:1")], true);
    for missing in CHANNELS {
        let others: Vec<&str> = CHANNELS.into_iter().filter(|channel| *channel != missing).collect();
        account.allow_execution(&others);
        let refusal = refused(&mut account, asked(&task));
        assert!(refusal.starts_with("TargetNotConnectedException: The execute command failed"), "{missing}: {refusal}");
    }
    account.allow_execution(&CHANNELS);
    account.must(asked(&task));
}

#[test]
fn nobody_enters_a_container_that_a_script_plays() {
    let mut account = account();
    let task = task(&mut account, vec![container("app", "app:1")], true);
    let refusal = account.call(ExecuteCommand { enterable: false, ..asked(&task) }).expect_err("a script has no shell");
    let Refusal::NotSimulated { what } = refusal else { panic!("{refusal}") };
    assert!(what.contains("`--engine docker`"), "{what}");
}

#[test]
fn the_agents_state_is_that_of_its_container() {
    let mut account = account();
    let open = task(&mut account, vec![container("app", "app:1")], true);
    let closed = task(&mut account, vec![container("app", "app:1")], false);
    let sealed =
        task(&mut account, vec![ContainerDefinition { read_only_root: true, ..container("app", "app:1") }], true);
    let agent = |account: &Account, id: &TaskId| account.task(id).managed_agent(0).map(|agent| agent.status);
    assert_eq!(agent(&account, &open), Some("RUNNING"));
    assert_eq!(
        account.task(&open).managed_agent(0).and_then(|agent| agent.started_at),
        account.task(&open).containers[0].started_at
    );
    assert_eq!(agent(&account, &closed), None);
    assert_eq!(agent(&account, &sealed), Some("STOPPED"));
}
