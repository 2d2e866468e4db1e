//! `greenroom bootstrap rotate-key`.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bootstrap::keys::{self, Turn};
use bootstrap::{CallError, Fault};
use clap::Args;

use super::connection::{self, Connected, Connection};
use super::handover::Handover;
use super::{or_interrupted, refusal};
use crate::exit::Exit;

/// Give the deploy user a new access key, and take the old one away once the new one is used and the old one is not any more.
///
/// The first run makes the new key and hands it over. A run after the next deploy takes the old one away; exit 2 if it is too
/// early for that.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    handover: Handover,
    /// For how long nobody may have used the old key before it is taken away, in seconds: longer than a deploy takes.
    #[arg(long, value_name = "SECONDS", default_value = "3600")]
    quiet: u32,
    /// Wait until the old key can be taken away, and take it away.
    #[arg(long)]
    wait: bool,
}

pub(super) async fn run(path: &Path, arguments: &Arguments) -> Exit {
    or_interrupted(async { rotate(path, arguments).await.unwrap_or_else(|exit| exit) }).await
}

async fn rotate(path: &Path, arguments: &Arguments) -> Result<Exit, Exit> {
    const PAUSE: Duration = Duration::from_secs(5);
    let mut place = Some(arguments.handover.prepare()?);
    let connected = connection::open(path, &arguments.connection).await?;
    let Connected { account, desired } = &connected;
    let Some(user) = desired.deployer.user() else {
        anstream::eprintln!(
            "error: deploys take the {}, and there is no access key to rotate\nhelp: `[deploy] identity` in greenroom.toml decides it",
            desired.deployer.id()
        );
        return Err(Exit::Input);
    };
    loop {
        let known = keys::look(account, user).await.map_err(|error| refused(&error))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let held = place.as_ref().and_then(|place| place.holds());
        let known: Vec<_> = known
            .into_iter()
            .map(|key| keys::KeyState { is_handed_over: key.is_handed_over || held == Some(key.id.as_str()), ..key })
            .collect();
        let waits_for = match keys::next(&known, now, i64::from(arguments.quiet)) {
            Turn::Nothing => {
                anstream::eprintln!(
                    "error: there is no access key to rotate\nhelp: `greenroom bootstrap apply` makes one"
                );
                return Err(Exit::Input);
            }
            Turn::Drop { lost } => {
                keys::delete(account, user, &lost).await.map_err(|error| refused(&error))?;
                anstream::eprintln!("deleted access key {lost}, which was never handed over");
                continue;
            }
            Turn::Make { old } => {
                let Some(place) = place.take() else { return Ok(Exit::Ok) };
                place.takes_a_key()?;
                let key = keys::make(account, user).await.map_err(|error| refused(&error))?;
                if let Err(reason) = place.take(&key) {
                    anstream::eprintln!("error: the new access key could not be handed over: {reason}");
                    keys::delete(account, user, &key.id).await.map_err(|error| refused(&error))?;
                    return Err(Exit::Input);
                }
                keys::note(account, user, &[&old, &key.id]).await.map_err(|error| refused(&error))?;
                anstream::eprintln!("made access key {}; {old} stays until the new one is used", key.id);
                if !arguments.wait {
                    return Ok(Exit::Ok);
                }
                continue;
            }
            Turn::AwaitUse { new } => format!("access key {new} has not been used yet"),
            Turn::AwaitQuiet { old, seconds } => format!("access key {old} may still be in use, for {seconds} s more"),
            Turn::Retire { old, new } => {
                keys::retire(account, user, &old, &new).await.map_err(|error| refused(&error))?;
                anstream::eprintln!("deleted access key {old}; {new} is the only one");
                return Ok(Exit::Ok);
            }
        };
        if !arguments.wait {
            anstream::eprintln!("{waits_for}; both keys stay");
            return Ok(Exit::Pending);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn refused(error: &CallError) -> Exit {
    let exit = refusal::of_call(error);
    if error.fault() == Fault::Unreachable {
        anstream::eprintln!("help: a key that was made and not handed over is deleted by the next run");
    }
    exit
}
