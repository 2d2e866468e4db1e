//! Small configurations, what is found in them, and what stands there instead when the help is followed.

use super::*;
use crate::rehearsal::files::Source;
use crate::rehearsal::files::nginx::Configuration;
use crate::rehearsal::preflight::tests::{step, workflow};

/// A compose file whose nginx also says `proxy` and whose app also says `app`.
fn compose(proxy: &str, app: &str) -> Compose {
    let text = format!(
        "services:\n  proxy:\n    image: nginx\n    {proxy}\n  app:\n    build: .\n    {app}\n  other: {{image: x}}\n"
    );
    Compose::parse(Source { name: "compose.yaml".to_owned(), text }).expect("it is right")
}

fn nginx(text: &str) -> Nginx {
    let source = Source { name: "nginx.conf".to_owned(), text: text.to_owned() };
    let files = vec![Configuration::parse(source)];
    Nginx { service: "proxy".to_owned(), files, present: Default::default(), has_certificate_script: false }
}

fn codes(compose: &Compose, text: &str, workflows: &[Workflow]) -> Vec<String> {
    of_nginx(compose, &nginx(text), workflows).iter().map(|finding| finding.code.to_string()).collect()
}

const PASS: &str = "server { location / { proxy_pass http://app:8000; } }";

#[test]
fn names_that_nginx_looks_up_once_are_found() {
    let compose = compose("x-nothing: 1", "container_name: the-app");
    let both: &[&str] = &["N-01", "N-03"];
    for (text, expected) in [
        (PASS, both),
        ("location / { proxy_pass http://app; }", both),
        ("location / { proxy_pass \"https://the-app:8443/x\"; }", both),
        ("upstream back { server app:8000 max_fails=3; } server { location / { proxy_pass http://back; } }", both),
        ("upstream app { server app:8000; } location / { proxy_pass http://app; }", both),
        ("location / { uwsgi_pass app:3031; }", both),
        ("location / { grpc_pass grpc://app:50051; }", both),
        ("location / { fastcgi_pass app:9000; }", both),
        // A variable without a resolver is another mistake, which the first request shows.
        ("resolver 127.0.0.11; location / { set $to app; proxy_pass http://$to:8000; }", &[]),
        ("location / { proxy_pass http://app:8000$request_uri; }", &[]),
        ("resolver 127.0.0.11; upstream back { zone back 64k; server app:8000 resolve; }", &[]),
        ("upstream back { server app:8000 down; server 10.0.0.1:80; }", &[]),
        ("upstream app { server 10.0.0.1:80; } location / { proxy_pass http://app; }", &[]),
        ("location / { proxy_pass http://10.1.2.3:8000; }", &[]),
        ("location / { proxy_pass http://unix:/run/app.sock; }", &[]),
        ("location / { proxy_pass http://[::1]:8000; }", &[]),
        ("location / { fastcgi_pass unix:/run/php.sock; }", &[]),
        ("location / { proxy_pass http://elsewhere.example; }", &[]),
        ("location / { proxy_pass http://${APP}:8000; }", &[]),
        ("location / { proxy_pass http://proxy:81; }", &[]),
        ("# proxy_pass http://app:8000;", &[]),
        ("server { listen 80; server_name app; }", &[]),
    ] {
        assert_eq!(codes(&compose, text, &[]), expected, "{text}");
    }
}

#[test]
fn what_waits_restarts_or_keeps_its_address_is_left_in_peace() {
    for (proxy, app, expected) in [
        ("depends_on: [app]", "x-nothing: 1", &["N-01"][..]),
        ("links: [\"app:api\"]", "x-nothing: 1", &["N-01"]),
        ("depends_on: [other]", "x-nothing: 1", &["N-01", "N-03"]),
        ("restart: unless-stopped", "x-nothing: 1", &["N-01"]),
        ("deploy: {restart_policy: {condition: any}}", "x-nothing: 1", &["N-01"]),
        ("restart: \"no\"", "x-nothing: 1", &["N-01", "N-03"]),
        ("depends_on: {app: {condition: service_started, restart: true}}", "x-nothing: 1", &[]),
        ("depends_on: [app]", "networks: {default: {ipv4_address: 10.1.2.3}}", &[]),
        ("network_mode: host", "x-nothing: 1", &[]),
    ] {
        assert_eq!(codes(&compose(proxy, app), PASS, &[]), expected, "{proxy} {app}");
    }
    // What it waits for waits in its turn.
    let text = "services:\n  proxy: {image: nginx, depends_on: [web]}\n  web: {image: x, depends_on: [app]}\n  app: {image: y}\n";
    let chain = Compose::parse(Source { name: "compose.yaml".to_owned(), text: text.to_owned() });
    assert_eq!(codes(&chain.expect("it is right"), PASS, &[]), ["N-01"]);
}

#[test]
fn a_deploy_that_makes_nginx_look_again_is_left_in_peace() {
    let compose = compose("depends_on: [app]", "x-nothing: 1");
    for (run, is_found) in [
        ("docker compose up -d", true),
        ("docker compose restart app", true),
        ("docker compose up -d --force-recreate app", true),
        ("ssh host 'docker compose up -d && docker compose exec proxy nginx -s reload'", false),
        ("docker compose kill -s HUP proxy", false),
        ("docker compose restart", false),
        ("docker restart proxy", false),
        ("docker-compose -f a.yml up -d --force-recreate", false),
        ("docker compose down && docker compose up -d", false),
        ("systemctl reload nginx", false),
    ] {
        let expected: &[&str] = if is_found { &["N-01"] } else { &[] };
        assert_eq!(codes(&compose, PASS, &[workflow(&step(run, false, ""))]), expected, "{run}");
    }
}

#[test]
fn the_help_keeps_what_the_request_becomes() {
    let compose = compose("depends_on: [app]", "x-nothing: 1");
    let set = "resolver 127.0.0.11 valid=10s; set $to_app app;";
    for (text, expected) in [
        (PASS, format!("`{set} proxy_pass http://$to_app:8000;`")),
        ("location / { proxy_pass http://app:8000/; }", format!("`{set} proxy_pass http://$to_app:8000;`")),
        (
            "location /api/ { proxy_pass https://app/; }",
            format!("`{set} rewrite ^/api/(.*)$ /$1 break; proxy_pass https://$to_app;`"),
        ),
        (
            "location ^~ /v1.0/ { proxy_pass http://app:8000/x/; }",
            format!("`{set} rewrite ^/v1\\.0/(.*)$ /x/$1 break; proxy_pass http://$to_app:8000;`"),
        ),
        (
            "location = /up { proxy_pass http://app:8000/healthz; }",
            format!("`{set} rewrite ^ /healthz break; proxy_pass http://$to_app:8000;`"),
        ),
        ("location / { uwsgi_pass app:3031; }", format!("`{set} uwsgi_pass $to_app:3031;`")),
    ] {
        let findings = of_nginx(&compose, &nginx(text), &[]);
        assert_eq!(findings[0].help, [expected], "{text}");
    }
    let upstream = "upstream back { server app:8000; keepalive 8; }";
    assert_eq!(
        of_nginx(&compose, &nginx(upstream), &[])[0].help,
        [
            "before the upstream `resolver 127.0.0.11 valid=10s;`, and in it `zone back 64k; server app:8000 resolve;` (nginx 1.27.3 or later)"
                .to_owned(),
            format!("or without the upstream: `{set} proxy_pass http://$to_app:8000;`"),
        ]
    );
}

#[test]
fn a_name_is_found_once_with_all_its_places() {
    let compose = compose("x-nothing: 1", "healthcheck: {test: \"true\"}");
    let text = "location / {\n  proxy_pass http://app:8000;\n}\nlocation /api/ {\n  proxy_pass http://app:8000/;\n}\n";
    let told: Vec<String> = of_nginx(&compose, &nginx(text), &[]).iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "\
warning[N-01] `proxy` looks `app` up once, when it starts: when that container is made anew, requests fail or reach another one until nginx is reloaded (preflight)
  nginx.conf:2:14   proxy_pass http://app:8000;
  read     nginx.conf:5:14 proxy_pass http://app:8000/;
  fix      `resolver 127.0.0.11 valid=10s; set $to_app app; proxy_pass http://$to_app:8000;`
           `resolver 127.0.0.11 valid=10s; set $to_app app; rewrite ^/api/(.*)$ /$1 break; proxy_pass http://$to_app:8000;`
           in all of these places: nginx uses the address of a static one for a variable of the same host and port, too",
            "\
warning[N-03] `proxy` does not wait for `app`, and ends with `host not found in upstream` if it starts first (preflight)
  nginx.conf:2:14   proxy_pass http://app:8000;
  fix      in `proxy` of the compose file: `depends_on: {app: {condition: service_healthy}}`",
        ]
    );
}
