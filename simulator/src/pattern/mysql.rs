//! MySQL and MariaDB: our own rules, on the parsed statements.
//!
//! Sources: the catalogue's sections on both engines, and the MySQL reference manual, "Statements That Cause an Implicit Commit" and "Online DDL
//! Operations".

use sqlparser::ast::{AlterTable, AlterTableOperation, ColumnOption, ObjectType, Statement, TableConstraint};

use super::statement::{changed, made, parsed};
use super::{Pattern, one_line};
use crate::database::Engine;
use crate::database::seeding::VERSION_TABLES;
use crate::database::sql::tokens;
use crate::finding::Code;

pub(super) fn patterns(statements: &[String]) -> Vec<Pattern> {
    let mut new: Vec<String> = Vec::new();
    let mut found = Vec::new();
    let mut half = HalfApplied::default();
    for text in statements {
        let (line, parsed) = (one_line(text), parsed(Engine::MySql, text));
        for statement in &parsed {
            half.take(statement, text, &line);
            new.extend(made(statement));
            found.extend(of_statement(statement, &line, &new));
        }
    }
    found.extend(half.pattern());
    found
}

/// The statements of one migration that commit by themselves.
#[derive(Default)]
struct HalfApplied {
    since_the_record: Vec<String>,
    most: Vec<String>,
}

impl HalfApplied {
    /// Takes the next statement. One that writes the tool's own record ends a migration: what is before it is recorded.
    fn take(&mut self, statement: &Statement, text: &str, line: &str) {
        let is_record = |name: &str| VERSION_TABLES.contains(&name.to_ascii_lowercase().as_str());
        if tokens(text).iter().any(|token| token.name().is_some_and(is_record)) {
            self.since_the_record.clear();
        } else if commits(statement) {
            self.since_the_record.push(line.to_owned());
            if self.since_the_record.len() > self.most.len() {
                self.most.clone_from(&self.since_the_record);
            }
        }
    }

    fn pattern(&self) -> Option<Pattern> {
        let [first, second, ..] = self.most.as_slice() else { return None };
        Some(Pattern {
            code: Code::M08,
            rule: "several-implicit-commits".to_owned(),
            message: format!(
                "{} statements each commit by themselves; whatever stops the migration between them, from `{first}` on, leaves it half applied",
                self.most.len()
            ),
            help: Some("write one such statement per migration".to_owned()),
            statement: second.clone(),
        })
    }
}

/// Whether the server commits before and after `statement`, whatever transaction it is in.
fn commits(statement: &Statement) -> bool {
    matches!(
        statement,
        Statement::AlterTable(_)
            | Statement::CreateTable(_)
            | Statement::CreateIndex(_)
            | Statement::CreateView(_)
            | Statement::Drop { .. }
            | Statement::RenameTable(_)
            | Statement::Truncate(_)
    )
}

fn of_statement(statement: &Statement, text: &str, new: &[String]) -> Vec<Pattern> {
    let pattern = |code, rule: &str, message: String| Pattern {
        code,
        rule: rule.to_owned(),
        message,
        help: None,
        statement: text.to_owned(),
    };
    // Nobody uses a table that the same migration makes.
    if changed(statement).is_some_and(|table| new.contains(&table)) {
        return Vec::new();
    }
    if let Statement::AlterTable(AlterTable { operations, .. }) = statement {
        let said = operations.iter().filter_map(of_change);
        return said.map(|(code, rule, message)| pattern(code, rule, message)).collect();
    }
    if let Statement::CreateIndex(index) = statement
        && index.unique
    {
        return vec![pattern(Code::M12, "adding-unique-index", UNIQUE.to_owned())];
    }
    if let Statement::Drop { object_type: ObjectType::Table | ObjectType::View, names, .. } = statement {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        return vec![pattern(Code::X01, "dropping-table", format!("old tasks still use {}", names.join(", ")))];
    }
    if let Statement::RenameTable(_) = statement {
        return vec![pattern(Code::X01, "renaming-table", "old tasks still use the old name".to_owned())];
    }
    Vec::new()
}

const UNIQUE: &str = "it fails on rows that have the same value (1062)";
const COPIES: &str = "unless it only makes a VARCHAR longer, the whole table is copied, and nobody writes meanwhile";

/// What one operation of an ALTER TABLE breaks: code, rule and message.
fn of_change(operation: &AlterTableOperation) -> Option<(Code, &'static str, String)> {
    if let AlterTableOperation::AddColumn { column_def, .. } = operation {
        let has = |wanted: fn(&ColumnOption) -> bool| column_def.options.iter().any(|it| wanted(&it.option));
        let filled = has(|it| matches!(it, ColumnOption::Default(_) | ColumnOption::Generated { .. }))
            || column_def.options.iter().any(|it| it.option.to_string().eq_ignore_ascii_case("auto_increment"));
        if has(|it| matches!(it, ColumnOption::NotNull)) && !filled {
            let message = format!(
                "rows get '' or 0 in `{0}` without a word, and old tasks, which do not know it, cannot insert any more (1364)",
                column_def.name.value
            );
            return Some((Code::X02, "adding-required-column", message));
        }
        return None;
    }
    if let AlterTableOperation::DropColumn { column_names, .. } = operation {
        let names: Vec<String> = column_names.iter().map(|name| name.value.clone()).collect();
        return Some((Code::X01, "dropping-column", format!("old tasks still read `{}` (1054)", names.join("`, `"))));
    }
    if let AlterTableOperation::RenameColumn { old_column_name: old, .. } = operation {
        return Some((Code::X01, "renaming-column", format!("old tasks still read `{}` (1054)", old.value)));
    }
    if let AlterTableOperation::ChangeColumn { old_name, new_name, .. } = operation
        && !old_name.value.eq_ignore_ascii_case(&new_name.value)
    {
        return Some((Code::X01, "renaming-column", format!("old tasks still read `{}` (1054)", old_name.value)));
    }
    if let AlterTableOperation::ModifyColumn { .. } | AlterTableOperation::ChangeColumn { .. } = operation {
        return Some((Code::M18, "changing-column", COPIES.to_owned()));
    }
    if let AlterTableOperation::RenameTable { .. } = operation {
        return Some((Code::X01, "renaming-table", "old tasks still use the old name".to_owned()));
    }
    if let AlterTableOperation::AddConstraint { constraint, .. } = operation {
        if let TableConstraint::Unique(_) = constraint {
            return Some((Code::M12, "adding-unique-index", UNIQUE.to_owned()));
        }
        if let TableConstraint::ForeignKey(_) = constraint {
            let message =
                "the table is copied under a lock unless foreign_key_checks is off, and both tables wait for it";
            return Some((Code::M17, "adding-foreign-key", message.to_owned()));
        }
    }
    None
}
