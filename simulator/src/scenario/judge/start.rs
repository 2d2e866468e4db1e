//! Why a task does not become healthy.

use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::diagnosis::log_pattern;
use crate::scenario::task::Broken;

/// How many of a container's last lines a finding shows.
const LINES: usize = 8;

/// The finding about tasks of `who` that do not become healthy in `stage`, for which `unknown` is the code where nothing more exact is
/// known.
pub(in crate::scenario) fn judge(broken: &Broken, who: &str, stage: Stage, unknown: Code) -> Finding {
    let Broken { container, what, exit_code: _, lines, probed, hangs: _, sessions: _ } = broken;
    let read = log_pattern::read(lines);
    let missing = probed.as_ref().filter(|(code, _)| matches!(code, Some(126 | 127)));
    let (code, sentence, help) = match (read, missing) {
        (Some(read), _) => (read.code, format!("{who} do not start: `{container}` {}", read.sentence), read.help),
        (None, Some((_, output))) => (
            Code::H02,
            format!("{who} are never healthy: the health check of `{container}` fails: {}", output.trim()),
            Code::H02.entry().fix.to_owned(),
        ),
        (None, None) => (unknown, format!("{who} do not start: `{container}` {what}"), unknown.entry().fix.to_owned()),
    };
    let first = lines.len().saturating_sub(LINES);
    let shown = lines.iter().skip(first).map(|line| format!("{container}: {}", line.trim_end()));
    Finding::error(code, Kind::Proved, stage, sentence)
        .evidence(format!("`{container}` {what}"))
        .with_evidence(shown)
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_the_words_decides_and_else_what_became_of_it() {
        let broken = |lines: &[&str], probed| Broken {
            container: "app".to_owned(),
            what: "exits with 255".to_owned(),
            exit_code: Some(255),
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            probed,
            hangs: false,
            sessions: Vec::new(),
        };
        let cases = [
            (broken(&["Can't locate revision identified by '0002'"], None), Code::X05),
            (broken(&["KeyError: 'TOKEN'"], None), Code::C01),
            (broken(&[], Some((Some(127), "curl: not found".to_owned()))), Code::H02),
            (broken(&["segmentation fault"], Some((Some(1), String::new()))), Code::T10),
        ];
        for (broken, code) in cases {
            assert_eq!(judge(&broken, "old tasks", Stage::RollBack, Code::T10).code, code, "{broken:?}");
        }
    }
}
