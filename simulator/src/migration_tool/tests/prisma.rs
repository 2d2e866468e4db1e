//! Prisma's texts and behaviours that are marked as seen, made by Prisma on a real server. Its image takes a minute to build, so it is tried
//! with the feature `whole`, by night.

use super::scene::PRISMA;
use super::seen::{Bench, images};
use crate::migration_tool::by_key;

/// A migration that fails, beside those of the image.
const WITH_ONE_THAT_FAILS: &str = "cp -r /app /tmp/app && cd /tmp/app && mkdir prisma/migrations/2_fails && \
                                   echo 'SELECT * FROM nowhere;' > prisma/migrations/2_fails/migration.sql";

#[tokio::test]
async fn what_is_marked_as_seen_of_prisma_is_what_it_says_and_does() {
    let mut bench = Bench::new("prisma").await;
    let prisma = by_key("prisma").expect("it is known");
    let [old, new] = images(&bench.trial, &PRISMA, "v2-prisma").await;
    bench.old_after_new(&PRISMA, "prisma", [&old, &new]).await;

    let mut connection = bench.connect().await;
    connection.execute("hold the lock", "SELECT pg_advisory_lock(72707369)").await.expect("it is free");
    assert!(!bench.run(&PRISMA, &new, None).await.succeeded(), "another session holds the lock");
    connection.execute("release the lock", "SELECT pg_advisory_unlock_all()").await.expect("it is this session's");

    let script = |rest: &str| format!("{WITH_ONE_THAT_FAILS} && {rest}");
    let failing = script("node_modules/.bin/prisma migrate deploy");
    assert!(!bench.run(&PRISMA, &new, Some(&failing)).await.succeeded());
    let state = prisma.state(&mut connection).await.expect("it can be read");
    assert_eq!(state.unfinished(), Some("2_fails"));
    assert!(!bench.run(&PRISMA, &new, Some(&failing)).await.succeeded(), "it stays recorded as failed");
    let way_out = script("npx prisma migrate resolve --rolled-back 2_fails");
    assert!(bench.run(&PRISMA, &new, Some(&way_out)).await.succeeded());
    let outcome = bench.run(&PRISMA, &new, None).await;
    assert!(outcome.succeeded(), "without the migration that fails: {outcome:#?}");

    drop(connection);
    bench.end(|tool| tool.key == "prisma").await;
}
