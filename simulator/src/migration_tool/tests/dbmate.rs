//! What is marked as seen of dbmate, made by dbmate on real servers: on PostgreSQL on every run of the tests, on the others with
//! the feature `whole`, by night.

use super::scene::{DBMATE, tool_image, whole};
use super::seen::{Bench, Up};
use crate::database::Engine;
use crate::migration_tool::by_key;

const NOTES: &str = "20261101090000";
const BETWEEN: &str = "20261108090000";
const TAG: &str = "20261115090000";

/// The project as it was before its last migration.
const OLD: &str = "cp -r /app /tmp/app && cd /tmp/app && rm db/migrations/20261115* && dbmate up";

/// The project with a migration of a branch that was merged late.
const LATE: &str = "cp -r /app /tmp/app && cd /tmp/app && \
                    printf -- '-- migrate:up\\n-- migrate:down\\n' > db/migrations/20261108090000_late.sql && dbmate up";

#[tokio::test]
async fn what_is_marked_as_seen_of_dbmate_is_what_it_says_and_does() {
    let mut bench = Bench::new("dbmate").await;
    let image = tool_image(&bench.trial, &DBMATE).await;
    up_and_down_and_twice_at_once(&mut bench, &image).await;

    let dbmate = by_key("dbmate").expect("it is known");
    assert!(!bench.run(&DBMATE, &image, Some(&format!("{LATE} --strict"))).await.succeeded());
    assert_eq!(bench.applied(dbmate).await, [NOTES, TAG]);
    bench.must(&DBMATE, &image, Some(LATE)).await;
    assert_eq!(bench.applied(dbmate).await, [NOTES, BETWEEN, TAG]);

    if whole() {
        for engine in [Engine::MySql, Engine::MariaDb] {
            bench.move_to(engine).await;
            up_and_down_and_twice_at_once(&mut bench, &image).await;
        }
    }
    bench.end(|tool| tool.key == "dbmate").await;
}

async fn up_and_down_and_twice_at_once(bench: &mut Bench, image: &str) {
    let dbmate = by_key("dbmate").expect("it is known");
    let up = Up { old: Some(OLD), applied: &[NOTES, TAG], down: &[NOTES] };
    bench.up_and_down(&DBMATE, dbmate, image, up).await;

    let outcomes = bench.two_at_once(&DBMATE, image).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.succeeded()).count(), 1, "{outcomes:#?}");
    assert_eq!(bench.applied(dbmate).await, [NOTES, TAG]);
}
