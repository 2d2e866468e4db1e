//! G-04: each release has a tag of its own. Where one tag is moved from release to release, what runs can be started again only as long as
//! its image, which has no tag any more, is kept.

use super::Subject;
use crate::finding::{Code, Finding, Kind, Place, Stage};
use crate::rehearsal::files::workflow::{Command, Step, Workflow};

/// The official action that writes an image into a task definition.
const RENDER: &str = "aws-actions/amazon-ecs-render-task-definition";

/// ECS starts every task of a deployment from the image that the tag meant at the first one.
const EXPIRED: &str = "and its tasks cannot be replaced once a lifecycle policy has expired it";

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    subject.files.workflows.iter().flat_map(|workflow| rendered(workflow).chain(restarted(workflow))).collect()
}

/// The steps that write an image into a task definition under a name that stays.
fn rendered(workflow: &Workflow) -> impl Iterator<Item = Finding> {
    steps(workflow).filter(|step| step.uses(RENDER)).filter_map(|step| {
        let image = step.with.get("image")?;
        let shown = image.value.shown();
        let name = shown.rsplit('/').next().filter(|name| stays(name))?;
        let sentence = format!("every release is deployed as `{name}`: the one before loses that tag, {EXPIRED}");
        let untagged = shown.strip_suffix(":latest").unwrap_or(&shown);
        let help = format!("push it under its commit, and here: `image: {untagged}:${{{{ github.sha }}}}`");
        Some(finding(sentence, workflow.source.place(image.spot)).help(help))
    })
}

/// Whether an image of this name is the next release's, too: it has no tag, or `latest`. What only a run knows may be another each time.
fn stays(name: &str) -> bool {
    match name.split_once(':') {
        Some((_, tag)) => tag == "latest",
        None => !name.contains('@') && !name.contains("}}"),
    }
}

/// The commands that start the same revision again, where the workflow has pushed an image: it is under the tag that the revision names.
fn restarted(workflow: &Workflow) -> impl Iterator<Item = Finding> {
    let commands: Vec<Command> = workflow.commands().collect();
    let pushes = steps(workflow).any(Step::builds_and_pushes) || commands.iter().any(pushes);
    let again = commands.into_iter().filter(move |command| {
        let starts = command.begins(&["aws", "ecs", "update-service"]);
        let forced = command.words.iter().any(|word| word == "--force-new-deployment");
        pushes && starts && forced && command.option("--task-definition").is_none()
    });
    again.map(|command| {
        let sentence =
            format!("every release is pushed under the tag that one revision names: the one before loses it, {EXPIRED}");
        finding(sentence, workflow.place(&command))
            .help("push the commit's own tag, and register a revision that names it: `aws ecs register-task-definition`, then `--task-definition`")
    })
}

fn pushes(command: &Command) -> bool {
    let built = command.begins(&["docker", "buildx", "build"]) && command.words.iter().any(|word| word == "--push");
    command.begins(&["docker", "push"]) || built
}

fn steps(workflow: &Workflow) -> impl Iterator<Item = &Step> {
    workflow.jobs.iter().flat_map(|job| &job.steps)
}

fn finding(sentence: String, place: Place) -> Finding {
    Finding::warning(Code::G04, Kind::Static, Stage::Preflight, sentence).at(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::files::Source;

    /// The lines at which something is found in a workflow with these steps.
    fn found(steps: &str) -> Vec<usize> {
        let text = format!("jobs:\n  deploy:\n    steps:\n{steps}");
        let workflow = Workflow::parse(Source { name: "deploy.yaml".to_owned(), text }).expect("it is right");
        let findings = rendered(&workflow).chain(restarted(&workflow));
        findings.map(|finding| finding.place.expect("it has one").line).collect()
    }

    #[test]
    fn an_image_whose_name_stays_is_found() {
        let cases = [
            ("${{ steps.login.outputs.registry }}/app:latest", true),
            ("123456789012.dkr.ecr.eu-central-1.amazonaws.com/app", true),
            ("${{ steps.login.outputs.registry }}/app:${{ github.sha }}", false),
            ("${{ steps.build.outputs.image }}", false),
            ("registry.example:5000/app@${{ steps.push.outputs.digest }}", false),
            ("registry.example:5000/app:v1.2", false),
        ];
        for (image, is_found) in cases {
            let step = format!("      - uses: {RENDER}@v1\n        with:\n          image: {image}\n");
            assert_eq!(found(&step), if is_found { vec![6] } else { Vec::new() }, "{image}");
        }
    }

    #[test]
    fn a_revision_that_is_started_again_after_a_push_is_found() {
        let push = "      - run: docker push \"$IMAGE\"\n";
        let action = "      - uses: docker/build-push-action@v6\n        with: {push: true}\n";
        let again = "      - run: aws ecs update-service --cluster c --service s --force-new-deployment\n";
        let revision =
            "      - run: aws ecs update-service --service s --task-definition app:7 --force-new-deployment\n";
        let cases = [
            (format!("{push}{again}"), vec![5]),
            (format!("{action}{again}"), vec![6]),
            // Nothing is pushed: it only restarts.
            (again.to_owned(), vec![]),
            (format!("{push}{revision}"), vec![]),
            (format!("{action}      - run: aws ecs wait services-stable --services s\n"), vec![]),
        ];
        for (steps, expected) in cases {
            assert_eq!(found(&steps), expected, "{steps}");
        }
    }
}
