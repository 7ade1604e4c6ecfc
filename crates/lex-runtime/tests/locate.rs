//! The runtime is found where bundlers put it, in a fixed order.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

mod support;

use std::fs;

use lex_runtime::{Error, Platform, Search};
use support::runtime;

#[test]
fn the_places_are_tried_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let resources = Platform::host().unwrap().resource_path();
    let install = folder.path().join("ein Programm");
    let search = Search {
        executable: Some(install.join("bin/lex-machina")),
        development: Some(folder.path().join("development")),
        ..Search::default()
    };
    let places = ["bin", "Resources", "lib/lex-machina"].map(|place| install.join(place).join(&resources));
    let places: Vec<_> = places.into_iter().chain([folder.path().join("development")]).collect();
    let expected: Vec<_> = places.iter().map(|place| runtime(place)).collect();
    for (place, root) in places.iter().zip(expected) {
        assert_eq!(search.run().unwrap().root(), root);
        fs::remove_dir_all(place).unwrap();
    }
    assert!(matches!(search.run(), Err(Error::NotFound(refused)) if refused.len() == places.len()));
}

#[test]
fn a_failed_search_lists_every_place_and_what_was_wrong_there() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("app").join(Platform::host().unwrap().resource_path());
    fs::remove_dir_all(runtime(&damaged).join("lib")).unwrap();
    fs::remove_file(damaged.join("python312.dll")).unwrap();
    let search = Search {
        executable: Some(folder.path().join("app/program")),
        development: Some(folder.path().join("gone")),
        ..Search::default()
    };
    let error = search.run().unwrap_err();
    let message = error.to_string();
    assert!(message.contains("is damaged"), "{message}");
    for place in ["Resources", "lib/program", "gone"] {
        let path = folder.path().join(place);
        assert!(message.contains(path.to_str().unwrap()), "{message}");
    }
    assert!(error.hint().unwrap().contains("LEX_LEARNING_RUNTIME"));
}

#[test]
fn a_named_runtime_is_used_or_refused_but_never_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let named = runtime(&folder.path().join("named"));
    let other = runtime(&folder.path().join("other"));
    let wrong = folder.path().join("wrong");
    let search = |explicit: Option<_>, environment: Option<_>| Search {
        explicit,
        environment,
        executable: None,
        development: Some(other.clone()),
    };

    assert_eq!(search(None, Some(named.clone())).run().unwrap().root(), named);
    assert_eq!(search(Some(named.clone()), Some(wrong.clone())).run().unwrap().root(), named);
    for (search, origin) in [
        (search(None, Some(wrong.clone())), "LEX_LEARNING_RUNTIME"),
        (search(Some(wrong.clone()), Some(named)), "path given"),
    ] {
        let error = search.run().unwrap_err();
        assert!(matches!(error, Error::NamedRuntime { .. }), "{error}");
        assert!(error.to_string().contains(origin), "{error}");
        assert!(error.report().contains(wrong.to_str().unwrap()), "{}", error.report());
    }
}
