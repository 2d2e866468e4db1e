//! `aws ecs execute-command`: into a real container, through a session of Session Manager.

mod channel;

use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};

use self::channel::{Channel, FLAG, SIZE, TEXT};
use super::{Served, told};

/// An account with a task that can be entered.
struct Entered {
    served: Served,
    task: String,
    container: String,
}

impl Entered {
    fn start() -> Self {
        let served = Served::start(&[]);
        let task = running_task(&served);
        let described = served.aws(&["ecs", "describe-tasks", "--cluster", "news", "--tasks", &task]);
        let container = &described["tasks"][0]["containers"][0];
        let agent = &container["managedAgents"][0];
        assert_eq!((&agent["name"], &agent["lastStatus"]), (&"ExecuteCommandAgent".into(), &"RUNNING".into()));
        let container = container["runtimeId"].as_str().expect("it runs").to_owned();
        Self { served, task, container }
    }

    /// ExecuteCommand's answer for `command`.
    fn execute(&self, command: &str) -> Value {
        execute(&self.served, &self.task, command)
    }

    /// A channel in which `command` runs.
    fn enter(&self, command: &str) -> Channel {
        Channel::enter(&self.execute(command)["session"])
    }

    /// Whether a process with `word` among its arguments runs in the container.
    fn runs(&self, word: &str) -> bool {
        let output = Command::new("docker").args(["top", &self.container, "-o", "pid,args"]).output();
        told(&output.expect("the Docker client can be run")).contains(word)
    }

    fn wait_until(&self, runs: bool, word: &str) {
        let began = Instant::now();
        while self.runs(word) != runs {
            assert!(began.elapsed().as_secs() < 30, "`{word}` runs: {}", !runs);
            std::thread::yield_now();
        }
    }
}

/// ExecuteCommand's answer for `command` in the task `task`. The AWS CLI does not call it without its plugin.
fn execute(served: &Served, task: &str, command: &str) -> Value {
    let script = "import boto3, json, sys\n\
                  answer = boto3.client('ecs').execute_command(cluster='news', task=sys.argv[1], command=sys.argv[2], interactive=True)\n\
                  answer.pop('ResponseMetadata')\n\
                  print(json.dumps(answer))";
    let output = served.client("python").args(["-c", script, task, command]).output();
    let output = output.expect("python can be run");
    assert!(output.status.success(), "{}", told(&output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", told(&output)))
}

/// All that `command` shows in the task `task`.
pub(super) fn shown_by(served: &Served, task: &str, command: &str) -> String {
    Channel::enter(&execute(served, task, command)["session"]).until_closed().0
}

/// Sets up what an enterable task needs, and runs one until it is stopped.
pub(super) fn running_task(served: &Served) -> String {
    set_up(served);
    run_task(served, "")
}

/// Sets up what enterable tasks need: a cluster and the task definition `app`.
pub(super) fn set_up(served: &Served) {
    let allowed = |action: &str, more: Value| {
        let mut statement = json!({"Effect": "Allow", "Action": action});
        statement.as_object_mut().expect("it is one").extend(more.as_object().cloned().unwrap_or_default());
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    };
    let trust = allowed("sts:AssumeRole", json!({"Principal": {"Service": "ecs-tasks.amazonaws.com"}}));
    let role = served.aws(&["iam", "create-role", "--role-name", "task", "--assume-role-policy-document", &trust]);
    let channels = allowed("ssmmessages:*", json!({"Resource": "*"}));
    let put =
        ["iam", "put-role-policy", "--role-name", "task", "--policy-name", "exec", "--policy-document", &channels];
    served.aws(&put);
    served.aws(&["ecs", "create-cluster", "--cluster-name", "news"]);
    let definition = json!({
        "family": "app", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
        "taskRoleArn": role["Role"]["Arn"],
        "containerDefinitions": [{
            "name": "app", "image": "python:3.11-slim", "essential": true, "user": "nobody",
            "command": ["python", "-m", "http.server", "8000"],
        }],
    });
    served.aws(&["ecs", "register-task-definition", "--cli-input-json", &definition.to_string()]);
}

/// Runs the task definition in the security group `group`, or else in that of its VPC, until it is stopped.
pub(super) fn run_task(served: &Served, group: &str) -> String {
    let subnet = served.aws(&["ec2", "describe-subnets", "--query", "Subnets[0].SubnetId"]);
    let subnet = subnet.as_str().expect("there are default subnets");
    let network = format!("awsvpcConfiguration={{subnets=[{subnet}],securityGroups=[{group}]}}");
    let run = ["ecs", "run-task", "--cluster", "news", "--task-definition", "app", "--launch-type", "FARGATE"];
    let more = ["--enable-execute-command", "--network-configuration", &network];
    let task = served.aws(&[run.as_slice(), &more].concat());
    let task = task["tasks"][0]["taskArn"].as_str().expect("a task was started").to_owned();
    served.aws(&["ecs", "wait", "tasks-running", "--cluster", "news", "--tasks", &task]);
    task
}

/// One account for all of it: most of its time is spent starting the task.
#[test]
fn a_container_is_entered_through_a_session() {
    let entered = Entered::start();
    a_shell_runs_as_root_in_a_terminal(&entered);
    a_token_is_good_once_and_for_its_own_session(&entered);
    what_is_not_acknowledged_comes_again(&entered);
    much_output_arrives_whole(&entered);
    a_session_ends_with_its_process_and_a_process_with_its_session(&entered);
    what_cannot_be_started_is_said(&entered);
}

fn a_shell_runs_as_root_in_a_terminal(entered: &Entered) {
    let answer = entered.execute("/bin/sh");
    assert_eq!((&answer["containerName"], &answer["interactive"]), (&"app".into(), &true.into()), "{answer:#}");
    let session = &answer["session"];
    let id = session["sessionId"].as_str().expect("a session has an id");
    assert!(id.starts_with("ecs-execute-command-0"), "{id}");
    let url = session["streamUrl"].as_str().expect("and a URL");
    assert!(url.starts_with("ws://127.0.0.1:") && url.contains(&format!("/v1/data-channel/{id}?")), "{url}");

    let mut channel = Channel::enter(session);
    channel.send(SIZE, br#"{"cols":97,"rows":31}"#);
    channel.send(TEXT, b"stty size; id -u; echo $TERM:$LANG; tty -s && echo terminal=$((6*7))\r");
    let shown = channel.read_to("terminal=42");
    for expected in ["31 97", "\n0\r", "xterm-256color:C.UTF-8"] {
        assert!(shown.contains(expected), "`{expected}` is not in {shown}");
    }
    channel.send(TEXT, b"exit\r");
    let (_, closed) = channel.until_closed();
    assert_eq!((&closed["SessionId"], &closed["Output"]), (&id.into(), &"".into()));
    assert!(channel.hung_up().is_none());
}

fn a_token_is_good_once_and_for_its_own_session(entered: &Entered) {
    let (one, other) = (entered.execute("true"), entered.execute("true"));
    let token = |answer: &Value| answer["session"]["tokenValue"].as_str().expect("there is a token").to_owned();
    assert_ne!(token(&one), token(&other));
    for wrong in ["", "x", &token(&other)] {
        let mut channel = Channel::open(&one["session"], wrong);
        let refused = channel.hung_up().expect("it says why");
        assert_eq!(u16::from(refused.code), 1008, "{refused}");
    }
    Channel::enter(&one["session"]).until_closed();
    let url = one["session"]["streamUrl"].as_str().expect("there is a URL");
    let again = tungstenite::connect(url).expect_err("it has been used").to_string();
    assert!(again.contains("404"), "{again}");
}

/// The client that is told of a message and does not acknowledge it is told again.
fn what_is_not_acknowledged_comes_again(entered: &Entered) {
    let mut channel = entered.enter("echo once");
    let first = channel.unacknowledged();
    let second = channel.unacknowledged();
    assert_eq!((first.sequence, &first.payload), (second.sequence, &second.payload));
    channel.acknowledge(&second);
    let (rest, _) = channel.until_closed();
    let shown = format!("{}{rest}", String::from_utf8_lossy(&second.payload));
    assert_eq!(shown.matches("once").count(), 1, "{shown}");
}

fn much_output_arrives_whole(entered: &Entered) {
    let (shown, _) = entered.enter("seq 1 20000").until_closed();
    let expected: String = (1..=20_000).map(|number| format!("{number}\r\n")).collect();
    assert!(shown == expected, "{} bytes instead of {}", shown.len(), expected.len());
}

fn a_session_ends_with_its_process_and_a_process_with_its_session(entered: &Entered) {
    let mut ended = entered.enter("sleep 1001");
    entered.wait_until(true, "sleep 1001");
    ended.send(FLAG, &2_u32.to_be_bytes());
    ended.until_closed();
    entered.wait_until(false, "sleep 1001");

    let dropped = entered.enter("sleep 1002");
    entered.wait_until(true, "sleep 1002");
    drop(dropped);
    entered.wait_until(false, "sleep 1002");

    let mut interrupted = entered.enter("sleep 1003");
    entered.wait_until(true, "sleep 1003");
    interrupted.send(TEXT, &[3]);
    interrupted.until_closed();
    assert!(entered.runs("http.server 8000"), "the container's own process goes on");
}

fn what_cannot_be_started_is_said(entered: &Entered) {
    let (shown, _) = entered.enter("nothing-of-this-name").until_closed();
    assert!(shown.contains("executable file not found"), "{shown}");
    let (_, closed) = entered.enter("echo 'unended").until_closed();
    let output = closed["Output"].as_str().unwrap_or_default();
    assert!(output.contains("Unable to start command: Failed to parse commands input"), "{closed}");
}

/// In virtual time nothing runs that could be entered.
#[test]
fn a_container_that_a_script_plays_cannot_be_entered() {
    let served = Served::start(&["--engine", "virtual"]);
    let task = running_task(&served);
    let script = "import boto3, sys\n\
                  boto3.client('ecs').execute_command(cluster='news', task=sys.argv[1], command='sh', interactive=True)";
    let output = served.client("python").args(["-c", script, &task]).output().expect("python can be run");
    assert!(!output.status.success() && told(&output).contains("--engine docker"), "{}", told(&output));
}

/// The AWS CLI with its own plugin, where the machine has it.
#[test]
fn the_aws_cli_enters_a_container_with_its_plugin() {
    if Command::new("session-manager-plugin").output().is_err() {
        return super::skipped("session-manager-plugin is not on this machine");
    }
    let entered = Entered::start();
    let typed = format!(
        "aws ecs execute-command --cluster news --task {} --interactive --command 'echo it-runs'",
        entered.task
    );
    // The plugin wants a terminal, and ends with its input.
    let mut command = entered.served.client("script");
    command.args(["--quiet", "--return", "--command", &typed, "/dev/null"]).stdin(std::process::Stdio::piped());
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().expect("script can be run");
    let held = child.stdin.take();
    let output = child.wait_with_output().expect("it ends");
    drop(held);
    let shown = told(&output);
    assert!(
        shown.contains("it-runs") && shown.contains("Exiting session with sessionId: ecs-execute-command-"),
        "{shown}"
    );
}
