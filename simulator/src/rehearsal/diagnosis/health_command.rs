//! Health commands that cannot work in their image, and what can.

/// The program that a health command calls and its image has not, by what the shell or the engine said of it. A page that is not found, or
/// a file, is no program.
#[must_use]
pub fn missing_program(output: &str) -> Option<String> {
    output.lines().find_map(|line| {
        let line = line.trim();
        if let Some((before, _)) = line.split_once("executable file not found in $PATH") {
            return named(before.rsplit("exec: ").next().unwrap_or_default());
        }
        if let Some((_, rest)) = line.split_once("exec: ")
            && line.contains("no such file or directory")
        {
            return named(rest.split(": ").next().unwrap_or_default());
        }
        let said_by_a_shell = ["sh: ", "bash: ", "ash: "].iter().any(|shell| line.contains(shell));
        let ends = [": not found", ": command not found", ": No such file or directory"];
        let before = ends.iter().find_map(|end| line.strip_suffix(end)).filter(|_| said_by_a_shell)?;
        named(before.rsplit(": ").next().unwrap_or_default())
    })
}

/// A program's name without what stands around it.
fn named(text: &str) -> Option<String> {
    let name = text.trim_matches(|letter: char| letter.is_whitespace() || ['"', ':', '`'].contains(&letter));
    (!name.is_empty() && !name.contains(' ')).then(|| name.to_owned())
}

/// Ways to ask `url` with what images tend to have, the shortest first, each a line for the container's shell.
#[must_use]
pub fn ways_to_ask(url: &str) -> Vec<String> {
    vec![
        format!("wget -q --spider {url} || exit 1"),
        format!("curl -fsS -o /dev/null {url} || exit 1"),
        format!("python3 -c \"import urllib.request; urllib.request.urlopen('{url}', timeout=3)\" || exit 1"),
        format!("python -c \"import urllib.request; urllib.request.urlopen('{url}', timeout=3)\" || exit 1"),
        format!(
            "node -e \"require('http').get('{url}', r => process.exit(r.statusCode < 400 ? 0 : 1)).on('error', () => process.exit(1))\""
        ),
        format!("php -r \"file_get_contents('{url}') === false && exit(1);\""),
        format!("ruby -rnet/http -e \"exit Net::HTTP.get_response(URI('{url}')).is_a?(Net::HTTPSuccess)\""),
    ]
}

/// The URL that a health command asks, if it names one.
#[must_use]
pub fn url(command: &str) -> Option<&str> {
    let start = command.find("http://")?;
    let rest = &command[start..];
    let end = rest.find(|letter: char| letter.is_whitespace() || ['"', '\'', ';', ')', '|', '&'].contains(&letter));
    Some(&rest[..end.unwrap_or(rest.len())])
}

/// A shell's line as the value of `command` in a task definition.
#[must_use]
pub fn as_written(line: &str) -> String {
    serde_json::json!(["CMD-SHELL", line]).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_told_from_a_page_or_file_that_is_missing() {
        for (output, expected) in [
            ("/bin/sh: 1: curl: not found", Some("curl")),
            ("sh: curl: not found", Some("curl")),
            ("/bin/bash: line 1: wget: command not found", Some("wget")),
            ("bash: line 1: /app/check: No such file or directory", Some("/app/check")),
            (
                "OCI runtime exec failed: exec failed: unable to start container process: exec: \"curl\": executable file not found in $PATH: unknown",
                Some("curl"),
            ),
            (
                "OCI runtime exec failed: exec: \"/app/check\": stat /app/check: no such file or directory: unknown",
                Some("/app/check"),
            ),
            ("curl: (22) The requested URL returned error: 404 Not Found", None),
            ("wget: server returned error: HTTP/1.1 404 Not Found", None),
            ("cat: /tmp/healthy: No such file or directory", None),
            ("Connection refused", None),
        ] {
            assert_eq!(missing_program(output).as_deref(), expected, "{output}");
        }
    }

    #[test]
    fn the_url_of_a_command_ends_where_the_shell_or_the_code_ends_it() {
        for (command, expected) in [
            ("curl -f http://127.0.0.1:8000/healthz || exit 1", Some("http://127.0.0.1:8000/healthz")),
            ("node -e \"fetch('http://localhost:3000/ok').then(…)\"", Some("http://localhost:3000/ok")),
            ("pg_isready", None),
        ] {
            assert_eq!(url(command), expected);
        }
    }
}
