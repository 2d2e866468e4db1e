//! What is marked as seen of Liquibase, made by Liquibase on real servers. Each of its runs starts a Java machine, so it is tried with
//! the feature `whole`, by night.

use super::scene::{LIQUIBASE, tool_image};
use super::seen::{Bench, Up};
use crate::database::Engine;
use crate::migration_tool::{Lock, Waits, by_key};

/// The project as it was before its last changeset.
const OLD: &str = "cp -r /app /tmp/app && cd /tmp/app && sed -i '/<changeSet id=\"2\"/,/<.changeSet>/d' db/changelog/notes.xml && \
                   liquibase update";

/// The project with another text of a changeset that was applied.
const EDITED: &str =
    "cp -r /app /tmp/app && cd /tmp/app && sed -i 's/varchar(80)/varchar(90)/' db/changelog/notes.xml && ";

/// What a run that was killed leaves behind.
const LEFT_LOCKED: &str =
    "UPDATE DATABASECHANGELOGLOCK SET LOCKED = true, LOCKGRANTED = now(), LOCKEDBY = 'task-7 (10.0.0.7)'";

/// A run that does not wait for the lock.
const AT_ONCE: &str = "LIQUIBASE_CHANGELOG_LOCK_WAIT_TIME_IN_MINUTES=0 liquibase update";

/// How long it waits where nobody says how long.
const WAIT: &str = "liquibase --help | grep --after-context 3 changelog-lock-wait-time-in-minutes=";

#[tokio::test]
async fn what_is_marked_as_seen_of_liquibase_is_what_it_says_and_does() {
    let liquibase = by_key("liquibase").expect("it is known");
    let mut bench = Bench::new("liquibase").await;
    let image = tool_image(&bench.trial, &LIQUIBASE).await;
    down_and_up_beside_a_held_lock(&mut bench, &image).await;
    leave_locked(&bench).await;
    bench.old(&LIQUIBASE, "liquibase", &image, Some(OLD)).await;
    assert!(!bench.recorded(liquibase).await.locked, "a run that has nothing to do takes another's lock away");

    assert!(!bench.run(&LIQUIBASE, &image, Some(&format!("{EDITED} liquibase update"))).await.succeeded());
    let way_out = format!("{EDITED} liquibase clear-checksums && liquibase update");
    bench.must(&LIQUIBASE, &image, Some(&way_out)).await;

    let wait = bench.run(&LIQUIBASE, &image, Some(WAIT)).await;
    assert!(wait.lines.iter().any(|line| line.contains("DEFAULT: 5")), "five minutes are 300 seconds: {wait:#?}");

    for engine in [Engine::MySql, Engine::MariaDb] {
        bench.move_to(engine).await;
        down_and_up_beside_a_held_lock(&mut bench, &image).await;
    }
    bench.end(|tool| tool.key == "liquibase").await;
}

async fn down_and_up_beside_a_held_lock(bench: &mut Bench, image: &str) {
    let liquibase = by_key("liquibase").expect("it is known");
    let up = Up { old: None, applied: &["1 of notes", "2 of notes"], down: &["1 of notes"] };
    bench.up_and_down(&LIQUIBASE, liquibase, image, up).await;

    leave_locked(bench).await;
    assert!(!bench.run(&LIQUIBASE, image, Some(AT_ONCE)).await.succeeded(), "somebody else has the lock");
    assert_eq!(bench.applied(liquibase).await, ["1 of notes"]);

    let Lock::Row { unlock, waits: Waits::Seconds(300), .. } = liquibase.lock else { panic!("its lock is a row") };
    bench.must(&LIQUIBASE, image, Some(&format!("{unlock} && liquibase update"))).await;
    assert_eq!(bench.applied(liquibase).await, ["1 of notes", "2 of notes"]);
    assert!(!bench.recorded(liquibase).await.locked);
}

async fn leave_locked(bench: &Bench) {
    bench.connect().await.execute("leave it locked", LEFT_LOCKED).await.expect("the table is there");
    assert!(bench.recorded(by_key("liquibase").expect("it is known")).await.locked);
}
