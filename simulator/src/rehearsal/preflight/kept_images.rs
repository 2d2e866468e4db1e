//! G-05: what a rollback would start is kept, as far as workflows write the repository's lifecycle policy.

use simulator_core::ecr::ReleasesExpire;

use super::Subject;
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::files::LifecyclePolicy;

const DAY: u64 = 24 * 60 * 60;

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    subject.files.lifecycle_policies.iter().filter_map(of_policy).collect()
}

/// A policy that ECR would refuse is the workflow's to meet.
fn of_policy(policy: &LifecyclePolicy) -> Option<Finding> {
    let sentence = match ReleasesExpire::under(&policy.text).ok()?? {
        ReleasesExpire::AllButNewest(1) => {
            "one image is kept: within a day of each push the one before expires, though it runs until the deploy is \
             over, and a rollback could not pull it"
                .to_owned()
        }
        // The newest and the one before, at least.
        ReleasesExpire::AllButNewest(_) => return None,
        ReleasesExpire::After(age) => format!(
            "every image expires {} days after its push: once the last deploy is older, neither a rollback nor a further \
             task can pull anything",
            age.as_secs() / DAY
        ),
    };
    let help = "count images instead of days, and keep many more than there are releases in the time that a rollback may \
                reach back: `\"countType\": \"imageCountMoreThan\", \"countNumber\": 50`";
    Some(Finding::warning(Code::G05, Kind::Static, Stage::Preflight, sentence).at(policy.place.clone()).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Place;

    #[test]
    fn a_policy_that_expires_what_a_rollback_starts_is_found() {
        for (tags, count, is_found) in [
            ("any", "\"imageCountMoreThan\",\"countNumber\":1", true),
            ("any", "\"sinceImagePushed\",\"countUnit\":\"days\",\"countNumber\":14", true),
            ("any", "\"imageCountMoreThan\",\"countNumber\":2", false),
            ("any", "\"imageCountMoreThan\",\"countNumber\":50", false),
            ("untagged", "\"sinceImagePushed\",\"countUnit\":\"days\",\"countNumber\":1", false),
            // ECR refuses it.
            ("some", "\"imageCountMoreThan\",\"countNumber\":1", false),
        ] {
            let text = format!(
                r#"{{"rules":[{{"rulePriority":1,"selection":{{"tagStatus":"{tags}","countType":{count}}},"action":{{"type":"expire"}}}}]}}"#
            );
            let policy = LifecyclePolicy { place: Place::new("w.yaml", 1, 1, ""), text };
            assert_eq!(of_policy(&policy).is_some(), is_found, "{}", policy.text);
        }
    }
}
