//! What is wrong with a health check that was tried where it must say no.

use crate::database::Engine;
use crate::database::readiness::subject::{HealthTrial, Lie, Said, Situation};
use crate::finding::{Code, Finding, Kind, Place, Stage};
use crate::pattern::one_line;

/// The health check that was tried.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct About<'a> {
    /// The database's engine.
    pub(in crate::scenario) engine: Engine,
    /// What the database is called.
    pub(in crate::scenario) who: &'a str,
    /// Where the check stands.
    pub(in crate::scenario) place: Place,
    /// The line to write instead.
    pub(in crate::scenario) instead: String,
    /// How to play it again.
    pub(in crate::scenario) replay: String,
}

/// A finding for each of its lies. What deploys to ECS waits for none of these checks, so none is an error.
pub(in crate::scenario) fn judge(about: &About<'_>, trial: &HealthTrial) -> Vec<Finding> {
    let finding = |lie: Lie| {
        let code = lie.code(about.engine).and_then(|code| code.parse().ok()).unwrap_or(Code::H11);
        let sentence = format!("the health check of {} does not tell the truth: {lie}", about.who);
        Finding::warning(code, Kind::Proved, Stage::Database, sentence)
            .at(about.place.clone())
            .with_evidence(trial.said.iter().filter(|said| said.situation == situation(lie)).map(shown))
            .help(about.instead.as_str())
            .help(about.replay.as_str())
    };
    trial.lies(about.engine).into_iter().map(finding).collect()
}

/// Where a lie is told.
const fn situation(lie: Lie) -> Situation {
    match lie {
        Lie::NoServer => Situation::NoServer,
        Lie::Initialising => Situation::Initialising,
        Lie::WrongPassword => Situation::WrongPassword,
        Lie::NeverHealthy => Situation::Ready,
    }
}

fn shown(said: &Said) -> String {
    let Said { situation, exit_code, output } = said;
    let when = match situation {
        Situation::NoServer => "before any server was started",
        Situation::Initialising => "while only the temporary server ran",
        Situation::Ready => "when the server was ready",
        Situation::WrongPassword => "with a wrong password",
    };
    let ended = exit_code.map_or_else(|| "it did not end".to_owned(), |code| format!("it exited with {code}"));
    let output = one_line(output);
    if output.is_empty() { format!("{when} {ended}") } else { format!("{when} {ended}: {output}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::readiness::subject::HealthCheck;

    #[test]
    fn each_lie_is_a_finding_with_the_line_to_write_instead() {
        let said = |situation, exit_code| Said { situation, exit_code: Some(exit_code), output: "alive\n".to_owned() };
        let trial = |codes: [i64; 4]| {
            let situations = [Situation::NoServer, Situation::Initialising, Situation::Ready, Situation::WrongPassword];
            let said = situations.into_iter().zip(codes).map(|(situation, code)| said(situation, code)).collect();
            HealthTrial { check: HealthCheck::Shell(String::new()), said }
        };
        let about = |engine| About {
            engine,
            who: "`db`",
            place: Place::file("compose.yaml"),
            instead: "test: …".to_owned(),
            replay: "again".to_owned(),
        };
        let cases = [
            (Engine::Postgres, [1, 0, 0, 0], vec![Code::R01]),
            (Engine::MySql, [1, 0, 0, 0], vec![Code::R02, Code::R03]),
            (Engine::MariaDb, [0, 0, 0, 0], vec![Code::R04]),
            (Engine::Postgres, [1, 1, 1, 1], vec![Code::H11]),
            (Engine::Postgres, [2, 2, 0, 2], vec![]),
        ];
        for (engine, codes, expected) in cases {
            let found = judge(&about(engine), &trial(codes));
            assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), expected, "{codes:?}");
            assert!(found.iter().all(|it| it.help == ["test: …", "again"]), "{found:?}");
        }
        let found = judge(&about(Engine::Postgres), &trial([1, 0, 0, 0]));
        assert_eq!(found[0].evidence, ["while only the temporary server ran it exited with 0: alive"]);
    }
}
