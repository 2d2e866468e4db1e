//! What to ask production: whether it has rows that a statement of the migration fails on.

use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, CharacterLength, ColumnOption, CreateIndex, DataType, Expr,
    IndexColumn, ObjectName, Statement, TableConstraint,
};

use crate::database::catalog::{Catalog, Table};
use crate::database::{Engine, StatementError};
use crate::pattern::statement::{parsed, plain};

/// What rows do that a statement refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Null,
    Duplicate,
    Orphan,
    TooLong,
    Check,
    /// MySQL's and MariaDB's "data truncated": NULL, or too long.
    Truncated,
}

/// The queries that tell whether production has such rows as `error` is about, from its statement and the catalog `before` the migration.
/// None if the statement is about rows, or cannot be parsed.
pub(in crate::scenario) fn questions(engine: Engine, error: &StatementError, before: &Catalog) -> Vec<String> {
    let (Some(fault), Some(text)) = (fault(engine, error), &error.statement) else { return Vec::new() };
    let mut questions = Vec::new();
    for statement in parsed(engine, text) {
        if let Statement::CreateIndex(CreateIndex { table_name, columns, predicate, unique: true, .. }) = &statement
            && fault == Fault::Duplicate
        {
            questions.push(About::new(table_name, before).duplicates(columns, predicate.as_ref()));
        }
        if let Statement::AlterTable(AlterTable { name, operations, .. }) = &statement {
            let about = About::new(name, before);
            questions.extend(operations.iter().flat_map(|operation| about.operation(fault, operation)));
        }
    }
    questions
}

fn fault(engine: Engine, error: &StatementError) -> Option<Fault> {
    Some(match engine {
        Engine::Postgres => match error.sqlstate.as_str() {
            "23502" => Fault::Null,
            "23505" => Fault::Duplicate,
            "23503" => Fault::Orphan,
            "22001" => Fault::TooLong,
            "23514" => Fault::Check,
            _ => return None,
        },
        Engine::MySql | Engine::MariaDb => match error.errno? {
            1138 | 1048 => Fault::Null,
            1062 => Fault::Duplicate,
            1452 => Fault::Orphan,
            1406 => Fault::TooLong,
            3819 | 4025 => Fault::Check,
            1265 => Fault::Truncated,
            _ => return None,
        },
    })
}

/// The table of a statement: as the statement writes it, and as it was before.
struct About<'a> {
    name: &'a ObjectName,
    before: Option<&'a Table>,
}

impl<'a> About<'a> {
    fn new(name: &'a ObjectName, before: &'a Catalog) -> Self {
        Self { name, before: before.tables.get(&plain(name)) }
    }

    fn operation(&self, fault: Fault, operation: &AlterTableOperation) -> Vec<String> {
        if let AlterTableOperation::AddConstraint { constraint, .. } = operation {
            return self.constraint(fault, constraint).into_iter().collect();
        }
        if let AlterTableOperation::AddColumn { .. } = operation {
            // Whatever row there is has no value for it.
            return if fault == Fault::Null { vec![self.any_row()] } else { Vec::new() };
        }
        if let AlterTableOperation::AlterColumn { column_name, op } = operation {
            if let AlterColumnOperation::SetNotNull = op {
                return self.nulls(fault, column_name.value.as_str(), &column_name.to_string()).into_iter().collect();
            }
            if let AlterColumnOperation::SetDataType { data_type, .. } = op {
                return self.too_long(fault, &column_name.to_string(), data_type).into_iter().collect();
            }
        }
        if let AlterTableOperation::ModifyColumn { col_name: name, data_type, options, .. }
        | AlterTableOperation::ChangeColumn { old_name: name, data_type, options, .. } = operation
        {
            let strict = options.iter().any(|option| matches!(option, ColumnOption::NotNull));
            let nulls = if strict { self.nulls(fault, name.value.as_str(), &name.to_string()) } else { None };
            return nulls.into_iter().chain(self.too_long(fault, &name.to_string(), data_type)).collect();
        }
        Vec::new()
    }

    fn constraint(&self, fault: Fault, constraint: &TableConstraint) -> Option<String> {
        if let TableConstraint::Unique(unique) = constraint {
            return (fault == Fault::Duplicate).then(|| self.duplicates(&unique.columns, None));
        }
        if let TableConstraint::PrimaryKey(key) = constraint {
            return (fault == Fault::Duplicate).then(|| self.duplicates(&key.columns, None));
        }
        if let TableConstraint::Check(check) = constraint {
            return (fault == Fault::Check).then(|| self.count(&format!("NOT ({})", check.expr)));
        }
        if let TableConstraint::ForeignKey(key) = constraint
            && fault == Fault::Orphan
            && key.columns.len() == key.referred_columns.len()
        {
            let own = key.columns.iter().map(|column| format!("o.{column} IS NOT NULL"));
            let pairs =
                key.columns.iter().zip(&key.referred_columns).map(|(own, other)| format!("r.{other} = o.{own}"));
            let (own, pairs) = (own.collect::<Vec<_>>().join(" AND "), pairs.collect::<Vec<_>>().join(" AND "));
            let (name, other) = (self.name, &key.foreign_table);
            return Some(format!(
                "SELECT count(*) FROM {name} o WHERE {own} AND NOT EXISTS (SELECT 1 FROM {other} r WHERE {pairs});"
            ));
        }
        None
    }

    fn nulls(&self, fault: Fault, column: &str, written: &str) -> Option<String> {
        let known = self.before.and_then(|table| table.column(column));
        match (fault, known) {
            (Fault::Null, None) => Some(self.any_row()),
            (Fault::Null | Fault::Truncated, Some(column)) if column.nullable => {
                Some(self.count(&format!("{written} IS NULL")))
            }
            _ => None,
        }
    }

    fn too_long(&self, fault: Fault, column: &str, data_type: &DataType) -> Option<String> {
        let most = longest(data_type).filter(|_| matches!(fault, Fault::TooLong | Fault::Truncated))?;
        Some(self.count(&format!("char_length({column}) > {most}")))
    }

    /// NULLs are no duplicates of one another.
    fn duplicates(&self, columns: &[IndexColumn], predicate: Option<&Expr>) -> String {
        let may_be_null = |expression: &Expr| {
            let Expr::Identifier(name) = expression else { return true };
            self.before.and_then(|table| table.column(&name.value)).is_none_or(|column| column.nullable)
        };
        let expressions: Vec<&Expr> = columns.iter().map(|column| &column.column.expr).collect();
        let names = expressions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let given = expressions.iter().filter(|it| may_be_null(it)).map(|it| format!("{it} IS NOT NULL"));
        let conditions: Vec<String> = predicate.map(|it| format!("({it})")).into_iter().chain(given).collect();
        let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        format!("SELECT {names}, count(*) FROM {}{filter} GROUP BY {names} HAVING count(*) > 1;", self.name)
    }

    fn count(&self, condition: &str) -> String {
        format!("SELECT count(*) FROM {} WHERE {condition};", self.name)
    }

    fn any_row(&self) -> String {
        format!("SELECT count(*) FROM {};", self.name)
    }
}

/// How many characters a type takes, if it takes no more than so many.
fn longest(data_type: &DataType) -> Option<u64> {
    if let DataType::Character(length)
    | DataType::Char(length)
    | DataType::CharacterVarying(length)
    | DataType::CharVarying(length)
    | DataType::Varchar(length) = data_type
        && let Some(CharacterLength::IntegerLength { length, .. }) = length
    {
        return Some(*length);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Refusal;
    use crate::database::catalog::{Column, Filled, Kind};

    fn before() -> Catalog {
        let column = |name: &str, nullable| Column {
            name: name.into(),
            kind: Kind::Text(None),
            data_type: "text".into(),
            nullable,
            filled: Filled::Not,
        };
        let columns = vec![column("title", false), column("note", true)];
        let table = Table { columns, ..Table::default() };
        Catalog { engine: Engine::Postgres, tables: [("articles".to_owned(), table)].into() }
    }

    #[test]
    fn a_refused_statement_says_what_to_ask() {
        const NULL: (Engine, &str) = (Engine::Postgres, "23502");
        let postgres = |code| (Engine::Postgres, code);
        let mysql = |code| (Engine::MySql, code);
        let cases: [((Engine, &str), &str, &[&str]); 16] = [
            (
                NULL,
                "ALTER TABLE articles ALTER COLUMN note SET NOT NULL",
                &["SELECT count(*) FROM articles WHERE note IS NULL;"],
            ),
            // A column that is new has no value in any row.
            (NULL, "ALTER TABLE articles ALTER COLUMN section SET NOT NULL", &["SELECT count(*) FROM articles;"]),
            (NULL, "ALTER TABLE articles ADD COLUMN section text NOT NULL", &["SELECT count(*) FROM articles;"]),
            (NULL, "UPDATE articles SET title = NULL", &[]),
            (
                postgres("23505"),
                "CREATE UNIQUE INDEX i ON articles (title)",
                &["SELECT title, count(*) FROM articles GROUP BY title HAVING count(*) > 1;"],
            ),
            (
                postgres("23505"),
                "ALTER TABLE articles ADD CONSTRAINT u UNIQUE (title, note)",
                &[
                    "SELECT title, note, count(*) FROM articles WHERE note IS NOT NULL GROUP BY title, note HAVING count(*) > 1;",
                ],
            ),
            (
                postgres("23505"),
                "CREATE UNIQUE INDEX i ON articles (lower(title)) WHERE note = 'x'",
                &[
                    "SELECT lower(title), count(*) FROM articles WHERE (note = 'x') AND lower(title) IS NOT NULL GROUP BY lower(title) HAVING count(*) > 1;",
                ],
            ),
            (
                postgres("23503"),
                "ALTER TABLE orders ADD FOREIGN KEY (coupon_id) REFERENCES coupons (id)",
                &[
                    "SELECT count(*) FROM orders o WHERE o.coupon_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM coupons r WHERE r.id = o.coupon_id);",
                ],
            ),
            (
                postgres("22001"),
                "ALTER TABLE articles ALTER COLUMN title TYPE VARCHAR(30)",
                &["SELECT count(*) FROM articles WHERE char_length(title) > 30;"],
            ),
            (
                postgres("23514"),
                "ALTER TABLE articles ADD CONSTRAINT c CHECK (title <> '')",
                &["SELECT count(*) FROM articles WHERE NOT (title <> '');"],
            ),
            (
                mysql("1138"),
                "ALTER TABLE `articles` MODIFY `note` text NOT NULL",
                &["SELECT count(*) FROM `articles` WHERE `note` IS NULL;"],
            ),
            (
                mysql("1265"),
                "ALTER TABLE articles MODIFY note text NOT NULL",
                &["SELECT count(*) FROM articles WHERE note IS NULL;"],
            ),
            (
                mysql("1265"),
                "ALTER TABLE articles MODIFY title varchar(30) NOT NULL",
                &["SELECT count(*) FROM articles WHERE char_length(title) > 30;"],
            ),
            (
                mysql("1062"),
                "CREATE UNIQUE INDEX i ON articles (title)",
                &["SELECT title, count(*) FROM articles GROUP BY title HAVING count(*) > 1;"],
            ),
            (mysql("1060"), "ALTER TABLE articles ADD COLUMN note text", &[]),
            (postgres("22012"), "ALTER TABLE articles ALTER COLUMN note SET NOT NULL", &[]),
        ];
        for ((engine, code), statement, expected) in cases {
            let errno = code.parse().ok().filter(|_| engine != Engine::Postgres);
            let refusal = Refusal { sqlstate: code.to_owned(), errno, message: String::new() };
            let error = StatementError::of(refusal, Some(statement.to_owned()));
            assert_eq!(questions(engine, &error, &before()), expected, "{statement}");
        }
    }
}
