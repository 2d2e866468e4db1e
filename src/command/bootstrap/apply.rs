//! `greenroom bootstrap apply`.

use std::path::{Path, PathBuf};

use bootstrap::outcome::{DeployIdentity, DeployKey};
use bootstrap::plan::Saved;
use bootstrap::{ExecuteError, Outcome, Plan, PlanOptions, keys};
use clap::Args;

use super::connection::{self, Connected, Connection, Decisions};
use super::display::Display;
use super::handover::{Handover, Place};
use super::journal::{Journal, Unfinished};
use super::{handed_over, plan, refusal, unless_blocked, unless_declined, unless_interrupted};
use crate::exit::Exit;
use crate::interruption::interruption;

/// Do what `greenroom bootstrap plan` says. Whatever ends it early, it is simply run again.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Apply the plan in this file, which `plan --out` wrote; it is refused if the account has moved on.
    #[arg(value_name = "FILE")]
    saved: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    decisions: Decisions,
    #[command(flatten)]
    handover: Handover,
    /// Write the value of a secret or parameter that the task definition names, which is read from this file descriptor or, with
    /// `-`, from standard input; a line's end at its end is not part of it. May be given more than once.
    #[arg(long, value_name = "NAME=fd:N|NAME=-", conflicts_with = "saved")]
    secret: Vec<String>,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    /// Print what was planned as JSON, whose `version` is 1.
    #[arg(long)]
    json: bool,
    /// Write down here what is done when [default: in `~/.local/state/greenroom/bootstrap`].
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
}

/// All that an application takes.
struct Prepared {
    connected: Connected,
    plan: Plan,
    options: PlanOptions,
    place: Place,
}

pub(super) async fn run(path: &Path, arguments: &Arguments) -> Exit {
    match unless_interrupted(prepare(path, arguments)).await {
        Ok(prepared) => carry_out(prepared, arguments).await,
        Err(exit) => exit,
    }
}

async fn prepare(path: &Path, arguments: &Arguments) -> Result<Prepared, Exit> {
    let place = arguments.handover.prepare()?;
    let saved = arguments.saved.as_deref().map(read).transpose()?;
    let values = handed_over::read(&arguments.secret)?;
    let connected = connection::open(path, &arguments.connection).await?.with_values(values)?;
    let observed = connected.observe().await?;
    let options = PlanOptions {
        adopt: arguments.decisions.adopted(),
        remove: arguments.decisions.removed(),
        key_in_hand: place.holds().map(str::to_owned),
        values: connected.account.values().names(),
        ..PlanOptions::default()
    };
    let plan = bootstrap::plan(&connected.desired, &observed, &options);
    if let Some(saved) = saved {
        saved.check(&plan, &observed).map_err(|what| refusal::of_execution(&ExecuteError::Outdated { what }))?;
    }
    plan::show(&plan, arguments.json);
    unless_blocked(&plan)?;
    if plan.makes_access_key() {
        place.takes_a_key()?;
    }
    unless_declined(&plan, arguments.yes, "make these changes?")?;
    Ok(Prepared { connected, plan, options, place })
}

fn read(file: &Path) -> Result<Saved, Exit> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
    let saved = text.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
    saved.map_err(|error| {
        anstream::eprintln!("error: `{}` is no saved plan: {error}", file.display());
        Exit::Input
    })
}

async fn carry_out(prepared: Prepared, arguments: &Arguments) -> Exit {
    let Prepared { connected, plan, options, place } = prepared;
    let Connected { account, desired } = &connected;
    let steps = plan.steps().len();
    let (journal, before) = Journal::open(arguments.journal.as_deref(), desired, "apply", steps);
    if let Some(Unfinished { done, of }) = before
        && steps > 0
    {
        anstream::eprintln!("the run before ended after {done} of {of} steps; this one goes on from there");
    }
    let display = Display::new(steps, journal);
    let work = bootstrap::apply(account, desired, plan, &options, &display);
    let Some(result) = until_stopped(work, &display).await else {
        display.finish("interrupted");
        return Exit::Interrupted;
    };
    match result {
        Ok(outcome) => {
            let exit = hand_over(&connected, &outcome, place).await;
            display.finish(if exit == Exit::Ok { "well" } else { "in a failure" });
            if exit == Exit::Ok {
                tell(&outcome);
            }
            exit
        }
        Err(error) => {
            display.finish("in a failure");
            refusal::of_execution(&error)
        }
    }
}

/// Does the work to its end. Asked for an end, it starts nothing more; asked again, it is left where it is.
pub(super) async fn until_stopped<T>(work: impl Future<Output = T>, display: &Display) -> Option<T> {
    tokio::pin!(work);
    tokio::select! {
        result = &mut work => return Some(result),
        () = interruption() => display.stop(),
    }
    tokio::select! {
        result = &mut work => Some(result),
        () = interruption() => None,
    }
}

/// Hands a new key over, and notes that it was. A key that nobody took is deleted again.
async fn hand_over(connected: &Connected, outcome: &Outcome, place: Place) -> Exit {
    let Connected { account, desired } = connected;
    let (DeployIdentity::User { user: _, key }, Some(user)) = (&outcome.deploy, desired.deployer.user()) else {
        return Exit::Ok;
    };
    let in_hands = match (key, place.holds()) {
        (DeployKey::Created(key), _) => {
            if let Err(reason) = place.take(key) {
                anstream::eprintln!("error: the new access key could not be handed over: {reason}");
                return match keys::delete(account, user, &key.id).await {
                    Ok(()) => {
                        anstream::eprintln!("help: it has been deleted again; run it again for another");
                        Exit::Input
                    }
                    Err(error) => refusal::of_call(&error),
                };
            }
            key.id.clone()
        }
        (DeployKey::Kept { access_key_ids }, Some(held)) if access_key_ids.iter().any(|id| id == held) => {
            held.to_owned()
        }
        (DeployKey::Kept { .. }, _) => return Exit::Ok,
    };
    match keys::note(account, user, &[&in_hands]).await {
        Ok(()) => Exit::Ok,
        Err(error) => refusal::of_call(&error),
    }
}

fn tell(outcome: &Outcome) {
    let host = &outcome.load_balancer.dns_name;
    let address = |port: u16| if port == 80 { format!("http://{host}") } else { format!("http://{host}:{port}") };
    let ports = outcome.services.iter().filter_map(|service| service.listener_port);
    anstream::eprintln!(
        "ready: push to {}, deploy as {}; requests go to {}",
        listed(outcome.repositories.iter().map(|repository| repository.uri.clone())),
        outcome.deploy.named().arn,
        listed(ports.map(|port| address(port.get()))),
    );
}

fn listed(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(" and ")
}
