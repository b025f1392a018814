//! Imports point down: a room may use the floors below its own, and no room beside it.
//!
//! What the compiler does for a house of many crates, this test does for our single one.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The house, ground first. Rooms of one entry stand on one floor and never import each other. `on_pool`
/// is the macro of `database`, which the compiler puts at the root.
#[rustfmt::skip]
const FLOORS: &[&[&str]] = &[
    &["ga4gh", "jose", "telemetry", "database", "on_pool", "redis_link"],
    &["domain"],
    &["vitals"],
    &["ledger", "registry", "nodes", "vault", "audit", "panels", "backend", "auth", "limit", "events"],
    &["policy"],
    &["routing"],
    &["gateway", "federation", "health", "alerts"],
    &["edge", "api", "simulator"],
    &["config"],
    &["app"],
    &["cli"],
    &["main", "lib"],
];

/// The one exception: test code of any room may import this room, to have a service to talk to.
const OPEN_TO_TESTS: &str = "simulator";

/// Rooms that decide by values alone, and what would make them do more than that.
const PURE_ROOMS: &[&str] = &["policy", "routing"];
#[rustfmt::skip]
const IMPURE: &[&str] = &[
    "async ", ".await", "tokio", "hyper", "sqlx", "std::fs", "std::net", "std::env", "std::process",
    "std::thread", "Instant::now", "SystemTime", "Timestamp::now", "Clock",
];

#[test]
fn imports_point_down() {
    let wrong: Vec<String> = sources()
        .iter()
        .flat_map(|(path, source)| {
            let named = move |problem| format!("{}: {problem}", path.display());
            problems(room_of(path), source, is_test_file(path)).into_iter().map(named)
        })
        .collect();

    assert!(wrong.is_empty(), "imports that do not point down:\n{}", wrong.join("\n"));
}

#[test]
fn policy_and_routing_are_pure() {
    let mut wrong = Vec::new();
    for (path, source) in sources() {
        if PURE_ROOMS.contains(&room_of(&path)) && !is_test_file(&path) {
            let (product, _) = split_tests(&source);
            wrong.extend(impurities(product).map(|word| format!("{}: {word}", path.display())));
        }
    }

    assert!(
        wrong.is_empty(),
        "rules that wait, look at the clock or reach out:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_check_sees_through_groups_comments_and_tests() {
    let source = "//! See crate::app.\n\
        use crate::{\n    domain::{Clock, RunId},\n    edge,\n    ga4gh::{wes::{State}},\n};\n\
        fn f() { crate::attic::g(\"http://a\") } // crate::config\n\
        #[cfg(test)]\nmod tests {\n    use crate::{api::A, simulator::wes};\n}\n";

    let found = problems("gateway", source, false);

    assert_eq!(
        found,
        [
            "gateway imports edge",
            "gateway imports attic, which has no floor",
            "gateway imports api"
        ]
    );
    assert_eq!(problems("attic", "", false), ["attic has no floor"]);
    assert_eq!(problems("simulator", "use crate::simulator::Knobs;", false), [""; 0]);
    assert_eq!(problems("health", "use crate::simulator;", false), ["health imports simulator"]);
    assert_eq!(problems("health", "use crate::simulator;", true), [""; 0]);
    assert_eq!(impurities("let t = Instant::now();").collect::<Vec<_>>(), ["Instant::now"]);
}

fn problems(room: &str, source: &str, is_test: bool) -> Vec<String> {
    let Some(floor) = floor_of(room) else { return vec![format!("{room} has no floor")] };
    let source = without_comments(source);
    let (product, tests) = split_tests(&source);
    let product = imports(product).into_iter().map(|target| (target, is_test));
    let tests = imports(tests).into_iter().map(|target| (target, true));
    product
        .chain(tests)
        .filter(|(target, in_test)| *target != room && !(*in_test && *target == OPEN_TO_TESTS))
        .filter_map(|(target, _)| match floor_of(target) {
            None => Some(format!("{room} imports {target}, which has no floor")),
            Some(below) if below < floor => None,
            Some(_) => Some(format!("{room} imports {target}")),
        })
        .collect()
}

/// The rooms named after each `crate::`, be it one path or the heads of a group.
fn imports(source: &str) -> Vec<&str> {
    let mut rooms = Vec::new();
    for (at, found) in source.match_indices("crate::") {
        if source[..at].ends_with(is_name) {
            continue;
        }
        let rest = source[at + found.len()..].trim_start();
        match rest.strip_prefix('{') {
            None => rooms.push(head(rest)),
            Some(group) => rooms.extend(heads(group)),
        }
    }
    rooms
}

/// The first names of `a, b::{c, d}, e}`, up to the brace that ends the group.
fn heads(group: &str) -> Vec<&str> {
    let mut heads = Vec::new();
    let mut depth = 0_usize;
    let mut starts = true;
    for (at, letter) in group.char_indices() {
        match letter {
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            '{' => depth += 1,
            ',' if depth == 0 => starts = true,
            _ if starts && is_name(letter) => {
                heads.push(head(&group[at..]));
                starts = false;
            }
            _ => {}
        }
    }
    heads
}

fn head(path: &str) -> &str {
    &path[..path.find(|letter| !is_name(letter)).unwrap_or(path.len())]
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn impurities(source: &str) -> impl Iterator<Item = &'static str> {
    let source = without_comments(source);
    IMPURE.iter().copied().filter(move |word| source.contains(word))
}

/// Drops line comments; the house style knows no others. A colon before the slashes is a URL in a
/// string.
fn without_comments(source: &str) -> String {
    let cut = |line: &str| {
        let start = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
        format!("{}\n", &line[..start.map_or(line.len(), |(at, _)| at)])
    };
    source.lines().map(cut).collect()
}

/// Product code, then the inline tests, which close a file.
fn split_tests(source: &str) -> (&str, &str) {
    let start = source.find("#[cfg(test)]\nmod tests {").unwrap_or(source.len());
    source.split_at(start)
}

fn is_test_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs")
        || path.parent().is_some_and(|folder| folder.components().any(|c| c.as_os_str() == "tests"))
}

fn floor_of(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

/// The first segment of a path below `src`, without its ending.
fn room_of(path: &Path) -> &str {
    let first = path.iter().next().and_then(|segment| segment.to_str()).unwrap_or_default();
    first.trim_end_matches(".rs")
}

/// Every source file: its path below `src`, and its text.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder was just found") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let source = fs::read_to_string(&path).expect("sources are readable text");
                let below = path.strip_prefix(&root).expect("the walk started at the root");
                files.push((below.to_owned(), source));
            }
        }
    }
    assert!(!files.is_empty(), "no sources under {}", root.display());
    files.sort();
    files
}
