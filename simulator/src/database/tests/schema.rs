//! Schemas read back from each server, before and after real statements.

use crate::database::{Account, Database, Engine, SchemaSnapshot};

const BEFORE: &str =
    "CREATE TABLE articles (id int PRIMARY KEY, title varchar(80) NOT NULL, body text, draft int DEFAULT 0);
    CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
    INSERT INTO alembic_version VALUES ('0001');
    INSERT INTO articles VALUES (1, 'a', NULL, 1), (2, 'b', NULL, 0)";

const MIGRATION: &str = "ALTER TABLE articles ADD COLUMN slug varchar(40) DEFAULT 'none' NOT NULL;
    ALTER TABLE articles DROP COLUMN draft;
    CREATE UNIQUE INDEX by_title ON articles (title, id);
    CREATE TABLE tags (article int NOT NULL, name varchar(20), CONSTRAINT of_article FOREIGN KEY (article) REFERENCES articles (id) ON DELETE CASCADE);
    UPDATE alembic_version SET version_num = '0002'";

pub(super) async fn tells_what_a_migration_changed(database: &Database) {
    let engine = database.spec().engine;
    let mut connection = database.connect(Account::App).await.expect("the app's user may connect");
    for statement in BEFORE.split(';') {
        connection.execute("set up", statement).await.expect("the statement is right");
    }
    let before = database.schema().await.expect("the catalogs can be read");
    assert_eq!(before.revision, ["0001"]);
    assert_eq!(database.row_counts().await.expect("tables can be counted"), [("articles".to_owned(), 2)]);
    for statement in MIGRATION.split(';') {
        connection.execute("migrate", statement).await.expect("the statement is right");
    }
    let after = database.schema().await.expect("the catalogs can be read");
    assert_eq!(SchemaSnapshot::difference(&after, &database.schema().await.expect("the catalogs can be read")), []);
    let shown: Vec<String> = SchemaSnapshot::difference(&before, &after).iter().map(ToString::to_string).collect();
    let expected: &[&str] = match engine {
        Engine::Postgres => &[
            "- column articles.draft integer DEFAULT 0",
            "+ column articles.slug character varying(40) NOT NULL DEFAULT 'none'::character varying",
            "+ index on articles: by_title: CREATE UNIQUE INDEX by_title ON public.articles USING btree (title, id)",
            "+ table tags (article, name)",
            "~ revision: 0001 -> 0002",
        ],
        Engine::MySql => &[
            "- column articles.draft int DEFAULT 0",
            "+ column articles.slug varchar(40) NOT NULL DEFAULT 'none'",
            "+ index on articles: by_title: UNIQUE BTREE (title, id)",
            "+ table tags (article, name)",
            "~ revision: 0001 -> 0002",
        ],
        Engine::MariaDb => &[
            "- column articles.draft int(11) DEFAULT 0",
            "+ column articles.slug varchar(40) NOT NULL DEFAULT 'none'",
            "+ index on articles: by_title: UNIQUE BTREE (title, id)",
            "+ table tags (article, name)",
            "~ revision: 0001 -> 0002",
        ],
    };
    assert_eq!(shown, expected);
    let tags = after.tables.get("tags").expect("the migration made it");
    let key = tags.constraints.get("of_article").expect("the migration made it");
    assert!(key.starts_with("FOREIGN KEY (article) REFERENCES articles") && key.contains("ON DELETE CASCADE"), "{key}");
}
