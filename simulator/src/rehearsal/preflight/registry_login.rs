//! G-01: who reaches ECR has logged in to it in the same job, as far as the workflows say. A token is good for twelve hours, and only where
//! it was got: a runner's is no use to the host that it deploys to.
//!
//! What Docker says then was seen with the simulated registry (`registry::tests::docker`): `no basic auth credentials`, and once the token
//! has expired `Your authorization token has expired. Reauthenticate and try again.`

use super::Subject;
use crate::finding::{Code, Finding, Kind, Place, Stage};
use crate::rehearsal::files::workflow::{Command, Docker, Job, Runs, Step};
use crate::rehearsal::files::{Compose, Workflow};

/// What somebody speaks of whose hosts log in by themselves.
const HELPER: [&str; 2] = ["docker-credential-ecr-login", "amazon-ecr-credential-helper"];

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let compose = subject.files.compose.as_ref();
    subject.files.workflows.iter().flat_map(|workflow| of_workflow(workflow, compose)).collect()
}

fn of_workflow(workflow: &Workflow, compose: Option<&Compose>) -> Vec<Finding> {
    if HELPER.iter().any(|helper| workflow.source.text.contains(helper)) {
        return Vec::new();
    }
    workflow
        .jobs
        .iter()
        .flat_map(|job| on_host(workflow, job, compose).into_iter().chain(on_runner(workflow, job)))
        .collect()
}

/// The first pull on a host that nobody logs in.
fn on_host(workflow: &Workflow, job: &Job, compose: Option<&Compose>) -> Option<Finding> {
    let commands: Vec<Command> = job.commands(&workflow.source).into_iter().map(|(_, command)| command).collect();
    let remote = |command: &&Command| matches!(command.runs, Runs::Elsewhere(_));
    // One session may log in for the next.
    if commands.iter().filter(remote).any(|command| logs_in(command) || command.runs_a_script()) {
        return None;
    }
    let pull = commands.iter().filter(remote).find(|command| pulls(command, compose))?;
    let sentence = "the host pulls from ECR and nobody logs it in: a login of another day is good for twelve hours";
    let named = pull.words.iter().filter_map(|word| word.split('/').next()).find(|host| host.contains(".dkr.ecr."));
    let registry = named.unwrap_or("ACCOUNT.dkr.ecr.REGION.amazonaws.com");
    Some(
        finding(workflow.place(pull), sentence)
            .help(format!(
                "before it, in the same session: `aws ecr get-login-password | docker login --username AWS \
                 --password-stdin {registry}`"
            ))
            .help("or have the host log in by itself, with `docker-credential-ecr-login` as `credHelpers` of its `~/.docker/config.json`"),
    )
}

/// The first push of a runner, which is new for each job, that nobody logs in.
fn on_runner(workflow: &Workflow, job: &Job) -> Option<Finding> {
    if !job.is_hosted(&["ubuntu", "windows", "macos"]) || job.has_container {
        return None;
    }
    for step in &job.steps {
        let commands = step.commands(&workflow.source);
        for command in commands.iter().filter(|command| command.runs == Runs::Here) {
            if logs_in(command) || command.runs_a_script() {
                return None;
            }
            if pushes(command) {
                return Some(finding(workflow.place(command), NO_LOGIN).help(LOG_IN));
            }
        }
        if pushes_by_action(step) {
            return Some(finding(workflow.source.place(step.spot), NO_LOGIN).help(LOG_IN));
        }
        // Another action may log in, and most of those that do say so.
        let uses = step.uses.as_deref().unwrap_or_default();
        if uses.starts_with("./") || uses.contains("login") || is_ecr(uses) {
            return None;
        }
    }
    None
}

const NO_LOGIN: &str = "the job pushes to ECR and has not logged in, and what another job has is on another machine";
const LOG_IN: &str = "before it: `- uses: aws-actions/amazon-ecr-login@v2`";

fn finding(place: Place, sentence: &str) -> Finding {
    Finding::warning(Code::G01, Kind::Static, Stage::Preflight, sentence).at(place)
}

/// Whether a command brings an image from ECR to the machine where it runs.
fn pulls(command: &Command, compose: Option<&Compose>) -> bool {
    Docker::of(command).is_some_and(|docker| {
        if docker.is_compose() {
            let files = docker.option(["-f", "--file"]);
            let asks = docker.does(&["pull"]) || docker.does(&["up"]);
            return asks && compose.is_some_and(|compose| is_of(compose, &files) && has_ecr(compose));
        }
        let asks = docker.does(&["pull"]) || docker.does(&["run"]) || docker.does(&["image", "pull"]);
        asks && docker.words.iter().any(|word| is_ecr(word))
    })
}

/// Whether `files`, as they are told to Compose, are this one.
fn is_of(compose: &Compose, files: &[&str]) -> bool {
    let name = |path: &str| path.rsplit('/').next().map(str::to_owned);
    files.iter().all(|file| name(file) == name(&compose.source.name))
}

fn has_ecr(compose: &Compose) -> bool {
    let images = compose.services.iter().filter(|service| service.build.is_none()).filter_map(|it| it.image.as_ref());
    images.into_iter().any(|image| is_ecr(&image.value))
}

fn pushes(command: &Command) -> bool {
    Docker::of(command).is_some_and(|docker| {
        let built = docker.does(&["buildx", "build"]) && docker.says("--push");
        let asks = built || docker.does(&["push"]) || docker.does(&["image", "push"]);
        asks && docker.words.iter().any(|word| is_ecr(word))
    })
}

fn pushes_by_action(step: &Step) -> bool {
    step.builds_and_pushes() && step.with.get("tags").is_some_and(|tags| is_ecr(&tags.value.shown()))
}

fn logs_in(command: &Command) -> bool {
    let said = |word: &String| word.contains("get-login") || word == "login";
    command.words.iter().any(said)
}

/// Whether a name, or what stands for it, is of a private registry of ECR's: `….dkr.ecr.…`, `$ECR_REGISTRY`, `steps.login-ecr.outputs.registry`.
fn is_ecr(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !lower.contains("public.ecr.aws")
        && lower.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|part| part == "ecr")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::files::Source;
    use crate::rehearsal::preflight::tests::{step, workflow};

    const IMAGE: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app";

    fn compose(service: &str) -> Compose {
        let text = format!("services:\n  app: {{{service}}}\n");
        Compose::parse(Source { name: "compose.yaml".to_owned(), text }).expect("it is right")
    }

    #[test]
    fn hosts_that_nobody_logs_in_are_found() {
        let ecr = compose(&format!("image: \"{IMAGE}:latest\""));
        let login = "aws ecr get-login-password | docker login --username AWS --password-stdin x";
        for (lines, remote, is_found) in [
            ("docker compose pull\ndocker compose up -d".to_owned(), true, true),
            (format!("docker pull {IMAGE}:${{{{ github.sha }}}}"), true, true),
            ("docker pull $ECR_REGISTRY/app:1".to_owned(), true, true),
            ("ssh me@host 'docker compose pull && docker compose up -d'".to_owned(), false, true),
            ("docker compose -f /srv/compose.yaml up -d".to_owned(), true, true),
            // A login on the runner is none on the host.
            (format!("{login}\nssh me@host 'docker compose pull'"), false, true),
            (format!("{login}\ndocker compose pull"), true, false),
            (format!("ssh me@host '{login}'\nssh me@host docker compose pull"), false, false),
            ("./login.sh\ndocker compose pull".to_owned(), true, false),
            ("docker compose -f other.yaml pull".to_owned(), true, false),
            ("docker compose ps".to_owned(), true, false),
            ("docker pull ghcr.io/acme/app:1".to_owned(), true, false),
            ("docker pull public.ecr.aws/nginx/nginx:1".to_owned(), true, false),
            ("# docker-credential-ecr-login is on the host\ndocker compose pull".to_owned(), true, false),
            ("docker compose pull".to_owned(), false, false),
        ] {
            let found = of_workflow(&workflow(&step(&lines, remote, "")), Some(&ecr));
            assert_eq!(!found.is_empty(), is_found, "{lines}");
        }
        let pull = workflow(&step("docker compose pull", true, ""));
        for (service, is_found) in [
            ("image: \"ghcr.io/acme/app:1\"", false),
            ("image: \"${ECR_REGISTRY}/app:${TAG}\"", true),
            (&format!("build: ., image: \"{IMAGE}\""), false),
        ] {
            assert_eq!(!of_workflow(&pull, Some(&compose(service))).is_empty(), is_found, "{service}");
        }
        assert_eq!(of_workflow(&pull, None), []);
    }

    #[test]
    fn runners_that_nobody_logs_in_are_found() {
        let push = step("docker push ${{ steps.login-ecr.outputs.registry }}/app:1", false, "");
        let uses = |action: &str| format!("      - uses: {action}\n");
        let built =
            uses("docker/build-push-action@v6") + &format!("        with: {{push: true, tags: \"{IMAGE}:1\"}}\n");
        for (steps, is_found) in [
            (push.clone(), true),
            (built.clone(), true),
            (uses("actions/checkout@v4") + &push, true),
            (step(&format!("docker buildx build --push -t {IMAGE}:1 ."), false, ""), true),
            (uses("aws-actions/amazon-ecr-login@v2") + &push, false),
            (uses("docker/login-action@v3") + &built, false),
            (uses("./.github/actions/registry") + &push, false),
            (step(&format!("aws ecr get-login-password | docker login x\ndocker push {IMAGE}"), false, ""), false),
            (step(&format!("make login\ndocker push {IMAGE}"), false, ""), false),
            (step("docker push ghcr.io/acme/app", false, ""), false),
            // What is secret is not ECR's for that.
            (step("docker push ${{ secrets.REGISTRY }}/app", false, ""), false),
            (built.replace("push: true", "push: false"), false),
        ] {
            assert_eq!(!of_workflow(&workflow(&steps), None).is_empty(), is_found, "{steps}");
        }
    }
}
