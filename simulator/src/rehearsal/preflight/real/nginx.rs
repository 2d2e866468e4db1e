//! N-01, N-02 and N-03 on Debian 12's nginx.

use super::scene::{Running, Scene};
use crate::finding::{Code, Finding};
use crate::rehearsal::files::nginx::Configuration;
use crate::rehearsal::files::{Compose, Nginx, Source};
use crate::rehearsal::preflight::{nginx_certificates, nginx_names};

/// nginx before an app: one location hands the path on, the other takes its beginning away.
const PROXY: &str = "\
events { }
error_log /dev/stderr;
http {
  access_log off;
  server {
    listen 80;
    location / { proxy_pass http://app:8000; }
    location /api/ { proxy_pass http://app:8000/; }
  }
}
";

/// The same with TLS in a volume.
const TLS: &str = "\
events { }
http {
  access_log /dev/null;
  server {
    listen 443 ssl;
    ssl_certificate /tls/live/fullchain.pem;
    ssl_certificate_key /tls/live/privkey.pem;
  }
}
";

fn files(text: &str) -> (Compose, Nginx) {
    let source = |name: &str, text: &str| Source { name: name.to_owned(), text: text.to_owned() };
    let compose = "services:\n  proxy: {image: nginx, volumes: [\"tls:/tls\"]}\n  app: {build: .}\nvolumes: {tls: }\n";
    let nginx = Nginx {
        service: "proxy".to_owned(),
        files: vec![Configuration::parse(source("nginx.conf", text))],
        present: Default::default(),
        has_certificate_script: false,
    };
    (Compose::parse(source("compose.yaml", compose)).expect("it is right"), nginx)
}

/// What stands in backquotes in a line of help.
fn pasted(line: &str) -> &str {
    line.split('`').nth(1).expect("the help has something to paste")
}

/// The finding of a code in a configuration.
fn found(code: Code, text: &str) -> Finding {
    let (compose, nginx) = files(text);
    let names = nginx_names::of_nginx(&compose, &nginx, &[]);
    let all = names.into_iter().chain(nginx_certificates::of_nginx(&compose, &nginx, &[]));
    all.into_iter().find(|finding| finding.code == code).unwrap_or_else(|| panic!("{code} is not found"))
}

/// [`PROXY`] as the help of N-01 has it.
fn corrected() -> String {
    let help = found(Code::N01, PROXY).help;
    // Ten seconds are long for a test.
    let quick = |line: &str| pasted(line).replace("valid=10s", "valid=1s");
    let text = PROXY.replace("proxy_pass http://app:8000;", &quick(&help[0]));
    text.replace("proxy_pass http://app:8000/;", &quick(&help[1]))
}

fn nginx(configuration: &str) -> String {
    format!("cat > /etc/nginx/nginx.conf <<'END'\n{configuration}END\nexec nginx -g 'daemon off;'")
}

async fn app(scene: &Scene, alias: &str, name: &str) -> Running {
    let app = scene.start(alias, &format!("exec python /usr/local/bin/app.py {name}")).await;
    app.until(8000, "/", &format!("{name} /")).await;
    app
}

#[tokio::test]
async fn nginx_loses_an_app_that_is_made_anew_unless_it_looks_again() {
    let scene = Scene::new("nginx").await;
    // N-03: the name is not known yet.
    let early = scene.start("proxy", &nginx(PROXY)).await;
    let early = scene.ended(early).await;
    assert_eq!(early.code, 1, "{early:?}");
    assert!(early.said.contains("host not found in upstream \"app\""), "{early:?}");
    assert_eq!(
        found(Code::N03, PROXY).help,
        ["in `proxy` of the compose file: `depends_on: {app: {condition: service_started}}`"]
    );

    // With a variable, nginx starts; without, it does once the app has, as with `depends_on`.
    let looks = scene.start("proxy", &nginx(&corrected())).await;
    let first = app(&scene, "app", "first").await;
    let keeps = scene.start("proxy", &nginx(PROXY)).await;
    for proxy in [&looks, &keeps] {
        proxy.until(80, "/x?a=b", "first /x?a=b").await;
        proxy.until(80, "/api/a%20b?c=d", "first /a%20b?c=d").await;
    }

    // N-01: the app is made anew, and another container takes its address.
    scene.remove(first).await;
    let decoy = app(&scene, "decoy", "decoy").await;
    let second = app(&scene, "app", "second").await;
    looks.until(80, "/x?a=b", "second /x?a=b").await;
    looks.until(80, "/api/a%20b?c=d", "second /a%20b?c=d").await;
    let (status, body) = keeps.answer(80, "/x").await.expect("nginx answers");
    assert!(status == 502 || status == 504 || body == "decoy /x", "{status} {body}");
    for running in [looks, keeps, decoy, second] {
        scene.remove(running).await;
    }
    scene.end().await;
}

#[tokio::test]
async fn nginx_does_not_start_without_its_certificate() {
    let scene = Scene::new("certificate").await;
    let finding = found(Code::N02, TLS);
    let write = format!("cat > /etc/nginx/nginx.conf <<'END'\n{TLS}END\nnginx -t");
    let absent = scene.run(&write).await;
    assert_eq!(absent.code, 1, "{absent:?}");
    assert!(
        absent.said.contains("cannot load certificate \"/tls/live/fullchain.pem\": BIO_new_file() failed"),
        "{absent:?}"
    );
    let made = scene.run(&format!("{} && {write}", pasted(&finding.help[0]))).await;
    assert_eq!(made.code, 0, "{made:?}");
    scene.end().await;
}
