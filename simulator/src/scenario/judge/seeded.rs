//! A migration that fails on adversarial rows and not on the baseline's own.

use crate::database::seeding::Seeded;
use crate::finding::{Finding, Kind, Severity};

/// The conditional finding that follows from `cause`, why the migration fails on the rows that were `seeded`, and from the `questions`
/// that tell whether production has such rows.
pub(in crate::scenario) fn judge(cause: Finding, seeded: &Seeded, questions: Vec<String>, replay: String) -> Finding {
    let Finding { code, stage, sentence, place, evidence, help, .. } = cause;
    let (rows, tables) = (seeded.accepted.len(), seeded.tables().into_iter().collect::<Vec<_>>().join(", "));
    let ask = if questions.is_empty() {
        vec!["look whether production has such rows: what was seeded is what its schema allows".to_owned()]
    } else {
        questions.into_iter().map(|query| format!("ask production: {query}")).collect()
    };
    // Where the query is known, its pattern says nothing more.
    let mut help: Vec<String> = ask.into_iter().chain(help.into_iter().filter(|line| !line.contains('…'))).collect();
    let fix = code.entry().fix;
    if !help.iter().any(|line| line == fix) {
        help.push(fix.to_owned());
    }
    help.push(replay);
    Finding {
        code,
        severity: Severity::Warning,
        kind: Kind::Conditional,
        stage,
        sentence: format!("if production has such rows, {sentence}"),
        place,
        evidence: std::iter::once(format!(
            "S1: it succeeds on the baseline's rows, and fails beside {rows} others that the schema allows, in: {tables}"
        ))
        .chain(evidence)
        .collect(),
        help,
        window: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Code, Stage};

    #[test]
    fn what_depends_on_rows_is_no_error_and_says_what_to_ask() {
        let cause = Finding::error(Code::M12, Kind::Proved, Stage::Migrate, "migration `0003` fails: not unique")
            .help("remove them first: `SELECT …`");
        let finding = judge(cause, &Seeded::default(), vec!["SELECT 1;".to_owned()], "again".to_owned());
        assert_eq!((finding.severity, finding.kind), (Severity::Warning, Kind::Conditional));
        assert_eq!(finding.sentence, "if production has such rows, migration `0003` fails: not unique");
        assert_eq!(finding.help, ["ask production: SELECT 1;", Code::M12.entry().fix, "again"]);
    }
}
