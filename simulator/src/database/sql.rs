//! Statements cut into tokens: enough to tell literals from names, and never more than that. Whether a statement is right only a server
//! can say.

/// A token of a statement. White space and comments are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A keyword or an unquoted name, as written.
    Word(String),
    /// A quoted name, without its quotes. What MySQL without `ANSI_QUOTES` takes for a text in double quotes is one too.
    Name(String),
    /// A string literal's text.
    Text(String),
    /// A number.
    Number(String),
    /// A place for a parameter.
    Parameter,
    /// Any other character.
    Symbol(char),
}

impl Token {
    /// Whether it is this keyword.
    #[must_use]
    pub fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// The name that it may be.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Word(name) | Self::Name(name) => Some(name),
            Self::Text(_) | Self::Number(_) | Self::Parameter | Self::Symbol(_) => None,
        }
    }
}

/// The tokens of `statement`.
#[must_use]
pub fn tokens(statement: &str) -> Vec<Token> {
    let mut rest = statement;
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (token, length) = next(rest, first);
        tokens.extend(token);
        rest = &rest[length..];
    }
    tokens
}

/// `statement` as a connection to `database` may as well write it on the MySQLs: without that name before the names of tables. So it means
/// the same in a clone, which has another name.
#[must_use]
pub fn unqualified(statement: &str, database: &str) -> String {
    let (mut rest, mut written) = (statement, String::with_capacity(statement.len()));
    while let Some(first) = rest.chars().next() {
        let (token, length) = next(rest, first);
        let (this, after) = rest.split_at(length);
        let names_it = token.as_ref().and_then(Token::name) == Some(database) && !written.ends_with('.');
        match after.strip_prefix('.').filter(|_| names_it) {
            Some(table) => rest = table,
            None => {
                written.push_str(this);
                rest = after;
            }
        }
    }
    written
}

/// The token that `rest` begins with, if it is one, and how long it is.
fn next(rest: &str, first: char) -> (Option<Token>, usize) {
    let is_name = |character: char| character.is_alphanumeric() || character == '_' || character == '$';
    let run = |from: usize, all: &dyn Fn(char) -> bool| {
        from + rest[from..].find(|character| !all(character)).unwrap_or(rest.len() - from)
    };
    if first.is_whitespace() {
        (None, run(0, &char::is_whitespace))
    } else if rest.starts_with("--") || first == '#' && !rest.starts_with("#>") {
        (None, rest.find('\n').unwrap_or(rest.len()))
    } else if rest.starts_with("/*") {
        (None, rest.find("*/").map_or(rest.len(), |end| end + 2))
    } else if first == '\'' {
        let (text, length) = quoted(rest, first, true);
        (Some(Token::Text(text)), length)
    } else if first == '"' || first == '`' {
        let (name, length) = quoted(rest, first, false);
        (Some(Token::Name(name)), length)
    } else if let Some((text, length)) = dollar_quoted(rest) {
        (Some(Token::Text(text)), length)
    } else if first == '?' {
        (Some(Token::Parameter), 1)
    } else if first == '$' && rest[1..].starts_with(|digit: char| digit.is_ascii_digit()) {
        (Some(Token::Parameter), run(1, &|character| character.is_ascii_digit()))
    } else if first.is_ascii_digit() {
        let end = run(0, &|character| character.is_alphanumeric() || character == '.');
        (Some(Token::Number(rest[..end].to_owned())), end)
    } else if is_name(first) {
        let end = run(0, &is_name);
        let introduces = matches!(&rest[..end], "E" | "e" | "N" | "n" | "X" | "x" | "B" | "b") || rest.starts_with('_');
        // The letter before a literal is part of it.
        if introduces && rest[end..].starts_with('\'') {
            return (None, end);
        }
        (Some(Token::Word(rest[..end].to_owned())), end)
    } else {
        (Some(Token::Symbol(first)), first.len_utf8())
    }
}

/// The content and the length of what `text` begins with in quotes; to the end of the text if it does not end.
fn quoted(text: &str, quote: char, escapes: bool) -> (String, usize) {
    let mut content = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && escapes {
            content.extend(characters.next().map(|(_, escaped)| escaped));
        } else if character == quote {
            if characters.next_if(|(_, next)| *next == quote).is_none() {
                return (content, at + 1);
            }
            content.push(quote);
        } else {
            content.push(character);
        }
    }
    (content, text.len())
}

/// PostgreSQL's `$tag$ … $tag$`.
fn dollar_quoted(text: &str) -> Option<(String, usize)> {
    let tag = 1 + text.strip_prefix('$')?.find('$')?;
    let is_tag = text[1..tag].chars().all(|character| character.is_alphanumeric() || character == '_');
    if !is_tag || text[1..].starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let open = &text[..=tag];
    let end = text[open.len()..].find(open)?;
    Some((text[open.len()..open.len() + end].to_owned(), open.len() * 2 + end))
}

/// The string literals in an expression of a catalog. MySQL escapes the quotes of those in a check constraint once more.
#[must_use]
pub fn literals(expression: &str) -> Vec<String> {
    let mut literals = Vec::new();
    for token in tokens(&expression.replace("\\'", "'")) {
        if let Token::Text(text) = token
            && !literals.contains(&text)
        {
            literals.push(text);
        }
    }
    literals
}

/// What two statements have in common that differ in values only: literals and parameters as `?`, however many of them stand side by
/// side, and keywords and names in lower case.
#[must_use]
pub fn digest(statement: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for token in tokens(statement) {
        let part = match token {
            Token::Word(word) => word.to_lowercase(),
            Token::Name(name) => format!("\"{name}\""),
            Token::Text(_) | Token::Number(_) | Token::Parameter => "?".to_owned(),
            Token::Symbol(symbol) => symbol.to_string(),
        };
        if part == "?"
            && parts.last().is_some_and(|last| last == ",")
            && parts.iter().rev().nth(1).is_some_and(|before| before == "?")
        {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    while parts.last().is_some_and(|last| last == ";") {
        parts.pop();
    }
    parts.join(" ")
}

/// A string literal of `text` for `engine`.
#[must_use]
pub fn literal(engine: super::Engine, text: &str) -> String {
    match engine {
        super::Engine::Postgres => format!("'{}'", text.replace('\'', "''")),
        super::Engine::MySql | super::Engine::MariaDb => {
            format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
        }
    }
}

/// A quoted name; of `schema.table` each part.
#[must_use]
pub fn name(engine: super::Engine, name: &str) -> String {
    match engine {
        super::Engine::Postgres => name.split('.').map(|part| column(engine, part)).collect::<Vec<_>>().join("."),
        super::Engine::MySql | super::Engine::MariaDb => column(engine, name),
    }
}

/// A quoted name that is one even if there is a dot in it.
#[must_use]
pub fn column(engine: super::Engine, name: &str) -> String {
    match engine {
        super::Engine::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
        super::Engine::MySql | super::Engine::MariaDb => format!("`{}`", name.replace('`', "``")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_leaves_values_and_comments_out() {
        let cases = [
            (
                "SELECT  a FROM t -- why\n WHERE b = 'it''s' AND c IN (1, 2.5, $3)",
                "select a from t where b = ? and c in ( ? )",
            ),
            ("/* app */ INSERT INTO `T` (a, b) VALUES (?, 'x\\'y');", "insert into \"T\" ( a , b ) values ( ? )"),
            ("SELECT $$it's$$, E'a\\'b', x'ff', _utf8mb4'u'", "select ?"),
            ("DO $body$ BEGIN $$ x $$; END $body$", "do ?"),
            ("SELECT 'never ends", "select ?"),
            ("SELECT payload #>> '{a}' FROM t", "select payload # > > ? from t"),
            ("", ""),
        ];
        for (statement, expected) in cases {
            assert_eq!(digest(statement), expected, "{statement}");
        }
    }

    #[test]
    fn only_the_databases_own_name_is_left_out() {
        let cases = [
            ("ALTER TABLE shop.orders ADD a INT", "ALTER TABLE orders ADD a INT"),
            ("SELECT `shop`.`orders`.`a` FROM `shop`.`orders`", "SELECT `orders`.`a` FROM `orders`"),
            (
                "SELECT 'shop.a', audit.shop.a, shop, workshop.a -- shop.a",
                "SELECT 'shop.a', audit.shop.a, shop, workshop.a -- shop.a",
            ),
            ("", ""),
        ];
        for (statement, expected) in cases {
            assert_eq!(unqualified(statement, "shop"), expected, "{statement}");
        }
    }

    #[test]
    fn literals_are_read_from_every_engines_catalog() {
        for expression in
            ["ARRAY['a'::text, 'b'::text, 'a'::text]", "(`c` in (_utf8mb4\\'a\\',_utf8mb4\\'b\\'))", "enum('a','b')"]
        {
            assert_eq!(literals(expression), ["a", "b"], "{expression}");
        }
    }

    #[test]
    fn literals_and_names_are_quoted_for_their_server() {
        use crate::database::Engine;
        assert_eq!(literal(Engine::Postgres, "it's \\"), "'it''s \\'");
        assert_eq!(literal(Engine::MySql, "it's \\"), "'it''s \\\\'");
        assert_eq!(name(Engine::Postgres, "audit.log"), "\"audit\".\"log\"");
        assert_eq!(column(Engine::Postgres, "a.b"), "\"a.b\"");
    }
}
