//! S-01: a key reaches its file as it is in the secret.
//!
//! What is found here was seen to fail with OpenSSH 9.2's `ssh-keygen -y`, and the same in quotes and with a line break at its end was seen
//! to succeed (`real/ssh.rs`). `echo "$KEY"` is fine, with and without a line break at the secret's own end.

use std::collections::BTreeSet;

use super::Subject;
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::files::Workflow;
use crate::rehearsal::files::workflow::{Command, Job, Runs, Step, is_open};

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let of = |workflow: &Workflow| workflow.jobs.iter().flat_map(|job| of_job(workflow, job)).collect::<Vec<_>>();
    subject.files.workflows.iter().flat_map(of).collect()
}

pub(super) fn of_job(workflow: &Workflow, job: &Job) -> Vec<Finding> {
    let commands = job.commands(&workflow.source);
    let keys: BTreeSet<&str> = commands.iter().flat_map(|(_, command)| keys_of(command)).collect();
    let writes = commands.iter().enumerate().filter_map(|(index, (step, command))| {
        let next = commands.get(index + 1).map(|(_, next)| next).filter(|next| next.line == command.line);
        let write = Write::of(workflow, step, command, next)?;
        let defect = write.defect().filter(|_| write.is_of_key(&keys))?;
        let finding = Finding::warning(Code::S01, Kind::Static, Stage::Preflight, defect).at(workflow.place(command));
        Some(finding.help(write.whole()))
    });
    writes.collect()
}

/// The files that a command takes for keys.
fn keys_of(command: &Command) -> Vec<&str> {
    let words = match &command.runs {
        Runs::Elsewhere(session) if !session.ssh.is_empty() => &session.ssh,
        Runs::Here => &command.words,
        Runs::Elsewhere(_) | Runs::Unknown => return Vec::new(),
    };
    let program = words.first().map_or("", String::as_str);
    let named = |word: &str| -> bool { ["ssh", "scp", "sftp", "rsync", "sshpass"].contains(&word) };
    match program {
        "ssh-add" => words.iter().skip(1).map(|word| last(word)).collect(),
        _ if named(program) => {
            let given = words.windows(2).filter(|pair| pair[0] == "-i").map(|pair| last(&pair[1]));
            // `rsync -e 'ssh -i key'`, `-o IdentityFile=key`.
            let within = words.iter().filter_map(|word| word.split_once(" -i ").or(word.split_once("IdentityFile=")));
            given.chain(within.map(|(_, rest)| last(rest.split(' ').next().unwrap_or_default()))).collect()
        }
        _ => Vec::new(),
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// A command that writes a secret.
struct Write<'a> {
    program: &'a str,
    /// Its arguments, without where they are written.
    arguments: &'a [String],
    /// The secret as the script refers to it.
    reference: &'a str,
    is_quoted: bool,
    target: Target<'a>,
}

enum Target<'a> {
    File(&'a str),
    Agent,
}

impl<'a> Write<'a> {
    fn of(workflow: &'a Workflow, step: &Step, command: &'a Command, next: Option<&'a Command>) -> Option<Self> {
        let (program, rest) = command.words.split_first().filter(|_| command.runs == Runs::Here)?;
        if !["echo", "printf"].contains(&program.as_str()) {
            return None;
        }
        let redirect = rest.iter().position(|word| word.starts_with('>'));
        let arguments = &rest[..redirect.unwrap_or(rest.len())];
        let target = match (redirect, next) {
            (Some(at), _) => {
                let file = rest[at].trim_start_matches('>');
                Target::File(if file.is_empty() { rest.get(at + 1)? } else { file })
            }
            (None, Some(next)) if next.begins(&["ssh-add"]) => Target::Agent,
            (None, Some(next)) if next.begins(&["tee"]) => {
                Target::File(next.words.iter().skip(1).find(|word| !word.starts_with('-'))?)
            }
            (None, _) => return None,
        };
        let reference = arguments.iter().find_map(|word| secret(step, word))?;
        let line = workflow.source.text.lines().nth(command.line.checked_sub(1)?)?;
        // In a text that YAML quotes, the quotes are not the shell's.
        let script = line.trim_start().trim_start_matches("- ").strip_prefix("run:").unwrap_or(line).trim_start();
        if script.starts_with(['"', '\'']) {
            return None;
        }
        let is_quoted = is_open(&script[..script.find(reference)?]);
        Some(Self { program, arguments, reference, is_quoted, target })
    }

    fn is_of_key(&self, keys: &BTreeSet<&str>) -> bool {
        match self.target {
            Target::Agent => true,
            Target::File(path) => {
                let name = last(path);
                let is_public = name.ends_with(".pub") || name.contains("known") || name.contains("authorized");
                let sounds_so = path.contains(".ssh/")
                    && (name.starts_with("id_") || name.contains("key") || name.ends_with(".pem"));
                !is_public && (keys.contains(name) || sounds_so)
            }
        }
    }

    /// What is wrong with it, if anything is.
    fn defect(&self) -> Option<&'static str> {
        if !self.is_quoted {
            return Some(
                "without quotes the shell does not keep the key's line breaks, and ssh cannot read it: `error in libcrypto`",
            );
        }
        let is_short = if self.program == "printf" {
            let format = self.arguments.first()?;
            if format.contains(self.reference) {
                return Some("`printf` takes the key for an option, as it begins with dashes, and writes nothing");
            }
            // After `--` the format is the key.
            !format.ends_with("\\n")
        } else {
            let options = self.arguments.iter().take_while(|word| word.starts_with('-') && !word.contains("${{"));
            options.into_iter().any(|option| option.contains('n'))
        };
        is_short.then_some(
            "the file ends without a line break unless the secret has one, and ssh cannot read a key of OpenSSH's format so: `error in libcrypto`",
        )
    }

    /// The same, written whole.
    fn whole(&self) -> String {
        let written = format!("printf '%s\\n' \"{}\"", self.reference);
        match self.target {
            Target::File(path) => format!("{written} > {path}"),
            Target::Agent => format!("{written} | ssh-add -"),
        }
    }
}

/// The secret to which a word refers: `${{ secrets.KEY }}`, or a variable of the step that is one.
fn secret<'word>(step: &Step, word: &'word str) -> Option<&'word str> {
    let expression = || {
        let at = word.find("${{")?;
        let length = word[at..].find("}}")? + 2;
        Some(&word[at..at + length]).filter(|expression| expression.contains("secrets."))
    };
    let variable = || {
        let at = word.find('$')?;
        let name = word[at + 1..].trim_start_matches('{');
        let name = name.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next()?;
        let value = step.environment.get(name)?;
        let braced = word[at + 1..].starts_with('{');
        let length = 1 + name.len() + if braced { 2 } else { 0 };
        value.shown().contains("secrets.").then(|| word.get(at..at + length)).flatten()
    };
    expression().or_else(variable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::preflight::tests::{step, workflow};

    fn found(lines: &str) -> Vec<String> {
        let env = "        env: {KEY: \"${{ secrets.KEY }}\", NAME: x}\n";
        let workflow = workflow(&step(lines, false, env));
        let findings = of_job(&workflow, &workflow.jobs[0]);
        findings.into_iter().map(|finding| finding.sentence.split(' ').next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn ways_that_mangle_a_key_are_found() {
        let (unquoted, option, short): (&[&str], &[&str], &[&str]) = (&["without"], &["`printf`"], &["the"]);
        for (lines, expected) in [
            ("echo ${{ secrets.KEY }} > ~/.ssh/id_rsa", unquoted),
            ("echo $KEY > ~/.ssh/id_ed25519", unquoted),
            ("mkdir x && echo ${KEY} >> deploy\nssh -i deploy me@host a", unquoted),
            ("printf '%s\\n' $KEY > key.pem\nscp -i ./key.pem a me@host:", unquoted),
            ("echo $KEY | ssh-add -", unquoted),
            ("echo $KEY | tee -a ~/.ssh/id_rsa", unquoted),
            ("printf \"$KEY\" > ~/.ssh/id_rsa", option),
            ("printf \"${{ secrets.KEY }}\\n\" > ~/.ssh/id_rsa", option),
            ("printf '%s' \"$KEY\" > ~/.ssh/id_rsa", short),
            ("printf -- \"$KEY\" > ~/.ssh/id_rsa", short),
            ("echo -n \"$KEY\" > ~/.ssh/id_rsa", short),
            ("echo \"$KEY\" > ~/.ssh/id_rsa", &[]),
            ("echo \"${{ secrets.KEY }}\" > ~/.ssh/id_rsa", &[]),
            ("echo '${{ secrets.KEY }}' > ~/.ssh/id_rsa", &[]),
            ("echo -e \"$KEY\" > ~/.ssh/id_rsa", &[]),
            ("printf '%s\\n' \"$KEY\" > ~/.ssh/id_rsa", &[]),
            ("echo \"$KEY\" | ssh-add -", &[]),
            ("cat <<< $KEY > ~/.ssh/id_rsa", &[]),
            ("echo $KEY | base64 -d > ~/.ssh/id_rsa", &[]),
            ("echo $KEY > ~/.ssh/known_hosts", &[]),
            ("echo $KEY > ~/.ssh/id_rsa.pub", &[]),
            ("echo $KEY > .env", &[]),
            ("echo $KEY > key.pem", &[]),
            ("echo $NAME > ~/.ssh/id_rsa", &[]),
            ("ssh host 'echo $KEY > ~/.ssh/id_rsa'", &[]),
        ] {
            assert_eq!(found(lines), expected, "{lines}");
        }
        // Here the quotes are YAML's.
        let quoted = workflow("      - run: \"echo ${{ secrets.KEY }} > ~/.ssh/id_rsa\"\n");
        assert_eq!(of_job(&quoted, &quoted.jobs[0]), []);
        let plain = workflow("      - run: echo ${{ secrets.KEY }} > ~/.ssh/id_rsa\n");
        let finding = of_job(&plain, &plain.jobs[0]).remove(0);
        assert_eq!(finding.help, ["printf '%s\\n' \"${{ secrets.KEY }}\" > ~/.ssh/id_rsa"]);
    }
}
