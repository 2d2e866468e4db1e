//! The lifecycle policies of ECR that workflows write.

use std::path::Path;

use super::workflow::{Command, Runs};
use super::{Source, Workflow};
use crate::finding::Place;

/// A lifecycle policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecyclePolicy {
    /// The command that writes it.
    pub place: Place,
    /// The document.
    pub text: String,
}

/// The policies that `workflows` write: those in the command itself, and those in files of `directory`. One that cannot be read is left
/// out, since the workflow may make it.
pub(super) fn read(directory: &Path, workflows: &[Workflow]) -> Vec<LifecyclePolicy> {
    let of = |workflow: &Workflow| {
        let written = workflow.commands().filter_map(|command| {
            let text = text(directory, &command)?;
            Some(LifecyclePolicy { place: workflow.place(&command), text })
        });
        written.collect::<Vec<_>>()
    };
    workflows.iter().flat_map(of).collect()
}

fn text(directory: &Path, command: &Command) -> Option<String> {
    if command.runs == Runs::Unknown || !command.begins(&["aws", "ecr", "put-lifecycle-policy"]) {
        return None;
    }
    let given = command.option("--lifecycle-policy-text")?;
    match given.strip_prefix("file://") {
        Some(name) => Some(Source::read(directory, name).ok()?.text),
        None => Some(given.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_where_the_command_has_it() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(directory.path().join("policy.json"), "{\"rules\": []}").expect("it can be written");
        let put = "aws ecr put-lifecycle-policy --repository-name r --lifecycle-policy-text";
        let lines = [
            format!("{put} '{{\"rules\": [1]}}'"),
            format!("{put}=file://policy.json"),
            format!("{put} file://made.json"),
            "aws ecr get-lifecycle-policy --repository-name r".to_owned(),
        ];
        let steps: String = lines.iter().map(|line| format!("\n          {line}")).collect();
        let text = format!("jobs:\n  deploy:\n    steps:\n      - run: |{steps}\n");
        let workflow = Workflow::parse(Source { name: "w.yaml".to_owned(), text }).expect("it is right");
        let found = read(directory.path(), &[workflow]);
        let told: Vec<(usize, &str)> = found.iter().map(|policy| (policy.place.line, policy.text.as_str())).collect();
        assert_eq!(told, [(5, "{\"rules\": [1]}"), (6, "{\"rules\": []}")]);
    }
}
