//! The endpoint beside free emulators, in one run: the same client, the same signed calls, one server at a time.
//!
//! `endpoint NAME=COMMAND...` starts each command in turn, with `{port}` in it replaced by a free port, and prints how long it takes to
//! its first answer, its resident memory once it idles, and the calls it answers in a second with 1 and with 16 connections.
//! A command that prints a JSON object with `endpoint`, `access_key_id` and `secret_access_key`, as `greenroom serve` does, is called
//! with those; others, which check no signature, with any. First comes `bare`, this program itself as a server that does nothing but HTTP:
//! more than that no server can answer here. `--seconds N` is how long each figure is taken for (5 unless told),
//! `--full` fills the account of those that check signatures, and takes the figures again.

mod bare;
mod calls;
mod fill;
mod load;
mod peer;

use std::error::Error;
use std::time::Duration;

use calls::Calls;
use peer::Peer;

/// Connections at once.
const CONNECTIONS: [usize; 2] = [1, 16];

/// What this program is told to be the server that does nothing.
const BARE: &str = "--bare";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [BARE, port] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return bare::serve(port.parse()?);
    }
    measure(arguments)
}

// One core is the client's at most, so that the server has another.
#[tokio::main(flavor = "current_thread")]
async fn measure(arguments: Vec<String>) -> Result<(), Box<dyn Error>> {
    let mut seconds = 5;
    let mut full = false;
    let mut commands = Vec::new();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Cargo's own, to every benchmark.
            "--bench" => {}
            "--full" => full = true,
            "--seconds" => seconds = arguments.next().ok_or("--seconds needs a number")?.parse()?,
            _ => commands.push(argument),
        }
    }
    let span = Duration::from_secs(seconds);
    let this = std::env::current_exe()?;
    let bare = Peer::start(&format!("{} {BARE} {{port}}", this.display())).await?;
    rates("bare", &Calls::new(&bare)?, "ListClusters", span).await?;
    bare.stop().await?;
    for command in commands {
        let (name, command) = command.split_once('=').ok_or("a server is NAME=COMMAND")?;
        let peer = Peer::start(command).await?;
        say(&format!("{name:<12} first answer after {:.3} s", peer.started_in.as_secs_f64()));
        say(&format!("{name:<12} resident {:.1} MiB when idle", peer.resident()?));
        let calls = Calls::new(&peer)?;
        fill::a_service(&calls).await?;
        figures(name, &calls, span).await?;
        if full && peer.checks_signatures {
            fill::everything(&calls).await?;
            figures(&format!("{name} full"), &calls, span).await?;
            say(&format!("{name:<12} resident {:.1} MiB when full", peer.resident()?));
        }
        peer.stop().await?;
    }
    Ok(())
}

async fn figures(name: &str, calls: &Calls, span: Duration) -> Result<(), Box<dyn Error>> {
    for operation in ["ListClusters", "DescribeServices", "RegisterTaskDefinition"] {
        rates(name, calls, operation, span).await?;
    }
    Ok(())
}

async fn rates(name: &str, calls: &Calls, operation: &'static str, span: Duration) -> Result<(), Box<dyn Error>> {
    for connections in CONNECTIONS {
        let rate = load::rate(calls, operation, connections, span).await?;
        say(&format!("{name:<12} {operation:<24} {connections:>2} connections {rate:>9.0} calls/s"));
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a benchmark's figures are its output")]
fn say(line: &str) {
    println!("{line}");
}
