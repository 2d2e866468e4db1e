//! Texts with `$NAME` and `${NAME:-default}` in them, as shells, Compose and Dockerfiles write them.

/// A variable that a text refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its name.
    pub name: String,
    /// What stands for it if it is not set.
    pub default: Option<String>,
    /// Whether the text is refused if it is not set (`${NAME:?…}`).
    pub required: bool,
}

/// The text with its variables replaced by what `lookup` says of them, or else by their defaults. `None` if one has neither.
#[must_use]
pub fn expand(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut expanded = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Plain(plain) => expanded.push_str(plain),
            Piece::Variable(reference) => {
                // `:-` also stands for what is set to nothing.
                let value = lookup(&reference.name).filter(|value| !value.is_empty() || reference.default.is_none());
                let default = || reference.default.as_deref().and_then(|default| expand(default, lookup));
                expanded.push_str(&value.or_else(default)?);
            }
        }
    }
    Some(expanded)
}

/// The variables that a text refers to, in order.
#[must_use]
pub fn references(text: &str) -> Vec<Reference> {
    pieces(text)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Variable(reference) => Some(reference),
            Piece::Plain(_) => None,
        })
        .collect()
}

enum Piece<'text> {
    Plain(&'text str),
    Variable(Reference),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        let (before, from) = rest.split_at(dollar);
        pieces.push(Piece::Plain(before));
        let after = &from[1..];
        let (piece, length) = if after.starts_with('$') {
            // Compose's way to write a dollar.
            (Piece::Plain("$"), 2)
        } else if let Some(braced) = after.strip_prefix('{').and_then(|body| Some(&body[..closing(body)?])) {
            (Piece::Variable(reference(braced)), braced.len() + 3)
        } else {
            let length = after.find(|end: char| !end.is_ascii_alphanumeric() && end != '_').unwrap_or(after.len());
            if length == 0 || after.starts_with(|first: char| first.is_ascii_digit()) {
                (Piece::Plain("$"), 1)
            } else {
                let name = after[..length].to_owned();
                (Piece::Variable(Reference { name, default: None, required: false }), length + 1)
            }
        };
        pieces.push(piece);
        rest = &from[length..];
    }
    pieces.push(Piece::Plain(rest));
    pieces
}

/// Where the brace ends that has just been opened.
fn closing(body: &str) -> Option<usize> {
    let mut depth = 1;
    for (at, character) in body.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn reference(body: &str) -> Reference {
    let end = body.find(|end: char| !end.is_ascii_alphanumeric() && end != '_').unwrap_or(body.len());
    let (name, operator) = body.split_at(end);
    let default = operator.strip_prefix(":-").or_else(|| operator.strip_prefix('-')).map(str::to_owned);
    let required = operator.starts_with(":?") || operator.starts_with('?');
    Reference { name: name.to_owned(), default, required }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced() {
        let lookup = |name: &str| match name {
            "PORT" => Some("8000".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let cases = [
            ("$PORT/tcp", Some("8000/tcp")),
            ("${PORT}:${PORT}", Some("8000:8000")),
            ("${MISSING:-80}", Some("80")),
            ("${MISSING-${PORT}}", Some("8000")),
            ("${EMPTY:-80}", Some("80")),
            ("a$EMPTY", Some("a")),
            ("$$PORT costs $5", Some("$PORT costs $5")),
            ("${MISSING:?must be set}", None),
            ("$MISSING", None),
            ("${PORT", Some("${PORT")),
        ];
        for (text, expected) in cases {
            assert_eq!(expand(text, &lookup).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn references_say_whether_they_can_do_without() {
        let found = references("${A:?x} ${B:-c} $D");
        let told: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.default.as_deref(), one.required)).collect();
        assert_eq!(told, [("A", None, true), ("B", Some("c"), false), ("D", None, false)]);
    }
}
