//! Which repositories' images are scanned when they are pushed.
//!
//! Only basic scanning is simulated: enhanced scanning is Amazon Inspector's.

use super::{invalid, repository_access, repository_arn};
use crate::arn::Arn;
use crate::glob;
use crate::operation::{Access, Authorized, Operation};
use crate::refusal::Refusal;
use crate::world::World;

/// A rule of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanRule {
    /// Whether it is `SCAN_ON_PUSH`, not `MANUAL`.
    pub on_push: bool,
    /// The repositories that it is for. A filter without wildcards stands for every name that contains it (user guide, "Filters to choose
    /// which repositories are scanned in Amazon ECR").
    pub filters: Vec<String>,
}

impl ScanRule {
    fn applies(&self, filter: &str, name: &str) -> bool {
        self.on_push && if filter.contains('*') { glob::matches(filter, name) } else { name.contains(filter) }
    }
}

/// Sets the registry's rules. Its type is `BASIC`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutRegistryScanningConfiguration {
    /// The rules: at most two.
    pub rules: Vec<ScanRule>,
}

/// Reads the registry's rules.
#[derive(Clone, Copy, Debug)]
pub struct GetRegistryScanningConfiguration {}

/// Reads what is scanned of some repositories.
#[derive(Clone, Debug)]
pub struct BatchGetRepositoryScanningConfiguration {
    /// Which: 1 to 25.
    pub repositories: Vec<String>,
}

/// What is scanned of one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryScanning {
    /// The repository.
    pub name: String,
    /// Its ARN.
    pub arn: Arn,
    /// Whether images are scanned when they are pushed.
    pub on_push: bool,
    /// The registry's filters because of which.
    pub filters: Vec<String>,
}

impl Operation for PutRegistryScanningConfiguration {
    type Output = Self;
    const NAME: &'static str = "ecr:PutRegistryScanningConfiguration";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self, Refusal> {
        let configuration = authorized.operation;
        if configuration.rules.len() > 2 {
            return Err(invalid("rules", "must have at most 2 members"));
        }
        for rule in &configuration.rules {
            if rule.filters.len() > 100 {
                return Err(invalid("repositoryFilters", "must have at most 100 members"));
            }
            if !rule.filters.iter().all(|filter| is_filter(filter)) {
                let pattern = r"must satisfy regular expression '^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$'";
                return Err(invalid("filter", pattern));
            }
        }
        world.ecr.scan_rules.clone_from(&configuration.rules);
        Ok(configuration)
    }
}

/// Letters, digits and `*`, between which `.`, `_`, `-` and `/` stand alone.
fn is_filter(filter: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '*';
    let joins = filter.split(word).filter(|join| !join.is_empty());
    (1..=255).contains(&filter.len())
        && filter.starts_with(word)
        && filter.ends_with(word)
        && joins.into_iter().all(|join| matches!(join, "." | "_" | "-" | "/"))
}

impl Operation for GetRegistryScanningConfiguration {
    type Output = PutRegistryScanningConfiguration;
    const NAME: &'static str = "ecr:GetRegistryScanningConfiguration";

    fn accesses(&self, _: &World) -> Result<Vec<Access>, Refusal> {
        Ok(vec![Access::new(Self::NAME, "*")])
    }

    fn perform(_: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        Ok(PutRegistryScanningConfiguration { rules: world.ecr.scan_rules.clone() })
    }
}

impl Operation for BatchGetRepositoryScanningConfiguration {
    /// The repositories that there are, and the names of those that there are not.
    type Output = (Vec<RepositoryScanning>, Vec<String>);
    const NAME: &'static str = "ecr:BatchGetRepositoryScanningConfiguration";

    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        Ok(self.repositories.iter().map(|name| repository_access(world, Self::NAME, name)).collect())
    }

    fn perform(authorized: Authorized<Self>, world: &mut World) -> Result<Self::Output, Refusal> {
        let Self { repositories } = authorized.operation;
        if !(1..=25).contains(&repositories.len()) {
            return Err(invalid("repositoryNames", "must have between 1 and 25 members"));
        }
        let (known, absent): (Vec<_>, Vec<_>) =
            repositories.into_iter().partition(|name| world.ecr.repositories.contains_key(name));
        let described = known.into_iter().map(|name| RepositoryScanning {
            arn: repository_arn(world, &name),
            on_push: world.scans_on_push(&name),
            filters: world.scan_filters(&name),
            name,
        });
        Ok((described.collect(), absent))
    }
}

impl World {
    /// Whether images are scanned when they are pushed to the repository `name`: because the registry says so, or the repository itself,
    /// as it could before.
    pub(super) fn scans_on_push(&self, name: &str) -> bool {
        !self.scan_filters(name).is_empty()
            || self.ecr.repositories.get(name).is_some_and(|repository| repository.scan_on_push)
    }

    fn scan_filters(&self, name: &str) -> Vec<String> {
        let applied =
            self.ecr.scan_rules.iter().flat_map(|rule| rule.filters.iter().filter(|filter| rule.applies(filter, name)));
        applied.cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecr::CreateRepository;
    use crate::trial::Trial;

    #[test]
    fn the_registrys_rules_are_kept_and_applied() {
        let mut trial = Trial::new();
        trial.done(CreateRepository { repository: "news/api".into(), ..CreateRepository::default() });
        let rule = |filter: &str| PutRegistryScanningConfiguration {
            rules: vec![ScanRule { on_push: true, filters: vec![filter.into()] }],
        };
        let put = trial.done(rule("news/*"));
        assert_eq!(trial.done(GetRegistryScanningConfiguration {}), put);
        let names = vec!["news/api".into(), "absent".into()];
        let (found, absent) = trial.done(BatchGetRepositoryScanningConfiguration { repositories: names });
        assert_eq!((found[0].on_push, found[0].filters.as_slice()), (true, &["news/*".to_owned()][..]));
        assert_eq!(absent, ["absent"]);
        for filter in ["", "News", "a..b", "-a", "a b", "../a"] {
            assert!(trial.refused(rule(filter)).starts_with("400 InvalidParameterException"), "{filter}");
        }
        let none = BatchGetRepositoryScanningConfiguration { repositories: Vec::new() };
        assert!(trial.refused(none).starts_with("400 InvalidParameterException"));
    }
}
