//! nginx's configuration as text: directives, their arguments and their blocks.
//!
//! Read as `ngx_conf_read_token` of nginx does (`src/core/ngx_conf_file.c`), and leniently: nginx itself refuses what is wrong. Written
//! here, as the grammar is a page long and the parsers that exist bring more than that with them.

use std::iter::Peekable;
use std::mem::take;
use std::str::Chars;

use super::super::{Located, Spot};

/// A directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Its name.
    pub name: Located<String>,
    /// Its arguments, freed of quotes.
    pub arguments: Vec<Located<String>>,
    /// What stands in its block; nothing if it has none.
    pub block: Vec<Directive>,
}

/// How deep blocks may be nested; what is deeper is not read.
const DEEPEST: usize = 32;

impl Directive {
    /// The first argument.
    #[must_use]
    pub fn argument(&self) -> Option<&Located<String>> {
        self.arguments.first()
    }

    /// Whether one of its arguments is this word.
    #[must_use]
    pub fn says(&self, word: &str) -> bool {
        self.arguments.iter().any(|argument| argument.value == word)
    }

    fn new(words: Vec<Located<String>>, block: Vec<Self>) -> Option<Self> {
        let mut words = words.into_iter();
        Some(Self { name: words.next()?, arguments: words.collect(), block })
    }
}

/// The directives of a file.
#[must_use]
pub(super) fn parse(text: &str) -> Vec<Directive> {
    let mut reader = Reader { letters: text.chars().peekable(), spot: Spot { line: 1, column: 1 } };
    // The directives and the words before each block that is open, and those of where we are.
    let mut open: Vec<(Vec<Directive>, Vec<Located<String>>)> = Vec::new();
    let (mut directives, mut words) = (Vec::new(), Vec::new());
    while let Some(token) = reader.token() {
        match token {
            Token::Word(word) => words.push(word),
            Token::End => directives.extend(Directive::new(take(&mut words), Vec::new())),
            Token::Open if open.len() == DEEPEST => break,
            Token::Open => open.push((take(&mut directives), take(&mut words))),
            Token::Close => {
                words.clear();
                close(&mut open, &mut directives);
            }
        }
    }
    while !open.is_empty() {
        close(&mut open, &mut directives);
    }
    directives
}

fn close(open: &mut Vec<(Vec<Directive>, Vec<Located<String>>)>, directives: &mut Vec<Directive>) {
    let Some((outer, words)) = open.pop() else { return };
    let block = std::mem::replace(directives, outer);
    directives.extend(Directive::new(words, block));
}

enum Token {
    Word(Located<String>),
    End,
    Open,
    Close,
}

struct Reader<'text> {
    letters: Peekable<Chars<'text>>,
    spot: Spot,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let letter = self.letters.next()?;
        if letter == '\n' {
            self.spot = Spot { line: self.spot.line + 1, column: 1 };
        } else {
            self.spot.column += 1;
        }
        Some(letter)
    }

    fn token(&mut self) -> Option<Token> {
        loop {
            match self.letters.peek()? {
                '#' => while self.next().is_some_and(|letter| letter != '\n') {},
                letter if letter.is_whitespace() => {
                    self.next();
                }
                _ => break,
            }
        }
        let spot = self.spot;
        match *self.letters.peek()? {
            ';' | '{' | '}' => Some(match self.next()? {
                ';' => Token::End,
                '{' => Token::Open,
                _ => Token::Close,
            }),
            quote @ ('"' | '\'') => {
                self.next();
                let spot = self.spot;
                Some(Token::Word(Located { value: self.word(Some(quote)), spot }))
            }
            _ => Some(Token::Word(Located { value: self.word(None), spot })),
        }
    }

    /// The rest of a word, up to its quote or to what ends it outside of one.
    fn word(&mut self, quote: Option<char>) -> String {
        let mut word = String::new();
        while let Some(&letter) = self.letters.peek() {
            let ends = match quote {
                Some(quote) => letter == quote,
                // `${name}` is a variable and opens no block.
                None => letter.is_whitespace() || letter == ';' || (letter == '{' && !word.ends_with('$')),
            };
            if ends {
                break;
            }
            self.next();
            match letter {
                '\\' => match self.next() {
                    Some(escaped @ ('"' | '\'' | '\\')) => word.push(escaped),
                    Some(other) => word.extend(['\\', other]),
                    None => {}
                },
                other => word.push(other),
            }
        }
        if quote.is_some() {
            self.next();
        }
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Directives in one line: `name(argument, …){…}`.
    fn shown(directives: &[Directive]) -> String {
        let one = |it: &Directive| {
            let arguments: Vec<&str> = it.arguments.iter().map(|argument| argument.value.as_str()).collect();
            let block = if it.block.is_empty() { String::new() } else { format!("{{{}}}", shown(&it.block)) };
            format!("{}({}){block}", it.name.value, arguments.join(", "))
        };
        directives.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn configurations_are_read_as_nginx_does() {
        for (text, expected) in [
            ("worker_processes auto;", "worker_processes(auto)"),
            ("a 1; # b 2;\nc#d 3;", "a(1) c#d(3)"),
            ("server { listen 80; location / { return 200; } }", "server(){listen(80) location(/){return(200)}}"),
            ("log '$a \"b\" {c};' \"d\\\"e\";", "log($a \"b\" {c};, d\"e)"),
            ("set $to ${name}x;", "set($to, ${name}x)"),
            ("location ~ \\.php$ { a b; }", "location(~, \\.php$){a(b)}"),
            ("if ($a = b) {c;}", "if(($a, =, b)){c()}"),
            // What nginx refuses is read as far as it goes.
            ("a b", ""),
            ("a { b 1;", "a(){b(1)}"),
            ("} a 1;", "a(1)"),
            ("a 'b", ""),
            ("", ""),
        ] {
            assert_eq!(shown(&parse(text)), expected, "{text}");
        }
        let deep = "a {".repeat(100_000);
        assert_eq!(shown(&parse(&deep)).matches('a').count(), DEEPEST);
    }

    #[test]
    fn words_know_where_they_stand() {
        let directives = parse("http {\n  # ä\n  upstream \"ä b\" { server app:8000; }\n}\n");
        let upstream = &directives[0].block[0];
        assert_eq!(upstream.name.spot, Spot { line: 3, column: 3 });
        assert_eq!(upstream.arguments[0].spot, Spot { line: 3, column: 13 });
        assert_eq!(upstream.block[0].arguments[0].spot, Spot { line: 3, column: 27 });
    }
}
