//! `greenroom explain CODE`.

use clap::Args;
use simulator::finding::Code;

use crate::exit::Exit;

/// Say what a finding's code means, what causes it and what helps.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The code, such as H-05; without one, all codes are listed.
    code: Option<String>,
}

/// Prints the catalogue's entry, or the whole list.
pub(crate) fn run(arguments: &Arguments) -> Exit {
    let Some(text) = &arguments.code else {
        for code in Code::ALL {
            anstream::println!("{code}  {}", code.entry().title);
        }
        return Exit::Ok;
    };
    match text.parse::<Code>() {
        Ok(code) => {
            let entry = code.entry();
            anstream::println!("{code}  {}\n\n{}\n\nfix: {}", entry.title, entry.cause, entry.fix);
            Exit::Ok
        }
        Err(error) => {
            anstream::eprintln!("error: {error}\nhelp: `greenroom explain` lists all codes");
            Exit::Input
        }
    }
}
