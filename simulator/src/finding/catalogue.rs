//! The catalogue: every code that greenroom can print, with what `greenroom explain` says of it.
//!
//! The letters: C configuration and image, H start-up, health and shutdown, M migration and SQL, R readiness of databases, G registry,
//! S hosts that are deployed to over SSH, N nginx before the app, X old and new code on one schema, A permissions, T the rehearsal's own
//! stages, which name what followed where the cause is unknown.
//! A code keeps its meaning for ever; a code that is no longer printed stays here.

use super::code::codes;

codes! {
    // Configuration and image.
    C01 "C-01" {
        title: "A required variable or secret is missing",
        cause: "The new release reads a variable that the task definition does not set. On a developer's machine the compose file, an .env file or the shell sets it; on ECS nothing but the task definition does. The container exits at once, usually with a message that names the variable.",
        fix: "Add the variable to `environment`, or to `secrets` if its value must not be read by everybody, in the container's definition."
    }
    C02 "C-02" {
        title: "The database's URL cannot work where it is used",
        cause: "The URL names `localhost` or 127.0.0.1, which inside a container is the container itself; or its scheme is one the driver does not know (`postgres://` is refused by SQLAlchemy); or it names no database.",
        fix: "Write the database's own host name, the scheme the driver wants, and the database's name."
    }
    C03 "C-03" {
        title: "A secret cannot be resolved",
        cause: "ECS fetches the task's secrets before it starts any container. If the name, the ARN or the JSON key is wrong, or the execution role may not read it, the task stops with `ResourceInitializationError` and no container writes a line of log.",
        fix: "Correct `valueFrom` in the task definition, or allow the execution role `secretsmanager:GetSecretValue` on that secret."
    }
    C04 "C-04" {
        title: "The image is for another processor",
        cause: "The image was built for a processor that the task does not run on (an arm64 image from a Mac for X86_64 tasks, for example). The container stops with `exec format error`.",
        fix: "Build with `--platform linux/amd64`, or set `runtimePlatform.cpuArchitecture` to `ARM64`."
    }
    C05 "C-05" {
        title: "The app writes to its read-only file system",
        cause: "`readonlyRootFilesystem` is true and the app writes outside a volume; the error is EROFS, `Read-only file system`.",
        fix: "Mount a volume or `tmpfs` where the app writes."
    }
    C06 "C-06" {
        title: "The app's user may not do what it does",
        cause: "The container runs as a user other than root who cannot write a path or open a port below 1024; the error is EACCES, `Permission denied`.",
        fix: "Copy the files with `COPY --chown`, or choose a port above 1023."
    }
    C07 "C-07" {
        title: "The image has no CA certificates",
        cause: "Minimal images (`scratch`, Debian's and Ubuntu's slim ones) come without a bundle of certificate authorities, so that no certificate can be checked: `x509: certificate signed by unknown authority`, `unable to get local issuer certificate`. Programs that carry a bundle of their own (Node, Python's certifi) do without.",
        fix: "Install `ca-certificates`, or copy the bundle from a stage that has it: `COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/`."
    }
    C08 "C-08" {
        title: "Production's database accepts TLS alone",
        cause: "RDS refuses clients that do not encrypt (PostgreSQL from 15 on, MariaDB from 11.8 on, MySQL where `require_secure_transport` is on): `no pg_hba.conf entry for host …, no encryption`, or `Connections using insecure transport are prohibited`. A server in a container takes anybody. Drivers differ: libpq, asyncpg and MySQL's own client encrypt if they can; node-postgres, mysql2, PyMySQL and Go's drivers do not unless they are told to.",
        fix: "Say so in the URL or the driver's options: `sslmode=require` (libpq, Go), `?sslmode=no-verify` or `ssl: { ca }` (node-postgres), `ssl` (mysql2, PyMySQL), with AWS's `global-bundle.pem` where the certificate is to be verified."
    }
    C09 "C-09" {
        title: "The database's user lacks a right",
        cause: "The migration or the app does something that the app's database user may not (SQLSTATE 42501, MySQL 1142, 1227). On a developer's machine the user is often a superuser; on a managed database it never is.",
        fix: "Grant the right, have the administrator do that step, or do without it."
    }

    // Start-up, health and shutdown.
    H01 "H-01" {
        title: "Tasks are stopped while they are still starting",
        cause: "The app needs longer for its first healthy answer than the health check allows: `startPeriod` and the retries of the container's check, or the grace period and the threshold of the load balancer's. `healthCheckGracePeriodSeconds` is 0 unless it is set. ECS stops the task, starts another, and that one is stopped too.",
        fix: "Raise `startPeriod` or `healthCheckGracePeriodSeconds` above the time to the first healthy answer, or make the start shorter, for example by moving migrations to a one-off task."
    }
    H02 "H-02" {
        title: "The health check's command is not in the image",
        cause: "Slim, Alpine and distroless images have no curl or no shell. The check fails with exit code 126 or 127 while the app serves.",
        fix: "Use a program that is in the image (`wget -q --spider`, `python -c`, the app's own), or install the one that is missing."
    }
    H03 "H-03" {
        title: "The health check asks `localhost` and gets ::1",
        cause: "`localhost` resolves to ::1 first where Docker gives containers IPv6, the app listens on IPv4 only, and the client does not try the other address. The check fails while the app serves. The hosts file of a Fargate task with an IPv4 address has 127.0.0.1 alone.",
        fix: "Ask 127.0.0.1."
    }
    H04 "H-04" {
        title: "The app listens on 127.0.0.1 only",
        cause: "The container's own health check, which runs inside the container, succeeds; the load balancer, which does not, is refused.",
        fix: "Listen on 0.0.0.0; most servers have an option or a variable HOST for it."
    }
    H05 "H-05" {
        title: "Two places name different ports",
        cause: "The port that the app listens on, the task definition's `containerPort`, the service's port, the health check's and the compose file's are written in several places, and one of them differs. Health checks are refused and the deploy is rolled back.",
        fix: "Write the same port in all of them."
    }
    H06 "H-06" {
        title: "The health check says nothing of the schema",
        cause: "The health endpoint succeeds as soon as the database answers, even when migrations are missing. A release whose migration was skipped or failed becomes healthy and answers requests with errors.",
        fix: "Let the health endpoint compare the schema's revision with the one that the code expects."
    }
    H07 "H-07" {
        title: "SIGTERM does not reach the app",
        cause: "With a CMD or ENTRYPOINT in shell form the first process is a shell, which does not pass signals on; npm as the first process does not either. Each stop takes the whole `stopTimeout`, ends in SIGKILL (exit code 137), and cuts off requests.",
        fix: "Write the command as a JSON array, or begin a shell script's last line with `exec`."
    }
    H08 "H-08" {
        title: "A failed deploy is not noticed",
        cause: "Without a circuit breaker ECS starts failing tasks for ever; with one, the service is stable again after the rollback, and a deploy script that waits for a stable service reports success.",
        fix: "Enable the deployment circuit breaker, and compare the running image with the one that was to be deployed."
    }
    H09 "H-09" {
        title: "A container is killed for want of memory",
        cause: "The task's or the container's `memory` is smaller than what the app needs at its start or during a migration: exit code 137 and `OutOfMemoryError`.",
        fix: "Raise `memory`, or do the work in smaller batches."
    }
    H10 "H-10" {
        title: "The containers wait for one another for ever, or for nothing",
        cause: "`dependsOn` names a container that does not exist, waits for the health of one without a health check or without a `startTimeout` (it waits for ever then), waits for the end of one that is not meant to end, or goes in a circle. ECS refuses the task definition or stops the task.",
        fix: "Give the container a health check and a `startTimeout`, mark what is meant to end as not essential, and break the circle."
    }
    H11 "H-11" {
        title: "The health check fails",
        cause: "The health check's command runs and fails: the app answers with an error, or not at all.",
        fix: "Read the app's log around that time, and run the command in the container by hand."
    }
    H12 "H-12" {
        title: "The app stops by itself",
        cause: "An essential container exits soon after its start, so the whole task stops.",
        fix: "Read the container's last log lines: they usually name the reason."
    }
    H13 "H-13" {
        title: "A lifecycle hook stops the deployment",
        cause: "A function that is asked in a stage of a blue/green, linear or canary deployment answers FAILED, answers something that ECS does not know, or cannot be called. ECS moves all requests back to the revision before and stops the new tasks.",
        fix: "Read the function's log: it found the new revision wanting, or it needs `lambda:InvokeFunction` for the hook's role, or its answer lacks `hookStatus`."
    }

    // Migration tools and SQL.
    M01 "M-01" {
        title: "Alembic has several heads",
        cause: "Two branches each added a revision on top of the same one. `alembic upgrade head` refuses to choose: `Multiple head revisions are present`.",
        fix: "Run `alembic merge -m \"merge heads\" HEAD1 HEAD2`, and commit the revision that it writes."
    }
    M02 "M-02" {
        title: "Two migrations both come last",
        cause: "Two branches each added a migration after the same one, or with the same number. Django refuses to choose: `Conflicting migrations detected; multiple leaf nodes in the migration graph`.",
        fix: "Merge them (`python manage.py makemigrations --merge`), or give one of them the next number, and commit the result."
    }
    M03 "M-03" {
        title: "The schema's version is marked as dirty",
        cause: "The tool notes that a migration was begun before it runs it. A run that was killed leaves the note behind, even where the database rolled everything back, and the tool refuses to go on (`Dirty database version N. Fix and force version.`, `migration N is partially applied`).",
        fix: "Compare the schema with what the migration does, undo or complete it, and set the version by hand (`migrate force N`) or remove the tool's row of it."
    }
    M04 "M-04" {
        title: "A migration that was applied has been changed",
        cause: "The tool keeps a checksum of each file that it applied. The file was edited afterwards, be it in a comment, or checked out with other line endings: `Migration checksum mismatch`, `was previously applied but has been modified`.",
        fix: "Restore the file from git and put the change into a new migration; against line endings, `*.sql text eol=lf` in .gitattributes."
    }
    M05 "M-05" {
        title: "A killed run left its lock behind",
        cause: "The tool's lock is a row of a table, not a lock of the session. A run that is killed while it migrates leaves the row, and every later run waits or fails: `Migration table is already locked`, `Could not acquire change log lock`.",
        fix: "Make sure that no migration runs, and remove the lock (`knex migrate:unlock`, `liquibase releaseLocks`); migrate in a one-off task that nothing stops in the middle."
    }
    M06 "M-06" {
        title: "Another session holds the migration's lock",
        cause: "The tool's lock belongs to a session of the database: one that still runs, one whose client has gone unnoticed, or one that a connection pooler has given to somebody else.",
        fix: "Migrate over a direct connection, in one task; end the session that holds the lock with `pg_terminate_backend` or KILL."
    }
    M07 "M-07" {
        title: "Two runs migrate at once",
        cause: "The tool takes no lock. Several tasks that migrate at their start all find the same migration missing and all run it: one succeeds, the others fail (`already exists`, 1060, 1050), and on MySQL and MariaDB half of each may be applied.",
        fix: "Run migrations once, in a one-off task before the deploy, or take a lock around them."
    }
    M08 "M-08" {
        title: "A migration is half applied",
        cause: "MySQL and MariaDB commit every DDL statement at once. A migration that fails at its second statement leaves the first one done and the revision unwritten; run again, it fails at the first (1060 `Duplicate column name`, 1050 `Table exists`).",
        fix: "Undo the statements that were applied, or apply the rest by hand and set the revision; write one DDL statement per migration."
    }
    M09 "M-09" {
        title: "A failed migration blocks all that follow",
        cause: "The tool records that a migration failed, and applies no other until somebody says what became of it: Prisma's P3009, Flyway's `Detected failed migration`.",
        fix: "Undo what the migration did and say so (`prisma migrate resolve --rolled-back NAME`, `flyway repair`), or complete it and say that."
    }
    M10 "M-10" {
        title: "A failure of the migration is hidden",
        cause: "The command that migrates ends with 0 although the migration failed: `migrate || true`, `;` where `&&` should be, a script without `set -e`, a client that goes on after an error (`psql` without `ON_ERROR_STOP`). The deploy goes on, and new code meets the old schema.",
        fix: "Let the command end as the migration does: `&&` instead of `;`, no `|| true`, `set -e`, `psql -v ON_ERROR_STOP=1`."
    }
    M11 "M-11" {
        title: "A column that may not be NULL meets rows without a value",
        cause: "`ADD COLUMN … NOT NULL` without a default, or `SET NOT NULL`, on a table that has rows (SQLSTATE 23502). The empty database of a CI run never shows it. MySQL and MariaDB accept the first of the two and fill in '' or 0.",
        fix: "Add the column as nullable or with a default, fill it in batches, and make it NOT NULL in a later release."
    }
    M12 "M-12" {
        title: "A unique index meets duplicates",
        cause: "The migration creates a unique index or key on values that are not unique (SQLSTATE 23505, MySQL 1062).",
        fix: "Look for duplicates with GROUP BY … HAVING COUNT(*) > 1, remove them in a migration before, and then create the index."
    }
    M13 "M-13" {
        title: "An invalid index stays behind a failed migration",
        cause: "`CREATE INDEX CONCURRENTLY` cannot be rolled back. Where it fails, on duplicates or in a deadlock, the index stays and is marked as invalid (`pg_index.indisvalid`): it enforces nothing, no query uses it, and every write pays for it. Run again with `IF NOT EXISTS`, the migration passes over it and succeeds; without, it fails with 42P07 `already exists`.",
        fix: "Drop the index (`DROP INDEX CONCURRENTLY`) before the migration is run again, and put that statement before the one that creates it instead of `IF NOT EXISTS`. To see whether production has one: `SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid`."
    }
    M14 "M-14" {
        title: "A statement cannot run inside a transaction",
        cause: "`CREATE INDEX CONCURRENTLY` and a few others refuse to run in the transaction that the migration tool opens (SQLSTATE 25001).",
        fix: "Tell the tool not to open one: Alembic `autocommit_block()`, Django `atomic = False`, Rails `disable_ddl_transaction!`."
    }
    M15 "M-15" {
        title: "A concurrent index and a waiting migrator wait for one another",
        cause: "`CREATE INDEX CONCURRENTLY` waits for every older snapshot, and a second run that waits for the advisory lock holds one. Both wait for ever, or PostgreSQL ends one of them: `deadlock detected`.",
        fix: "Let the second run ask for the lock and give up (`pg_try_advisory_lock`), or run migrations once, in a one-off task; Flyway: `flyway.postgresql.transactional.lock=false`."
    }
    M16 "M-16" {
        title: "A migration waits for a lock, and everybody waits for the migration",
        cause: "DDL needs an exclusive lock. It waits for every open reader, and every new reader waits behind it (SQLSTATE 55P03 or MySQL 1205 if there is a limit, a standstill if there is none).",
        fix: "Set `lock_timeout` (MySQL: `lock_wait_timeout`) to a few seconds for the migration, and try again."
    }
    M17 "M-17" {
        title: "A migration waits for a metadata lock, and everybody waits for the migration",
        cause: "MySQL and MariaDB: DDL waits for every transaction that has touched the table, and every new statement waits behind it (`Waiting for table metadata lock`). `lock_wait_timeout` is a day on MariaDB and a year on MySQL unless it is set.",
        fix: "`SET lock_wait_timeout = 5` in the migration's session, and try again."
    }
    M18 "M-18" {
        title: "A statement rewrites the whole table under a lock",
        cause: "Some changes of a column's type, and some new columns, make the server write every row anew while nobody else may use the table: milliseconds on a thousand rows, minutes on ten million.",
        fix: "Add a new column, fill it in batches, and change over in a later release; on MySQL write `ALGORITHM=INPLACE, LOCK=NONE`, so that the server refuses what it cannot do online."
    }
    M19 "M-19" {
        title: "A statement of the migration takes too long",
        cause: "The server cancels a statement that exceeds `statement_timeout` (SQLSTATE 57014).",
        fix: "Do the work in batches, or raise the timeout for this transaction only: `SET LOCAL statement_timeout`."
    }
    M20 "M-20" {
        title: "An enum's new value is used in the transaction that added it",
        cause: "PostgreSQL does not allow a value to be used before the transaction that added it has committed (SQLSTATE 55P04). Tools that run all pending migrations in one transaction fail although each migration alone succeeds.",
        fix: "Add the value in a release before, or create the type anew."
    }
    M21 "M-21" {
        title: "A fresh install has another schema than an upgrade",
        cause: "Migrating an empty database leads to another schema than migrating production's: a migration that had been applied was edited, a schema file is loaded instead of the migrations, or `IF NOT EXISTS` passes over what is there. CI, which begins with an empty database, tests a schema that production never has.",
        fix: "Never edit a migration that has been applied: write a further one that leads both to the same schema."
    }
    M22 "M-22" {
        title: "A collation is unknown, or two of them do not go together",
        cause: "MySQL and MariaDB do not have the same collations (1273 `Unknown collation: 'utf8mb4_0900_ai_ci'`, MySQL's default since 8.0, which MariaDB lacks up to 11.4), and columns of different ones cannot be compared (1267, 1271 `Illegal mix of collations`): a migration that names one, or leaves it to a server whose default differs, fails elsewhere than where it was written.",
        fix: "Name none, so that columns have the table's; or write the same `COLLATE` for both sides of the comparison, one that both servers have (`utf8mb4_unicode_ci`)."
    }
    M23 "M-23" {
        title: "Production's sql_mode is another",
        cause: "MySQL's own default refuses values that do not fit (1264, 1265, 1292, 1366, 1406), zero dates (1067) and groups that are not unique (1055). RDS's default parameter group has `NO_ENGINE_SUBSTITUTION` alone: there the same statements cut values silently, or the reverse fails.",
        fix: "Set `sql_mode` in the connection (SQLAlchemy: `init_command`, Django: `OPTIONS`), so that it is the same everywhere."
    }
    M24 "M-24" {
        title: "The app's client library cannot log in to MySQL",
        cause: "MySQL's default `caching_sha2_password` needs TLS or an RSA key for the first login, and the client library lacks support for it or the `cryptography` package. After one successful login the server's cache hides the problem.",
        fix: "Install what the message names (`cryptography` for PyMySQL and aiomysql), or use TLS."
    }
    M25 "M-25" {
        title: "An asynchronous driver in a synchronous migration, or the reverse",
        cause: "The app and the migration share one DATABASE_URL, but one of them is asynchronous and the other is not. SQLAlchemy says `MissingGreenlet` or `The asyncio extension requires an async driver`.",
        fix: "Exchange the driver in the URL in `migrations/env.py`: `make_url(...).set(drivername=...)`."
    }
    M26 "M-26" {
        title: "A special character of the password breaks the URL",
        cause: "The password holds a character that means something in a URL or in Alembic's ini file (`%`, `@`, `/`, `#`), and is not encoded.",
        fix: "Encode the password in the URL, and pass the URL to Alembic with `%` doubled or without the ini file."
    }
    M27 "M-27" {
        title: "Migrating down does not lead back",
        cause: "The migration's way down fails, is empty, or restores other columns, types or rows than there were. Whoever counts on it in an incident finds out then.",
        fix: "Complete the way down, or say in the runbook that there is none and roll forward instead."
    }

    // Readiness of the project's own database.
    R01 "R-01" {
        title: "PostgreSQL is called healthy while only the initialisation server runs",
        cause: "`pg_isready` without `-h` asks the Unix socket. On a new volume the image first starts a temporary server that answers there and is shut down again.",
        fix: "Write `pg_isready -h 127.0.0.1 …`."
    }
    R02 "R-02" {
        title: "MySQL is called healthy while only the temporary server runs",
        cause: "`mysqladmin ping` and `mysql` without `-h` ask the socket. On a new volume the image first starts a temporary server that answers there and is shut down again.",
        fix: "Ask over TCP: `-h 127.0.0.1`, as the app's user, on the app's database."
    }
    R03 "R-03" {
        title: "`mysqladmin ping` succeeds with a wrong password",
        cause: "It exits with 0 when access is denied, because a server that refuses is alive.",
        fix: "Run `SELECT 1` with the app's credentials instead."
    }
    R04 "R-04" {
        title: "A fixed wait stands for readiness",
        cause: "The entrypoint or command sleeps for a while, or waits for an open port. A port is open before the database is ready, and a sleep is a guess.",
        fix: "Use `depends_on` with `condition: service_healthy` and a health check that runs a query."
    }
    R05 "R-05" {
        title: "PostgreSQL's image wants its volume elsewhere",
        cause: "Since 18 the image has its data in a folder of the version's own, and refuses to start where a volume is mounted at `/var/lib/postgresql/data`: `Error: in 18+, these Docker images are configured to store database data in a format which is compatible with \"pg_ctlcluster\"`. A tag without a version moves there by itself.",
        fix: "Mount the volume at `/var/lib/postgresql`; data of an older version have to be dumped and restored."
    }
    R06 "R-06" {
        title: "A floating tag has moved to a server that lacks an option",
        cause: "`mysql:8` and `mysql:latest` have moved past 8.4, which has no `default_authentication_plugin`: `unknown variable 'default-authentication-plugin=mysql_native_password'`, and the server ends.",
        fix: "Write the minor version that production has, or leave the option out; `--mysql-native-password=ON` brings the old plugin back in 8.4."
    }
    R07 "R-07" {
        title: "`depends_on` does not wait for what people think",
        cause: "`condition: service_healthy` on a service without a health check fails, or waits for ever; the short form of `depends_on` waits for the start only.",
        fix: "Give the service a health check, and use the long form with `condition: service_healthy`."
    }

    // Registry and CI.
    G01 "G-01" {
        title: "The registry's token has expired",
        cause: "An ECR token is good for twelve hours, and only where it was got: a host that somebody once logged in by hand cannot pull the next day. The registry answers `Your authorization token has expired. Reauthenticate and try again.`, and to nobody's token at all `no basic auth credentials`.",
        fix: "Log in where the image is pulled or pushed, right before it: `aws ecr get-login-password | docker login --username AWS --password-stdin REGISTRY`, or `aws-actions/amazon-ecr-login` in the same job."
    }
    G02 "G-02" {
        title: "The repository does not exist there",
        cause: "The image's name belongs to another account, region or repository than those that exist.",
        fix: "Create the repository first (`greenroom bootstrap apply`), or correct the image's name."
    }
    G03 "G-03" {
        title: "The tag exists and may not be moved",
        cause: "The repository's tags are immutable, and an image with this tag was pushed before.",
        fix: "Tag with the commit, and do not push again what is there already."
    }
    G04 "G-04" {
        title: "The tag was moved, and the image behind it is gone",
        cause: "ECS settles at the first task of a deployment which image a tag means, and starts all further ones from that digest. Where each release is pushed under the same tag, the image before loses its tag; once a lifecycle policy has expired it, a task that is to be replaced or added cannot be pulled, days after the deploy: `CannotPullContainerError … @sha256:… not found`.",
        fix: "Push each release under a tag of its own (the commit) to a repository with immutable tags, and register a revision that names it."
    }
    G05 "G-05" {
        title: "The image to go back to has been expired",
        cause: "A lifecycle policy knows nothing of task definitions and services: it expires the image of the revision that a rollback would start as readily as any other.",
        fix: "Let lifecycle rules expire untagged images alone, or keep many more images than there are releases in the time that a rollback may reach back."
    }
    G06 "G-06" {
        title: "The host's disk fills with old images",
        cause: "Each deploy over SSH brings another image to the host, and nothing removes those that no container uses any more, or only a step that a failed deploy does not reach. At some pull there is no room: `failed to register layer: … no space left on device`, and the database on the same disk may stop as well.",
        fix: "Begin the deploy with `docker image prune -af`: what a container uses stays. With `--filter \"until=168h\"` the last week's images stay, too."
    }

    // Hosts that are deployed to over SSH.
    S01 "S-01" {
        title: "A key is mangled on its way from the secret",
        cause: "ssh reads a key only as it was written: with its line breaks, and in OpenSSH's own format with one at its end. `echo $KEY` without quotes makes spaces of the line breaks, and `printf '%s'` and `echo -n` write none at the end: `Load key …: error in libcrypto`, or `invalid format`.",
        fix: "Write it in quotes and with a line break at its end: `printf '%s\\n' \"$KEY\" > FILE`."
    }
    S02 "S-02" {
        title: "The runner does not know the host's key",
        cause: "A runner of GitHub's is new for each job and knows no host. ssh would ask whether the key is right, nobody answers, and it ends with `Host key verification failed`. So it does where a host was replaced by another one.",
        fix: "Keep what `ssh-keyscan HOST` prints, compared with the host's own, in the repository or in a variable, and write it to `~/.ssh/known_hosts` before ssh is run."
    }
    S03 "S-03" {
        title: "The user is not in the `docker` group yet",
        cause: "`usermod -aG docker` counts from the next login. In the same session Docker still refuses: `permission denied while trying to connect to the Docker daemon socket`.",
        fix: "Prepare the host in a session of its own, or run the command with the group: `sg docker -c '…'`."
    }
    S04 "S-04" {
        title: "`docker-compose` is not there any more",
        cause: "Compose's first version was a program of its own, `docker-compose`; the second is `docker compose`. GitHub's runners have had the second alone since 2024: `docker-compose: command not found`.",
        fix: "Write `docker compose`."
    }
    S05 "S-05" {
        title: "sudo drops a variable",
        cause: "sudo starts a program with an environment of its own (`env_reset`, which is its default). Compose then puts the default or nothing where the file names the variable (`The \"TAG\" variable is not set. Defaulting to a blank string.`), and deploys another image, or with an empty password.",
        fix: "Pass it on: `sudo --preserve-env=TAG docker compose …`; and write `${TAG:?}` in the compose file, so that it is refused without."
    }

    // nginx before the app.
    N01 "N-01" {
        title: "nginx keeps an address that is no longer the app's",
        cause: "nginx looks the names in `proxy_pass` and `upstream` up once, when it starts. A deploy makes the app's container anew, which may get another address: requests fail with 502 (`connect() failed`) or 504, or reach another container that has been given the old one, until nginx is reloaded.",
        fix: "Let nginx look again: `resolver 127.0.0.11 valid=10s;` and a variable in `proxy_pass`, or from nginx 1.27.3 on `zone` and `resolve` in the upstream; or run `nginx -s reload` at the end of each deploy."
    }
    N02 "N-02" {
        title: "nginx's certificate is not there when it first starts",
        cause: "`ssl_certificate` names a file in a volume that is empty at first, or in a folder that lacks it. nginx ends with `cannot load certificate … BIO_new_file() failed`; where certbot needs nginx to obtain the certificate, neither can begin.",
        fix: "Make a self-signed certificate there before nginx first starts, or let it start with the server on port 80 alone and add the other one when the certificate is there."
    }
    N03 "N-03" {
        title: "nginx starts before the app's name is known",
        cause: "Docker knows a container's name while the container runs. nginx looks the names in `proxy_pass` and `upstream` up when it starts, and ends with `host not found in upstream` if the app is not up yet.",
        fix: "Name the app under nginx's `depends_on`, or let nginx look the name up with each request: `resolver 127.0.0.11 valid=10s;` and a variable in `proxy_pass`."
    }

    // Old and new code on one schema.
    X01 "X-01" {
        title: "Old tasks ask for a column or table that is gone",
        cause: "The migration dropped or renamed what the running release still reads (SQLSTATE 42703, 42P01, MySQL 1054, 1146). Until the last old task has stopped, its requests fail; after a rollback they fail again.",
        fix: "Stop using the column in one release, and drop it in the next."
    }
    X02 "X-02" {
        title: "Old tasks cannot insert rows",
        cause: "The migration added a column that may not be NULL and has no default, and the running release does not know it (SQLSTATE 23502, MySQL 1364); or it added a constraint that refuses what the running release writes (23505, 23503, 23514, 22001; MySQL 1062, 1452, 3819, 4025, 1406).",
        fix: "Give the column a default in the database, or leave it nullable until the old release is gone; add a constraint only when no running release breaks it."
    }
    X03 "X-03" {
        title: "Old tasks keep plans for a table that has changed",
        cause: "A prepared `SELECT *` returns other columns than when it was prepared (SQLSTATE 0A000, `cached plan must not change result type`).",
        fix: "Name the columns, or turn off server-side prepared statements."
    }
    X04 "X-04" {
        title: "New code runs on the old schema",
        cause: "The release was deployed before its migration ran, or the migration failed unnoticed.",
        fix: "Run the migration first, and let the app refuse to start while migrations are pending."
    }
    X05 "X-05" {
        title: "The previous release refuses the new schema",
        cause: "The previous image runs its migration tool at its start, which finds a revision that it does not know (Alembic: `Can't locate revision`). The rollback never becomes healthy.",
        fix: "Run migrations as a one-off task before the deploy, not at the start of the container."
    }
    X06 "X-06" {
        title: "The previous release cannot read what the new one wrote",
        cause: "Rows that the new release wrote hold values that the previous one does not accept.",
        fix: "Let the new release write what both can read, until no rollback is to be expected."
    }
    X07 "X-07" {
        title: "The automatic rollback makes it worse",
        cause: "The circuit breaker goes back to the previous release by itself, whose tasks refuse the schema that the new release has migrated at its start: no task that has to be started serves any more.",
        fix: "Migrate in a one-off task before the deploy, so that a failed rollout leaves a schema that both releases take."
    }
    X08 "X-08" {
        title: "Old and new tasks do not see one another's writes",
        cause: "While both run, one writes where the other does not read: a column that was renamed or split is filled by one of them only. Nothing fails, and the data diverges.",
        fix: "Let the new release write both places, or keep them equal with a trigger, until the old release is gone."
    }
    X09 "X-09" {
        title: "The connections run out while old and new tasks overlap",
        cause: "During a rollout up to `maximumPercent` of the tasks run, each with its own pools (SQLSTATE 53300, MySQL 1040).",
        fix: "Make the pools smaller: tasks × workers × pool size must fit into `max_connections` at the rollout's peak."
    }
    X10 "X-10" {
        title: "A worker starts before the schema is migrated",
        cause: "The web container migrates as it starts, and workers and schedulers with the same code start beside it: until the migration is through, their jobs ask for columns that are not there (42703, 1054), where no health check of the web container sees it.",
        fix: "Migrate in a one-off task that everything waits for, or let the workers wait for the service that migrates."
    }
    X11 "X-11" {
        title: "Something is built between the migration and the deploy",
        cause: "From the migration on, the running release works on a schema that is not its own. A build that comes before the new release is started makes that time longer by all that it takes, and leaves it open where the build fails.",
        fix: "Build first, migrate then, and deploy at once."
    }

    // Permissions.
    A01 "A-01" {
        title: "IAM denies an action that the deploy needs",
        cause: "No policy of the identity that deploys allows the action, or one denies it.",
        fix: "Allow exactly that action on exactly that resource: `greenroom bootstrap policy` prints the policy."
    }
    A02 "A-02" {
        title: "A security group does not let the app reach what it needs",
        cause: "No outbound rule of the app's groups, or no inbound rule of the other's, allows the port: packets are dropped and connections time out.",
        fix: "Allow the port from the app's security group in the other's: `greenroom bootstrap` makes the groups so."
    }
    A03 "A-03" {
        title: "A statement of the deploy's policy is used by nothing",
        cause: "The deploy was rehearsed from the push to the way back, and no call of it needed the statement: it allows what nobody asks for, or what another statement allows already.",
        fix: "Remove the statement, unless a step of the pipeline that is not rehearsed needs it."
    }
    A04 "A-04" {
        title: "A statement of the deploy's policy allows more than the deploy asks for",
        cause: "It names actions by a wildcard, and the deploy makes a few calls of all that it allows.",
        fix: "Name the actions, and the resources where the statement is about all of them: the finding has the statement to write instead."
    }

    // The rehearsal's own stages: what followed, where the cause is not known more exactly.
    T01 "T-01" {
        title: "The account could not be set up",
        cause: "Bootstrap failed on the simulated account.",
        fix: "Read the refusal: it names the call and the reason."
    }
    T02 "T-02" {
        title: "The rehearsal's database did not become ready",
        cause: "The server stopped or did not become ready in time. This is no fault of the app unless the compose file's image or initialisation files are.",
        fix: "Read the server's last lines."
    }
    T03 "T-03" {
        title: "The image does not build",
        cause: "A step of the Dockerfile failed.",
        fix: "Read the step's output; `docker build` shows the same."
    }
    T04 "T-04" {
        title: "The image could not be pushed",
        cause: "The registry refused it.",
        fix: "Read the refusal: it names the step and the reason."
    }
    T05 "T-05" {
        title: "What runs now does not run",
        cause: "The release to start from did not become healthy, so that nothing can be said about the deploy.",
        fix: "Choose another release to start from with `--from`, or repair it first."
    }
    T06 "T-06" {
        title: "The migration failed",
        cause: "The one-off task that runs the migration command ended with an error.",
        fix: "Read its log and the failing statement."
    }
    T07 "T-07" {
        title: "Requests failed during the rollout",
        cause: "Requests through the load balancer failed while old and new tasks ran.",
        fix: "Read which requests failed when: during a stop it is the shutdown, during the overlap the schema or the app."
    }
    T08 "T-08" {
        title: "The deployment failed",
        cause: "The new revision's tasks did not become healthy, and the circuit breaker stopped the deployment.",
        fix: "Read the reasons of the stopped tasks."
    }
    T09 "T-09" {
        title: "The new release answers otherwise than expected",
        cause: "A smoke request was answered, but not as the smoke file says.",
        fix: "Correct the release or the smoke file."
    }
    T10 "T-10" {
        title: "The rollback failed",
        cause: "The previous revision did not become healthy again, or does not serve on the migrated schema.",
        fix: "Keep the migration compatible with the previous release."
    }
    T11 "T-11" {
        title: "The rehearsal met a call that is not simulated",
        cause: "The deploy makes a call that greenroom does not simulate.",
        fix: "Leave the call out of the rehearsal, or report it."
    }
    T12 "T-12" {
        title: "What the migration changes was not exercised",
        cause: "No request of the smoke file reads or writes a table that the migration changes, so that nothing was shown of it.",
        fix: "Add requests to the smoke file that read and write the table."
    }
}
