//! Which patterns of the migration's statements are worth a word beside what was seen to happen.

use std::collections::BTreeSet;

use super::Found;
use crate::database::Engine;
use crate::finding::{Code, Finding, Kind, Severity};
use crate::pattern::statement::changed_by;
use crate::pattern::{Pattern, findings, one_line, patterns};

/// What the scenarios have shown, which answers some patterns.
#[derive(Clone, Debug, Default)]
pub(in crate::scenario) struct Shown {
    /// The tables on which adversarial rows went through the migration.
    pub(in crate::scenario) seeded: BTreeSet<String>,
    /// The tables that the smoke requests read or write.
    pub(in crate::scenario) exercised: BTreeSet<String>,
    /// Whether old tasks ran on the new schema.
    pub(in crate::scenario) old_on_new: bool,
    /// Whether fresh old tasks ran beside what the new release wrote.
    pub(in crate::scenario) rollback: bool,
}

/// The patterns in `statements` that nothing `shown` answers and that no finding in `found` is about, as findings.
pub(in crate::scenario) fn judge(
    engine: Engine,
    statements: &[String],
    shown: &Shown,
    found: &[&Found],
    replay: &str,
) -> Vec<Finding> {
    let patterns: Vec<Pattern> = patterns(engine, statements)
        .into_iter()
        .filter(|pattern| {
            let table = changed_by(engine, &pattern.statement);
            !is_answered(pattern.code, table.as_deref(), shown) && !found.iter().any(|it| is_about(it, pattern))
        })
        .collect();
    findings(&patterns).into_iter().map(|finding| finding.help(replay)).collect()
}

/// Whether what was shown has answered a suspicion, either way: whoever has seen the statement run knows more than its text says.
fn is_answered(code: Code, table: Option<&str>, shown: &Shown) -> bool {
    let among = |tables: &BTreeSet<String>| table.is_some_and(|table| tables.contains(table));
    if [Code::M11, Code::M12].contains(&code) {
        // The rows that it would fail on were there.
        among(&shown.seeded)
    } else if [Code::X01, Code::X02].contains(&code) {
        shown.old_on_new && among(&shown.exercised)
    } else if code == Code::X06 {
        shown.rollback && among(&shown.exercised)
    } else {
        // It ran; and the server has told which locks it took and what it wrote anew.
        [Code::M14, Code::M16, Code::M17, Code::M18].contains(&code)
    }
}

/// Whether `found` was seen to happen and is about the statement of `pattern`: it shows it, or names the thing that it is about.
fn is_about(found: &Found, pattern: &Pattern) -> bool {
    let Found { subject, finding } = found;
    // A statement that was refused need not be suspected, whatever the failure is called: half applied (M-08) or hidden (M-10).
    let was_refused = finding.severity == Severity::Error && [Code::M08, Code::M10].contains(&finding.code);
    if finding.kind == Kind::Static || finding.code != pattern.code && !was_refused {
        return false;
    }
    let words = words(&pattern.statement);
    let names = |subject: &str| self::words(subject).iter().all(|word| words.contains(word));
    // MariaDB's log has statements that were sent together as one, and its record of failures has them one by one.
    let is_part = |line: &str| line.strip_prefix("statement: ").is_some_and(|part| pattern.statement.contains(part));
    let shows = |line: &String| {
        let line = one_line(line);
        line.contains(pattern.statement.as_str()) || is_part(&line)
    };
    finding.evidence.iter().any(shows) || subject.as_ref().is_some_and(|(_, subject)| names(subject))
}

fn words(text: &str) -> BTreeSet<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text.split(|c| !is_word(c)).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Stage;

    const DROP: &str = "ALTER TABLE articles DROP COLUMN body";

    fn found(code: Code, subject: Option<&str>, evidence: &str) -> Found {
        let finding = Finding::error(code, Kind::Proved, Stage::RollOut, "it breaks").evidence(evidence);
        Found { subject: subject.map(|subject| (code, subject.to_owned())), finding }
    }

    fn codes(engine: Engine, statement: &str, shown: &Shown, found: &[&Found]) -> Vec<Code> {
        judge(engine, &[statement.to_owned()], shown, found, "again").into_iter().map(|it| it.code).collect()
    }

    #[test]
    fn what_was_played_answers_what_is_suspected() {
        let articles = || BTreeSet::from(["articles".to_owned()]);
        let nothing = Shown::default();
        let all = Shown { seeded: articles(), exercised: articles(), old_on_new: true, rollback: true };
        let elsewhere = Shown { old_on_new: true, rollback: true, ..Shown::default() };
        let cases = [
            (Engine::Postgres, DROP, vec![Code::X01]),
            (Engine::Postgres, "ALTER TABLE articles ALTER COLUMN body DROP NOT NULL", vec![Code::X06]),
            (Engine::Postgres, "ALTER TABLE articles ALTER COLUMN body SET NOT NULL", vec![Code::M11]),
            (Engine::MySql, "ALTER TABLE articles ADD COLUMN section text NOT NULL", vec![Code::X02]),
            (Engine::MySql, "CREATE UNIQUE INDEX i ON articles (body)", vec![Code::M12]),
            (Engine::MySql, "ALTER TABLE articles MODIFY body varchar(9)", vec![]),
        ];
        for (engine, statement, expected) in cases {
            assert_eq!(codes(engine, statement, &nothing, &[]), expected, "{statement}");
            assert_eq!(
                codes(engine, statement, &elsewhere, &[]),
                expected,
                "{statement}: of another table nothing was shown"
            );
            assert_eq!(codes(engine, statement, &all, &[]), [], "{statement}");
        }
    }

    #[test]
    fn what_was_proved_of_a_statement_is_not_suspected_as_well() {
        let nothing = Shown::default();
        // Killed there, it was not refused.
        let killed = Finding::warning(Code::M08, Kind::Proved, Stage::Migrate, "it is half applied");
        let killed = Found::alone(killed.evidence(format!("killed at 1 of 3: {DROP}")));
        for (found, expected) in [
            (found(Code::X01, Some("`articles.body`"), ""), vec![]),
            (found(Code::X01, Some("`articles.title`"), ""), vec![Code::X01]),
            (found(Code::X02, Some("`articles.body`"), ""), vec![Code::X01]),
            (found(Code::X01, None, &format!("statement: {DROP}")), vec![]),
            (found(Code::M10, None, &format!("statement: {DROP}")), vec![]),
            (found(Code::M10, None, "statement: CREATE TABLE t (a int)"), vec![Code::X01]),
            (found(Code::M08, None, &format!("statement: {DROP}")), vec![]),
            (found(Code::M08, None, "statement: ALTER TABLE articles DROP"), vec![]),
            (killed, vec![Code::X01]),
        ] {
            assert_eq!(codes(Engine::Postgres, DROP, &nothing, &[&found]), expected, "{found:?}");
        }
    }
}
