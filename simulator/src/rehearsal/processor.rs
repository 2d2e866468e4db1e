//! C-04: the image is for the processor that the task definition asks for.
//!
//! What is built here is for this machine, unless the Dockerfile says otherwise; a workflow may build for another one. Neither is run to
//! find out: emulation would hide it.

use serde_json::Value;

use super::files::workflow::{Job, Step};
use super::files::{Source, Workflow};
use crate::finding::{Code, Finding, Kind, Stage};

/// A processor that ECS has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Processor {
    X86,
    Arm,
}

impl Processor {
    const ALL: [Self; 2] = [Self::X86, Self::Arm];

    /// As images name it.
    const fn of_image(self) -> &'static str {
        match self {
            Self::X86 => "amd64",
            Self::Arm => "arm64",
        }
    }

    /// As task definitions name it (BOTO `CPUArchitecture`).
    const fn of_task(self) -> &'static str {
        match self {
            Self::X86 => "X86_64",
            Self::Arm => "ARM64",
        }
    }
}

/// What is wrong where an image that was built here, on a machine of the architecture `here`, is for `image`, and the service runs as
/// `definition` says, whose file is `source`.
#[must_use]
pub(crate) fn check(
    definition: &Value,
    source: &Source,
    (image, here): (&str, &str),
    workflows: &[Workflow],
) -> Option<Finding> {
    let written = definition.get("runtimePlatform").and_then(|it| it.get("cpuArchitecture")).and_then(Value::as_str);
    let named = written.unwrap_or(Processor::X86.of_task());
    let wanted = Processor::ALL.into_iter().find(|it| it.of_task() == named)?;
    // Whatever another machine builds, the Dockerfile has decided it where the image is not for this one.
    let built = if image == here { elsewhere(workflows) } else { None };
    let (made_for, how) = match &built {
        Some((processors, place)) => (processors.clone(), format!("{place} builds it")),
        None => (vec![image.to_owned()], "`docker build` makes it here".to_owned()),
    };
    if made_for.iter().any(|it| it == wanted.of_image()) {
        return None;
    }
    let said = if written.is_some() { format!("asks for {named}") } else { format!("asks for none, which is {named}") };
    let sentence = format!(
        "is for `{}`, and the task definition {said}: none of its programs can be run there",
        made_for.join(", ")
    );
    // Where no file says who builds it for production, it may well be another machine.
    let is_sure = built.is_some() || image != here;
    let finding = if is_sure {
        Finding::error(Code::C04, Kind::Proved, Stage::Build, format!("the image {sentence}"))
    } else {
        let sentence = format!("if production's image is built on a machine like this one, it {sentence}");
        Finding::warning(Code::C04, Kind::Conditional, Stage::Build, sentence)
    };
    let offset = source.text.find("\"cpuArchitecture\"").unwrap_or_default();
    let other = Processor::ALL.into_iter().find(|it| made_for.iter().any(|made| made == it.of_image()));
    let finding = finding
        .at(source.place_at(offset))
        .evidence(how)
        .evidence("ECS would say `exec format error`, and nothing else")
        .help(format!("docker buildx build --platform linux/{} .", wanted.of_image()));
    Some(match other {
        Some(other) => finding.help(format!(
            "or in the task definition: \"runtimePlatform\": {{\"cpuArchitecture\": \"{}\", \"operatingSystemFamily\": \"LINUX\"}}",
            other.of_task()
        )),
        None => finding,
    })
}

/// The architectures that the workflows build images for, and the first place that does, if any does and says so.
fn elsewhere(workflows: &[Workflow]) -> Option<(Vec<String>, String)> {
    let steps = workflows.iter().flat_map(|workflow| {
        workflow.jobs.iter().flat_map(move |job| job.steps.iter().map(move |it| (workflow, job, it)))
    });
    let mut found: Option<(Vec<String>, String)> = None;
    for (workflow, job, step) in steps.filter(|(workflow, _, step)| builds(workflow, step)) {
        let processors = named(workflow, step).or_else(|| runner(job))?;
        let place = workflow.source.place(step.spot);
        let known = found.get_or_insert_with(|| (Vec::new(), format!("{}:{}", place.file, place.line)));
        known.0.extend(processors);
    }
    found
}

/// Whether a step builds an image.
fn builds(workflow: &Workflow, step: &Step) -> bool {
    let commands = step.commands(&workflow.source);
    let is_build = |words: &[String]| {
        let plain: Vec<&str> = words.iter().map(String::as_str).take(3).collect();
        matches!(plain.as_slice(), ["docker", "build", ..] | ["docker", "buildx" | "image", "build", ..])
    };
    step.uses("docker/build-push-action") || commands.iter().any(|command| is_build(&command.words))
}

/// The architectures that a step names.
fn named(workflow: &Workflow, step: &Step) -> Option<Vec<String>> {
    let given = step.with.get("platforms").and_then(|it| it.value.constant()).map(str::to_owned);
    let commands = step.commands(&workflow.source);
    let of_command = commands.iter().find_map(|command| {
        let mut words = command.words.iter();
        words.find_map(|word| word.strip_prefix("--platform=").map(str::to_owned)).or_else(|| {
            let at = command.words.iter().position(|word| word == "--platform")?;
            command.words.get(at + 1).cloned()
        })
    });
    let text = given.or(of_command)?;
    Some(text.split([',', '\n']).filter_map(|it| it.trim().split('/').nth(1)).map(str::to_owned).collect())
}

/// The architecture of the machine that a job runs on, if GitHub provides it.
fn runner(job: &Job) -> Option<Vec<String>> {
    let [label] = job.runs_on.as_slice() else { return None };
    let is_arm = label.ends_with("-arm");
    let is_known = is_arm || label.starts_with("ubuntu-");
    is_known.then(|| vec![if is_arm { Processor::Arm } else { Processor::X86 }.of_image().to_owned()])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::finding::Severity;

    fn workflow(runs_on: &str, step: &str) -> Workflow {
        let text = format!("jobs:\n  deploy:\n    runs-on: {runs_on}\n    steps:\n      - {step}\n");
        Workflow::parse(Source { name: ".github/workflows/deploy.yaml".to_owned(), text }).expect("it is one")
    }

    /// Whether something is found, and how the image is made.
    fn found(wanted: Option<&str>, image: (&str, &str), workflows: &[Workflow]) -> Option<(Severity, String)> {
        let definition = wanted.map_or_else(|| json!({}), |it| json!({"runtimePlatform": {"cpuArchitecture": it}}));
        let source = Source { name: "task-definition.json".to_owned(), text: definition.to_string() };
        check(&definition, &source, image, workflows).map(|finding| (finding.severity, finding.evidence[0].clone()))
    }

    #[test]
    fn an_image_is_compared_with_the_task_by_whoever_builds_it() {
        let built_here = |severity| Some((severity, "`docker build` makes it here".to_owned()));
        let here = built_here(Severity::Warning);
        let there = Some((Severity::Error, ".github/workflows/deploy.yaml:5 builds it".to_owned()));
        let plain = || vec![workflow("ubuntu-latest", "run: docker build -t x .")];
        let crossing = || vec![workflow("ubuntu-latest", "run: docker buildx build --platform linux/arm64 -t x .")];
        let both = vec![workflow(
            "ubuntu-latest",
            "{uses: docker/build-push-action@v6, with: {platforms: 'linux/amd64,linux/arm64'}}",
        )];
        let arm = vec![workflow("ubuntu-24.04-arm", "run: docker build -t x .")];
        let own = vec![workflow("self-hosted", "run: docker build -t x .")];
        let cases = [
            (None, ("amd64", "amd64"), vec![], None),
            (Some("X86_64"), ("amd64", "amd64"), vec![], None),
            (Some("ARM64"), ("amd64", "amd64"), vec![], here.clone()),
            (Some("ARM64"), ("amd64", "amd64"), plain(), there.clone()),
            (Some("ARM64"), ("amd64", "amd64"), crossing(), None),
            (Some("X86_64"), ("amd64", "amd64"), crossing(), there),
            (Some("ARM64"), ("amd64", "amd64"), both, None),
            (Some("ARM64"), ("amd64", "amd64"), arm, None),
            (Some("ARM64"), ("amd64", "amd64"), own, here.clone()),
            // On a machine of another kind, what a workflow builds is as it should be; what is built here is not.
            (None, ("arm64", "arm64"), plain(), None),
            (None, ("arm64", "arm64"), vec![], here),
            // The Dockerfile says for which.
            (Some("ARM64"), ("arm64", "amd64"), plain(), None),
            (None, ("arm64", "amd64"), plain(), built_here(Severity::Error)),
        ];
        for (wanted, image, workflows, expected) in cases {
            assert_eq!(found(wanted, image, &workflows), expected, "{wanted:?} {image:?} {workflows:?}");
        }
    }
}
