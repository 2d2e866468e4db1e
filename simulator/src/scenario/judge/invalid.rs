//! Indexes that a failed migration leaves invalid.

use crate::finding::{Code, Finding, Kind, Stage};

/// What became of the indexes that were left invalid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::scenario) struct Seen {
    /// Those that the migration left invalid.
    pub(in crate::scenario) left: Vec<String>,
    /// Whether the migration failed; one that succeeds can leave them as well.
    pub(in crate::scenario) failed: bool,
    /// Those that are still invalid after a second run, and why that failed, if it did.
    pub(in crate::scenario) still: Vec<String>,
    pub(in crate::scenario) again: Option<String>,
    /// The statements that drop them, and whether they did here.
    pub(in crate::scenario) drops: Vec<String>,
    pub(in crate::scenario) dropped: bool,
}

/// What is wrong with it, if a second run does not put it right: an error where nobody notices. `kind` is how the failure itself is known.
pub(in crate::scenario) fn judge(seen: &Seen, kind: Kind, replay: &str) -> Option<Finding> {
    let Seen { left, failed, still, again, drops, dropped } = seen;
    let names = still.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if still.is_empty() {
        return None;
    }
    let what = match (failed, again) {
        (false, _) => format!("the migration succeeds and leaves an index that is invalid: {names}"),
        (true, None) => {
            format!("run again, the failed migration succeeds and leaves an index that is invalid: {names}")
        }
        (true, Some(_)) => format!("the failed migration leaves an index that is invalid: {names}"),
    };
    let is_hidden = again.is_none();
    let finding = if kind == Kind::Conditional {
        let sentence = format!("if production has such rows, {what}");
        Finding::warning(Code::M13, kind, Stage::Migrate, sentence)
    } else if is_hidden {
        Finding::error(Code::M13, kind, Stage::Migrate, what)
    } else {
        Finding::warning(Code::M13, kind, Stage::Migrate, what)
    };
    let run = if *failed { "after the failure" } else { "after the migration" };
    let tried = if *dropped { "tried here, it works" } else { "tried here, it is not enough" };
    Some(
        finding
            .evidence(format!("S1: {run} pg_index.indisvalid is false for: {}", left.join(", ")))
            .evidence(match again {
                None => "S1: a second run ends with 0, and it is false still: nothing is unique, and no query uses it"
                    .to_owned(),
                Some(why) => format!("S1: a second run: {why}"),
            })
            .help(format!("before the migration is run again ({tried}):"))
            .with_help(drops.iter().map(|statement| format!("  {statement};")))
            .help(Code::M13.entry().fix)
            .help(replay),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn what_nobody_notices_is_an_error_and_what_fails_again_is_not() {
        let index = || vec!["by_title".to_owned()];
        let left = || Seen {
            left: index(),
            failed: true,
            still: index(),
            again: None,
            drops: vec!["DROP INDEX CONCURRENTLY \"by_title\"".to_owned()],
            dropped: true,
        };
        let exists = Some("relation \"by_title\" already exists".to_owned());
        for (seen, kind, expected) in [
            (left(), Kind::Proved, Some((Severity::Error, "run again, the failed migration succeeds"))),
            (Seen { again: exists, ..left() }, Kind::Proved, Some((Severity::Warning, "already exists"))),
            (left(), Kind::Conditional, Some((Severity::Warning, "if production has such rows, run again"))),
            (
                Seen { failed: false, ..left() },
                Kind::Proved,
                Some((Severity::Error, "the migration succeeds and leaves")),
            ),
            (Seen { still: Vec::new(), ..left() }, Kind::Proved, None),
        ] {
            let found = judge(&seen, kind, "again");
            let said = found.as_ref().map(|found| (found.severity, found.to_string()));
            assert_eq!(said.as_ref().map(|it| it.0), expected.map(|it| it.0), "{seen:?}");
            assert!(said.is_none_or(|said| expected.is_some_and(|it| said.1.contains(it.1))), "{seen:?}");
        }
    }
}
