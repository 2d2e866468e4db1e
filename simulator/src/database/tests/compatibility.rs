//! Captured statements of an old version against a migrated schema; each prediction is held against what really happens.

use super::data::{fresh, run};
use crate::database::catalog::Catalog;
use crate::database::compatibility::{Capture, Captured, Verdict, compare, exercised, uncovered};
use crate::database::{Database, Engine};

/// What is foreseen of a statement.
#[derive(Debug, PartialEq)]
enum Foreseen {
    Fits,
    Breaks(&'static str),
    /// On PostgreSQL, whose cached plans break.
    Reshaped,
    /// A required column is left out: the server's code then.
    Uncovered(&'static str),
}

struct Case {
    /// Each has a table of its own: `id int PRIMARY KEY, name varchar(20), body varchar(20)`.
    table: &'static str,
    migration: String,
    statements: Vec<(String, Foreseen)>,
}

fn cases(engine: Engine) -> Vec<Case> {
    use Foreseen::{Breaks, Fits, Reshaped, Uncovered};
    let postgres = engine == Engine::Postgres;
    let (column, table, required) = if postgres { ("42703", "42P01", "23502") } else { ("1054", "1146", "1364") };
    let (wider, longer) = if postgres {
        ("ALTER TABLE wider ALTER name TYPE varchar(40)", "ALTER TABLE longer ALTER id TYPE bigint")
    } else {
        ("ALTER TABLE wider MODIFY name varchar(40)", "ALTER TABLE longer MODIFY id bigint")
    };
    let case = |table: &'static str, migration: &str, statements: Vec<(&str, Foreseen)>| Case {
        table,
        migration: migration.to_owned(),
        statements: statements.into_iter().map(|(text, foreseen)| (text.to_owned(), foreseen)).collect(),
    };
    vec![
        case(
            "renamed",
            "ALTER TABLE renamed RENAME COLUMN name TO title",
            vec![
                ("SELECT name FROM renamed WHERE id = 1", Breaks(column)),
                ("SELECT * FROM renamed", Reshaped),
                ("UPDATE renamed SET name = 'x' WHERE id = 1", Breaks(column)),
                ("SELECT id, body FROM renamed", Fits),
            ],
        ),
        case(
            "dropped",
            "ALTER TABLE dropped DROP COLUMN name",
            vec![
                ("INSERT INTO dropped (id, name) VALUES (1, 'a')", Breaks(column)),
                ("INSERT INTO dropped (id, body) VALUES (2, 'a')", Fits),
            ],
        ),
        case("gone", "DROP TABLE gone", vec![("SELECT 1 FROM gone", Breaks(table))]),
        case(
            "required",
            "ALTER TABLE required ADD tenant int NOT NULL",
            vec![
                ("INSERT INTO required (id, name) VALUES (1, 'a')", Uncovered(required)),
                ("UPDATE required SET name = 'b'", Fits),
            ],
        ),
        case(
            "defaulted",
            "ALTER TABLE defaulted ADD tenant int NOT NULL DEFAULT 0",
            vec![("INSERT INTO defaulted (id, name) VALUES (1, 'a')", Fits)],
        ),
        case(
            "optional",
            "ALTER TABLE optional ADD tenant int",
            vec![
                ("SELECT * FROM optional WHERE id = 7", Reshaped),
                ("SELECT id, name, body FROM optional", Fits),
                ("INSERT INTO optional (id) VALUES (1)", Fits),
            ],
        ),
        case(
            "wider",
            wider,
            vec![("SELECT name FROM wider", if postgres { Reshaped } else { Fits }), ("SELECT id FROM wider", Fits)],
        ),
        case("longer", longer, vec![("SELECT id FROM longer", Reshaped), ("SELECT name FROM longer", Fits)]),
        case("untouched", "CREATE INDEX faster ON untouched (name)", vec![("SELECT * FROM untouched", Fits)]),
    ]
}

pub(super) async fn foresees_what_old_statements_do(server: &Database) {
    let engine = server.spec().engine;
    let cases = cases(engine);
    let (mut old, mut new) = (fresh(server, "old_schema").await, fresh(server, "new_schema").await);
    let mut warm = fresh(server, "elsewhere").await;
    for case in &cases {
        let create = format!("CREATE TABLE {} (id int PRIMARY KEY, name varchar(20), body varchar(20))", case.table);
        run(&mut old, &[&create]).await;
        run(&mut new, &[&create]).await;
    }
    // The connection is there before the record is, as those of a pool are.
    let capture = Capture::start(&server.logical().called("old_schema")).await.expect("the server records");
    run(&mut warm, &["SELECT 'elsewhere'"]).await;
    for (text, _) in cases.iter().flat_map(|case| &case.statements) {
        // A clone has another name than the database that a statement may name.
        let qualified = if engine == Engine::Postgres { "FROM gone" } else { "FROM `old_schema`.gone" };
        run(&mut old, &["BEGIN", &text.replace("FROM gone", qualified), "COMMIT"]).await;
    }
    run(&mut old, &["SELECT name FROM renamed WHERE id = 22"]).await;
    if engine != Engine::Postgres {
        let binary = old.describe("SELECT body FROM renamed WHERE id IN (?, ?)").await.expect("the connection lasts");
        assert_eq!(binary.map(|columns| columns.len()), Ok(1));
    }
    let captured = capture.statements().await.expect("the record can be read");
    let about_rows: Vec<&Captured> = captured.iter().filter(|one| one.is_about_rows()).collect();
    let mut texts: Vec<&str> = about_rows.iter().map(|one| one.text.as_str()).collect();
    let expected: Vec<&str> = cases.iter().flat_map(|case| &case.statements).map(|(text, _)| text.as_str()).collect();
    if engine != Engine::Postgres {
        assert_eq!(
            texts.pop(),
            Some("SELECT body FROM renamed WHERE id IN (?, ?)"),
            "prepared through the binary protocol"
        );
    }
    assert_eq!(texts, expected, "{engine}: each once, with its exact text");
    assert_eq!(about_rows[0].times, 2, "another value is no other statement");

    let before = Catalog::read(&mut old).await.expect("the catalogs can be read");
    // What a warm pool has: statements prepared before the migration.
    let statements: Vec<(&String, &Foreseen)> =
        cases.iter().flat_map(|case| &case.statements).map(|(text, foreseen)| (text, foreseen)).collect();
    if engine == Engine::Postgres {
        for (number, (text, _)) in statements.iter().enumerate() {
            run(&mut new, &[&format!("PREPARE warm{number} AS {text}")]).await;
        }
    }
    for case in &cases {
        run(&mut new, &[&case.migration]).await;
    }
    let after = Catalog::read(&mut new).await.expect("the catalogs can be read");
    let compared = compare(&mut old, &mut new, &captured).await.expect("the connections last");
    let left_out = uncovered(&before, &after, &captured);
    for (number, (text, foreseen)) in statements.iter().enumerate() {
        let one = compared.iter().find(|one| one.statement.text == **text).expect("it was captured");
        let is_uncovered = left_out.iter().any(|left| left.statement.text == **text);
        let execute = if engine == Engine::Postgres { format!("EXECUTE warm{number}") } else { (*text).clone() };
        let code =
            new.attempt("run", &execute).await.expect("the connection lasts").err().map(|refusal| refusal.code());
        let (verdict, happens) = match foreseen {
            Foreseen::Fits => (one.verdict == Verdict::Fits, None),
            Foreseen::Breaks(code) => {
                (matches!(&one.verdict, Verdict::Breaks(refusal) if refusal.code() == **code), Some((*code).to_owned()))
            }
            Foreseen::Reshaped => {
                let cached = (engine == Engine::Postgres).then(|| "0A000".to_owned());
                (matches!(one.verdict, Verdict::Reshaped(_)), cached)
            }
            Foreseen::Uncovered(code) => (one.verdict == Verdict::Fits && is_uncovered, Some((*code).to_owned())),
        };
        assert!(verdict, "{engine}: {text}: {foreseen:?} is expected, {:?} is foreseen", one.verdict);
        assert_eq!(is_uncovered, matches!(foreseen, Foreseen::Uncovered(_)), "{engine}: {text}");
        assert_eq!(code, happens, "{engine}: {text}: what really happens");
    }
    let touched = exercised(&before, &captured);
    assert_eq!(touched.len(), cases.len(), "{engine}: {touched:?}");
}
