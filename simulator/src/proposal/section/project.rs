//! `[project]`.

use super::Chosen;
use crate::proposal::document::{Entry, Section};
use crate::proposal::found::{Found, assumed, open};
use crate::rehearsal::files::TaskDefinition;

/// Names of at most so many characters fit every name that is made from them.
const LONGEST: usize = 32;

pub(super) fn section(chosen: &Chosen<'_>) -> Section {
    let release = chosen.release();
    let region =
        release.and_then(|release| release.region.clone()).or_else(|| chosen.definition.and_then(region_of_definition));
    let family = chosen.definition.map(|definition| {
        Found::new(definition.family.value.clone(), &definition.source, definition.family.spot, "`family`")
    });
    let name = family.or_else(|| release.and_then(|release| release.service.clone()));
    let name = name.and_then(|found| Some(Found { value: project_name(&found.value)?, reason: found.reason }));
    let directory = project_name(&chosen.repository.name);
    let advice = chosen.unknown("region").unwrap_or_else(|| "the AWS Region to deploy to".to_owned());
    Section {
        name: "project",
        choices: choices(chosen),
        entries: vec![
            Entry::text("name", name, || match directory {
                Some(name) => assumed(&name, "the name of this directory"),
                None => {
                    open("news-api", "what everything is named after: 2 to 32 lower-case letters, digits and hyphens")
                }
            }),
            Entry::text("region", region, || open("eu-central-1", &advice)),
        ],
        is_optional: false,
    }
}

/// Which of several deploys, and why.
fn choices(chosen: &Chosen<'_>) -> Vec<String> {
    let [first, others @ ..] = &chosen.releases[..] else { return Vec::new() };
    let rivals: Vec<String> = others
        .iter()
        .filter(|other| other.kind == first.kind)
        .map(|other| format!("`{}` of {}", other.job.id.value, other.workflow.source.name))
        .collect();
    if rivals.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "chosen: the deploy by job `{}` of {}, the first, with production before others; not {}",
        first.job.id.value,
        first.workflow.source.name,
        rivals.join(", nor ")
    )]
}

/// The Region in the registry's host, which stands in every image of an ECR repository, or where logs go.
fn region_of_definition(definition: &TaskDefinition) -> Option<Found<String>> {
    let in_image = definition.containers.iter().find_map(|container| {
        let host = container.image.value.split('/').next()?;
        let region = host.split_once(".dkr.ecr.")?.1.split('.').next()?;
        Some(Found::new(region.to_owned(), &definition.source, container.image.spot, "the registry of `image`"))
    });
    in_image.or_else(|| {
        let at = definition.source.text.lines().position(|line| line.contains("\"awslogs-region\""))?;
        let line = definition.source.text.lines().nth(at)?;
        let region = line.split('"').nth(3)?;
        Some(Found::at(region.to_owned(), &definition.source, at + 1, "`awslogs-region`"))
    })
}

/// A name that `[project] name` may be, made from `text`.
pub(super) fn project_name(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> =
        lower.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let joined = words.join("-");
    let name = joined.trim_start_matches(|character: char| !character.is_ascii_lowercase());
    let name: String = name.chars().take(LONGEST).collect();
    let name = name.trim_end_matches('-').to_owned();
    let is_taken = name.starts_with("internal-") || name.starts_with("sg-");
    (name.len() >= 2 && !is_taken).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::project_name;

    #[test]
    fn names_are_made_to_fit() {
        for (text, name) in [
            ("news-api", Some("news-api")),
            ("News_API", Some("news-api")),
            ("2024-news--api-", Some("news-api")),
            ("a-very-long-name-of-a-repository-indeed", Some("a-very-long-name-of-a-repository")),
            ("sg-news", None),
            ("42", None),
        ] {
            assert_eq!(project_name(text).as_deref(), name, "{text}");
        }
    }
}
