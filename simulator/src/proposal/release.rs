//! What the workflows of a repository say of its deploy.
//!
//! Sources: the `action.yml` of AWS's own actions (amazon-ecs-deploy-task-definition, amazon-ecs-render-task-definition,
//! configure-aws-credentials), the AWS CLI's options of `ecs update-service` and `ecs run-task`.

use serde_json::Value;

use super::found::Found;
use crate::rehearsal::files::Workflow;
use crate::rehearsal::files::workflow::{Command, Job, Step, Text};

/// One job that deploys, and what its workflow says of the deploy.
pub(super) struct Release<'a> {
    pub(super) workflow: &'a Workflow,
    pub(super) job: &'a Job,
    pub(super) kind: Kind,
    pub(super) region: Option<Found<String>>,
    pub(super) cluster: Option<Found<String>>,
    pub(super) service: Option<Found<String>>,
    /// Every service that is updated, the first among them.
    pub(super) services: Vec<Found<String>>,
    pub(super) container: Option<Found<String>>,
    pub(super) task_definition: Option<Found<String>>,
    pub(super) desired_count: Option<Found<String>>,
    /// The container and the command of a one-off task.
    pub(super) override_command: Option<(String, Found<Vec<String>>)>,
    /// Every repository that images are pushed to.
    pub(super) repositories: Vec<Found<String>>,
    /// The compose file that is started on the host.
    pub(super) compose: Option<Found<String>>,
    /// As whom it deploys.
    pub(super) identity: Option<Identity<'a>>,
    /// Whether CodeDeploy shifts the traffic.
    pub(super) by_code_deploy: bool,
    /// What the workflow names by an expression that only GitHub knows: which key, and the expression with its place.
    pub(super) unknown: Vec<(&'static str, String)>,
}

/// As whom a job asks AWS for anything.
pub(super) struct Identity<'a> {
    /// The job: the one that deploys, or else another of its workflow.
    pub(super) job: &'a Job,
    /// Where it is said, and whether it is a role taken with an identity token or a user's access key.
    pub(super) is_role: Found<bool>,
}

/// How a job deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// It updates an ECS service.
    Ecs,
    /// It runs commands on a host over SSH.
    Ssh,
    /// It only pushes an image.
    Push,
}

const DEPLOY: &str = "aws-actions/amazon-ecs-deploy-task-definition";
const RENDER: &str = "aws-actions/amazon-ecs-render-task-definition";
const CREDENTIALS: &str = "aws-actions/configure-aws-credentials";
const BUILD: &str = "docker/build-push-action";
const OVER_SSH: [&str; 3] = ["appleboy/ssh-action", "appleboy/scp-action", "easingthemes/ssh-deploy"];

/// Every job that deploys, the most telling first: ECS before SSH before a push alone, production before others, then as they are written.
pub(super) fn find(workflows: &[Workflow]) -> Vec<Release<'_>> {
    let jobs = workflows.iter().flat_map(|workflow| workflow.jobs.iter().map(move |job| (workflow, job)));
    let mut found: Vec<_> = jobs.filter_map(|(workflow, job)| Some((kind(workflow, job)?, workflow, job))).collect();
    found.sort_by_key(|(kind, workflow, job)| (*kind, !is_production(workflow, job)));
    found.into_iter().map(|(kind, workflow, job)| Release::read(workflow, job, kind)).collect()
}

/// Whether a job, its environment or its workflow's file is called after production.
fn is_production(workflow: &Workflow, job: &Job) -> bool {
    let environment = job.environment.as_ref().and_then(|environment| environment.value.constant());
    let names = [Some(job.id.value.as_str()), environment, Some(workflow.source.name.as_str())];
    names.into_iter().flatten().any(|name| name.to_ascii_lowercase().contains("prod"))
}

fn kind(workflow: &Workflow, job: &Job) -> Option<Kind> {
    let kinds = job.steps.iter().filter_map(|step| {
        let commands = step.commands(&workflow.source);
        let runs = |words: &[&str]| commands.iter().any(|command| command.begins(words));
        if step.uses(DEPLOY) || runs(&["aws", "ecs", "update-service"]) {
            Some(Kind::Ecs)
        } else if OVER_SSH.iter().any(|action| step.uses(action)) || runs(&["ssh"]) || runs(&["docker", "--host"]) {
            Some(Kind::Ssh)
        } else if runs(&["docker", "push"]) || step.uses(BUILD) {
            Some(Kind::Push)
        } else {
            script_over_ssh(step).then_some(Kind::Ssh)
        }
    });
    kinds.min()
}

/// Whether a step's script hands commands to another machine: those are taken apart, so the word itself is looked for.
fn script_over_ssh(step: &Step) -> bool {
    step.run.as_ref().is_some_and(|run| run.value.lines().any(|line| line.trim_start().starts_with("ssh ")))
}

impl<'a> Release<'a> {
    fn read(workflow: &'a Workflow, job: &'a Job, kind: Kind) -> Self {
        let mut release = Self {
            workflow,
            job,
            kind,
            region: None,
            cluster: None,
            service: None,
            services: Vec::new(),
            container: None,
            task_definition: None,
            desired_count: None,
            override_command: None,
            repositories: Vec::new(),
            compose: None,
            identity: None,
            by_code_deploy: false,
            unknown: Vec::new(),
        };
        for step in &job.steps {
            release.look(step);
            release.look_for_identity(job, step);
        }
        // Credentials and images are often another job's; what other jobs deploy is theirs.
        for other in workflow.jobs.iter().filter(|other| other.id != job.id) {
            for step in &other.steps {
                release.look_for_image(step);
                release.look_for_identity(other, step);
                if release.region.is_none() {
                    release.look_for_region(step);
                }
            }
        }
        release
    }

    fn look(&mut self, step: &Step) {
        self.look_for_region(step);
        self.look_for_image(step);
        if step.uses(RENDER) {
            self.container = self.container.take().or_else(|| self.given(step, "container-name", "container"));
            self.task_definition =
                self.task_definition.take().or_else(|| self.given(step, "task-definition", "task-definition"));
        }
        if step.uses(DEPLOY) {
            self.cluster = self.cluster.take().or_else(|| self.given(step, "cluster", "cluster"));
            let service = self.given(step, "service", "name");
            self.updates(service);
            self.desired_count =
                self.desired_count.take().or_else(|| self.given(step, "desired-count", "desired-count"));
            // Between the two actions the file is handed on by an expression; one that is not is the repository's own.
            let own = step.with.get("task-definition").is_some_and(|given| given.value.constant().is_some());
            if own && self.task_definition.is_none() {
                self.task_definition = self.given(step, "task-definition", "task-definition");
            }
            self.by_code_deploy |= step.with.keys().any(|key| key.starts_with("codedeploy-"));
            if let Some(overrides) = self.given(step, "run-task-container-overrides", "command") {
                self.override_command = self.override_command.take().or_else(|| container_override(&overrides));
            }
        }
        for command in step.commands(&self.workflow.source) {
            self.look_at(&command);
        }
    }

    fn look_at(&mut self, command: &Command) {
        let option = |name: &str, what: &str| {
            let value = command.option(name)?;
            is_known(value).then(|| Found::at(value.to_owned(), &self.workflow.source, command.line, what))
        };
        if command.begins(&["aws", "ecs", "update-service"]) {
            let what = "`aws ecs update-service`";
            let (cluster, service) = (option("--cluster", what), option("--service", what));
            let (count, region) = (option("--desired-count", what), option("--region", what));
            self.cluster = self.cluster.take().or(cluster);
            self.updates(service);
            self.desired_count = self.desired_count.take().or(count);
            self.region = self.region.take().or(region);
        } else if command.begins(&["aws", "ecs", "run-task"]) {
            let overrides = option("--overrides", "`aws ecs run-task`");
            let cluster = option("--cluster", "`aws ecs run-task`");
            self.cluster = self.cluster.take().or(cluster);
            let inner = overrides.and_then(|found| {
                let reason = found.reason;
                let value: Value = serde_json::from_str(&found.value).ok()?;
                container_override(&Found { value: value.get("containerOverrides")?.to_string(), reason })
            });
            self.override_command = self.override_command.take().or(inner);
        } else if command.begins(&["aws", "ecs", "register-task-definition"]) {
            let file = option("--cli-input-json", "`aws ecs register-task-definition`");
            self.task_definition =
                self.task_definition.take().or(file.map(|file| file.map(|name| name.replace("file://", ""))));
        } else if command.begins(&["docker", "compose"]) || command.begins(&["docker-compose"]) {
            let file = option("-f", "`docker compose`").or_else(|| option("--file", "`docker compose`"));
            self.compose = self.compose.take().or(file);
        }
    }

    /// The job updates a service.
    fn updates(&mut self, service: Option<Found<String>>) {
        self.services.extend(service.clone());
        self.service = self.service.take().or(service);
    }

    /// A role beside access keys is taken with them, and so the user's.
    fn look_for_identity(&mut self, job: &'a Job, step: &Step) {
        let source = &self.workflow.source;
        let with = |key: &str| step.uses(CREDENTIALS).then(|| step.with.get(key)).flatten();
        let key = with("aws-access-key-id").map(|key| Found::new(false, source, key.spot, "`aws-access-key-id`"));
        let role = with("role-to-assume").map(|role| Found::new(true, source, role.spot, "`role-to-assume`"));
        // Where the variable is set is not kept; the step that sees it is near enough to find it.
        let variable = step.environment.get("AWS_ACCESS_KEY_ID");
        let variable = variable.map(|_| Found::new(false, source, step.spot, "`AWS_ACCESS_KEY_ID`"));
        if let Some(is_role) = key.or(role).or(variable).filter(|_| self.identity.is_none()) {
            self.identity = Some(Identity { job, is_role });
        }
    }

    fn look_for_region(&mut self, step: &Step) {
        if self.region.is_none() && step.uses(CREDENTIALS) {
            self.region = self.given(step, "aws-region", "region");
        }
        if self.region.is_none() {
            let known = ["AWS_REGION", "AWS_DEFAULT_REGION"]
                .iter()
                .find_map(|name| Some((*name, step.environment.get(*name)?.constant()?.to_owned())));
            // Where the variable is set is not kept; the step that sees it is near enough to find it.
            self.region =
                known.map(|(name, region)| Found::new(region, &self.workflow.source, step.spot, &format!("`{name}`")));
        }
    }

    fn look_for_image(&mut self, step: &Step) {
        let source = &self.workflow.source;
        let mut found = Vec::new();
        if step.uses(BUILD)
            && let Some(tags) = step.with.get("tags")
        {
            for tag in tags.value.shown().split([',', '\n']) {
                found.extend(repository(tag.trim()).map(|name| Found::new(name, source, tags.spot, "`tags`")));
            }
        }
        for command in step.commands(source) {
            if command.begins(&["docker", "push"]) || command.begins(&["docker", "image", "push"]) {
                let image = command.words.iter().skip(2).find(|word| !word.starts_with('-'));
                let image = image.map(|image| known_image(image, step));
                found.extend(
                    image
                        .and_then(|image| repository(&image))
                        .map(|name| Found::at(name, source, command.line, "`docker push`")),
                );
            }
        }
        for name in found {
            if self.repositories.iter().all(|known| known.value != name.value) {
                self.repositories.push(name);
            }
        }
    }

    /// What an action is given under `key`, if it is constant; otherwise it is unknown what `greenroom_key` is.
    fn given(&mut self, step: &Step, key: &str, greenroom_key: &'static str) -> Option<Found<String>> {
        let given = step.with.get(key)?;
        let source = &self.workflow.source;
        match &given.value {
            Text::Constant(text) if text.is_empty() => None,
            Text::Constant(text) => Some(Found::new(text.clone(), source, given.spot, &format!("`{key}`"))),
            Text::Unknown(text) => {
                let about = format!("`{text}` ({}:{})", source.name, given.spot.line);
                self.unknown.push((greenroom_key, about));
                None
            }
        }
    }
}

fn is_known(word: &str) -> bool {
    !word.is_empty() && !word.contains('$')
}

/// An image of a command with the step's own variables in it, `$IMAGE` most of all.
fn known_image(image: &str, step: &Step) -> String {
    let name = image.trim_start_matches('$').trim_start_matches('{').trim_end_matches('}');
    step.environment.get(name).filter(|_| image.starts_with('$')).map_or_else(|| image.to_owned(), Text::shown)
}

/// The repository's name in `REGISTRY/NAME:TAG`, where the registry and the tag may be anybody's guess.
fn repository(image: &str) -> Option<String> {
    // An expression may hold slashes and colons of its own.
    let mut plain = String::new();
    let mut rest = image;
    while let Some((before, from)) = rest.split_once("${{") {
        plain.push_str(before);
        plain.push('$');
        rest = from.split_once("}}").map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    let (registry, name) = plain.split_once('/')?;
    let is_ecr = registry.starts_with('$') || registry.contains(".dkr.ecr.");
    let name = name.split([':', '@']).next()?;
    (is_ecr && is_known(name)).then(|| name.to_owned())
}

/// The first command of `[{"name": …, "command": […]}]`.
fn container_override(found: &Found<String>) -> Option<(String, Found<Vec<String>>)> {
    let overrides: Value = serde_json::from_str(&found.value).ok()?;
    overrides.as_array()?.iter().find_map(|one| {
        let words = one.get("command")?.as_array()?.iter().map(|word| word.as_str().map(str::to_owned));
        let command = words.collect::<Option<Vec<_>>>()?;
        let name = one.get("name")?.as_str()?.to_owned();
        Some((name, Found { value: command, reason: found.reason.clone() }))
    })
}

#[cfg(test)]
mod tests {
    use super::repository;

    #[test]
    fn repositories_are_told_from_images() {
        for (image, name) in [
            ("${{ steps.login.outputs.registry }}/news:${{ github.sha }}", Some("news")),
            ("$REGISTRY/team/news:latest", Some("team/news")),
            ("123456789012.dkr.ecr.eu-central-1.amazonaws.com/news@sha256:0", Some("news")),
            ("ghcr.io/octo/news:1", None),
            ("$REGISTRY/$REPOSITORY:1", None),
            ("news:1", None),
        ] {
            assert_eq!(repository(image).as_deref(), name, "{image}");
        }
    }
}
