//! The names in nginx's configuration that nginx looks up once, and how each is written so that it looks again.

use std::collections::BTreeSet;

use crate::finding::Place;
use crate::rehearsal::files::nginx::{Configuration, Directive, Nginx};
use crate::rehearsal::files::{Located, Source};

/// A name that nginx looks up when it reads its configuration, and never again.
#[derive(Clone, Debug)]
pub(super) struct StaticName<'nginx> {
    source: &'nginx Source,
    /// The host's name alone.
    pub(super) host: &'nginx str,
    written: &'nginx Located<String>,
    /// The directive: `proxy_pass` or one of its kin, or an upstream's `server`.
    directive: &'nginx Directive,
    /// What it stands in.
    within: Option<&'nginx Directive>,
}

/// Directives that take an address, each with the schemes that may come before it. Of all of them nginx's documentation says that a name in
/// a variable "is determined using a resolver".
const PASSES: [(&str, &[&str]); 6] = [
    ("proxy_pass", &["http://", "https://"]),
    ("grpc_pass", &["grpc://", "grpcs://", ""]),
    ("uwsgi_pass", &["uwsgi://", "suwsgi://", ""]),
    ("fastcgi_pass", &[""]),
    ("scgi_pass", &[""]),
    ("memcached_pass", &[""]),
];

/// The static names of an nginx, in the order of its files.
pub(super) fn read(nginx: &Nginx) -> Vec<StaticName<'_>> {
    let all = || nginx.files.iter().flat_map(Configuration::each).map(|(_, directive)| directive);
    let upstreams = all().filter(|it| it.name.value == "upstream").filter_map(|it| Some(it.argument()?.value.as_str()));
    let upstreams: BTreeSet<&str> = upstreams.collect();
    nginx.files.iter().flat_map(|file| of_file(file, &upstreams)).collect()
}

fn of_file<'nginx>(file: &'nginx Configuration, upstreams: &BTreeSet<&str>) -> Vec<StaticName<'nginx>> {
    let names = file.each().into_iter().filter_map(|(within, directive)| {
        let written = directive.argument()?;
        let address = if directive.name.value == "server" {
            within.filter(|within| within.name.value == "upstream")?;
            Some(written.value.as_str()).filter(|_| !directive.says("resolve") && !directive.says("down"))?
        } else {
            passed_to(directive, &written.value).filter(|address| !upstreams.contains(address))?
        };
        Some(StaticName { source: &file.source, host: host(address)?, written, directive, within })
    });
    names.collect()
}

/// The host and port that a directive hands requests to; `None` if it is no such directive, or names neither.
fn passed_to<'text>(directive: &Directive, written: &'text str) -> Option<&'text str> {
    let (_, schemes) = PASSES.iter().find(|(name, _)| *name == directive.name.value)?;
    let rest = schemes.iter().find_map(|scheme| written.strip_prefix(scheme))?;
    if written.contains('$') { None } else { rest.split('/').next() }
}

/// The name in `HOST:PORT`; `None` if that is a socket.
fn host(address: &str) -> Option<&str> {
    let host = address.split(':').next()?;
    (!host.is_empty() && host != "unix" && !host.starts_with('[')).then_some(host)
}

impl StaticName<'_> {
    /// Where it stands.
    pub(super) fn place(&self) -> Place {
        self.source.place(self.written.spot)
    }

    /// What to write instead, so that nginx looks again.
    pub(super) fn dynamic(&self) -> Vec<String> {
        let variable = self.host.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        let set = format!("{RESOLVER} set $to_{variable} {};", self.host);
        if self.directive.name.value == "server" {
            let name = self.within.and_then(Directive::argument).map_or("app", |name| &name.value);
            let has_zone = self.within.is_some_and(|within| within.block.iter().any(|it| it.name.value == "zone"));
            let zone = if has_zone { String::new() } else { format!("zone {name} 64k; ") };
            let port = self.written.value.strip_prefix(self.host).unwrap_or_default();
            return vec![
                format!(
                    "before the upstream `{RESOLVER}`, and in it `{zone}server {} resolve;` (nginx 1.27.3 or later)",
                    self.written.value
                ),
                format!("or without the upstream: `{set} proxy_pass http://$to_{variable}{port};`"),
            ];
        }
        let (before, after) = self.written.value.split_once(self.host).unwrap_or_default();
        let (port, path) = after.find('/').map_or((after, ""), |slash| after.split_at(slash));
        let pass = format!("{} {before}$to_{variable}{port};", self.directive.name.value);
        vec![format!("`{set}{} {pass}`", self.rewrite(path))]
    }

    /// What changes a request's path as `path` after the address did: with a variable, that would replace the whole path and the query.
    fn rewrite(&self, path: &str) -> String {
        let arguments = self.within.filter(|within| within.name.value == "location").map(|it| &it.arguments);
        match arguments.map(Vec::as_slice) {
            Some([prefix]) if prefix.value != path && !path.is_empty() => {
                format!(" rewrite ^{}(.*)$ {path}$1 break;", escaped(&prefix.value))
            }
            Some([equals, _]) if equals.value == "=" && !path.is_empty() => format!(" rewrite ^ {path} break;"),
            Some([_, prefix]) if prefix.value != path && !path.is_empty() => {
                format!(" rewrite ^{}(.*)$ {path}$1 break;", escaped(&prefix.value))
            }
            Some(_) | None => String::new(),
        }
    }
}

/// A text as a regular expression that means it.
fn escaped(text: &str) -> String {
    text.replace('.', "\\.").replace('+', "\\+")
}

/// The resolver of Docker's networks. Its answers are good for ten minutes unless nginx is told otherwise.
const RESOLVER: &str = "resolver 127.0.0.11 valid=10s;";
