//! The identity of a rehearsal, and of the process that owns it.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::str::FromStr;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::label;

/// Letters and digits that name a rehearsal: ten of them, without those that are read for one another.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const ID_LENGTH: usize = 10;

/// The short random name of a rehearsal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RehearsalId(String);

impl RehearsalId {
    /// A name that no other rehearsal has: 50 random bits.
    ///
    /// # Errors
    /// The system has no source of random numbers.
    pub fn random() -> io::Result<Self> {
        let mut bytes = [0; ID_LENGTH];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(Self(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the rehearsal's network.
    #[must_use]
    pub fn network_name(&self) -> String {
        format!("greenroom-{}", self.0)
    }
}

impl FromStr for RehearsalId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == ID_LENGTH && text.bytes().all(|byte| ALPHABET.contains(&byte)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("`{text}` is not the id of a rehearsal"))
        }
    }
}

impl fmt::Display for RehearsalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A process, named so that no other process on this machine is ever taken for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// Its number.
    pub pid: u32,
    /// The boot of the machine that it runs in.
    pub boot_id: String,
    /// When it started, in clock ticks since that boot.
    pub started: u64,
    /// The pid namespace that its number belongs to.
    pub namespace: u64,
}

impl Owner {
    /// This process.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub fn this_process() -> io::Result<Self> {
        let pid = std::process::id();
        let started = ProcessStat::of(pid)?.started;
        Ok(Self { pid, boot_id: boot_id()?, started, namespace: pid_namespace()? })
    }

    /// The owner that `labels` name, if they do.
    #[must_use]
    pub fn from_labels(labels: &HashMap<String, String>) -> Option<Self> {
        let (pid, boot_id) = labels.get(label::OWNER)?.split_once('@')?;
        Some(Self {
            pid: pid.parse().ok()?,
            boot_id: boot_id.to_owned(),
            started: labels.get(label::OWNER_STARTED)?.parse().ok()?,
            namespace: labels.get(label::OWNER_NAMESPACE)?.parse().ok()?,
        })
    }

    /// Whether the process may still be there. In doubt it is: an owner in another pid namespace cannot be looked up from
    /// here, and removing what a living rehearsal uses is worse than leaving a dead one's for its own watcher.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let (Ok(boot_id), Ok(namespace)) = (boot_id(), pid_namespace()) else { return true };
        if self.boot_id != boot_id {
            return false;
        }
        if self.namespace != namespace {
            return true;
        }
        match ProcessStat::of(self.pid) {
            Ok(stat) => stat.started == self.started && !stat.ended,
            // A `/proc` mounted with `hidepid` hides other users' processes; the signal that does nothing still finds them.
            Err(_) => exists(self.pid),
        }
    }
}

/// One rehearsal, as the engine is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsal {
    id: RehearsalId,
    owner: Owner,
    project: String,
    is_kept: bool,
}

impl Rehearsal {
    /// A new rehearsal of `project`, owned by this process.
    ///
    /// # Errors
    /// The system offers no random numbers or no `/proc`.
    pub fn new(project: &str) -> io::Result<Self> {
        Ok(Self {
            id: RehearsalId::random()?,
            owner: Owner::this_process()?,
            project: image_name(project),
            is_kept: false,
        })
    }

    /// The same, which stays after its process has ended, until the user has it removed.
    #[must_use]
    pub fn kept(self) -> Self {
        Self { is_kept: true, ..self }
    }

    /// Its name.
    #[must_use]
    pub const fn id(&self) -> &RehearsalId {
        &self.id
    }

    /// The process that it runs in.
    #[must_use]
    pub const fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The project, spelt as an image's name may be.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The labels that everything of this rehearsal carries.
    #[must_use]
    pub fn labels(&self) -> HashMap<String, String> {
        let Owner { pid, boot_id, started, namespace } = &self.owner;
        let mut labels = HashMap::from([
            (label::REHEARSAL.to_owned(), self.id.to_string()),
            (label::OWNER.to_owned(), format!("{pid}@{boot_id}")),
            (label::OWNER_STARTED.to_owned(), started.to_string()),
            (label::OWNER_NAMESPACE.to_owned(), namespace.to_string()),
            (label::PROJECT.to_owned(), self.project.clone()),
        ]);
        if self.is_kept {
            labels.insert(label::KEPT.to_owned(), "true".to_owned());
        }
        labels
    }
}

/// `project` with everything replaced that an image's name may not hold.
fn image_name(project: &str) -> String {
    let mut name = String::new();
    for character in project.chars().flat_map(char::to_lowercase) {
        if character.is_ascii_alphanumeric() {
            name.push(character);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let trimmed = name.trim_end_matches('-').len();
    name.truncate(trimmed);
    if name.is_empty() {
        // A name of other scripts alone still has to be told from the next one.
        name.push('x');
        name.extend(project.bytes().take(16).map(|byte| hex::encode([byte])));
    }
    name
}

fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

fn pid_namespace() -> io::Result<u64> {
    Ok(fs::metadata("/proc/self/ns/pid")?.ino())
}

fn exists(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
    test_kill_process(pid) != Err(Errno::SRCH)
}

/// The two fields of `/proc/<pid>/stat` that matter here.
struct ProcessStat {
    started: u64,
    ended: bool,
}

impl ProcessStat {
    fn of(pid: u32) -> io::Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        Self::parse(&text)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a process's stat has another form"))
    }

    /// The second field is the program's name in parentheses, which may itself hold spaces and parentheses. After it come
    /// the state (field 3) and, nineteen fields on, the start time (field 22).
    fn parse(text: &str) -> Option<Self> {
        let (_, fields) = text.rsplit_once(')')?;
        let mut fields = fields.split_ascii_whitespace();
        let state = fields.next()?;
        let started = fields.nth(18)?.parse().ok()?;
        Some(Self { started, ended: matches!(state, "Z" | "X" | "x") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_read_back_from_its_labels_and_lives() {
        let rehearsal = Rehearsal::new("news-api").expect("this machine has /proc");
        let owner = Owner::from_labels(&rehearsal.labels()).expect("the labels name an owner");
        assert_eq!(&owner, rehearsal.owner());
        assert!(owner.is_alive());
    }

    #[test]
    fn a_process_with_a_reused_number_is_not_the_owner() {
        let owner = Owner::this_process().expect("this machine has /proc");
        assert!(!Owner { started: owner.started + 1, ..owner.clone() }.is_alive());
        let elsewhere = Owner { namespace: owner.namespace + 1, started: 0, ..owner.clone() };
        assert!(elsewhere.is_alive(), "it cannot be judged from here");
        assert!(!Owner { boot_id: "an earlier boot".to_owned(), ..owner }.is_alive());
    }

    #[test]
    fn a_process_that_has_ended_is_dead_even_before_it_is_reaped() {
        let mut child =
            std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().expect("cat starts");
        let stat = ProcessStat::of(child.id()).expect("the child runs");
        let owner = Owner { pid: child.id(), started: stat.started, ..Owner::this_process().expect("/proc") };
        assert!(owner.is_alive());
        child.kill().expect("the child can be killed");
        while !ProcessStat::of(child.id()).expect("a zombie has a stat").ended {
            std::thread::yield_now();
        }
        assert!(!owner.is_alive(), "a zombie is dead");
        child.wait().expect("the child is ours");
        assert!(!owner.is_alive());
    }

    #[test]
    fn a_program_name_may_hold_anything() {
        let text = "42 (a) b (c)) S 1 42 42 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 200";
        let stat = ProcessStat::parse(text).expect("the form of proc(5)");
        assert_eq!(stat.started, 98765);
        assert!(!stat.ended);
    }

    #[test]
    fn ids_are_parsed_strictly() {
        let id = RehearsalId::random().expect("random numbers");
        assert_eq!(id.as_str().parse(), Ok(id));
        for bad in ["", "short", "UPPERCASE2", "with space", "0123456789", "abcdefghijk"] {
            assert!(bad.parse::<RehearsalId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn projects_become_image_names() {
        for (project, name) in [("news-api", "news-api"), ("News API!", "news-api"), ("_x_", "x"), ("é", "xc3a9")] {
            assert_eq!(image_name(project), name, "{project}");
        }
    }
}
