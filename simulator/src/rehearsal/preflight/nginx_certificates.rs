//! N-02: nginx's certificates are there when it first starts. The compose file is not what is deployed to ECS, so these are warnings.
//!
//! Seen on nginx 1.22: a path without a variable is opened when the configuration is read, and nginx ends if there is no file, be it that
//! the server listens without TLS. What may put the file there silences the rule: a script, a workflow, another service, nginx's own command.

use std::collections::BTreeSet;

use super::Subject;
use crate::finding::{Code, Finding, Kind, Stage};
use crate::rehearsal::files::Workflow;
use crate::rehearsal::files::compose::{Compose, Mount, Origin, Service};
use crate::rehearsal::files::nginx::{CERTIFICATE_MAKERS, Configuration, Directive, Nginx, absolute, mount_of};

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(compose) = &subject.files.compose else { return Vec::new() };
    let of = |nginx: &Nginx| of_nginx(compose, nginx, &subject.files.workflows);
    subject.files.nginx.iter().flat_map(of).collect()
}

pub(super) fn of_nginx(compose: &Compose, nginx: &Nginx, workflows: &[Workflow]) -> Vec<Finding> {
    let makes = |workflow: &Workflow| CERTIFICATE_MAKERS.iter().any(|maker| workflow.source.text.contains(maker));
    let Some(service) = compose.service(&nginx.service).filter(|service| only_serves(service)) else {
        return Vec::new();
    };
    if nginx.has_certificate_script || workflows.iter().any(makes) {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for file in &nginx.files {
        for (within, directive) in file.each() {
            if directive.name.value == "ssl_certificate"
                && let Some(path) = directive.argument().map(|path| absolute(&path.value))
                && let Some(mount) = empty_at(compose, nginx, service, workflows, &path)
                && seen.insert(path.clone())
            {
                findings.push(absent(file, within, directive, service, (mount, &path)));
            }
        }
    }
    findings
}

/// Whether a container of the service does nothing before nginx, as far as the compose file says.
fn only_serves(service: &Service) -> bool {
    /// What serves, and reloads now and then.
    const KNOWN: [&str; 18] = [
        "sh",
        "bash",
        "-c",
        "nginx",
        "nginx-debug",
        "-g",
        "daemon",
        "off",
        "while",
        "true",
        "do",
        "done",
        "sleep",
        "wait",
        "-s",
        "reload",
        "exec",
        "docker-entrypoint.sh",
    ];
    let words = service.entrypoint.iter().chain(&service.command).flatten();
    let mut words =
        words.flat_map(|word| word.value.split(|letter: char| letter.is_whitespace() || ";&\"'".contains(letter)));
    let is_known = |word: &str| {
        let name = word.rsplit('/').next().unwrap_or_default();
        let is_time = name.trim_end_matches(['s', 'm', 'h', 'd']).chars().all(|digit| digit.is_ascii_digit());
        KNOWN.contains(&name) || is_time || [":", "$${!}", "${!}"].contains(&name)
    };
    let starts_scripts = |mount: &Mount| mount.target.value.starts_with("/docker-entrypoint.d");
    service.build.is_none() && !service.mounts.iter().any(starts_scripts) && words.all(is_known)
}

/// The mount in which a certificate is to be and nothing has put it when nginx first starts.
fn empty_at<'a>(
    compose: &Compose,
    nginx: &Nginx,
    service: &'a Service,
    workflows: &[Workflow],
    path: &str,
) -> Option<&'a Mount> {
    if path.contains(['$', ':']) {
        return None;
    }
    let mount = mount_of(service, path)?;
    let is_empty = match &mount.origin {
        Origin::Volume(name) => !compose.foreign_volumes.contains(name) && !somebody_fills(compose, service, name),
        Origin::Path(folder) => {
            let folder = folder.trim_start_matches(['.', '/']).trim_end_matches('/');
            // A workflow that speaks of the folder may put the file there.
            let speaks = |workflow: &Workflow| workflow.source.text.contains(folder);
            mount.origin.relative().is_some() && !nginx.present.contains(path) && !workflows.iter().any(speaks)
        }
        Origin::Nameless => false,
    };
    is_empty.then_some(mount)
}

/// Whether another service may put certificates into a volume without nginx: any but a certbot that asks nginx to answer for it.
fn somebody_fills(compose: &Compose, service: &Service, volume: &str) -> bool {
    let has = |it: &Service| it.mounts.iter().any(|mount| mount.origin == Origin::Volume(volume.to_owned()));
    let needs_nginx = |it: &Service| {
        let words = || it.entrypoint.iter().chain(&it.command).flatten();
        let alone = |text: &str| ["--standalone", "--dns", "--manual", "dns"].iter().any(|way| text.contains(way));
        it.image.as_ref().is_some_and(|image| image.value.contains("certbot/certbot"))
            && !words().any(|word| alone(&word.value) || word.value.ends_with(".sh"))
    };
    let others = compose.services.iter().filter(|it| it.name != service.name && has(it));
    others.into_iter().any(|it| !needs_nginx(it))
}

fn absent(
    file: &Configuration,
    within: Option<&Directive>,
    directive: &Directive,
    service: &Service,
    (mount, path): (&Mount, &str),
) -> Finding {
    let place = match &mount.origin {
        Origin::Volume(name) => format!("the volume `{name}`, which is empty at first"),
        Origin::Path(folder) => format!("`{folder}`, which has no such file in the repository"),
        Origin::Nameless => "a volume".to_owned(),
    };
    let sentence =
        format!("`{}` does not start the first time: its certificate is to be in {place}", service.name.value);
    let key = within.and_then(|within| within.block.iter().find(|it| it.name.value == "ssl_certificate_key"));
    let key = key.and_then(Directive::argument).map_or_else(|| path.to_owned(), |key| absolute(&key.value));
    let folder = |path: &str| path.rsplit_once('/').map_or_else(|| "/".to_owned(), |(folder, _)| folder.to_owned());
    let mut folders = vec![folder(path)];
    folders.extend(Some(folder(&key)).filter(|other| *other != folders[0]));
    let make = format!(
        "mkdir -p {} && openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout {key} -out {path}",
        folders.join(" ")
    );
    Finding::warning(Code::N02, Kind::Static, Stage::Preflight, sentence)
        .at(file.source.place(directive.argument().map_or(directive.name.spot, |path| path.spot)))
        .help(format!("a certificate to begin with, made by a container that has the same mount: `{make}`"))
        .help("or begin with the server on port 80 alone, and add this one when the certificate is there")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::files::Source;

    const TLS: &str =
        "server { listen 443 ssl; ssl_certificate /tls/live/x.pem; ssl_certificate_key /tls/live/x.key; }";

    fn findings(services: &str, text: &str, present: &[&str], workflow: &str) -> Vec<Finding> {
        let source = |name: &str, text: String| Source { name: name.to_owned(), text };
        let text_of_compose = format!("services:\n{services}volumes: {{tls: , made: {{external: true}}}}\n");
        let compose = Compose::parse(source("compose.yaml", text_of_compose)).expect("it is right");
        let nginx = Nginx {
            service: "proxy".to_owned(),
            files: vec![Configuration::parse(source("nginx.conf", text.to_owned()))],
            present: present.iter().map(|&path| path.to_owned()).collect(),
            has_certificate_script: false,
        };
        let workflow = format!("jobs:\n  x:\n    steps: [{{run: {workflow}}}]\n");
        of_nginx(&compose, &nginx, &[Workflow::parse(source("deploy.yaml", workflow)).expect("it is right")])
    }

    fn proxy(mount: &str, rest: &str) -> String {
        format!("  proxy:\n    image: nginx\n    volumes: [\"{mount}\"]\n    {rest}\n")
    }

    #[test]
    fn a_certificate_that_nothing_has_put_there_is_found() {
        let nothing = "x-nothing: 1";
        let reloads = "command: \"/bin/sh -c 'while :; do sleep 6h & wait $${!}; nginx -s reload; done & nginx -g \\\"daemon off;\\\"'\"";
        let certbot = "  certbot: {image: certbot/certbot, volumes: [\"tls:/etc/letsencrypt\"], command: certonly --webroot -w /www}\n";
        let standalone = certbot.replace("--webroot -w /www", "--standalone");
        let other = "  keys: {image: x, volumes: [\"tls:/keys\"]}\n";
        for (services, text, present, workflow, is_found) in [
            (proxy("tls:/tls", nothing), TLS, &[][..], "a", true),
            (proxy("tls:/tls:ro", reloads), TLS, &[], "a", true),
            (proxy("tls:/tls", nothing) + certbot, TLS, &[], "a", true),
            (proxy("./tls:/tls", nothing), TLS, &[], "a", true),
            (proxy("./keys:/etc/nginx/keys", nothing), "ssl_certificate keys/x.pem;", &[], "a", true),
            (proxy("./tls:/tls", nothing), TLS, &["/tls/live/x.pem"], "a", false),
            (proxy("./tls:/tls", nothing), TLS, &[], "scp -r ./tls host", false),
            (proxy("tls:/tls", nothing), TLS, &[], "certbot certonly", false),
            (proxy("tls:/tls", nothing) + &standalone, TLS, &[], "a", false),
            (proxy("tls:/tls", nothing) + other, TLS, &[], "a", false),
            (proxy("made:/tls", nothing), TLS, &[], "a", false),
            (proxy("/etc/letsencrypt:/tls", nothing), TLS, &[], "a", false),
            (proxy("${TLS}:/tls", nothing), TLS, &[], "a", false),
            (proxy("tls:/tls", "command: sh -c \\\"openssl req -x509 && nginx\\\""), TLS, &[], "a", false),
            (proxy("tls:/tls", "entrypoint: /first.sh"), TLS, &[], "a", false),
            (proxy("tls:/tls", "build: ./nginx"), TLS, &[], "a", false),
            (proxy("tls:/elsewhere", nothing), TLS, &[], "a", false),
            (proxy("tls:/tls", nothing), "ssl_certificate /tls/$ssl_server_name.pem;", &[], "a", false),
            (proxy("tls:/tls", nothing), "ssl_certificate data:$certificate;", &[], "a", false),
            (proxy("tls:/tls", nothing), "server { listen 80; }", &[], "a", false),
        ] {
            let found = findings(&services, text, present, workflow);
            assert_eq!(found.len(), usize::from(is_found), "{services}{text} {workflow}: {found:?}");
        }
    }

    #[test]
    fn the_help_makes_both_files() {
        let text = "server {\n  ssl_certificate /tls/live/x.pem;\n  ssl_certificate_key /tls/keys/x.key;\n}\nserver { ssl_certificate /tls/live/x.pem; }\n";
        let found = findings(&proxy("tls:/tls", "x-nothing: 1"), text, &[], "a");
        let [only] = &found[..] else { panic!("{found:?}") };
        assert_eq!(
            only.to_string(),
            "\
warning[N-02] `proxy` does not start the first time: its certificate is to be in the volume `tls`, which is empty at first (preflight)
  nginx.conf:2:19   ssl_certificate /tls/live/x.pem;
  fix      a certificate to begin with, made by a container that has the same mount: `mkdir -p /tls/live /tls/keys && openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout /tls/keys/x.key -out /tls/live/x.pem`
           or begin with the server on port 80 alone, and add this one when the certificate is there"
        );
    }
}
