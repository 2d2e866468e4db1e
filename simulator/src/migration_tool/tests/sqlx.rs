//! sqlx's texts and behaviours that are marked as seen, made by sqlx on a real server. Its app takes minutes to compile, so it is tried with
//! the feature `whole`, by night.

use super::scene::LINKS;
use super::seen::{Bench, images};
use crate::migration_tool::by_key;

/// In the words of the error, and as Rust shows its value where a program panics with it.
#[tokio::test]
async fn every_text_of_sqlx_is_printed_by_its_library() {
    let mut bench = Bench::new("sqlx").await;
    let [old, new] = images(&bench.trial, &LINKS, "v2").await;
    let [old_at_start, new_at_start] = images(&bench.trial, &LINKS, "v2-at-start").await;
    bench.old_after_new(&LINKS, "sqlx", [&old, &new]).await;
    assert!(!bench.run(&LINKS, &old_at_start, Some("links")).await.succeeded());

    let edited =
        "cp -r /app /tmp/app && cd /tmp/app && echo '-- edited' >> migrations/20261101090000_links.sql && links";
    assert!(!bench.run(&LINKS, &new, Some(&format!("{edited} migrate"))).await.succeeded());
    assert!(!bench.run(&LINKS, &new_at_start, Some(edited)).await.succeeded());

    let mut connection = bench.connect().await;
    let begin = "UPDATE _sqlx_migrations SET success = false WHERE version = 20261115090000";
    connection.execute("note it as begun", begin).await.expect("the table is there");
    let state = by_key("sqlx").expect("it is known").state(&mut connection).await.expect("it can be read");
    assert_eq!(state.unfinished(), Some("20261115090000"));
    assert!(!bench.run(&LINKS, &new, None).await.succeeded());
    assert!(!bench.run(&LINKS, &new_at_start, Some("links")).await.succeeded());
    drop(connection);
    bench.end(|tool| tool.key == "sqlx").await;
}
