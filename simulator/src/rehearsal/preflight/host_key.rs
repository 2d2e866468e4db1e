//! S-02: a runner knows the hosts that it deploys to. `StrictHostKeyChecking=no` is not this: ssh goes on then, whoever answers.
//!
//! Seen on OpenSSH 9.2: without a terminal and with no key known, ssh ends with `Host key verification failed`.

use super::Subject;
use crate::finding::{Code, Finding, Kind, Place, Stage};
use crate::rehearsal::files::Workflow;
use crate::rehearsal::files::workflow::{Command, Job, Runs};

/// What somebody speaks of who has thought of it.
const THOUGHT_OF: [&str; 6] =
    ["known_hosts", "known-hosts", "ssh-keyscan", "StrictHostKeyChecking", "KnownHostsFile", "VerifyHostKeyDNS"];

/// An action that brings a key and says nothing of hosts but GitHub's own (its README, "known_hosts").
const AGENT: &str = "webfactory/ssh-agent";

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let of = |workflow: &Workflow| workflow.jobs.iter().filter_map(|job| of_job(workflow, job)).collect::<Vec<_>>();
    subject.files.workflows.iter().flat_map(of).collect()
}

/// One finding per job, at its first connection.
fn of_job(workflow: &Workflow, job: &Job) -> Option<Finding> {
    if THOUGHT_OF.iter().any(|word| workflow.source.text.contains(word)) {
        return None;
    }
    // Only GitHub's own machines know no host for certain.
    if !job.is_hosted(&["ubuntu", "macos"]) || job.has_container {
        return None;
    }
    // Another action, or one of the repository's own, may make the host known.
    let may_know = |uses: &str| (uses.contains("ssh") && !uses.starts_with(AGENT)) || uses.starts_with("./");
    if job.steps.iter().filter_map(|step| step.uses.as_deref()).any(may_know) {
        return None;
    }
    let commands = job.commands(&workflow.source);
    let at = commands.iter().position(|(_, command)| connects(command))?;
    if commands[..at].iter().any(|(_, command)| command.runs_a_script()) {
        return None;
    }
    let sentence = "the runner knows no host: ssh ends with `Host key verification failed`";
    Some(
        Finding::warning(Code::S02, Kind::Static, Stage::Preflight, sentence)
            .at(place(workflow, &commands[at].1))
            .help(
                "before it: `mkdir -p ~/.ssh && echo \"${{ vars.KNOWN_HOSTS }}\" >> ~/.ssh/known_hosts`, \
             where the variable is what `ssh-keyscan HOST` prints",
            ),
    )
}

/// The line that opens the connection. What it hands over may begin further below.
fn place(workflow: &Workflow, command: &Command) -> Place {
    let place = workflow.place(command);
    let is_opening = |line: &&str| ["ssh ", "scp ", "sftp ", "rsync "].iter().any(|program| line.contains(program));
    let lines: Vec<&str> = workflow.source.text.lines().take(command.line).collect();
    let above = lines.iter().rposition(is_opening).map(|index| index + 1);
    above.map_or(place, |line| workflow.place(&Command { line, ..command.clone() }))
}

fn connects(command: &Command) -> bool {
    let ssh = match &command.runs {
        Runs::Here => &command.words,
        Runs::Elsewhere(session) => &session.ssh,
        Runs::Unknown => return false,
    };
    // A configuration of its own may say anything.
    if ssh.iter().any(|word| word == "-F") {
        return false;
    }
    let words = ssh.iter().skip_while(|word| *word == "sudo");
    let words: Vec<&str> = words.map(String::as_str).collect();
    let is_remote = |word: &&&str| word.contains('@') && !word.starts_with('-') && !word.starts_with("git@");
    let Some((program, arguments)) = words.split_first() else { return false };
    match *program {
        "ssh" | "sshpass" | "sftp" => arguments.iter().any(|word| is_remote(&word)),
        "scp" | "rsync" => arguments.iter().filter(is_remote).any(|word| word.contains(':') && !word.contains("::")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::preflight::tests::{step, workflow};

    fn found(steps: &str) -> Option<Finding> {
        let workflow = workflow(steps);
        of_job(&workflow, &workflow.jobs[0])
    }

    #[test]
    fn connections_to_hosts_that_nobody_has_made_known_are_found() {
        for (lines, is_found) in [
            ("ssh -i key.pem ec2-user@host 'docker compose pull'", true),
            ("ssh me@${{ secrets.HOST }} docker compose pull", true),
            ("scp compose.yaml me@host:/srv/", true),
            ("rsync -az -e ssh ./ me@host:/srv/", true),
            ("ssh me@host <<END\ndocker ps\nEND", true),
            ("mkdir -p ~/.ssh\necho \"$KEY\" > ~/.ssh/id_rsa\nssh me@host 'a'", true),
            ("ssh-keyscan host >> x\nssh me@host a", false),
            ("echo \"$KNOWN\" > ~/.ssh/known_hosts\nssh me@host a", false),
            ("ssh -o StrictHostKeyChecking=no me@host a", false),
            ("ssh -o StrictHostKeyChecking=accept-new me@host 'a b'", false),
            ("ssh -F deploy/config me@host a", false),
            ("ssh -T git@github.com", false),
            ("ssh -V", false),
            ("ssh-add key", false),
            ("./scripts/trust.sh\nssh me@host a", false),
            ("make known\nssh me@host a", false),
            ("rsync -a one/ two/", false),
            ("echo ssh me@host", false),
            ("cat > x <<END\nssh me@host a\nEND", false),
        ] {
            assert_eq!(found(&step(lines, false, "")).is_some(), is_found, "{lines}");
        }
        let connecting = step("ssh me@host a", false, "");
        for (action, is_found) in [
            ("webfactory/ssh-agent@v0.9.0", true),
            ("actions/checkout@v4", true),
            ("shimataro/ssh-key-action@v2", false),
            ("./.github/actions/connect", false),
        ] {
            let steps = format!("      - uses: {action}\n{connecting}");
            assert_eq!(found(&steps).is_some(), is_found, "{action}");
        }
        assert_eq!(found(&step("docker ps", true, "")), None);
    }

    #[test]
    fn the_line_that_connects_is_told() {
        let lines = "echo\nssh me@host \"\n  cd /srv\n  docker ps\n\"";
        let finding = found(&step(lines, false, "")).expect("it is found");
        assert_eq!(finding.place.map(|place| (place.line, place.snippet)), Some((8, "ssh me@host \"".to_owned())));
    }
}
