//! The catalogue of errors tells every reason that the sources know, and no other.

use std::{collections::BTreeSet, fs, path::Path};

/// The rooms that answer callers.
const ROOMS: [&str; 4] = ["api", "auth", "edge", "gateway"];

/// Calls that name a reason as their first or second argument.
const CALLS: [&str; 4] = ["InputFault::new(", "bad_request(", "ApiError::new(", "Self::new("];

#[test]
fn the_catalogue_and_the_sources_know_the_same_reasons() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let catalogue = fs::read_to_string(root.join("docs/errors.md")).unwrap();
    let told: BTreeSet<_> =
        catalogue.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let told: BTreeSet<_> = told.into_iter().filter(|word| is_reason(word)).collect();

    let mut sources = String::new();
    for room in ROOMS {
        read(&root.join("src").join(room), &mut sources);
    }
    let known = reasons(&sources);

    assert!(known.len() > 50, "the scan finds too little: {known:?}");
    let known: BTreeSet<_> = known.iter().map(String::as_str).collect();
    let missing: Vec<_> = known.difference(&told).collect();
    let superfluous: Vec<_> = told.difference(&known).collect();
    assert!(missing.is_empty(), "docs/errors.md does not tell {missing:?}");
    assert!(superfluous.is_empty(), "docs/errors.md tells {superfluous:?}, which nobody answers");
}

/// The product code below a folder.
fn read(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("the folder is a room") {
        let path = entry.expect("the folder can be read").path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "tests" {
            read(&path, text);
        } else if path.extension().is_some_and(|ending| ending == "rs") && name != "tests.rs" {
            let source = fs::read_to_string(&path).expect("sources are text");
            text.push_str(source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default());
        }
    }
}

fn reasons(sources: &str) -> BTreeSet<String> {
    let sources = sources.replace('\\', "");
    let mut found = BTreeSet::new();
    for call in CALLS {
        for arguments in sources.split(call).skip(1) {
            found.extend(arguments.split(',').take(2).filter_map(literal));
        }
    }
    // Constants, and JSON that is written by hand.
    for member in ["reason: ", "\"reason\":"] {
        found.extend(sources.split(member).skip(1).filter_map(|rest| literal(rest.get(..60)?)));
    }
    // `fn reason` and its like: one arm for each error.
    for function in sources.split("fn reason").skip(1) {
        let body = function.split("\n\n").next().unwrap_or_default();
        found.extend(body.split("=> ").skip(1).filter_map(literal));
    }
    found
}

/// The reason that a text begins with, in quotes.
fn literal(text: &str) -> Option<String> {
    let word = text.trim_start().strip_prefix('"')?.split('"').next()?;
    is_reason(word).then(|| word.to_owned())
}

fn is_reason(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}
