//! The rules of the house, as a test.
#![expect(clippy::unwrap_used, reason = "in a test, a failed unwrap is the message")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bulla::store::Db;
use bulla::store::tables::Kind;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

const MOST_LINES_OF_A_FILE: usize = 400;
const MOST_LINES_OF_A_FUNCTION: usize = 70;

/// Which modules of the server each one may name. Arrows point one way.
const ARROWS: [(&str, &[&str]); 13] = [
    (
        "cli",
        &[
            "background",
            "http",
            "flows",
            "app",
            "store",
            "model",
            "config",
            "clock",
            "random",
            "private_file",
            "telemetry",
        ],
    ),
    ("background", &["flows", "app"]),
    ("http", &["pages", "flows", "app", "model", "config", "private_file"]),
    ("pages", &["model"]),
    ("flows", &["app", "store", "model", "config", "private_file"]),
    ("app", &["store", "model", "config", "clock", "random"]),
    ("config", &["store", "model", "private_file"]),
    ("store", &["model"]),
    ("clock", &["model"]),
    ("random", &["model"]),
    ("model", &[]),
    ("private_file", &[]),
    ("telemetry", &["config"]),
];

#[test]
fn arrows_point_one_way() {
    for path in files("src", "rs") {
        let Some(module) = module_of(&path) else { continue };
        let allowed = ARROWS.iter().find(|(name, _)| *name == module);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{module} has no place in ARROWS"));
        for named in crate_modules_named_in(&fs::read_to_string(&path).unwrap()) {
            let is_fine = named == module || allowed.contains(&named.as_str());
            assert!(is_fine, "{}: {module} must not know {named}", path.display());
        }
    }
}

/// A benchmark pays for it there, and each block says why it is sound.
#[test]
fn unsafe_code_is_in_one_module_only() {
    let (of_ours, allowed) = (["src", "argon2id/src", "seal/src", "token/src"], root().join("argon2id/src/x86_64"));
    let mut blocks = 0;
    for path in of_ours.iter().flat_map(|folder| files(folder, "rs")) {
        let text = fs::read_to_string(&path).unwrap();
        let found = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"].iter().map(|it| text.matches(it).count());
        let found: usize = found.sum();
        assert!(found == 0 || path.starts_with(&allowed), "{} has unsafe code", path.display());
        assert!(text.matches("SAFETY:").count() >= found, "{} does not say why it is sound", path.display());
        blocks += found;
    }
    let said = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    assert!(
        said.contains(&format!("`unsafe` code: {blocks} blocks")),
        "ARCHITECTURE.md counts another number than {blocks}"
    );
}

#[test]
fn the_libraries_know_nothing_of_the_server() {
    for library in ["argon2id", "seal", "token"] {
        let manifest = fs::read_to_string(root().join(library).join("Cargo.toml")).unwrap();
        for dependency in ["bulla", "axum", "sqlx", "tokio"] {
            let is_named = manifest.lines().any(|line| line.starts_with(dependency));
            assert!(!is_named, "{library} depends on {dependency}");
        }
    }
}

#[test]
fn no_file_hides_a_second_idea() {
    for path in source_files() {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= MOST_LINES_OF_A_FILE, "{} has {lines} lines", path.display());
    }
}

#[test]
fn no_function_hides_a_second_idea() {
    struct Longest<'p>(&'p Path);
    impl Longest<'_> {
        fn check(&self, name: &syn::Ident, block: &syn::Block) {
            let lines = block.span().end().line - block.span().start().line + 1;
            assert!(lines <= MOST_LINES_OF_A_FUNCTION, "{}: {name} has {lines} lines", self.0.display());
        }
    }
    impl<'ast> Visit<'ast> for Longest<'_> {
        fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
            self.check(&function.sig.ident, &function.block);
            visit::visit_item_fn(self, function);
        }
        fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
            self.check(&function.sig.ident, &function.block);
            visit::visit_impl_item_fn(self, function);
        }
    }
    for path in source_files().into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
        Longest(&path).visit_file(&file);
    }
}

#[test]
fn every_file_begins_by_saying_what_it_is() {
    for path in source_files().into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} does not begin with `//! `", path.display());
    }
}

/// On SQLite, or on the database that `BULLA_TEST_DATABASE_URL` names.
#[tokio::test]
async fn every_statement_prepares() {
    let folder = tempfile::tempdir().unwrap();
    let db = migrated(folder.path()).await;
    assert!(db.prepare("SELECT nonsense FROM nowhere").await.is_err(), "preparing notices nothing");
    let statements: Vec<&str> = bulla::store::every_statement().collect();
    assert!(statements.len() > 20);
    for statement in statements {
        db.prepare(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }
}

#[test]
fn every_statement_is_a_named_one() {
    for path in files("src/store", "rs") {
        let text = fs::read_to_string(&path).unwrap();
        // What a test asks for is nobody else's business.
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for part in text.split("sqlx::query").skip(1) {
            let argument = part.split_once('(').unwrap().1;
            // The statements of whole tables are made by `tables!`, which lists them for the test above as well.
            let is_named = argument.starts_with(char::is_uppercase) || path.ends_with("tables.rs");
            assert!(is_named, "{}: SQL outside of statements!", path.display());
        }
    }
    for path in files("src", "rs").into_iter().filter(|path| !path.starts_with(root().join("src/store"))) {
        let is_store = path.ends_with("src/store.rs");
        let text = fs::read_to_string(&path).unwrap();
        assert!(is_store || !text.contains("sqlx::query"), "{} speaks SQL", path.display());
    }
}

/// On SQLite, or on the database that `BULLA_TEST_DATABASE_URL` names: what a copy of the database leaves out is lost.
#[tokio::test]
async fn every_column_of_every_table_is_copied() {
    let folder = tempfile::tempdir().unwrap();
    let db = migrated(folder.path()).await;
    let copied = bulla::store::tables::TABLES
        .iter()
        .flat_map(|table| table.columns.iter().map(|(column, kind)| format!("{}.{column} {kind:?}", table.name)));
    let in_sqlite =
        "SELECT t.name, c.name, c.type FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'";
    let in_mysql = "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR), CAST(data_type AS CHAR) \
                    FROM information_schema.columns WHERE table_schema = DATABASE()";
    let columns: Vec<(String, String, String)> = match &db {
        Db::Sqlite { readers, .. } => {
            sqlx::query_as(in_sqlite).fetch_all(readers.take().await.unwrap().conn()).await.unwrap()
        }
        Db::MySql { stock, .. } => {
            sqlx::query_as(in_mysql).fetch_all(stock.take().await.unwrap().conn()).await.unwrap()
        }
    };
    let ours = columns.into_iter().filter(|(table, ..)| table != "_sqlx_migrations");
    let existing = ours.map(|(table, column, kind)| {
        let kind = match kind.to_lowercase().as_str() {
            "integer" | "bigint" => Kind::Integer,
            "text" | "varchar" => Kind::Text,
            "blob" | "binary" | "varbinary" => Kind::Bytes,
            kind => panic!("{table}.{column} is a {kind}, which `tables::Kind` does not know"),
        };
        format!("{table}.{column} {kind:?}")
    });
    assert_eq!(copied.collect::<BTreeSet<_>>(), existing.collect::<BTreeSet<_>>());
}

/// A table of another system has names that are known only at run time. Nothing else is put together from texts.
#[test]
fn sql_is_put_together_in_one_file_only() {
    for path in files("src", "rs").into_iter().filter(|path| !path.ends_with("src/store/foreign_users.rs")) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("AssertSqlSafe"), "{} puts SQL together", path.display());
    }
}

#[test]
fn migrations_come_in_pairs_and_all_are_embedded() {
    let names = |database: &str| -> BTreeSet<String> {
        files(&format!("migrations/{database}"), "sql").iter().map(|path| stem(path)).collect()
    };
    assert_eq!(names("sqlite"), names("mysql"));
    let embedded = fs::read_to_string(root().join("src/store/migrations.rs")).unwrap();
    for name in names("sqlite") {
        assert!(embedded.contains(&format!("\"{name}\"")), "{name} is not embedded");
    }
}

/// Ids are made by the nodes, so no shard of a database ever asks another for a number (docs/scaling.md).
#[test]
fn no_database_counts_our_rows() {
    for path in files("migrations", "sql") {
        let text = fs::read_to_string(&path).unwrap().to_lowercase();
        assert!(
            !["auto_increment", "autoincrement", "serial"].iter().any(|word| text.contains(word)),
            "{}",
            path.display()
        );
        assert!(!text.contains("create table") || text.contains("primary key"), "{} has no key", path.display());
    }
}

#[test]
fn every_setting_stands_in_the_example() {
    let example = fs::read_to_string(root().join(".env.example")).unwrap();
    let listed: BTreeSet<String> =
        example.lines().filter_map(|line| Some(line.strip_prefix('#')?.split_once('=')?.0.to_owned())).collect();
    let settings: BTreeSet<String> = bulla::config::names().into_iter().collect();
    assert_eq!(listed.into_iter().filter(|name| !name.starts_with(' ')).collect::<BTreeSet<_>>(), settings);
}

#[test]
fn every_mutant_fits_the_code_is_listed_and_names_a_test_that_exists() {
    let page = fs::read_to_string(root().join("docs/security-proofs.md")).unwrap();
    let mutants = files("tests/mutants", "patch");
    assert!(mutants.len() >= 20);
    for path in mutants {
        let (name, text) = (stem(&path), fs::read_to_string(&path).unwrap());
        let test = text.lines().find_map(|line| line.strip_prefix("test: api ")).unwrap();
        assert!(page.contains(&format!("(../tests/mutants/{name}.patch)")) && page.contains(test), "{name}");
        let function = format!("fn {}()", test.rsplit("::").next().unwrap());
        let exists = files("tests/api", "rs").iter().any(|file| fs::read_to_string(file).unwrap().contains(&function));
        assert!(exists, "{name}: there is no test {test}");
        let check = Command::new("git").args(["apply", "--check"]).arg(&path).current_dir(root()).output().unwrap();
        assert!(check.status.success(), "{name}: {}", String::from_utf8_lossy(&check.stderr));
    }
}

#[test]
fn no_crate_that_leaks_private_keys_is_in_the_tree() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    assert!(lock.contains("name = \"aws-lc-rs\""));
    for banned in ["rsa", "openssl-sys"] {
        assert!(!lock.contains(&format!("name = \"{banned}\"")), "{banned} is in the tree");
    }
}

/// What shows that a requirement is met is named there, by file and function; a test that is renamed, is renamed there.
#[test]
fn every_test_that_the_asvs_page_names_exists() {
    let page = fs::read_to_string(root().join("docs/asvs.md")).unwrap();
    let named: BTreeSet<&str> = page.split('`').skip(1).step_by(2).filter(|code| code.contains("::")).collect();
    assert!(named.len() > 100, "docs/asvs.md names {} tests", named.len());
    for test in named {
        let (file, function) = test.split_once("::").unwrap();
        let text = fs::read_to_string(root().join(file)).unwrap_or_default();
        assert!(text.contains(&format!("fn {function}() {{")), "docs/asvs.md: there is no {test}");
    }
}

/// Of a page to a file, or to a heading of another page.
#[test]
fn every_link_of_the_docs_leads_somewhere() {
    let mut links = 0;
    for page in files("", "md") {
        let text = fs::read_to_string(&page).unwrap();
        let in_markdown = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let in_html = text
            .split("src=\"")
            .skip(1)
            .chain(text.split("srcset=\"").skip(1))
            .filter_map(|rest| rest.split('"').next());
        let is_ours =
            |link: &&str| !link.contains("://") && !link.starts_with("mailto:") && !link.contains(['\n', ' ']);
        for link in in_markdown.chain(in_html).filter(is_ours) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.with_file_name("").join(file) };
            assert!(target.exists(), "{}: there is no {link}", page.display());
            let is_there = heading.is_empty() || headings(&fs::read_to_string(&target).unwrap()).contains(heading);
            assert!(is_there, "{}: {link} has no such heading", page.display());
            links += 1;
        }
    }
    assert!(links > 50, "{links} links were found");
}

/// As GitHub makes anchors of headings.
fn headings(page: &str) -> BTreeSet<String> {
    let titles = page.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let is_kept = |character: &char| character.is_alphanumeric() || [' ', '-', '_'].contains(character);
    titles.map(|title| title.to_lowercase().chars().filter(is_kept).collect::<String>().replace(' ', "-")).collect()
}

async fn migrated(folder: &Path) -> Db {
    let embedded = format!("sqlite:{}", folder.join("tidy.db").display());
    let url = std::env::var("BULLA_TEST_DATABASE_URL").unwrap_or(embedded).parse().unwrap();
    let db = bulla::store::connect(&url, bulla::store::Limits::default()).await.unwrap();
    bulla::store::migrate(&db).await.unwrap();
    db
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn source_files() -> Vec<PathBuf> {
    let folders = ["src", "argon2id", "seal", "token", "tests", "bench", "client-js", "examples"];
    folders
        .iter()
        .flat_map(|folder| ["rs", "js", "mjs", "ts"].map(|extension| files(folder, extension)).concat())
        .collect()
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // What is compared with is written as its users write it.
                let is_ours =
                    !["node_modules", ".venv", "target", "bench/peers"].iter().any(|other| path.ends_with(other));
                folders.extend(is_ours.then_some(path));
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// `flows` for `src/flows.rs` and for everything in `src/flows/`; nothing for the crate's own two files.
fn module_of(path: &Path) -> Option<String> {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    let first = inside.components().next()?.as_os_str().to_str()?;
    let module = first.trim_end_matches(".rs").to_owned();
    (!["main", "lib"].contains(&module.as_str())).then_some(module)
}

fn crate_modules_named_in(text: &str) -> BTreeSet<String> {
    // `use crate::{a, b}` has no place in this house: one line a module is easier to read, and to check.
    assert!(!text.contains("crate::{"), "name modules one by one");
    let names = text
        .split("crate::")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap());
    names.map(str::to_owned).collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}
