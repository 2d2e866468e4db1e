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
