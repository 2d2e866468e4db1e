//! What is marked as seen of Flask-Migrate, made by Flask-Migrate on real servers: on PostgreSQL on every run of the tests, on the others
//! with the feature `whole`, by night.

use super::scene::{FLASK, tool_image, whole};
use super::seen::{Bench, Up};
use crate::database::Engine;
use crate::migration_tool::by_key;

/// The project as it was before its last migration.
const OLD: &str = "cp -r /app /tmp/app && cd /tmp/app && rm migrations/versions/0002_tag.py && flask db upgrade";

/// The project with a migration of another branch beside its last one.
const TWO_HEADS: &str = "cp -r /app /tmp/app && cd /tmp/app && \
                         sed 's/\"0002\"/\"0002b\"/; s/\"tag\"/\"sign\"/' migrations/versions/0002_tag.py > migrations/versions/0002b.py";

#[tokio::test]
async fn what_is_marked_as_seen_of_flask_migrate_is_what_it_says_and_does() {
    let mut bench = Bench::new("flask-migrate").await;
    let image = tool_image(&bench.trial, &FLASK).await;
    up_and_down_and_twice_at_once(&mut bench, &image).await;

    let flask = by_key("flask-migrate").expect("it is known");
    let stamp = flask.stamp.expect("it has one").replace("{}", "0001");
    bench.must(&FLASK, &image, Some(&stamp)).await;
    assert_eq!(bench.applied(flask).await, ["0001"], "nothing was run: the column is there");

    let merged = format!(
        "{TWO_HEADS} && flask db stamp 0002 && ! flask db upgrade && flask db merge -m \"merge heads\" heads && flask db upgrade"
    );
    bench.must(&FLASK, &image, Some(&merged)).await;

    if whole() {
        for engine in [Engine::MySql, Engine::MariaDb] {
            bench.move_to(engine).await;
            up_and_down_and_twice_at_once(&mut bench, &image).await;
        }
    }
    bench.end(|tool| tool.key == "flask-migrate").await;
}

async fn up_and_down_and_twice_at_once(bench: &mut Bench, image: &str) {
    let flask = by_key("flask-migrate").expect("it is known");
    let up = Up { old: Some(OLD), applied: &["0002"], down: &["0001"] };
    bench.up_and_down(&FLASK, flask, image, up).await;

    let outcomes = bench.two_at_once(&FLASK, image).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.succeeded()).count(), 1, "{outcomes:#?}");
    assert_eq!(bench.applied(flask).await, ["0002"]);
}
