//! The smoke requests: what is sent to the app to fill its database and to see whether it works.

use super::fields::{Fields, wrong_type};
use super::source::{Located, Source, Spot};
use super::tree::{Node, Value};
use super::{FileError, json};

/// The smoke file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smoke {
    /// The file.
    pub source: Source,
    /// What is sent once to what runs now, in order, to give it rows.
    pub seed: Vec<Request>,
    /// What is sent again and again, in order.
    pub smoke: Vec<Request>,
}

/// A request and the answer that is expected of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Where it begins.
    pub spot: Spot,
    /// What it is called in reports.
    pub name: String,
    /// The HTTP method, in capital letters.
    pub method: String,
    /// The path with its query, from `/` on.
    pub path: Located<String>,
    /// Headers to send.
    pub headers: Vec<(String, String)>,
    /// The JSON to send.
    pub json: Option<serde_json::Value>,
    /// The answer that is expected.
    pub expect: Expectation,
}

/// What an answer must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Its status.
    pub status: u16,
    /// Members that its JSON must have with these values; it may have others.
    pub json: Option<serde_json::Value>,
}

impl Smoke {
    /// Reads a smoke file.
    ///
    /// # Errors
    /// If it is no JSON, has unknown keys or values of the wrong type, or no requests.
    pub fn parse(source: Source) -> Result<Self, FileError> {
        let root = json::parse(&source)?;
        let fields = Fields::of(&source, &root, "the smoke file")?;
        let requests = |key| -> Result<Vec<Request>, FileError> {
            fields.list(key)?.iter().map(|node| Request::read(&source, node)).collect()
        };
        let (seed, smoke) = (requests("seed")?, requests("smoke")?);
        if smoke.is_empty() {
            return Err(fields.missing("smoke"));
        }
        fields.finish(|_| false)?;
        Ok(Self { source, seed, smoke })
    }
}

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl Request {
    fn read(source: &Source, node: &Node) -> Result<Self, FileError> {
        let fields = Fields::of(source, node, "a request")?;
        let path = fields.required_text("path")?;
        let refuse = |spot, problem, help: &str| FileError::Contradiction {
            place: source.place(spot).into(),
            problem,
            help: help.to_owned(),
        };
        if !path.value.starts_with('/') {
            return Err(refuse(
                path.spot,
                format!("the path `{}` does not begin with `/`", path.value),
                "leave out scheme and host",
            ));
        }
        let method = match fields.text("method")? {
            None => "GET".to_owned(),
            Some(method) if METHODS.contains(&method.value.as_str()) => method.value,
            Some(method) => {
                return Err(refuse(
                    method.spot,
                    format!("`{}` is no method", method.value),
                    "write GET, POST, PUT, PATCH or DELETE",
                ));
            }
        };
        let name = fields.text("name")?.map_or_else(|| format!("{method} {}", path.value), |name| name.value);
        let headers = fields.node("headers").map_or(Ok(Vec::new()), |node| headers(source, node))?;
        let expect = match fields.node("expect") {
            Some(node) => Expectation::read(source, node)?,
            None => Expectation { status: 200, json: None },
        };
        let json = fields.node("json").map(Node::to_json);
        fields.finish(|_| false)?;
        Ok(Self { spot: node.spot, name, method, path, headers, json, expect })
    }
}

impl Expectation {
    fn read(source: &Source, node: &Node) -> Result<Self, FileError> {
        let fields = Fields::of(source, node, "an expectation")?;
        let status = match fields.number::<u16>("status")? {
            None => 200,
            Some(status) if (100..600).contains(&status.value) => status.value,
            Some(status) => {
                let problem = format!("{} is no status of an answer", status.value);
                return Err(FileError::Contradiction {
                    place: source.place(status.spot).into(),
                    problem,
                    help: "write a number from 100 to 599".to_owned(),
                });
            }
        };
        let json = fields.node("json").map(Node::to_json);
        fields.finish(|_| false)?;
        Ok(Self { status, json })
    }
}

fn headers(source: &Source, node: &Node) -> Result<Vec<(String, String)>, FileError> {
    let Value::Map(entries) = &node.value else { return Err(wrong_type(source, node, "headers", "a map")) };
    entries
        .iter()
        .map(|(key, node)| Ok((key.text.clone(), super::fields::text(source, node, &key.text)?.value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Smoke, FileError> {
        Smoke::parse(Source { name: "smoke.json".to_owned(), text: text.to_owned() })
    }

    #[test]
    fn requests_have_defaults() {
        let smoke = parse(r#"{"smoke": [{"path": "/healthz"}]}"#).expect("it is right");
        let request = &smoke.smoke[0];
        assert_eq!(
            (request.name.as_str(), request.method.as_str(), request.expect.status),
            ("GET /healthz", "GET", 200)
        );
        assert!(smoke.seed.is_empty());
    }

    #[test]
    fn mistakes_are_placed() {
        let cases = [
            (r#"{"smoke": []}"#, "smoke.json:1:1: the smoke file has no `smoke`"),
            (r#"{"smoke": [{"path": "healthz"}]}"#, "smoke.json:1:22: the path `healthz` does not begin with `/`"),
            (r#"{"smoke": [{"path": "/", "method": "get"}]}"#, "smoke.json:1:37: `get` is no method"),
            (
                r#"{"smoke": [{"path": "/", "expect": {"status": 20}}]}"#,
                "smoke.json:1:47: 20 is no status of an answer",
            ),
            (r#"{"smoke": [{"path": "/", "expects": {}}]}"#, "smoke.json:1:27: unknown key `expects` in a request"),
        ];
        for (text, message) in cases {
            assert_eq!(parse(text).expect_err("it is wrong").to_string(), message);
        }
    }
}
