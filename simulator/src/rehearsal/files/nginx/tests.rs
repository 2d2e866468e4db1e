//! Which files of a repository are nginx's.

use super::*;

const COMPOSE: &str = "\
services:
  proxy:
    image: docker.io/library/nginx:1.27-alpine
    volumes:
      - ./nginx/site.conf:/etc/nginx/conf.d/default.conf:ro
      - ./nginx/templates:/etc/nginx/templates
      - ./keys:/etc/nginx/keys
      - ./html:/usr/share/nginx/html
      - ../elsewhere:/etc/nginx/snippets
      - state:/etc/letsencrypt
  other:
    image: nginx-prometheus-exporter
    volumes: [\"./nginx:/etc/nginx/conf.d\"]
volumes: {state: }
";

const SITE: &str = "\
server {
  ssl_certificate keys/here.pem;
  ssl_certificate /etc/nginx/keys/absent.pem;
  ssl_certificate /etc/nginx/keys/private/ignored.pem;
  ssl_certificate /etc/letsencrypt/live/x/fullchain.pem;
}
";

fn repository(files: &[(&str, &str)]) -> (tempfile::TempDir, Vec<Nginx>) {
    let directory = tempfile::tempdir().expect("the machine has room");
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder can be made");
        std::fs::write(path, text).expect("a file can be written");
    }
    let source = Source::read(directory.path(), "compose.yaml").expect("it is there");
    let nginx = read(directory.path(), &Compose::parse(source).expect("it is right"));
    (directory, nginx)
}

#[test]
fn configuration_is_what_is_mounted_where_nginx_looks_for_it() {
    let files = [
        ("compose.yaml", COMPOSE),
        ("nginx/site.conf", SITE),
        ("nginx/templates/api.conf.template", "server { proxy_pass http://$x; }"),
        ("nginx/templates/README.md", "not read"),
        ("html/x.conf", "not; read;"),
        ("keys/here.pem", ""),
        (".gitignore", "# keys/absent.pem\nkeys/private/\n*.log\n"),
    ];
    let (_directory, nginx) = repository(&files);
    let [proxy] = &nginx[..] else { panic!("{nginx:?}") };
    assert_eq!(proxy.service, "proxy");
    let names: Vec<&str> = proxy.files.iter().map(|file| file.source.name.as_str()).collect();
    assert_eq!(names, ["nginx/site.conf", "nginx/templates/api.conf.template"]);
    let present: Vec<&str> = proxy.present.iter().map(String::as_str).collect();
    assert_eq!(present, ["/etc/nginx/keys/here.pem", "/etc/nginx/keys/private/ignored.pem"]);
    assert!(!proxy.has_certificate_script);
}

#[test]
fn a_whole_folder_and_scripts_are_read_too() {
    let compose = "services: {web: {image: nginx, volumes: [\"./nginx:/etc/nginx\"]}}\n";
    let files = [
        ("compose.yaml", compose),
        ("nginx/nginx.conf", "http { include conf.d/*.conf; }"),
        ("nginx/conf.d/a.conf", "server { }"),
        ("scripts/first-start.sh", "openssl req -x509"),
    ];
    let (_directory, nginx) = repository(&files);
    let [web] = &nginx[..] else { panic!("{nginx:?}") };
    let names: Vec<&str> = web.files.iter().map(|file| file.source.name.as_str()).collect();
    assert_eq!(names, ["nginx/nginx.conf", "nginx/conf.d/a.conf"]);
    assert!(web.has_certificate_script);
}
