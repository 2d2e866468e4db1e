//! What lifecycle policies come to: which images they act on, when, and how images go.
//!
//! The rules of the user guide, "Lifecycle policy evaluation rules" (facts/aws.md section 5): all rules are evaluated at once and then
//! applied by rising priority. An image is acted on by one rule at most, and by none after one whose tags it has. A rule counts images
//! that a rule before it has marked as if they stayed. Older images go before newer ones. What an index lists goes only after the index.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Repository;
use super::image::{ImageId, StoredImage};
use super::lifecycle_rule::{Action, Count, Policy, Tags};
use crate::event::{EventKind, ImageEvent, Sequence};
use crate::glob;
use crate::time::{Timestamp, next_beat};
use crate::world::World;

/// The lifecycle policy of a repository.
#[derive(Clone, Debug)]
pub(super) struct Lifecycle {
    pub(super) text: String,
    pub(super) policy: Policy,
    /// When it was put.
    pub(super) since: Timestamp,
    /// The call that put it.
    pub(super) cause: Option<Sequence>,
    /// When it next expires an image, as far as can be said by now.
    pub(super) due: Option<Timestamp>,
}

/// Which rule acts on an image, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marked {
    pub(super) priority: u64,
    pub(super) action: Action,
}

/// The images of `repository` that `policy` acts on at `now`, by digest.
pub(super) fn evaluate(policy: &Policy, repository: &Repository, now: Timestamp) -> BTreeMap<String, Marked> {
    let mut newest_first: Vec<(&String, &StoredImage)> = repository.images.iter().collect();
    newest_first.sort_by(|one, other| other.1.pushed_at.cmp(&one.1.pushed_at).then_with(|| other.0.cmp(one.0)));
    let listed: BTreeSet<&String> = repository.images.values().flat_map(|image| &image.contents.children).collect();
    let (mut settled, mut marked) = (BTreeSet::new(), BTreeMap::new());
    // Nothing is ever archived here.
    for rule in policy.rules.iter().filter(|rule| !rule.archived) {
        let selected: Vec<_> = newest_first.iter().filter(|(_, image)| rule.tags.select(&image.tags)).collect();
        for (place, (digest, image)) in selected.iter().enumerate() {
            let acts = match rule.count {
                Count::MoreThan(kept) => place as u64 >= kept,
                Count::SincePushed(age) => now.since(image.pushed_at) > age,
                Count::NotSimulated => false,
            };
            if acts && !settled.contains(digest) && !listed.contains(digest) {
                marked.insert((*digest).clone(), Marked { priority: rule.priority, action: rule.action });
            }
        }
        settled.extend(selected.into_iter().map(|(digest, _)| *digest));
    }
    marked
}

impl Tags {
    fn select(&self, tags: &BTreeSet<String>) -> bool {
        match self {
            Self::Prefixes(prefixes) => prefixes.iter().all(|prefix| tags.iter().any(|tag| tag.starts_with(prefix))),
            Self::Patterns(patterns) => {
                // No tag has a question mark, which is not special here.
                let plain = |pattern: &&String| !pattern.contains('?');
                patterns.iter().all(|pattern| plain(&pattern) && tags.iter().any(|tag| glob::matches(pattern, tag)))
            }
            Self::Untagged => tags.is_empty(),
            Self::Any => true,
        }
    }
}

/// The first time from `now` on at which `policy` expires an image of `repository`, if no image comes or goes before.
fn first_expiry(policy: &Policy, repository: &Repository, now: Timestamp) -> Option<Timestamp> {
    let expires = |at| evaluate(policy, repository, at).values().any(|marked| marked.action == Action::Expire);
    if expires(now) {
        return Some(now);
    }
    let ages = policy.rules.iter().filter_map(|rule| match rule.count {
        Count::SincePushed(age) => Some(age + Duration::from_millis(1)),
        Count::MoreThan(_) | Count::NotSimulated => None,
    });
    let times: BTreeSet<Timestamp> = ages
        .flat_map(|age| repository.images.values().map(move |image| image.pushed_at + age))
        .filter(|at| *at > now)
        .collect();
    // What has come of age stays so: the later, the more is expired.
    let times: Vec<Timestamp> = times.into_iter().collect();
    times.get(times.partition_point(|at| !expires(*at))).copied()
}

impl Lifecycle {
    /// When it was last carried out, every `period` since it was put.
    pub(super) fn evaluated_at(&self, now: Timestamp, period: Duration) -> Option<Timestamp> {
        let elapsed = now.since(self.since).as_millis();
        match elapsed.checked_div(period.as_millis()) {
            None => Some(now),
            Some(0) => None,
            Some(times) => Some(self.since + period.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX))),
        }
    }
}

impl World {
    /// Finds out when the lifecycle policy of `name` next expires an image: whenever the policy or the images have changed.
    pub(super) fn plan_lifecycle(&mut self, name: &str) {
        let (now, period) = (self.now, self.timing.lifecycle_period);
        let Some(repository) = self.ecr.repositories.get_mut(name) else { return };
        let Some(mut lifecycle) = repository.lifecycle.take() else { return };
        let expiry = first_expiry(&lifecycle.policy, repository, now);
        // AWS carries policies out within 24 hours, and says no more.
        lifecycle.due = expiry.map(|at| next_beat(lifecycle.since + period, period, at));
        let due = lifecycle.due;
        repository.lifecycle = Some(lifecycle);
        if let Some(due) = due {
            self.ecr.lifecycles_due.insert((due, name.to_owned()));
        }
    }
}

/// When a lifecycle policy is next to be carried out.
pub(crate) fn next_deadline(world: &World) -> Option<Timestamp> {
    world.ecr.lifecycles_due.first().map(|(due, _)| *due)
}

/// Carries out the lifecycle policies that are due.
pub(crate) fn settle(world: &mut World) {
    while world.ecr.lifecycles_due.first().is_some_and(|(due, _)| *due <= world.now) {
        let Some((due, name)) = world.ecr.lifecycles_due.pop_first() else { return };
        carry_out(world, &name, due);
    }
}

fn carry_out(world: &mut World, name: &str, due: Timestamp) {
    let (now, before) = (world.now, world.cause());
    let Some(repository) = world.ecr.repositories.get_mut(name) else { return };
    // Images have come or gone, and it is due at another time; or it was replaced.
    let Some(lifecycle) = repository.lifecycle.take_if(|lifecycle| lifecycle.due == Some(due)) else { return };
    let marked = evaluate(&lifecycle.policy, repository, now);
    let cause = lifecycle.cause;
    let mut gone = Vec::new();
    let expired = marked.into_iter().filter(|(_, marked)| marked.action == Action::Expire);
    for (digest, Marked { priority, .. }) in expired {
        let id = ImageId { tag: None, digest: Some(digest.clone()) };
        if repository.delete(id).is_ok() {
            gone.push((digest, priority));
        }
    }
    repository.lifecycle = Some(lifecycle);
    world.follow(cause);
    for (digest, priority) in gone {
        let message = format!("expired by rule {priority} of the lifecycle policy");
        world.record(EventKind::Image(Box::new(ImageEvent { repository: name.to_owned(), digest, message })));
    }
    world.follow(before);
    world.plan_lifecycle(name);
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::ecr::{
        BatchDeleteImage, CreateRepository, DeleteLifecyclePolicy, DescribeImages, GetLifecyclePolicy,
        GetLifecyclePolicyPreview, PutImage, PutLifecyclePolicy, StartLifecyclePolicyPreview, TagStatus,
    };
    use crate::trial::{START, Trial};

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    /// A rule: priority, tags, count.
    fn rule(priority: u32, tags: &str, count: &str) -> String {
        let tags = match tags {
            "any" | "untagged" => format!(r#""tagStatus":"{tags}""#),
            patterns if patterns.contains('*') => {
                format!(r#""tagStatus":"tagged","tagPatternList":["{}"]"#, patterns.replace(' ', "\",\""))
            }
            prefixes => format!(r#""tagStatus":"tagged","tagPrefixList":["{}"]"#, prefixes.replace(' ', "\",\"")),
        };
        let count = match count.split_once(' ') {
            Some((days, _)) => format!(r#""countType":"sinceImagePushed","countUnit":"days","countNumber":{days}"#),
            None => format!(r#""countType":"imageCountMoreThan","countNumber":{count}"#),
        };
        format!(r#"{{"rulePriority":{priority},"selection":{{{tags},{count}}},"action":{{"type":"expire"}}}}"#)
    }

    fn policy(rules: &[String]) -> String {
        format!(r#"{{"rules":[{}]}}{}"#, rules.join(","), " ".repeat(100))
    }

    /// Images by their tags, pushed a day apart, the oldest ten days ago; `a` is the first. `index:xy` is one that lists others.
    fn pushed(images: &[&str]) -> Trial {
        let mut trial = Trial::new();
        trial.done(CreateRepository { repository: "news".into(), ..CreateRepository::default() });
        for (name, tags) in ('a'..).zip(images) {
            let listed = tags.strip_prefix("index:").unwrap_or_default();
            let mut entries = String::new();
            for child in listed.chars() {
                write!(entries, r#"{{"digest":"sha256:{child}"}},"#).expect("a string takes text");
            }
            let manifest = format!(r#"{{"name":"{name}","manifests":[{}]}}"#, entries.trim_end_matches(','));
            let put = |tag| PutImage {
                repository: "news".into(),
                tag,
                manifest: manifest.clone(),
                digest: format!("sha256:{name}"),
                ..PutImage::default()
            };
            let tags: Vec<&str> = if listed.is_empty() { tags.split_whitespace().collect() } else { Vec::new() };
            if tags.is_empty() {
                trial.done(put(None));
            }
            for tag in tags {
                trial.done(put(Some(tag.to_owned())));
            }
            trial.wait(DAY);
        }
        let days = u32::try_from(images.len()).expect("few images");
        trial.wait(DAY * (10_u32.saturating_sub(days)));
        trial
    }

    /// The images that are there, by the letters of their digests.
    fn left(trial: &mut Trial) -> String {
        let images = trial.done(DescribeImages { repository: "news".into(), ..DescribeImages::default() }).items;
        images.iter().map(|image| image.digest.trim_start_matches("sha256:")).collect()
    }

    /// Images, rules, and which rule acts on which image.
    #[test]
    fn rules_are_applied_as_the_user_guide_says() {
        for (images, rules, expected) in [
            // User guide, "Filtering on multiple rules", example A.
            (&["beta-1 prod-1", "beta-2 prod-2", "beta-3"][..], vec![rule(1, "prod", "1"), rule(2, "beta", "1")], "a1"),
            // The same, example B: the second rule is stricter, and the first protects what it keeps.
            (&["beta-1 prod-1", "beta-2 prod-2", "beta-3"], vec![rule(1, "prod", "1"), rule(2, "beta", "3")], "a1"),
            // All images, of which one is to stay.
            (&["alpha", "", "beta"], vec![rule(1, "any", "1")], "a1 b1"),
            (&["alpha", "beta", "", ""], vec![rule(1, "untagged", "1"), rule(2, "any", "1")], "a2 b2 c1"),
            // An image needs a tag for each entry of the list.
            (&["alpha-1 beta-1", "alpha-2", "beta-2"], vec![rule(1, "alpha beta", "9 days")], "a1"),
            (&["prod-1-web", "prod-1-api", "stage-web"], vec![rule(1, "prod*web", "8 days")], "a1"),
            // Pushed 10, 9 and 8 days ago.
            (&["", "", ""], vec![rule(1, "untagged", "8 days")], "a1 b1"),
            (&["", "", ""], vec![rule(1, "untagged", "10 days")], ""),
            // The rule with the smaller number comes first, wherever it stands.
            (&["v1", "v2"], vec![rule(9, "v", "1"), rule(3, "v1", "5 days")], "a3"),
            // What an index lists stays while the index does.
            (&["", "", "index:ab"], vec![rule(1, "any", "1")], ""),
            (&["", "index:a", ""], vec![rule(1, "untagged", "8 days")], "b1"),
        ] {
            let mut trial = pushed(images);
            let text = policy(&rules);
            trial.done(StartLifecyclePolicyPreview { repository: "news".into(), policy: Some(text.clone()) });
            let get = GetLifecyclePolicyPreview { repository: "news".into(), ..GetLifecyclePolicyPreview::default() };
            let preview = trial.done(get);
            let written: Vec<String> = preview
                .results
                .iter()
                .map(|result| format!("{}{}", result.digest.trim_start_matches("sha256:"), result.priority))
                .collect();
            assert_eq!(written.join(" "), expected, "{images:?} {rules:?}");
            assert_eq!((preview.complete, preview.expiring, preview.policy), (true, written.len(), text));
        }
    }

    #[test]
    fn images_go_within_a_day_and_as_they_come_of_age() {
        let mut trial = pushed(&["v1", "v2", "v3"]);
        trial.done(PutLifecyclePolicy { repository: "news".into(), policy: policy(&[rule(1, "v", "9 days")]) });
        let evaluated = |trial: &mut Trial| {
            let kept = trial.done(GetLifecyclePolicy { repository: "news".into() });
            kept.evaluated_at.map(|at| at.since(START).as_secs() / DAY.as_secs())
        };
        trial.wait(DAY - Duration::from_millis(1));
        assert_eq!((left(&mut trial).as_str(), evaluated(&mut trial)), ("abc", None));
        assert_eq!(trial.world.next_deadline(), Some(START + DAY * 11));
        trial.wait(Duration::from_millis(1));
        // The third is nine days old to the millisecond, and has to be older.
        assert_eq!((left(&mut trial).as_str(), evaluated(&mut trial)), ("c", Some(11)));
        assert_eq!(trial.world.next_deadline(), Some(START + DAY * 12));
        let event = trial.world.events().iter().find_map(|event| {
            let EventKind::Image(image) = &event.kind else { return None };
            Some((event.cause.is_some(), image.message.clone()))
        });
        assert_eq!(event, Some((true, "expired by rule 1 of the lifecycle policy".to_owned())));
        trial.done(DeleteLifecyclePolicy { repository: "news".into() });
        trial.wait(DAY);
        assert_eq!((left(&mut trial).as_str(), trial.world.next_deadline()), ("c", None));
        trial.done(PutLifecyclePolicy { repository: "news".into(), policy: policy(&[rule(1, "v", "9 days")]) });
        trial.wait(DAY);
        assert_eq!((left(&mut trial).as_str(), trial.world.next_deadline()), ("", None));
    }

    /// Nothing wakes the World for a policy that has nothing to do; a push brings something.
    #[test]
    fn a_push_makes_a_policy_due() {
        let mut trial = pushed(&["v1", "v2"]);
        trial.done(PutLifecyclePolicy { repository: "news".into(), policy: policy(&[rule(1, "any", "2")]) });
        assert_eq!(trial.world.next_deadline(), None);
        trial.wait(DAY * 3 + Duration::from_secs(1));
        trial.done(PutImage { repository: "news".into(), digest: "sha256:c".into(), ..PutImage::default() });
        assert_eq!(trial.world.next_deadline(), Some(START + DAY * 14));
        let images = vec![ImageId { tag: None, digest: Some("sha256:b".into()) }];
        trial.done(BatchDeleteImage { repository: "news".into(), images });
        trial.wait(DAY);
        assert_eq!(left(&mut trial), "ac");
    }

    #[test]
    fn a_preview_has_pages_filters_and_an_end() {
        let mut trial = pushed(&["v1", "", "v3", "v4"]);
        let get = || GetLifecyclePolicyPreview { repository: "news".into(), ..GetLifecyclePolicyPreview::default() };
        assert_eq!(
            trial.refused(get()),
            "400 LifecyclePolicyPreviewNotFoundException: Lifecycle policy preview does not exist for the repository with name 'news' in the registry with id '123456789012'"
        );
        let start = |policy| StartLifecyclePolicyPreview { repository: "news".into(), policy };
        assert!(trial.refused(start(None)).starts_with("400 LifecyclePolicyNotFoundException"));
        assert!(trial.refused(start(Some(" ".repeat(100)))).contains("Lifecycle policy validation failure"));
        trial.done(PutLifecyclePolicy { repository: "news".into(), policy: policy(&[rule(1, "any", "1")]) });
        trial.done(start(None));
        let digests = |answer: &crate::ecr::LifecyclePolicyPreview| -> String {
            answer.results.iter().map(|result| result.digest.trim_start_matches("sha256:")).collect()
        };
        let first = trial.done(GetLifecyclePolicyPreview { limit: Some(2), ..get() });
        let second = GetLifecyclePolicyPreview { limit: Some(2), next_token: first.next.clone(), ..get() };
        let second = trial.done(second);
        assert_eq!((digests(&first), digests(&second), second.next), ("ab".into(), "c".into(), None));
        assert_eq!((first.expiring, second.expiring), (3, 3));
        let of = |tag_status| GetLifecyclePolicyPreview { tag_status, ..get() };
        assert_eq!(digests(&trial.done(of(TagStatus::Tagged))), "ac");
        assert_eq!(digests(&trial.done(of(TagStatus::Untagged))), "b");
        let images = vec![ImageId { tag: Some("v3".into()), digest: None }];
        assert_eq!(digests(&trial.done(GetLifecyclePolicyPreview { images, ..get() })), "c");
        for limit in [0, 101] {
            let refused = trial.refused(GetLifecyclePolicyPreview { limit: Some(limit), ..get() });
            assert!(refused.contains("'maxResults'"), "{refused}");
        }
        trial.world.timing.lifecycle_preview = Duration::from_secs(5);
        trial.wait(Duration::from_secs(5));
        trial.done(start(None));
        assert!(trial.refused(start(None)).starts_with("400 LifecyclePolicyPreviewInProgressException"));
        assert_eq!((trial.done(get()).complete, digests(&trial.done(get()))), (false, String::new()));
        trial.wait(Duration::from_secs(5));
        assert_eq!((trial.done(get()).complete, digests(&trial.done(get()))), (true, "abc".into()));
    }
}
