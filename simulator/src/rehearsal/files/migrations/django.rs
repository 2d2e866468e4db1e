//! Django's migrations.

use std::path::Path;

use super::{Migration, names, texts};
use crate::rehearsal::files::FileError;
use crate::rehearsal::files::source::{Located, Source, Spot};

/// Reads the migrations of the apps beside `manage.py`, and of those one folder deeper.
pub(super) fn read(directory: &Path, context: &str) -> Result<Vec<Migration>, FileError> {
    let root = Path::new(context).components().collect::<std::path::PathBuf>();
    if !directory.join(&root).join("manage.py").is_file() {
        return Ok(Vec::new());
    }
    let mut migrations = Vec::new();
    for folder in folders(directory, &root).into_iter().flat_map(|it| {
        let deeper = folders(directory, &it);
        std::iter::once(it).chain(deeper)
    }) {
        let Some(app) = folder.file_name().and_then(|name| name.to_str()) else { continue };
        let files = folder.join("migrations");
        for name in names(&directory.join(&files), ".py") {
            let source = Source::read(directory, &files.join(name).to_string_lossy())?;
            migrations.extend(Migration::parse_django(source, app));
        }
    }
    Ok(migrations)
}

/// The folders in a folder, in order.
fn folders(directory: &Path, folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory.join(folder)) else { return Vec::new() };
    let mut found: Vec<std::path::PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.') && name != "node_modules" && name != "migrations")
        .map(|name| folder.join(name))
        .collect();
    found.sort();
    found
}

impl Migration {
    /// Reads the file of one of Django's migrations in `app`; `None` if it is none. What it depends on in other apps does not count:
    /// each app has its own last migration.
    #[must_use]
    pub fn parse_django(source: Source, app: &str) -> Option<Self> {
        let name = Path::new(&source.name).file_stem()?.to_str()?.to_owned();
        let class = source.text.lines().position(|line| line.starts_with("class Migration("))?;
        let after = match source.text.split_once("dependencies = [") {
            Some((_, rest)) => texts(rest.split(']').next().unwrap_or_default()),
            None => Vec::new(),
        };
        let after = after.chunks(2).filter_map(|pair| match pair {
            [of, name] if of == app => Some(format!("{app}.{name}")),
            _ => None,
        });
        let after = after.collect();
        let revision = Located { value: format!("{app}.{name}"), spot: Spot { line: class + 1, column: 1 } };
        Some(Self { source, tool: "django", revision, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_on_the_own_app_are_read() {
        let text = "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    dependencies = [\n        \
                    (\"auth\", \"0012_x\"),\n        ('orders', '0001_initial'),\n    ]\n";
        let source = |text: &str| Source { name: "orders/migrations/0002_note.py".to_owned(), text: text.to_owned() };
        let found = Migration::parse_django(source(text), "orders").expect("it is a migration");
        assert_eq!((found.revision.value.as_str(), found.revision.spot.line), ("orders.0002_note", 4));
        assert_eq!(found.after, ["orders.0001_initial"]);
        assert_eq!(Migration::parse_django(source("import this\n"), "orders"), None);
    }
}
