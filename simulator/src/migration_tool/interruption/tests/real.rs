//! Real tools on real servers, killed for good. On every run of the tests one tool is on a server that rolls definitions back, and one on a
//! server that does not; the rest is played with the feature `whole`, by night.

use std::time::{Duration, Instant};

use crate::database::{Engine, LogicalDatabase};
use crate::engine::trial::Trial;
use crate::finding::Code;
use crate::migration_tool::by_key;
use crate::migration_tool::interruption::{Bounds, Evidence, Migrator, Scene, findings, interrupt};
use crate::migration_tool::tests::container::Container;
use crate::migration_tool::tests::scene::{App, NEWS, NOTES, database, image, whole};

/// How long the old image may take to make the baseline.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) async fn interrupted(
    trial: &Trial,
    tool: &str,
    [old, new]: &[Container; 2],
    baseline: &LogicalDatabase,
) -> Evidence {
    let made = old.start(baseline, None).await.expect("the old image can be started");
    let made = made.ended(PATIENCE).await.expect("the engine tells");
    assert!(made.succeeded(), "{made:#?}");
    baseline.until_left().await.expect("the server tells");
    let scene = Scene {
        baseline,
        migrators: [new, new],
        tool: by_key(tool),
        command: new.command.clone(),
        at_start: false,
        address: trial.engine.gateway(&trial.network).await.expect("the network has a gateway"),
        bounds: Bounds { kills: 12, seed: 1, until: Instant::now() + PATIENCE },
    };
    interrupt(&scene).await.expect("the migration can be interrupted")
}

/// The version whose migration has two statements.
const HALF: &str = "v2-migration-half";

/// What is expected on an engine.
struct Case {
    engine: Engine,
    /// How many statements there are.
    statements: usize,
    /// After which of them a second run fails.
    lost: &'static [usize],
    codes: &'static [Code],
    /// Whether it is tried on every run of the tests; the others are with the feature `whole`.
    always: bool,
}

const fn case(engine: Engine, statements: usize, lost: &'static [usize], codes: &'static [Code], always: bool) -> Case {
    Case { engine, statements, lost, codes, always }
}

async fn check(app: &App, tool: &str, cases: [Case; 3]) {
    let trial = Trial::new(app.name).await;
    let images = [image(&trial, app, HALF, "main").await, image(&trial, app, HALF, "deploy").await];
    for Case { engine, statements, lost, codes, always } in cases {
        if !always && !whole() {
            continue;
        }
        let server = database(&trial, engine).await;
        let containers = images.each_ref().map(|image| app.migrator(&trial, engine, image));
        let evidence = interrupted(&trial, tool, &containers, &server.logical()).await;
        server.stop().await.expect("it is removed");
        let found = findings(&evidence);
        let shown: String = found.iter().map(|finding| format!("{finding}\n")).collect();
        let shown = format!("{engine}: {:#?}\n{shown}", evidence.statements);
        assert_eq!((evidence.statements.len(), evidence.untried.len()), (statements, 0), "{shown}");
        let not_recovered: Vec<usize> =
            evidence.kills.iter().filter(|kill| !kill.recovers()).map(|kill| kill.at).collect();
        assert_eq!(not_recovered, lost, "{shown}");
        for kill in evidence.kills.iter().filter(|kill| !kill.recovers()) {
            let way_out = kill.way_out.as_ref().expect("one was tried");
            assert!(way_out.works(), "{engine}: {kill:#?}");
        }
        assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), codes, "{shown}");
    }
    trial.end().await;
}

#[tokio::test]
async fn alembic_is_killed_at_every_statement_and_run_again() {
    let half: &[usize] = &[1, 2, 3];
    let codes: &[Code] = &[Code::M08, Code::M07];
    let cases = [
        case(Engine::Postgres, 4, &[], &[Code::M07], true),
        case(Engine::MySql, 4, half, codes, false),
        case(Engine::MariaDb, 4, half, codes, false),
    ];
    check(&NEWS, "alembic", cases).await;
}

/// On PostgreSQL the row that is Knex's lock goes with the transaction; elsewhere the first DDL statement commits it.
#[tokio::test]
async fn knex_is_killed_at_every_statement_and_run_again() {
    let half: &[usize] = &[2, 3, 4];
    let codes: &[Code] = &[Code::M05, Code::M08];
    let cases = [
        case(Engine::Postgres, 6, &[], &[], false),
        case(Engine::MySql, 6, half, codes, true),
        case(Engine::MariaDb, 6, half, codes, false),
    ];
    check(&NOTES, "knex", cases).await;
}
