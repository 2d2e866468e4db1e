//! Adversarial rows in real databases.

use super::data::{builder, fresh, number, run};
use crate::database::catalog::Catalog;
use crate::database::seeding::{Plan, seed};
use crate::database::{Account, Connection, Database, Engine};

const SEED: u64 = 0x7f3a;

fn schema(engine: Engine) -> Vec<&'static str> {
    let own: &[&str] = match engine {
        Engine::Postgres => &[
            "CREATE TYPE mood AS ENUM ('glad', 'it''s', 'sad')",
            "CREATE DOMAIN short AS varchar(7)",
            "CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email varchar(40) NOT NULL UNIQUE, name varchar(20), \
             feeling mood, nick short, active boolean NOT NULL DEFAULT true, born date, labels text[], shouted text GENERATED ALWAYS AS (upper(name)) STORED)",
            "CREATE TABLE places (id int PRIMARY KEY, at point NOT NULL)",
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not so''; END'",
            "CREATE TABLE guarded (id serial PRIMARY KEY)",
            "CREATE TRIGGER guard BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION refuse()",
        ],
        Engine::MySql | Engine::MariaDb => &[
            "CREATE TABLE users (id int AUTO_INCREMENT PRIMARY KEY, email varchar(40) NOT NULL UNIQUE, name varchar(20), \
             feeling enum('glad', 'it''s', 'sad'), nick varchar(7), active boolean NOT NULL DEFAULT true, born date, labels json, \
             shouted varchar(40) AS (upper(name)) STORED)",
            "CREATE TABLE places (id int PRIMARY KEY, at point NOT NULL)",
            "CREATE TABLE guarded (id int AUTO_INCREMENT PRIMARY KEY)",
            "CREATE TRIGGER guard BEFORE INSERT ON guarded FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not so'",
        ],
    };
    let common = [
        "CREATE TABLE coupons (id int PRIMARY KEY, code varchar(8))",
        "CREATE TABLE orders (id bigint PRIMARY KEY, user_id int NOT NULL, coupon_id int, total decimal(6,2) NOT NULL CHECK (total > 0), \
         state varchar(9) NOT NULL CHECK (state IN ('new', 'paid')), note text, made timestamp NULL, FOREIGN KEY (user_id) REFERENCES users (id))",
        "CREATE TABLE items (order_id bigint NOT NULL, place int NOT NULL, PRIMARY KEY (order_id, place), FOREIGN KEY (order_id) REFERENCES orders (id))",
        "CREATE TABLE profiles (user_id int PRIMARY KEY, bio varchar(50), FOREIGN KEY (user_id) REFERENCES users (id))",
        "CREATE TABLE folders (id int PRIMARY KEY, parent int, FOREIGN KEY (parent) REFERENCES folders (id))",
        "CREATE TABLE teams (id int PRIMARY KEY, leader int)",
        "CREATE TABLE members (id int PRIMARY KEY, team int NOT NULL, FOREIGN KEY (team) REFERENCES teams (id))",
        "ALTER TABLE teams ADD FOREIGN KEY (leader) REFERENCES members (id)",
        "CREATE TABLE contacts (id int PRIMARY KEY, email varchar(40) CHECK (email LIKE '%@%'), name varchar(10), phone varchar(10) CHECK (length(phone) < 7))",
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
    ];
    own.iter().copied().chain(common).collect()
}

/// Each counts rows of which there must be some.
const THERE: [&str; 20] = [
    "SELECT count(*) FROM users WHERE name IS NULL AND feeling IS NULL AND nick IS NULL AND born IS NULL AND labels IS NULL",
    "SELECT count(*) FROM users WHERE length(name) = 20",
    "SELECT count(*) FROM users WHERE length(email) = 40",
    "SELECT count(*) FROM users WHERE length(nick) = 7",
    "SELECT count(*) FROM users WHERE feeling = 'it''s'",
    "SELECT count(*) FROM users WHERE feeling = 'sad'",
    "SELECT count(*) FROM users WHERE NOT active",
    "SELECT count(*) FROM (SELECT name FROM users WHERE name IS NOT NULL GROUP BY name HAVING count(*) > 1) d",
    "SELECT count(*) FROM orders WHERE note IS NULL AND coupon_id IS NULL AND made IS NULL",
    "SELECT count(*) FROM orders WHERE length(note) = 1000",
    "SELECT count(*) FROM orders WHERE state = 'paid'",
    "SELECT count(*) FROM (SELECT user_id FROM orders GROUP BY user_id HAVING count(*) > 1) d",
    "SELECT count(*) FROM (SELECT made FROM orders WHERE made IS NOT NULL GROUP BY made HAVING count(*) > 1) d",
    "SELECT count(*) FROM orders o WHERE coupon_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM coupons c WHERE c.id = o.coupon_id)",
    "SELECT count(*) FROM (SELECT order_id FROM items GROUP BY order_id HAVING count(*) > 1) d",
    "SELECT count(*) FROM (SELECT place FROM items GROUP BY place HAVING count(*) > 1) d",
    "SELECT count(*) FROM profiles WHERE bio IS NULL",
    "SELECT count(*) FROM folders WHERE parent IS NOT NULL",
    "SELECT count(*) FROM members",
    "SELECT count(*) FROM contacts WHERE email IS NULL",
];

/// A migration that succeeds on empty tables, and the code with which it fails on these rows.
fn migrations(engine: Engine) -> Vec<(&'static str, &'static str)> {
    match engine {
        Engine::Postgres => vec![
            ("ALTER TABLE users ALTER name SET NOT NULL", "23502"),
            ("ALTER TABLE orders ADD tenant int NOT NULL", "23502"),
            ("CREATE UNIQUE INDEX u ON orders (note)", "23505"),
            ("CREATE UNIQUE INDEX u ON items (place)", "23505"),
            ("ALTER TABLE orders ADD FOREIGN KEY (coupon_id) REFERENCES coupons (id)", "23503"),
            ("ALTER TABLE users ALTER email TYPE varchar(30)", "22001"),
            ("ALTER TABLE orders ADD CHECK (state = 'new')", "23514"),
        ],
        Engine::MySql => vec![
            ("ALTER TABLE users MODIFY name varchar(20) NOT NULL", "1138"),
            ("CREATE UNIQUE INDEX u ON orders (total)", "1062"),
            ("CREATE UNIQUE INDEX u ON items (place)", "1062"),
            ("ALTER TABLE orders ADD FOREIGN KEY (coupon_id) REFERENCES coupons (id)", "1452"),
            ("ALTER TABLE users MODIFY email varchar(30) NOT NULL", "1265"),
            ("ALTER TABLE users MODIFY feeling enum('glad', 'sad')", "1265"),
            ("ALTER TABLE orders ADD CHECK (state = 'new')", "3819"),
        ],
        Engine::MariaDb => vec![
            ("ALTER TABLE users MODIFY name varchar(20) NOT NULL", "1265"),
            ("CREATE UNIQUE INDEX u ON orders (total)", "1062"),
            ("CREATE UNIQUE INDEX u ON items (place)", "1062"),
            ("ALTER TABLE orders ADD FOREIGN KEY (coupon_id) REFERENCES coupons (id)", "1452"),
            ("ALTER TABLE users MODIFY email varchar(30) NOT NULL", "1265"),
            ("ALTER TABLE users MODIFY feeling enum('glad', 'sad')", "1265"),
            ("ALTER TABLE orders ADD CHECK (state = 'new')", "4025"),
        ],
    }
}

pub(super) async fn finds_what_an_empty_database_hides(server: &Database) {
    let engine = server.spec().engine;
    let mut owner = fresh(server, "seeded").await;
    run(&mut builder(server, "seeded").await, &schema(engine)).await;
    let catalog = Catalog::read(&mut owner).await.expect("the catalogs can be read");
    let plan = Plan::of(&catalog, &[], SEED);
    let seeded = seed(&mut owner, &plan).await.expect("the connection lasts");
    for query in THERE {
        assert!(number(&mut owner, query).await > 0, "{engine}: {query}: {:#?}", seeded.not_seeded());
    }
    assert_eq!(number(&mut owner, "SELECT count(*) FROM alembic_version").await, 0, "a tool's record is left alone");
    let gaps: Vec<String> = seeded.gaps.iter().map(ToString::to_string).collect();
    let array = "`users.labels`: no value of type `text[]` is made";
    assert!(
        gaps.iter().any(|gap| gap == "`places.at`: no value of type `point` is made, and it needs one"),
        "{gaps:?}"
    );
    assert!(!gaps.iter().any(|gap| gap == array), "an empty array is one: {gaps:?}");
    let refused: Vec<String> = seeded
        .refused
        .iter()
        .map(|one| {
            format!(
                "{} {:?} {:?} {}",
                one.table,
                one.purpose,
                one.column,
                one.refusal.as_ref().map_or_else(String::new, |refusal| refusal.code())
            )
        })
        .collect();
    let (check, signal) = match engine {
        Engine::Postgres => ("23514", "P0001"),
        Engine::MySql => ("3819", "1644"),
        Engine::MariaDb => ("4025", "1644"),
    };
    let expected = [
        format!("contacts Ordinary None {check}"),
        format!("contacts Duplicate None {check}"),
        format!("contacts Longest None {check}"),
        format!("guarded Ordinary None {signal}"),
        format!("guarded Duplicate None {signal}"),
        format!("guarded Longest None {signal}"),
        format!("guarded Nulls None {signal}"),
    ];
    assert_eq!(refused, expected, "{engine}");
    // The app's own keys do not meet these.
    run(&mut owner, &["INSERT INTO users (email, active) VALUES ('own@app', true)"]).await;

    let mut empty = fresh(server, "unseeded").await;
    run(&mut builder(server, "unseeded").await, &schema(engine)).await;
    for (migration, code) in migrations(engine) {
        let refusal = owner.attempt("migrate", migration).await.expect("the connection lasts");
        assert_eq!(refusal.map_err(|refusal| refusal.code()), Err(code.to_owned()), "{engine}: {migration}");
        assert_eq!(undone(&mut empty, migration).await, Ok(()), "{engine}: {migration} on empty tables");
    }
    again(server, &plan).await;
}

/// Whether a migration succeeds; an index that several of them make is dropped again.
async fn undone(connection: &mut Connection, migration: &str) -> Result<(), String> {
    let answer = connection.attempt("migrate", migration).await.expect("the connection lasts");
    if let Some((_, rest)) = migration.split_once("INDEX u ON ") {
        let table = rest.split(' ').next().unwrap_or_default();
        let drop = match connection.engine() {
            Engine::Postgres => "DROP INDEX u".to_owned(),
            Engine::MySql | Engine::MariaDb => format!("DROP INDEX u ON {table}"),
        };
        run(connection, &[&drop]).await;
    }
    answer.map_err(|refusal| refusal.to_string())
}

/// The same schema gives the same catalog and the same seed the same rows.
async fn again(server: &Database, plan: &Plan) {
    fresh(server, "again").await;
    run(&mut builder(server, "again").await, &schema(server.spec().engine)).await;
    let mut administrator = server.logical().called("again").connect(Account::Administrator).await.expect("it may");
    let catalog = Catalog::read(&mut administrator).await.expect("the catalogs can be read");
    assert_eq!(Plan::of(&catalog, &[], SEED), *plan);
}
