//! S3: old and new tasks together. Each reads what the other wrote, and their connections are counted.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join;
use tokio::time::sleep;

use super::{Play, Report};
use crate::database::{Clients, ConnectionLimit, DatabaseError, LogicalDatabase};
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::RehearsalError;
use crate::scenario::ground::Client;
use crate::scenario::judge::{Found, start, together};
use crate::scenario::round::{Read, Written, read, warm, write};
use crate::scenario::table::Scenario;
use crate::scenario::task::Task;

pub(super) async fn run(play: &Play<'_>, database: &LogicalDatabase) -> Result<Report, RehearsalError> {
    let (ground, client) = (play.ground, &play.ground.client);
    let old = match Task::serve(ground, &ground.old, database).await {
        Ok(task) => task,
        Err(broken) => {
            let finding = start::judge(&broken, "tasks of what runs now", Stage::Baseline, Code::T05);
            return Ok(Report::shown("what runs now does not start", vec![Found::alone(finding)]));
        }
    };
    let changes = match play.to_head(database).await? {
        Ok(changes) => changes,
        Err(report) => {
            old.remove().await;
            return Ok(report);
        }
    };
    let new = match Task::serve(ground, &ground.new, database).await {
        Ok(task) => task,
        Err(broken) => {
            old.remove().await;
            let finding = start::judge(&broken, "new tasks", Stage::RollOut, Code::T08).help(play.replay(Scenario::S3));
            return Ok(Report::shown("new tasks do not start on the new schema", vec![Found::alone(finding)]));
        }
    };
    let by_old = Side::of(client, &old.base, ground, "an old").await;
    let by_new = Side::of(client, &new.base, ground, "a new").await;
    let mut diverged = Vec::new();
    for (writer, reader, base) in [(&by_old, &by_new, &new.base), (&by_new, &by_old, &old.base)] {
        diverged.extend(across(client, writer, reader, base).await);
    }
    let crowd = crowd(play, [&old, &new]).await?;
    old.remove().await;
    new.remove().await;
    let replay = play.replay(Scenario::S3);
    let evidence = format!(
        "{} things written were read by the other; an old task holds {} connections and a new one {}",
        by_old.written.len() + by_new.written.len(),
        crowd.old,
        crowd.new
    );
    let found = judge_diverged(&diverged, &replay).into_iter().chain(crowd.judge(&replay));
    Ok(Report::shown(evidence, found.map(Found::alone).collect()).with_changes(changes))
}

/// What one version wrote and reads of it itself.
struct Side {
    who: &'static str,
    written: Vec<(Written, Read)>,
}

impl Side {
    async fn of(client: &Client, base: &str, ground: &crate::scenario::ground::Ground<'_>, who: &'static str) -> Self {
        let mut written = Vec::new();
        let requests: Vec<_> = ground.seed().iter().chain(ground.smoke()).cloned().collect();
        for it in write(client, base, &requests).await {
            let own = read(client, base, &it.path).await;
            written.push((it, own));
        }
        Self { who, written }
    }

    /// Whether it can read what it wrote under the same path as `other`: otherwise it cannot read at all, which is not the other's doing.
    fn reads(&self, other: &Written) -> bool {
        let place = |path: &str| path.rsplit_once('/').map(|(before, _)| before.to_owned());
        self.written.iter().any(|(it, own)| place(&it.path) == place(&other.path) && matches!(own, Read::Body(_)))
    }
}

/// What `reader`, which answers at `base`, reads otherwise than `writer` does that wrote it, a line each.
async fn across(client: &Client, writer: &Side, reader: &Side, base: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (it, own) in &writer.written {
        let Read::Body(own) = own else { continue };
        if !reader.reads(it) {
            continue;
        }
        if let Some(difference) = together::difference(own, &read(client, base, &it.path).await) {
            let line = format!("{} through {} task, read through {} one: {difference}", it.by, writer.who, reader.who);
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines
}

fn judge_diverged(lines: &[String], replay: &str) -> Option<Finding> {
    let first = lines.first()?;
    let sentence = format!("old and new tasks do not see one another's writes: {first}");
    let finding = Finding::error(Code::X08, Kind::Proved, Stage::RollOut, sentence)
        .evidence("S3: both run on the new schema, from the first new task until the last old one stops")
        .with_evidence(lines.iter().skip(1).take(4).cloned())
        .help(Code::X08.entry().fix)
        .help(replay);
    Some(finding)
}

/// The connections that one task of each version holds under load.
#[derive(Clone, Copy, Debug)]
struct Crowd {
    old: u32,
    new: u32,
    desired: u32,
    limit: ConnectionLimit,
}

/// From one count of the connections to the next.
const CADENCE: Duration = Duration::from_millis(5);

/// Counts connections while both are asked side by side.
async fn crowd(play: &Play<'_>, [old, new]: [&Task<'_>; 2]) -> Result<Crowd, RehearsalError> {
    let ground = play.ground;
    let mut clients = Clients::of(&ground.server).await?;
    let limit = clients.limit().await?;
    let mut most: BTreeMap<IpAddr, u32> = BTreeMap::new();
    for task in [old, new] {
        // Some pools keep what they have opened, and others close at once what is over their size.
        let is_warm = AtomicBool::new(false);
        let warming = async {
            warm(&ground.client, &task.base, ground.smoke()).await;
            is_warm.store(true, Ordering::Relaxed);
        };
        let counting = async {
            loop {
                let is_last = is_warm.load(Ordering::Relaxed);
                for (address, count) in clients.count().await? {
                    let known = most.entry(address).or_default();
                    *known = (*known).max(count);
                }
                if is_last {
                    return Ok::<_, DatabaseError>(());
                }
                sleep(CADENCE).await;
            }
        };
        join(warming, counting).await.1?;
    }
    let of = |task: &Task<'_>| most.get(&task.address).copied().unwrap_or_default();
    Ok(Crowd { old: of(old), new: of(new), desired: ground.session.script.service.desired_count, limit })
}

impl Crowd {
    /// What follows for the overlap, in which at most as many new tasks run as there are old ones, unless the service says otherwise.
    fn judge(self, replay: &str) -> Option<Finding> {
        let Self { old, new, desired, limit } = self;
        let wanted = u64::from(desired) * (u64::from(old) + u64::from(new));
        let most = u64::from(limit.for_app);
        (wanted > most).then(|| {
            let sentence =
                format!("while old and new tasks overlap they want {wanted} connections, and {most} may be open");
            Finding::warning(Code::X09, Kind::Conditional, Stage::RollOut, sentence)
                .evidence(format!(
                    "all {desired} tasks of each release run at once, with {old} and {new} connections each"
                ))
                .help(Code::X09.entry().fix)
                .help(replay)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_run_out_when_all_tasks_of_both_want_more_than_there_are() {
        let limit = ConnectionLimit { max_connections: 40, for_app: 37 };
        for (old, new, desired, expected) in [(5, 5, 2, false), (10, 8, 2, false), (10, 9, 2, true), (0, 0, 9, false)] {
            let crowd = Crowd { old, new, desired, limit };
            assert_eq!(crowd.judge("again").is_some(), expected, "{crowd:?}");
        }
    }

    #[test]
    fn what_is_not_seen_is_said_with_its_first_case() {
        assert_eq!(judge_diverged(&[], "again"), None);
        let finding = judge_diverged(&["a".to_owned(), "b".to_owned()], "again").expect("two cases");
        assert!(finding.sentence.ends_with(": a") && finding.evidence.contains(&"b".to_owned()), "{finding}");
    }
}
