//! S-04: Compose is called as the runner has it. What other machines have is not known.
//!
//! GitHub announced the removal in actions/runner-images#9864; images of Ubuntu have `docker compose` alone since July 2024.

use super::Subject;
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::files::Workflow;
use crate::rehearsal::files::workflow::{Command, Docker, Job, Program, Runs};

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let of = |workflow: &Workflow| workflow.jobs.iter().filter_map(|job| of_job(workflow, job)).collect::<Vec<_>>();
    subject.files.workflows.iter().flat_map(of).collect()
}

/// One finding per job, at its first such command.
fn of_job(workflow: &Workflow, job: &Job) -> Option<Finding> {
    // An action may install it.
    let installs = job.steps.iter().filter_map(|step| step.uses.as_deref()).any(|uses| uses.contains("compose"));
    if !job.is_hosted(&["ubuntu"]) || job.has_container || installs {
        return None;
    }
    let commands = job.commands(&workflow.source);
    if commands.iter().any(|(_, command)| brings(command)) {
        return None;
    }
    let is_missing = |command: &Command| {
        let line = workflow.source.text.lines().nth(command.line.saturating_sub(1)).unwrap_or_default();
        // With `||`, something else is done where it is not there.
        command.runs == Runs::Here
            && Docker::of(command).is_some_and(|docker| docker.program == Program::ComposeOne)
            && !line.contains("||")
    };
    let mut missing = commands.iter().map(|(_, command)| workflow.place(command)).zip(&commands);
    let mut missing = missing.by_ref().filter(|(_, (_, command))| is_missing(command)).map(|(place, _)| place);
    let first = missing.next()?;
    let help = first.snippet.replace("docker-compose ", "docker compose ");
    let sentence = "GitHub's runners have no `docker-compose`: the step ends with `docker-compose: command not found`";
    let further = missing.map(|place| format!("{place} {}", place.snippet)).collect::<Vec<_>>();
    Some(
        Finding::warning(Code::S04, Kind::Static, Stage::Preflight, sentence)
            .at(first)
            .with_evidence(further)
            .help(help),
    )
}

/// Whether a command speaks of the program as of a file or a package: it may install it, or ask whether it is there.
fn brings(command: &Command) -> bool {
    let arguments = command.words.iter().skip(1).zip(&command.words);
    arguments.into_iter().any(|(word, before)| {
        let names = word.contains("docker-compose") && ![".yml", ".yaml", ".env"].iter().any(|it| word.contains(it));
        // `sudo docker-compose up` runs it.
        names && !["sudo", "-E", "env", "time"].contains(&before.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::preflight::tests::{step, workflow};

    fn found(text: &str) -> Vec<Finding> {
        let workflow = workflow(text);
        workflow.jobs.iter().filter_map(|job| of_job(&workflow, job)).collect()
    }

    #[test]
    fn the_old_name_is_found_where_the_runner_has_only_the_new_one() {
        for (lines, remote, is_found) in [
            ("docker-compose up -d", false, true),
            ("sudo docker-compose -f docker-compose.prod.yml up -d", false, true),
            ("docker compose -f docker-compose.yml up -d", false, false),
            ("docker-compose up -d", true, false),
            ("ssh me@host 'docker-compose up -d'", false, false),
            ("ssh me@host <<END\ndocker-compose up -d\nEND", false, false),
            ("ssh me@host \"\n  docker-compose up -d\n\"", false, false),
            ("cat > deploy.sh <<END\ndocker-compose up -d\nEND", false, false),
            ("sudo apt-get install -y docker-compose\ndocker-compose up -d", false, false),
            ("pip install docker-compose==1.29.2\ndocker-compose up", false, false),
            ("curl -L x -o /usr/local/bin/docker-compose\ndocker-compose up", false, false),
            ("docker-compose up -d || docker compose up -d", false, false),
            ("command -v docker-compose\ndocker-compose up", false, false),
            ("echo 'docker-compose up'", false, false),
        ] {
            assert_eq!(found(&step(lines, remote, "")).len(), usize::from(is_found), "{lines}");
        }
        let with_action = format!(
            "      - uses: KengoTODA/actions-setup-docker-compose@v1\n{}",
            step("docker-compose up", false, "")
        );
        assert_eq!(found(&with_action), []);
    }

    #[test]
    fn what_is_not_githubs_own_ubuntu_is_not_known() {
        let text = workflow(&step("docker-compose up", false, "")).source.text;
        for (runs_on, is_found) in [
            ("ubuntu-24.04", true),
            ("[ubuntu-22.04]", true),
            ("ubuntu-24.04-arm", true),
            ("self-hosted", false),
            ("[self-hosted, ubuntu-latest]", false),
            ("ubuntu-large", false),
            ("windows-latest", false),
            ("${{ matrix.os }}", false),
            ("ubuntu-latest\n    container: docker:20", false),
        ] {
            let text = text.replace("runs-on: ubuntu-latest", &format!("runs-on: {runs_on}"));
            let source = crate::rehearsal::files::Source { name: "test.yaml".to_owned(), text };
            let workflow = Workflow::parse(source).expect("it is right");
            assert_eq!(of_job(&workflow, &workflow.jobs[0]).is_some(), is_found, "{runs_on}");
        }
    }

    #[test]
    fn the_help_is_the_line_as_it_should_be() {
        let told: Vec<String> =
            found(&step("docker-compose -f docker-compose.yml pull\n\ndocker-compose up -d", false, ""))
                .iter()
                .map(ToString::to_string)
                .collect();
        assert_eq!(
            told,
            ["\
warning[S-04] GitHub's runners have no `docker-compose`: the step ends with `docker-compose: command not found` (preflight)
  test.yaml:7:11   docker-compose -f docker-compose.yml pull
  read     test.yaml:9:11 docker-compose up -d
  fix      docker compose -f docker-compose.yml pull"]
        );
    }
}
