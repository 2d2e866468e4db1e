//! `greenroom explain CODE` and `greenroom explain DENIAL`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use simulator::finding::Code;
use simulator::report::denial::{self, PolicyFile};

use crate::exit::Exit;

/// Say what a finding's code means, or what refused a call on AWS and the smallest policy statement that would allow it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The code, such as H-05, or the message of a denial; `-` reads messages, logs or decoded messages from standard input; with nothing, all codes
    /// are listed.
    #[arg(value_name = "CODE|MESSAGE")]
    what: Vec<String>,
    /// A policy that the caller has, as JSON or as the AWS CLI answers it: say which of its statements denies the call or comes near.
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,
}

const EXAMPLES: &str = "Examples:\n  \
    greenroom explain H-05\n  \
    greenroom explain 'User: arn:aws:iam::123456789012:user/deploy is not authorized to perform: ecs:UpdateService on resource: …'\n  \
    aws ecs update-service --service api … 2>&1 | greenroom explain - --policy deploy.json\n  \
    aws sts decode-authorization-message --encoded-message … | greenroom explain -";

/// Prints the catalogue's entry, the whole list, or what is to be said of a denial.
pub(crate) fn run(arguments: &Arguments) -> Exit {
    let Arguments { what, policy } = arguments;
    let text = what.join(" ");
    if text == "-" {
        let mut read = Vec::new();
        return match std::io::stdin().read_to_end(&mut read) {
            Ok(_) => explain_denial(&String::from_utf8_lossy(&read), policy),
            Err(error) => complain(&format!("standard input cannot be read: {error}")),
        };
    }
    if !policy.is_empty() || denial::may_tell(&text) {
        return explain_denial(&text, policy);
    }
    if text.is_empty() {
        for code in Code::ALL {
            anstream::println!("{code}  {}", code.entry().title);
        }
        return Exit::Ok;
    }
    match text.parse::<Code>() {
        Ok(code) => {
            let entry = code.entry();
            anstream::println!("{code}  {}\n\n{}\n\nfix: {}", entry.title, entry.cause, entry.fix);
            Exit::Ok
        }
        Err(error) => complain(&format!("{error}\nhelp: `greenroom explain` lists all codes")),
    }
}

fn explain_denial(text: &str, policies: &[PathBuf]) -> Exit {
    let mut files = Vec::new();
    for path in policies {
        match std::fs::read_to_string(path) {
            Ok(text) => files.push(PolicyFile { name: name(path), text }),
            Err(error) => return complain(&format!("`{}` cannot be read: {error}", path.display())),
        }
    }
    match denial::explain(text, &files) {
        Ok(text) => {
            anstream::println!("{text}");
            Exit::Ok
        }
        Err(error) => complain(&error.to_string()),
    }
}

fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn complain(message: &str) -> Exit {
    anstream::eprintln!("error: {message}");
    Exit::Input
}
