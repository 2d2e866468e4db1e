//! What of the deploy's findings the rollback meets as well.

use super::Found;

/// Says of each of `deployed` (what old tasks met on the new schema) whether the rollback breaks in the same way, and answers with what
/// only the rollback met.
pub(in crate::scenario) fn merge(deployed: &mut [Found], rolled_back: Vec<Found>) -> Vec<Found> {
    let same = |one: &Found, other: &Found| one.subject.is_some() && one.subject == other.subject;
    for found in deployed.iter_mut() {
        let line = if rolled_back.iter().any(|it| same(it, found)) {
            "the rollback breaks in the same way (S6): fresh old tasks meet it too"
        } else if rolled_back.is_empty() {
            "the rollback works (S6): fresh old tasks do not meet it"
        } else {
            "the rollback breaks otherwise (S6)"
        };
        found.finding.evidence.push(line.to_owned());
    }
    rolled_back.into_iter().filter(|it| !deployed.iter().any(|known| same(known, it))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Code, Finding, Kind, Stage};

    fn found(code: Code, subject: &str) -> Found {
        Found {
            subject: Some((code, subject.to_owned())),
            finding: Finding::error(code, Kind::Proved, Stage::RollOut, "it breaks"),
        }
    }

    #[test]
    fn what_both_meet_is_said_once() {
        for (rolled_back, line, left) in [
            (vec![found(Code::X01, "a")], "in the same way", 0),
            (vec![], "works", 0),
            (vec![found(Code::X05, "b")], "otherwise", 1),
        ] {
            let mut deployed = vec![found(Code::X01, "a")];
            assert_eq!(merge(&mut deployed, rolled_back).len(), left);
            assert!(deployed[0].finding.evidence[0].contains(line), "{deployed:?}");
        }
    }
}
