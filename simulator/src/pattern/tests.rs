//! Statements, and what is said of them: `engine | statements | code rule, ...`.

use super::*;

const TABLE: &str = r"
postgres | ALTER TABLE orders ADD COLUMN note text | M-16 require-lock-timeout
postgres | SET lock_timeout = '2s'; ALTER TABLE orders ADD COLUMN note text |
postgres | SET lock_timeout = '2s'; ALTER TABLE orders DROP COLUMN note | X-01 ban-drop-column
postgres | SET lock_timeout = '2s'; ALTER TABLE orders RENAME COLUMN note TO remark | X-01 renaming-column
postgres | SET lock_timeout = '2s'; ALTER TABLE orders RENAME TO purchases | X-01 renaming-table
postgres | SET lock_timeout = '2s'; DROP TABLE orders | X-01 ban-drop-table
postgres | SET lock_timeout = '2s'; ALTER TABLE orders ALTER COLUMN total TYPE bigint | M-18 changing-column-type
postgres | SET lock_timeout = '2s'; ALTER TABLE orders ADD COLUMN tenant int NOT NULL | M-11 adding-required-field
postgres | SET lock_timeout = '2s'; ALTER TABLE orders ALTER COLUMN tenant SET NOT NULL | M-11 adding-not-nullable-field
postgres | SET lock_timeout = '2s'; CREATE INDEX by_tenant ON orders (tenant) | M-16 require-concurrent-index-creation
postgres | SET lock_timeout = '2s'; CREATE INDEX CONCURRENTLY by_tenant ON orders (tenant) |
postgres | SET lock_timeout = '2s'; BEGIN; CREATE INDEX CONCURRENTLY by_tenant ON orders (tenant); COMMIT | M-14 ban-concurrent-index-creation-in-transaction
postgres | SET lock_timeout = '2s'; CREATE TABLE notes (id int); CREATE INDEX by_id ON notes (id) |
postgres | SET lock_timeout = '2s'; ALTER TABLE orders ALTER COLUMN tenant DROP NOT NULL | X-06 ban-drop-not-null
postgres | SELECT 1; no sql at all; INSERT INTO orders VALUES (1) |
mysql | ALTER TABLE orders ADD COLUMN note text |
mysql | ALTER TABLE orders ADD COLUMN tenant int NOT NULL | X-02 adding-required-column
mysql | ALTER TABLE orders ADD COLUMN tenant int NOT NULL DEFAULT 0 |
mysql | ALTER TABLE orders ADD COLUMN nr int NOT NULL AUTO_INCREMENT |
mysql | ALTER TABLE orders DROP COLUMN note | X-01 dropping-column
mysql | ALTER TABLE orders RENAME COLUMN note TO remark | X-01 renaming-column
mysql | ALTER TABLE orders CHANGE note remark varchar(20) | X-01 renaming-column
mysql | ALTER TABLE orders CHANGE note note varchar(20) | M-18 changing-column
mysql | ALTER TABLE orders MODIFY note varchar(20) | M-18 changing-column
mysql | ALTER TABLE orders RENAME TO purchases | X-01 renaming-table
mysql | RENAME TABLE orders TO purchases | X-01 renaming-table
mysql | DROP TABLE orders | X-01 dropping-table
mysql | CREATE UNIQUE INDEX by_name ON orders (name) | M-12 adding-unique-index
mysql | CREATE INDEX by_name ON orders (name) |
mysql | ALTER TABLE orders ADD CONSTRAINT u UNIQUE (name) | M-12 adding-unique-index
mysql | ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (tenant) REFERENCES tenants (id) | M-17 adding-foreign-key
mysql | CREATE TABLE notes (id int); CREATE UNIQUE INDEX by_id ON notes (id) | M-08 several-implicit-commits
mysql | ALTER TABLE orders ADD COLUMN a int; UPDATE orders SET a = 1; ALTER TABLE orders ADD COLUMN b int | M-08 several-implicit-commits
mysql | ALTER TABLE orders ADD a int; UPDATE alembic_version SET version_num = '2'; ALTER TABLE orders ADD b int |
mysql | ALTER TABLE orders ADD COLUMN a int; DELETE FROM orders; DROP TABLE `orders` | X-01 dropping-table, M-08 several-implicit-commits
mysql | INSERT INTO orders VALUES (1); no sql at all |
";

#[test]
fn each_statement_has_the_patterns_that_the_table_says() {
    for line in TABLE.lines().filter(|line| !line.is_empty()) {
        let mut fields = line.split('|').map(str::trim);
        let mut field = || fields.next().expect("a line has three fields");
        let engine = if field() == "postgres" { Engine::Postgres } else { Engine::MySql };
        let statements: Vec<String> = field().split("; ").map(str::to_owned).collect();
        let found = patterns(engine, &statements);
        let said: Vec<String> = found.iter().map(|it| format!("{} {}", it.code, it.rule)).collect();
        assert_eq!(said.join(", "), field(), "{line}");
    }
}

#[test]
fn each_code_is_one_finding() {
    let statements =
        ["ALTER TABLE orders DROP COLUMN note", "ALTER TABLE orders MODIFY total bigint", "DROP TABLE notes"]
            .map(str::to_owned);
    let findings = findings(&patterns(Engine::MariaDb, &statements));
    assert_eq!(findings.iter().map(|it| it.code).collect::<Vec<_>>(), [Code::X01, Code::M18, Code::M08]);
    assert_eq!((findings[0].kind, findings[0].severity), (Kind::Static, Severity::Warning));
    assert!(findings[0].evidence[0].contains("ALTER TABLE orders DROP COLUMN note"), "{findings:?}");
    assert!(findings[0].evidence[1].contains("DROP TABLE notes"), "{findings:?}");
}
