//! Where the statements of a policy stand in its text.

/// A place in a text: line and column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// First and last character of every statement of the policy `text`, which must have been understood before.
pub(in crate::iam) fn statements(text: &str) -> Vec<(Position, Position)> {
    let mut found = Vec::new();
    let mut scan = Scan::default();
    // Of what stands in the document itself only `Statement` has brackets of its own.
    let (mut start, mut in_list) = (None, false);
    for c in text.chars() {
        let at = scan.at;
        match (scan.step(c), scan.depth) {
            (Some('['), 2) => in_list = true,
            (Some('{'), depth) if start.is_none() && (depth == 2 || (depth == 3 && in_list)) => {
                start = Some((at, depth));
            }
            (Some('}'), depth) => {
                if let Some((first, _)) = start.take_if(|(_, opened)| *opened == depth + 1) {
                    found.push((first, at));
                }
            }
            (Some(_) | None, _) => {}
        }
    }
    found
}

/// A walk through JSON that knows how deep it is.
struct Scan {
    at: Position,
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Default for Scan {
    fn default() -> Self {
        Self { at: Position { line: 1, column: 1 }, depth: 0, in_text: false, escaped: false }
    }
}

impl Scan {
    /// Goes over `c`, and answers it if it is a bracket of the structure. An opening one counts to what it opens.
    fn step(&mut self, c: char) -> Option<char> {
        if c == '\n' {
            self.at = Position { line: self.at.line + 1, column: 1 };
        } else {
            self.at.column += 1;
        }
        if self.in_text {
            self.in_text = self.escaped || c != '"';
            self.escaped = c == '\\' && !self.escaped;
            return None;
        }
        match c {
            '"' => self.in_text = true,
            '{' | '[' => self.depth += 1,
            '}' | ']' => self.depth = self.depth.saturating_sub(1),
            _ => return None,
        }
        (c != '"').then_some(c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_found_in_lists_and_alone() {
        for (text, expected) in [
            (
                r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Condition":{"a":{"b":"}"}}}}"#,
                &[(1, 37, 1, 82)][..],
            ),
            (
                "{\"Statement\":[\n {\"Action\":[\"a\"]},\n {\"Sid\":\"\\\"{\",\n  \"Condition\":{}}]}",
                &[(2, 2, 2, 17), (3, 2, 4, 17)],
            ),
        ] {
            let found: Vec<_> = statements(text)
                .into_iter()
                .map(|(start, end)| (start.line, start.column, end.line, end.column))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
