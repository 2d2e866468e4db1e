//! Compose files in small.

use super::*;

fn parse(text: &str) -> Result<Compose, FileError> {
    Compose::parse(Source { name: "compose.yaml".to_owned(), text: text.to_owned() })
}

const FILE: &str = "\
x-common: &common
  env_file: [.env, {path: other.env, required: false}]
services:
  db:
    image: postgres:${VERSION:-15}
    environment: [A=1, B]
    healthcheck:
      test: pg_isready
  app:
    <<: *common
    build: {context: ., dockerfile: Containerfile}
    command: uvicorn --port 8000
    environment:
      PORT: 8000
      URL: postgresql://u:${PASSWORD:-x}@db/news
      FROM_SHELL:
    ports: [\"127.0.0.1:80:8000/tcp\", 9000, {target: 9100}, \"7000-7010:7000-7010\"]
    depends_on:
      db: {condition: service_healthy}
  worker:
    build: .
    depends_on: [db]
    healthcheck: {test: [\"NONE\"]}
";

#[test]
fn both_forms_of_everything_are_read() {
    let compose = parse(FILE).expect("it is right");
    let db = compose.service("db").expect("it is there");
    assert_eq!(db.image.as_ref().map(|image| image.value.as_str()), Some("postgres:15"));
    assert_eq!(db.variable("A").as_deref(), Some("1"));
    assert_eq!(db.environment[1].value, None);
    assert_eq!(compose.database(Engine::Postgres), Some(db));
    assert_eq!(compose.database(Engine::MySql), None);
    let check: Vec<&str> =
        db.health_check.as_ref().expect("it has one").test.iter().map(|word| word.value.as_str()).collect();
    assert_eq!(check, ["CMD-SHELL", "pg_isready"]);
    let app = compose.service("app").expect("it is there");
    assert_eq!(app.build.as_ref().map(|build| build.dockerfile.as_str()), Some("Containerfile"));
    assert_eq!(app.ports.iter().map(|port| port.value).collect::<Vec<_>>(), [8000, 9000, 9100]);
    assert_eq!(app.variable("URL").as_deref(), Some("postgresql://u:x@db/news"));
    assert_eq!(app.env_files.iter().map(|file| file.value.as_str()).collect::<Vec<_>>(), [".env", "other.env"]);
    assert_eq!(app.depends_on[0].condition.as_ref().map(|it| it.value.as_str()), Some("service_healthy"));
    let worker = compose.service("worker").expect("it is there");
    assert_eq!(worker.depends_on[0].condition, None);
    assert!(worker.health_check.as_ref().is_some_and(|check| check.is_disabled));
}

#[test]
fn mistakes_are_placed_and_helped_with() {
    let service = |rest: &str| format!("services:\n  app:\n    image: x\n    {rest}\n");
    let cases = [
        (
            "services: [a]\n".to_owned(),
            "compose.yaml:1:11: `services` must be a map, and is a list",
            "write a map for `services`",
        ),
        ("name: x\n".to_owned(), "compose.yaml:1:1: the compose file has no `services`", "add `services`"),
        (
            service("enviroment: {}"),
            "compose.yaml:4:5: unknown key `enviroment` in the service `app`",
            "did you mean `environment`?",
        ),
        (
            service("depends_on: [db]"),
            "compose.yaml:4:18: there is no service `db` to wait for",
            "name one of the services: app",
        ),
        (
            service("depends_on: {app: {condition: healthy}}"),
            "compose.yaml:4:35: `healthy` is no condition",
            "write service_started, service_healthy, service_completed_successfully",
        ),
        (
            service("ports: [\"80:http\"]"),
            "compose.yaml:4:14: `80:http` is no port",
            "write \"HOST:CONTAINER\", in quotes",
        ),
        (
            service("environment: 3"),
            "compose.yaml:4:18: `environment` must be a list, and is a number",
            "write a list for `environment`",
        ),
    ];
    for (text, message, help) in cases {
        let error = parse(&text).expect_err("it is wrong");
        assert_eq!((error.to_string().as_str(), error.help().as_str()), (message, help));
    }
}

#[test]
fn extensions_are_left_alone() {
    let text = "services:\n  a: {image: x, depends_on: {b: {condition: service_started, restart: \"${R}\"}}}\n  b: {image: y}\n";
    assert!(parse(text).is_ok());
    assert!(parse("x-a: 1\nservices:\n  app:\n    image: x\n    x-b: 2\n").is_ok());
}

#[test]
fn mounts_are_told_by_what_is_mounted() {
    let text = "\
services:
  proxy:
    image: nginx
    container_name: edge
    restart: unless-stopped
    links: [\"app:api\"]
    volumes:
      - ./nginx:/etc/nginx/conf.d:ro
      - certificates:/etc/letsencrypt/
      - /srv/keys:/keys
      - ${CACHE:-./cache}:/cache
      - /scratch
      - {type: bind, source: html, target: /html}
      - {type: volume, source: data, target: /data}
      - {type: tmpfs, target: /tmp}
  app:
    image: x
    restart: \"no\"
    depends_on: {db: {condition: service_started, restart: true}}
    networks: {default: {ipv4_address: 10.1.2.3}}
  db: {image: postgres, restart: no, deploy: {restart_policy: {condition: any}}}
volumes:
  certificates:
  data: {external: true}
";
    let compose = parse(text).expect("it is right");
    let proxy = compose.service("proxy").expect("it is there");
    let path = |path: &str| Origin::Path(path.to_owned());
    let volume = |name: &str| Origin::Volume(name.to_owned());
    let told: Vec<(Origin, &str)> =
        proxy.mounts.iter().map(|mount| (mount.origin.clone(), mount.target.value.as_str())).collect();
    assert_eq!(
        told,
        [
            (path("./nginx"), "/etc/nginx/conf.d"),
            (volume("certificates"), "/etc/letsencrypt/"),
            (path("/srv/keys"), "/keys"),
            (path("./cache"), "/cache"),
            (Origin::Nameless, "/scratch"),
            (path("html"), "/html"),
            (volume("data"), "/data"),
            (Origin::Nameless, "/tmp"),
        ]
    );
    let certificates = &proxy.mounts[1];
    assert_eq!(certificates.inside("/etc/letsencrypt/live/x.pem"), Some("live/x.pem"));
    assert_eq!(certificates.inside("/etc/letsencrypts/x.pem"), None);
    assert_eq!(proxy.network.container_name.as_deref(), Some("edge"));
    assert_eq!(compose.foreign_volumes.iter().collect::<Vec<_>>(), ["data"]);
    assert_eq!(compose.awaited(proxy).into_iter().collect::<Vec<_>>(), ["app", "db"]);
    let app = compose.service("app").expect("it is there");
    assert!(app.network.has_fixed_address && app.depends_on[0].restarts);
    assert_eq!(compose.services.iter().map(|service| service.restarts).collect::<Vec<_>>(), [true, false, false]);
}
