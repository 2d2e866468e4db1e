//! PostgreSQL: the rules of squawk's linter that are about deploys, with what they mean in the catalogue.

use squawk_linter::{Linter, Rule};
use squawk_syntax::SourceFile;

use super::statement::{changed_by, made, parsed};
use super::{Pattern, one_line};
use crate::database::Engine;
use crate::finding::Code;

/// Squawk's rules, and what each is in the catalogue.
///
/// `prefer-robust-stmts` is left out on purpose: its advice, `IF NOT EXISTS`, hides the invalid index that a failed `CREATE UNIQUE INDEX
/// CONCURRENTLY` leaves behind (M-13). Rules of taste, such as `prefer-bigint-over-int`, break no deploy.
const RULES: [(Rule, Code); 24] = [
    (Rule::RequireConcurrentIndexCreation, Code::M16),
    (Rule::RequireConcurrentIndexDeletion, Code::M16),
    (Rule::RequireConcurrentPartitionDetach, Code::M16),
    (Rule::RequireConcurrentReindex, Code::M16),
    (Rule::ConstraintMissingNotValid, Code::M16),
    (Rule::AddingForeignKeyConstraint, Code::M16),
    (Rule::DisallowedUniqueConstraint, Code::M16),
    (Rule::RequireLockTimeout, Code::M16),
    (Rule::AddingFieldWithDefault, Code::M18),
    (Rule::AddingSerialPrimaryKeyField, Code::M18),
    (Rule::ChangingColumnType, Code::M18),
    (Rule::AddingNotNullableField, Code::M11),
    (Rule::AddingRequiredField, Code::M11),
    (Rule::BanConcurrentIndexCreationInTransaction, Code::M14),
    (Rule::RenamingColumn, Code::X01),
    (Rule::RenamingTable, Code::X01),
    (Rule::RenamingObject, Code::X01),
    (Rule::BanDropColumn, Code::X01),
    (Rule::BanDropTable, Code::X01),
    (Rule::BanDropView, Code::X01),
    (Rule::BanDropFunction, Code::X01),
    (Rule::BanDropType, Code::X01),
    (Rule::BanSetSchema, Code::X01),
    (Rule::BanDropNotNull, Code::X06),
];

pub(super) fn patterns(statements: &[String]) -> Vec<Pattern> {
    // Together, since a `SET lock_timeout` speaks for what follows, and a table of the same migration has no rows yet.
    let mut text = String::new();
    for statement in statements {
        let statement = statement.trim().trim_end_matches(';');
        // One that squawk cannot parse would spoil its reading of the others.
        if SourceFile::parse(statement).errors().is_empty() {
            text.push_str(statement);
            text.push_str(";\n");
        }
    }
    let mut violations = Linter::from(RULES.map(|(rule, _)| rule)).lint(&SourceFile::parse(&text), &text);
    violations.sort_by_key(|violation| (violation.text_range.start(), violation.code.to_string()));
    let of = |rule: Rule| RULES.iter().find(|(known, _)| *known == rule).map(|(_, code)| *code);
    let new: Vec<String> =
        statements.iter().flat_map(|text| parsed(Engine::Postgres, text)).filter_map(|it| made(&it)).collect();
    let pattern = |violation: squawk_linter::Violation| {
        let statement = statement_at(&text, violation.text_range.start().into());
        // Nobody waits for a table that the same migration makes; squawk knows that only of what stands between BEGIN and COMMIT.
        if changed_by(Engine::Postgres, statement).is_some_and(|table| new.contains(&table)) {
            return None;
        }
        Some(Pattern {
            code: of(violation.code)?,
            rule: violation.code.to_string(),
            message: violation.message,
            help: violation.help,
            statement: one_line(statement),
        })
    };
    violations.into_iter().filter_map(pattern).collect()
}

/// The statement of `text`, in which each ends its line, that the byte `at` is in.
fn statement_at(text: &str, at: usize) -> &str {
    let begins = text[..at].rfind(";\n").map_or(0, |end| end + 2);
    let ends = text[at..].find(";\n").map_or(text.len(), |end| at + end);
    &text[begins..ends]
}
