//! How it starts, says so, and ends.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use super::{Served, told};
use crate::app::greenroom;

/// What it wrote is also in the file, for its owner alone; the file goes when it ends, and it ends well when it is asked to.
#[test]
fn it_says_where_it_answers_and_ends_well() {
    let directory = tempfile::tempdir().expect("the machine has room");
    let file = directory.path().join("ready.json");
    let mut served = Served::start(&["--engine", "virtual", "--ready-file", &file.display().to_string()]);
    let text = std::fs::read_to_string(&file).expect("the file is there before the line is");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("it is JSON"), served.ready);
    let mode = std::fs::metadata(&file).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(served.said("account"), "123456789012");
    assert_eq!(served.said("endpoint"), format!("http://{}", served.said("registry")));

    let pid = rustix::process::Pid::from_child(&served.process);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
    let status = served.process.wait().expect("it is our child");
    assert_eq!(status.code(), Some(0));
    assert!(!file.exists());
}

/// A file that another account has taken over meanwhile is that one's.
#[test]
fn it_removes_only_the_file_that_it_wrote() {
    let directory = tempfile::tempdir().expect("the machine has room");
    let file = directory.path().join("ready.json").display().to_string();
    let mut first = Served::start(&["--engine", "virtual", "--ready-file", &file]);
    let second = Served::start(&["--engine", "virtual", "--ready-file", &file]);
    let pid = rustix::process::Pid::from_child(&first.process);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
    assert_eq!(first.process.wait().expect("it is our child").code(), Some(0));
    let text = std::fs::read_to_string(&file).expect("the second one's file is there still");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("it is JSON"), second.ready);
}

#[test]
fn what_cannot_be_served_is_the_users_input() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let taken = taken.local_addr().expect("it has an address").to_string();
    for (arguments, sentence) in [
        (vec!["--listen", taken.as_str(), "--engine", "virtual"], "is already taken"),
        (vec!["--listen", "nowhere"], "invalid value 'nowhere'"),
        (vec!["--account", "12"], "is not a twelve-digit account id"),
        (vec!["--behaviours", "x.toml"], "is for `--engine virtual`"),
        (vec!["--repository", "x"], "OWNER/NAME"),
        (vec!["--iam-propagation", "soon"], "expected `off`, `random` or seconds"),
    ] {
        let mut command = greenroom();
        let output = command.arg("serve").args(&arguments).stdin(Stdio::null()).output().expect("greenroom can be run");
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {}", told(&output));
        assert!(told(&output).contains(sentence), "{arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}
