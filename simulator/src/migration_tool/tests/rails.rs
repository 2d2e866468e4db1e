//! What is marked as seen of Rails, made by Rails on real servers: on PostgreSQL on every run of the tests, on the others with
//! the feature `whole`, by night.

use super::scene::{RAILS, tool_image, whole};
use super::seen::{Bench, Up};
use crate::database::Engine;
use crate::migration_tool::by_key;

const NOTES: &str = "20261101090000";
const TAG: &str = "20261115090000";

/// The project as it was before its last migration.
const OLD: &str = "cp -r /app /tmp/app && cd /tmp/app && rm db/migrate/20261115* && bin/rails db:migrate";

/// Two branches that have each made a migration in the same second.
const TWICE: &str = "cp -r /app /tmp/app && cd /tmp/app/db/migrate && \
                     sed s/AddTag/AddOther/ 20261115090000_add_tag_to_notes.rb > 20261115090000_add_other_to_notes.rb && \
                     cd ../.. && bin/rails db:migrate";

/// The migration through a pooler that gives every transaction another session; `more` is put into the URL.
fn pooled(more: &str) -> String {
    let url = format!("postgresql://app:rehearsal@127.0.0.1:6432/app?prepared_statements=false{more}");
    format!("pgbouncer -q -d -u nobody /etc/pooler/pgbouncer.ini && DATABASE_URL='{url}' bin/rails db:migrate")
}

#[tokio::test]
async fn what_is_marked_as_seen_of_rails_is_what_it_says_and_does() {
    let mut bench = Bench::new("rails").await;
    let image = tool_image(&bench.trial, &RAILS).await;
    up_and_down_beside_a_held_lock(&mut bench, &image).await;

    assert!(!bench.run(&RAILS, &image, Some(TWICE)).await.succeeded());
    assert!(!bench.run(&RAILS, &image, Some(&pooled(""))).await.succeeded(), "its lock was another session's");
    bench.must(&RAILS, &image, Some(&pooled("&advisory_locks=false"))).await;

    if whole() {
        for engine in [Engine::MySql, Engine::MariaDb] {
            bench.move_to(engine).await;
            up_and_down_beside_a_held_lock(&mut bench, &image).await;
        }
    }
    bench.end(|tool| tool.key == "rails").await;
}

async fn up_and_down_beside_a_held_lock(bench: &mut Bench, image: &str) {
    let rails = by_key("rails").expect("it is known");
    let up = Up { old: Some(OLD), applied: &[NOTES, TAG], down: &[NOTES] };
    bench.up_and_down(&RAILS, rails, image, up).await;

    // crc32("app") * 2053462845
    let take = match bench.database().spec().engine {
        Engine::Postgres => "SELECT pg_advisory_lock(6939591962871035475)",
        Engine::MySql | Engine::MariaDb => "SELECT GET_LOCK('6939591962871035475', 0)",
    };
    let mut holder = bench.connect().await;
    holder.execute("hold the lock", take).await.expect("it is free");
    let outcome = bench.run(&RAILS, image, None).await;
    assert!(!outcome.succeeded(), "another session holds the lock: {outcome:#?}");
    assert_eq!(bench.applied(rails).await, [NOTES]);
}
