//! The calls that a `.calls` file makes, one a line.
//!
//! ```text
//! # A comment.
//! let trust = {"Version": "2012-10-17"}           text for `$trust`, as a document inside a request
//! iam:CreateRole {"RoleName": "task", "AssumeRolePolicyDocument": "$trust"}
//! role = iam:GetRole {"RoleName": "task"} .Role.Arn       the answer's member, from then on `$role`
//! iam:GetRole {"RoleName": "absent"} ! NoSuchEntity       is refused with this code
//! @ann sts:AssumeRole {"RoleArn": "$role", "RoleSessionName": "s"}       by the user `ann`; otherwise by root
//! wait 30                                         seconds pass, in which tasks start, stop and fail
//! ```
//!
//! A line that begins with a space goes on with the one before.

use serde_json::Value;

/// One line.
#[derive(Debug)]
pub(super) enum Line {
    /// `let name = document`.
    Let(String, String),
    /// `wait seconds`.
    Wait(u64),
    /// A call.
    Call(Call),
}

#[derive(Debug)]
pub(super) struct Call {
    /// The user who calls; none stands for root.
    pub(super) user: Option<String>,
    /// What the answer's member is called from then on.
    pub(super) name: Option<String>,
    /// Such as `iam:CreateRole`.
    pub(super) operation: String,
    pub(super) request: Value,
    pub(super) end: End,
}

/// How a call ends.
#[derive(Debug)]
pub(super) enum End {
    /// It is answered.
    Answered,
    /// It is answered, and this member of the answer is kept.
    Member(Vec<String>),
    /// It is refused with this code.
    Refused(String),
}

/// Reads a file; each line with its number.
pub(super) fn read(text: &str) -> Vec<(usize, Line)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
    {
        match lines.last_mut() {
            Some((_, last)) if line.starts_with(' ') => last.push_str(line),
            Some(_) | None => lines.push((number + 1, line.to_owned())),
        }
    }
    lines
        .into_iter()
        .map(|(number, line)| (number, parse(&line).unwrap_or_else(|| panic!("line {number}: {line}"))))
        .collect()
}

fn parse(line: &str) -> Option<Line> {
    if let Some(rest) = line.strip_prefix("let ") {
        let (name, document) = rest.split_once('=')?;
        let document: Value = serde_json::from_str(document).ok()?;
        return Some(Line::Let(name.trim().to_owned(), document.to_string()));
    }
    if let Some(seconds) = line.strip_prefix("wait ") {
        return seconds.trim().parse().ok().map(Line::Wait);
    }
    let (user, line) = match line.strip_prefix('@') {
        Some(rest) => rest.split_once(' ').map(|(user, rest)| (Some(user.to_owned()), rest))?,
        None => (None, line),
    };
    let (name, line) = match line.split_once(" = ") {
        Some((name, rest)) if name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') => {
            (Some(name.to_owned()), rest)
        }
        Some(_) | None => (None, line),
    };
    let (operation, rest) = line.split_once(' ').unwrap_or((line, ""));
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
    let (request, rest) = if rest.trim_start().starts_with('{') {
        let request = values.next()?.ok()?;
        (request, &rest[values.byte_offset()..])
    } else {
        (Value::Object(serde_json::Map::new()), rest)
    };
    let end = match rest.trim() {
        "" => End::Answered,
        rest => match (rest.strip_prefix('!'), rest.strip_prefix('.')) {
            (Some(code), _) => End::Refused(code.trim().to_owned()),
            (None, Some(path)) => End::Member(path.split('.').map(str::to_owned).collect()),
            (None, None) => return None,
        },
    };
    Some(Line::Call(Call { user, name, operation: operation.to_owned(), request, end }))
}
