//! What went wrong, with help and exit code.

use std::error::Error;

use bootstrap::{CallError, ConnectError, DesiredError, ExecuteError, Fault};
use simulator::rehearsal::error::chain;

use crate::command::complain;
use crate::config::ConfigText;
use crate::exit::Exit;

pub(super) fn of_call(error: &CallError) -> Exit {
    say(error, error.fault(), error.lacks())
}

pub(super) fn of_connection(error: &ConnectError) -> Exit {
    let lacks = match error {
        ConnectError::Call(error) => error.lacks(),
        ConnectError::NotAnEndpoint(_) | ConnectError::NoCredentials(_) | ConnectError::NotAnAccount(_) => None,
    };
    say(error, error.fault(), lacks)
}

pub(super) fn of_execution(error: &ExecuteError) -> Exit {
    say(error, error.fault(), error.lacks())
}

/// All contradictions at once, each where greenroom.toml has what is wrong.
pub(super) fn of_files(error: &DesiredError, file: &ConfigText) -> Exit {
    for contradiction in &error.contradictions {
        match contradiction.setting() {
            Some(keys) => drop(complain(file.mistake(&keys, &contradiction.to_string()), Exit::Input)),
            None => anstream::eprintln!("error: {contradiction}"),
        }
    }
    Exit::Input
}

fn say(error: &(impl Error + 'static), fault: Fault, lacks: Option<&str>) -> Exit {
    anstream::eprintln!("error: {}", chain(error));
    let (help, exit) = match fault {
        Fault::Input => {
            ("look at the endpoint, and at the credentials that `--profile` or the environment name", Exit::Input)
        }
        Fault::Refused if lacks.is_none() => {
            ("the credentials are not accepted: log in again, or name others with `--profile`", Exit::Refused)
        }
        Fault::Refused => ("`greenroom bootstrap policy` prints everything that they must be allowed", Exit::Refused),
        Fault::Unreachable => ("what was done stays done; run it again when AWS answers", Exit::Unreachable),
        Fault::MovedOn => ("run `greenroom bootstrap plan` again and look at what there is to do now", Exit::Input),
        Fault::Blocked | Fault::Rejected => ("settle that, then run it again: it goes on from there", Exit::Input),
        Fault::Stopped => ("run it again: it goes on from there", Exit::Interrupted),
        Fault::Bug => ("this is a mistake of greenroom's; please report it with this line", Exit::Bug),
    };
    let lacks = lacks.map(|action| format!("these credentials lack `{action}`; ")).unwrap_or_default();
    anstream::eprintln!("help: {lacks}{help}");
    exit
}
