//! What the last lines of a container say, where they say it in words that are known.

use crate::finding::Code;

/// A cause that was read in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The code of the cause.
    pub code: Code,
    /// What is wrong, as the end of a sentence whose subject is the container or the migration.
    pub sentence: String,
    /// What to do.
    pub help: String,
    /// The line that says it.
    pub line: String,
}

/// Looks for a known cause in `lines`, the last one first.
#[must_use]
pub fn read(lines: &[String]) -> Option<Read> {
    let readers = [
        missing_field,
        missing_key,
        asynchronous_driver,
        migration_tool,
        unencrypted,
        login_plugin,
        no_terminal,
        exec_format,
        not_executable,
        read_only,
        not_permitted,
        password_in_url,
    ];
    (0..lines.len()).rev().find_map(|at| readers.iter().find_map(|reader| reader(lines, at)))
}

/// pydantic prints the name on one line and `Field required` on the next (facts C-01).
fn missing_field(lines: &[String], at: usize) -> Option<Read> {
    let line = lines.get(at)?;
    let name = lines.get(at.checked_sub(1)?)?.trim();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    (line.contains("Field required") && is_name).then(|| missing_variable(&name.to_ascii_uppercase(), line))
}

/// `os.environ["X"]` ends as `KeyError: 'X'`; Node and Go programs tend to say it in words.
fn missing_key(lines: &[String], at: usize) -> Option<Read> {
    let line = lines.get(at)?;
    let name = line.trim().strip_prefix("KeyError: '")?.strip_suffix('\'')?;
    let is_variable =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    is_variable.then(|| missing_variable(name, line))
}

fn missing_variable(name: &str, line: &str) -> Read {
    Read {
        code: Code::C01,
        sentence: format!("needs the variable `{name}`, which the task definition does not set"),
        help: format!("add `{name}` to `environment` or `secrets` of the container in the task definition"),
        line: line.to_owned(),
    }
}

/// SQLAlchemy's words for one URL with two callers (facts M-25).
fn asynchronous_driver(lines: &[String], at: usize) -> Option<Read> {
    let line = lines.get(at)?;
    let marks = ["MissingGreenlet", "greenlet_spawn has not been called", "extension requires an async driver"];
    marks.iter().any(|mark| line.contains(mark)).then(|| Read {
        code: Code::M25,
        sentence: "uses an asynchronous driver's URL where the code is synchronous (or the reverse)".to_owned(),
        help: "derive the migration's URL from the app's in code: the synchronous driver's scheme for Alembic's env.py"
            .to_owned(),
        line: line.clone(),
    })
}

/// What a migration tool says of the database and its own files (facts M-01 to M-09, X-05).
fn migration_tool(lines: &[String], at: usize) -> Option<Read> {
    let (_, said) = crate::migration_tool::said(lines.get(at)?)?;
    Some(Read { code: said.text.code, sentence: said.means(), help: said.way_out(), line: said.line })
}

/// A question that nobody answers: a one-off task has neither a terminal nor an input. The words are Python's, coreutils', Docker's and
/// Node's.
fn no_terminal(lines: &[String], at: usize) -> Option<Read> {
    let line = lines.get(at)?;
    let marks = [
        "EOFError: EOF when reading a line",
        "Inappropriate ioctl for device",
        "the input device is not a TTY",
        "stdin is not a terminal",
        "stdin is not a TTY",
        "not a tty",
    ];
    marks.iter().any(|mark| line.contains(mark)).then(|| Read {
        code: Code::T06,
        sentence: "asks a question, and a task has no terminal on which anybody could answer".to_owned(),
        help: "answer it in the command (`--noinput`, `--yes`, `--force`)".to_owned(),
        line: line.clone(),
    })
}

/// The words of PostgreSQL, and of MySQL and MariaDB, for a client that does not encrypt (facts C-08; RDS user guide, "Requiring SSL/TLS
/// for all connections to a MySQL DB instance").
fn unencrypted(lines: &[String], at: usize) -> Option<Read> {
    let line = lines.get(at)?;
    let refused = line.contains("no pg_hba.conf entry") && line.contains("no encryption");
    (refused || line.contains("Connections using insecure transport are prohibited")).then(|| Read {
        code: Code::C08,
        sentence: "connects without TLS, and production's database accepts nothing else".to_owned(),
        help: Code::C08.entry().fix.to_owned(),
        line: line.clone(),
    })
}

/// The words of MySQL's client libraries that cannot log in with `caching_sha2_password`, each with what helps (facts M-24): `PyMySQL`'s,
/// Connector/J's, those of C libraries, and mysqljs's.
fn login_plugin(lines: &[String], at: usize) -> Option<Read> {
    let line = lines.get(at)?;
    let known = [
        ("'cryptography' package is required", "add `cryptography` to the Python packages of the image"),
        ("Public Key Retrieval is not allowed", "add `allowPublicKeyRetrieval=true` to the URL, or connect with TLS"),
        (
            "Authentication plugin 'caching_sha2_password' cannot be loaded",
            "install MySQL's own client library in the image, of version 8 or later",
        ),
        ("Client does not support authentication protocol requested by server", "use `mysql2` instead of `mysql`"),
    ];
    let (_, help) = known.iter().find(|(mark, _)| line.contains(mark))?;
    Some(Read {
        code: Code::M24,
        sentence: "cannot log in to MySQL: its client library does not know how".to_owned(),
        help: (*help).to_owned(),
        line: line.clone(),
    })
}

/// The image is for another processor (facts C-04).
fn exec_format(lines: &[String], at: usize) -> Option<Read> {
    let line = lines.get(at)?;
    line.contains("exec format error").then(|| Read {
        code: Code::C04,
        sentence: "is built for another processor than it runs on".to_owned(),
        help: "build with `docker buildx build --platform` as `runtimePlatform` in the task definition says".to_owned(),
        line: line.clone(),
    })
}

/// The command is not in the image (facts H-02).
fn not_executable(lines: &[String], at: usize) -> Option<Read> {
    let line = lines.get(at)?;
    let missing = line.contains("executable file not found in $PATH")
        || line.contains(": command not found")
        || (line.contains("/bin/sh") && line.ends_with(": not found"));
    missing.then(|| Read {
        code: Code::H02,
        sentence: "calls a command that is not in the image".to_owned(),
        help: "install the command in the image, or use one that is there".to_owned(),
        line: line.clone(),
    })
}

/// Writing where nothing can be written (facts C-05): errno 30 in the words of Python, Node and nginx. What a volume's permissions are on
/// Fargate, ECS says in its developer guide, "Use bind mounts with Amazon ECS".
fn read_only(lines: &[String], at: usize) -> Option<Read> {
    let line = lines.get(at)?;
    let marks = ["[Errno 30] Read-only file system", "EROFS: read-only file system", "(30: Read-only file system)"];
    marks.iter().any(|mark| line.contains(mark)).then(|| {
        let place = path(line).map_or_else(|| "a file".to_owned(), |path| format!("`{path}`"));
        Read {
            code: Code::C05,
            sentence: format!("writes to {place}, and its file system is read-only"),
            help: "give the container a volume there (`volumes` and `mountPoints` of the task definition), and name the directory with \
                   `VOLUME` in the Dockerfile: an empty one is root's otherwise"
                .to_owned(),
            line: line.clone(),
        }
    })
}

/// What the container's user may not do (facts C-06): errno 13 in the words of Python, Node and nginx. Databases say otherwise what their
/// users may not do.
fn not_permitted(lines: &[String], at: usize) -> Option<Read> {
    let line = lines.get(at)?;
    let marks = ["[Errno 13] Permission denied", "EACCES: permission denied", "(13: Permission denied)"];
    marks.iter().any(|mark| line.contains(mark)).then(|| {
        let (what, help) = match path(line) {
            Some(path) => (
                format!("may not use `{path}` as the user that it runs as"),
                format!("copy it for that user: `COPY --chown=USER` in the Dockerfile, or `RUN chown USER {path}`"),
            ),
            None => ("may not do something as the user that it runs as".to_owned(), Code::C06.entry().fix.to_owned()),
        };
        Read { code: Code::C06, sentence: what, help, line: line.clone() }
    })
}

/// A password whose characters mean something where it stands (facts M-26): Python's configparser, which reads Alembic's ini file, and libpq.
fn password_in_url(lines: &[String], at: usize) -> Option<Read> {
    let line = lines.get(at)?;
    let known = [
        (
            "invalid interpolation syntax",
            "double each `%` for the ini file: `config.set_main_option(\"sqlalchemy.url\", url.replace(\"%\", \"%%\"))` in env.py",
        ),
        ("invalid percent-encoded token", "encode the password in the URL: `urllib.parse.quote(password, safe=\"\")`"),
    ];
    let (_, help) = known.iter().find(|(mark, _)| line.contains(mark))?;
    Some(Read {
        code: Code::M26,
        sentence: "cannot read the database's URL, in which a character of the password means something".to_owned(),
        help: (*help).to_owned(),
        line: line.clone(),
    })
}

/// The last absolute path that a line has in quotes.
fn path(line: &str) -> Option<&str> {
    let quoted = line.split(['\'', '"']).skip(1).step_by(2);
    quoted.filter(|text| text.starts_with('/')).last()
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::finding::Code;

    #[test]
    fn known_words_are_recognised() {
        let cases = [
            (
                "1 validation error for Settings\nARCHIVE_BUCKET\n  Field required [type=missing, input_value={}]",
                Some((Code::C01, "`ARCHIVE_BUCKET`")),
            ),
            ("Traceback\nKeyError: 'API_TOKEN'", Some((Code::C01, "`API_TOKEN`"))),
            ("Traceback\nKeyError: 'title'", None),
            (
                "sqlalchemy.exc.MissingGreenlet: greenlet_spawn has not been called; …",
                Some((Code::M25, "asynchronous")),
            ),
            ("alembic.util.exc.CommandError: Can't locate revision identified by '0007'", Some((Code::X05, "`0007`"))),
            ("FAILED: Multiple head revisions are present for given argument 'head'", Some((Code::M01, "heads"))),
            (
                "Error: The migration directory is corrupt, the following files are missing: 2_tag.js",
                Some((Code::X05, "`2_tag.js`")),
            ),
            ("exec /usr/bin/java: exec format error", Some((Code::C04, "processor"))),
            ("Delete everything? [y/N] Traceback\nEOFError: EOF when reading a line", Some((Code::T06, "no terminal"))),
            ("/bin/sh: 1: curl: not found", Some((Code::H02, "not in the image"))),
            (
                "error: no pg_hba.conf entry for host \"172.18.0.4\", user \"notes\", database \"notes\", no encryption",
                Some((Code::C08, "without TLS")),
            ),
            (
                "RuntimeError: 'cryptography' package is required for sha256_password or caching_sha2_password auth methods",
                Some((Code::M24, "cannot log in")),
            ),
            ("FATAL: no pg_hba.conf entry for host \"10.0.0.9\", user \"x\", database \"y\", SSL encryption", None),
            ("OSError: [Errno 30] Read-only file system: '/app/cache'", Some((Code::C05, "writes to `/app/cache`"))),
            (
                "nginx: [emerg] mkdir() \"/var/lib/nginx/tmp\" failed (30: Read-only file system)",
                Some((Code::C05, "writes to `/var/lib/nginx/tmp`")),
            ),
            ("Error: EROFS: read-only file system, open '/app/log'", Some((Code::C05, "writes to `/app/log`"))),
            (
                "PermissionError: [Errno 13] Permission denied: '/app/static'",
                Some((Code::C06, "may not use `/app/static`")),
            ),
            ("Error: listen EACCES: permission denied 0.0.0.0:80", Some((Code::C06, "may not do something"))),
            ("ERROR: permission denied for table articles", None),
            (
                "ValueError: invalid interpolation syntax in 'postgresql://news:p%@db/news' at position 19",
                Some((Code::M26, "a character of the password")),
            ),
            ("psql: error: invalid percent-encoded token: \"p%\"", Some((Code::M26, "a character of the password"))),
            ("INFO: Application startup complete.", None),
        ];
        for (text, expected) in cases {
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            let found = read(&lines);
            assert_eq!(found.as_ref().map(|it| it.code), expected.map(|it| it.0), "{text}");
            if let (Some(found), Some((_, part))) = (found, expected) {
                assert!(found.sentence.contains(part), "{}", found.sentence);
            }
        }
    }
}
