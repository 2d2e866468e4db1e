//! Security groups, between the containers of a served account.

use std::time::Instant;

use super::Served;
use super::execute_command::{run_task, set_up, shown_by};

/// A task reaches another as soon as the other's group lets it in, and no sooner; once it does not any more, no longer.
#[test]
fn a_task_reaches_another_if_the_groups_allow_it() {
    let served = Served::start(&[]);
    set_up(&served);
    let group = |name: &str| {
        let made = served.aws(&["ec2", "create-security-group", "--group-name", name, "--description", name]);
        made["GroupId"].as_str().expect("a group has an id").to_owned()
    };
    let (inside, outside) = (group("inside"), group("outside"));
    let (server, client) = (run_task(&served, &inside), run_task(&served, &outside));
    let described = served.aws(&["ecs", "describe-tasks", "--cluster", "news", "--tasks", &server]);
    let interface = &described["tasks"][0]["containers"][0]["networkInterfaces"][0];
    let address = interface["privateIpv4Address"].as_str().expect("a task has an address").to_owned();
    let program = format!(
        "import socket\ntry: socket.create_connection((\"{address}\", 8000), 2); print(\"reached\")\nexcept TimeoutError: print(\"timed out\")"
    );
    let reaches = || {
        let shown = shown_by(&served, &client, &format!("python -c '{program}'"));
        assert!(shown.contains("reached") || shown.contains("timed out"), "{shown}");
        shown.contains("reached")
    };
    assert!(!reaches(), "nothing allows it yet");
    let rule = ["--group-id", &inside, "--protocol", "tcp", "--port", "8000", "--source-group", &outside];
    for (operation, expected) in [("authorize-security-group-ingress", true), ("revoke-security-group-ingress", false)]
    {
        served.aws(&[["ec2", operation].as_slice(), &rule].concat());
        let began = Instant::now();
        // The rules follow the account at once, though not in the same instant.
        while reaches() != expected {
            assert!(began.elapsed().as_secs() < 30, "{operation} changed nothing");
        }
    }
}
