//! Every text and behaviour that is marked as seen is made by the real tool on a real server.

use std::collections::BTreeSet;
use std::time::Duration;

use super::container::Container;
use super::scene::{App, NEWS, NOTES, SHOP, database, image};
use crate::database::{Account, Connection, Database, Engine, LogicalDatabase};
use crate::engine::trial::Trial;
use crate::migration_tool::interruption::{Migrator, Outcome};
use crate::migration_tool::{Basis, OnNewer, State, TOOLS, Tool, by_key, said};

/// How long a run may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The tools that have a test of their own.
const APART: [&str; 6] = ["sqlx", "prisma", "rails", "dbmate", "flask-migrate", "liquibase"];

/// What a project's migrations come to.
pub(super) struct Up<'a> {
    /// A script that makes the project an older one and migrates, where that is tried.
    pub(super) old: Option<&'a str>,
    /// The migrations that are written down when all are applied.
    pub(super) applied: &'a [&'a str],
    /// Those that are left when one of them is down.
    pub(super) down: &'a [&'a str],
}

/// Tools of the fixtures on one server.
pub(super) struct Bench {
    pub(super) trial: Trial,
    server: Database,
    database: LogicalDatabase,
    seen: BTreeSet<&'static str>,
}

impl Bench {
    pub(super) async fn new(name: &str) -> Self {
        let trial = Trial::new(name).await;
        let server = database(&trial, Engine::Postgres).await;
        Self { trial, database: server.logical(), server, seen: BTreeSet::new() }
    }

    /// Goes on with a new server of `engine` in the place of the one before.
    pub(super) async fn move_to(&mut self, engine: Engine) {
        let server = database(&self.trial, engine).await;
        self.database = server.logical();
        std::mem::replace(&mut self.server, server).stop().await.expect("it is removed");
    }

    pub(super) fn database(&self) -> &LogicalDatabase {
        &self.database
    }

    pub(super) async fn connect(&self) -> Connection {
        self.server.connect(Account::App).await.expect("the app's user may connect")
    }

    /// Ends all of it; what was seen must be what is marked as seen of those tools.
    pub(super) async fn end(self, of: impl Fn(&Tool) -> bool) {
        let texts = TOOLS.iter().filter(|tool| of(tool)).flat_map(|tool| tool.texts);
        let marked = texts.filter(|text| text.basis == Basis::Seen).map(|text| text.pattern);
        assert_eq!(self.seen, marked.collect::<BTreeSet<&str>>());
        self.server.stop().await.expect("it is removed");
        self.trial.end().await;
    }

    /// Runs the app's migration, or `script` instead, and notes what it says.
    pub(super) async fn run(&mut self, app: &App, image: &str, script: Option<&str>) -> Outcome {
        let migrator = self.migrator(app, image, script);
        let run = migrator.start(&self.database, None).await.expect("it starts");
        let outcome = run.ended(PATIENCE).await.expect("the engine tells");
        self.note(&outcome);
        outcome
    }

    /// The same of what must succeed.
    pub(super) async fn must(&mut self, app: &App, image: &str, script: Option<&str>) {
        let outcome = self.run(app, image, script).await;
        assert!(outcome.succeeded(), "{}: {outcome:#?}", app.name);
    }

    /// Migrates up, tries an old project on the newer schema, and goes one down again.
    pub(super) async fn up_and_down(&mut self, app: &App, tool: &'static Tool, image: &str, up: Up<'_>) {
        self.must(app, image, None).await;
        if let Some(old) = up.old {
            self.old(app, tool.key, image, Some(old)).await;
        }
        assert_eq!(self.applied(tool).await, up.applied);
        self.must(app, image, tool.down).await;
        assert_eq!(self.applied(tool).await, up.down);
    }

    /// What runs the app's migration, or `script` instead.
    fn migrator(&self, app: &App, image: &str, script: Option<&str>) -> Container {
        let mut migrator = app.migrator(&self.trial, self.database.spec().engine, image);
        if let Some(script) = script {
            migrator.command = ["sh", "-c", script].map(str::to_owned).to_vec();
        }
        migrator
    }

    /// Notes what a run says.
    fn note(&mut self, outcome: &Outcome) {
        self.seen.extend(outcome.lines.iter().filter_map(|line| said(line)).map(|(_, said)| said.text.pattern));
    }

    /// Migrates with the new image, then with the old one, and compares with what is known of the tool.
    pub(super) async fn old_after_new(&mut self, app: &App, tool: &str, images: [&str; 2]) {
        let [old, new] = images;
        self.must(app, new, None).await;
        self.old(app, tool, old, None).await;
    }

    /// Migrates what a newer one has migrated, with an old image or with a `script` that makes the new one old, and compares with what is
    /// known of the tool.
    pub(super) async fn old(&mut self, app: &App, tool: &str, image: &str, script: Option<&str>) {
        let outcome = self.run(app, image, script).await;
        let ignores = matches!(by_key(tool).expect("it is known").on_newer, OnNewer::Ignores { basis: Basis::Seen });
        assert_eq!(outcome.succeeded(), ignores, "{tool}: {outcome:#?}");
    }

    /// Starts two runs, holds both before they change the table `notes`, and lets them go on when both have come so far: nothing has kept
    /// them apart.
    pub(super) async fn two_at_once(&mut self, app: &App, image: &str) -> [Outcome; 2] {
        let mut holder = self.connect().await;
        let (hold, release): (&[&str], &str) = match self.database.spec().engine {
            Engine::Postgres => (&["BEGIN", "LOCK TABLE notes IN ACCESS EXCLUSIVE MODE"], "ROLLBACK"),
            Engine::MySql | Engine::MariaDb => (&["LOCK TABLES notes WRITE"], "UNLOCK TABLES"),
        };
        for statement in hold {
            holder.execute("hold the table", statement).await.expect("it is there, and free");
        }
        let migrator = self.migrator(app, image, None);
        let first = migrator.start(&self.database, None).await.expect("it starts");
        let second = migrator.start(&self.database, None).await.expect("it starts");
        let both_wait = async {
            let waits = |session: &&String| session.to_lowercase().starts_with("wait") && session.contains("notes");
            while self.database.sessions().await.expect("the server tells").iter().filter(waits).count() < 2 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, both_wait).await.expect("both come as far as the table");
        holder.execute("let them go on", release).await.expect("it is held");
        let first = first.ended(PATIENCE).await.expect("the engine tells");
        let outcomes = [first, second.ended(PATIENCE).await.expect("the engine tells")];
        for outcome in &outcomes {
            self.note(outcome);
        }
        outcomes
    }

    /// The migrations that the tool has written down. All of them must be whole, and its tables must show which tool it is.
    pub(super) async fn applied(&self, tool: &'static Tool) -> Vec<String> {
        let state = self.recorded(tool).await;
        assert_eq!(state.unfinished(), None);
        state.entries.into_iter().map(|entry| entry.migration).collect()
    }

    /// What the tool has written down, which must be the one that its tables show.
    pub(super) async fn recorded(&self, tool: &'static Tool) -> State {
        let found = self.database.migration_tool().await.expect("it can be read");
        assert_eq!(found.map(|found| found.key), Some(tool.key), "its tables show it");
        tool.state(&mut self.connect().await).await.expect("it can be read")
    }
}

#[tokio::test]
async fn every_text_marked_as_seen_is_printed_by_the_real_tool() {
    let mut bench = Bench::new("seen").await;

    let [old, new] = images(&bench.trial, &NEWS, "v2").await;
    bench.old_after_new(&NEWS, "alembic", [&old, &new]).await;
    let two_heads = "cp -r /app /tmp/app && cd /tmp/app/migrations/versions && \
                     sed 's/\"0002\"/\"0002b\"/' 0002_summary.py > 0002b.py && cd ../.. && alembic upgrade head";
    bench.run(&NEWS, &new, Some(two_heads)).await;

    let [old, new] = images(&bench.trial, &NOTES, "v2").await;
    bench.old_after_new(&NOTES, "knex", [&old, &new]).await;
    let mut connection = bench.connect().await;
    let take = "UPDATE knex_migrations_lock SET is_locked = 1";
    connection.execute("take the lock", take).await.expect("the table is there");
    let knex = by_key("knex").expect("it is known");
    assert!(knex.state(&mut connection).await.expect("it can be read").locked);
    assert!(!bench.run(&NOTES, &new, Some("node_modules/.bin/knex migrate:down")).await.succeeded());
    let unlocked =
        bench.run(&NOTES, &new, Some("npx knex migrate:unlock && node_modules/.bin/knex migrate:down")).await;
    assert!(unlocked.succeeded(), "{unlocked:#?}");
    assert_eq!(knex.entries(&mut connection).await.expect("it can be read").len(), 1, "one is down again");

    let leaves = image(&bench.trial, &SHOP, "v2-two-leaves", "deploy").await;
    assert!(!bench.run(&SHOP, &leaves, None).await.succeeded());
    let [old, new] = images(&bench.trial, &SHOP, "v2").await;
    bench.old_after_new(&SHOP, "django", [&old, &new]).await;

    drop(connection);
    bench.end(|tool| !APART.contains(&tool.key)).await;
}

/// Both branches of a version.
pub(super) async fn images(trial: &Trial, app: &App, version: &str) -> [String; 2] {
    [image(trial, app, version, "main").await, image(trial, app, version, "deploy").await]
}
