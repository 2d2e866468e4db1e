//! Why a task does not become healthy.

use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::diagnosis::health_command::missing_program;
use crate::rehearsal::diagnosis::log_pattern;
use crate::rehearsal::diagnosis::sight::{listen_everywhere, unreachable_there};
use crate::scenario::task::Broken;

/// How many of a container's last lines a finding shows.
const LINES: usize = 8;

/// The finding about tasks of `who` that do not become healthy in `stage`, for which `unknown` is the code where nothing more exact is
/// known.
pub(in crate::scenario) fn judge(broken: &Broken, who: &str, stage: Stage, unknown: Code) -> Finding {
    let Broken { container, what, exit_code: _, out_of_memory, lines, probed, hangs: _, sessions: _, port, sight } =
        broken;
    let read = log_pattern::read(lines);
    let missing = probed.as_ref().and_then(|(_, output)| missing_program(output));
    let (code, sentence, help) = if *out_of_memory {
        (Code::H09, format!("{who} do not start: `{container}` {what}"), Code::H09.entry().fix.to_owned())
    } else if let Some(read) = read {
        (read.code, format!("{who} do not start: `{container}` {}", read.sentence), read.help)
    } else if let Some(missing) = missing {
        let why = format!("the health command of `{container}` calls `{missing}`, which is not in the image");
        let help = sight.works.as_ref().map_or_else(
            || Code::H02.entry().fix.to_owned(),
            |command| format!("\"command\": {command} (tried here: it succeeds)"),
        );
        (Code::H02, format!("{who} are never healthy: {why}"), help)
    } else if let Some(addresses) = sight.only_on_loopback(*port) {
        let why = unreachable_there(&addresses, *port);
        (Code::H04, format!("{who} are never reached: `{container}` {why}"), listen_everywhere(*port))
    } else {
        (unknown, format!("{who} do not start: `{container}` {what}"), unknown.entry().fix.to_owned())
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
    use crate::rehearsal::diagnosis::sight::Sight;

    #[test]
    fn what_is_known_of_the_words_decides_and_else_what_became_of_it() {
        let broken = |lines: &[&str], probed| Broken {
            container: "app".to_owned(),
            what: "exits with 255".to_owned(),
            exit_code: Some(255),
            out_of_memory: false,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            probed,
            hangs: false,
            sessions: Vec::new(),
            port: 8000,
            sight: Sight::default(),
        };
        let on_loopback = Broken {
            sight: Sight { listens: vec!["127.0.0.1:8000".parse().expect("an address")], works: None },
            ..broken(&[], None)
        };
        let killed = Broken { out_of_memory: true, ..broken(&["KeyError: 'TOKEN'"], None) };
        let cases = [
            (killed, Code::H09),
            (broken(&["Can't locate revision identified by '0002'"], None), Code::X05),
            (broken(&["KeyError: 'TOKEN'"], None), Code::C01),
            (broken(&[], Some((Some(1), "/bin/sh: 1: curl: not found".to_owned()))), Code::H02),
            (broken(&[], Some((Some(22), "The requested URL returned error: 404 Not Found".to_owned()))), Code::T10),
            (on_loopback, Code::H04),
            (broken(&["segmentation fault"], Some((Some(1), String::new()))), Code::T10),
        ];
        for (broken, code) in cases {
            assert_eq!(judge(&broken, "old tasks", Stage::RollBack, Code::T10).code, code, "{broken:?}");
        }
    }
}
