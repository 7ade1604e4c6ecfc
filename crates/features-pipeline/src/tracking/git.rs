//! The commit of a working copy, read from git's files: no git has to be installed.

use std::fs;
use std::path::{Path, PathBuf};

/// The commit that is checked out where `start` lies; `None` outside of working copies, before a first commit, and for
/// what this does not read (reftables).
pub(super) fn commit(start: &Path) -> Option<String> {
    let folder = git_folder(start)?;
    let head = fs::read_to_string(folder.join("HEAD")).ok()?;
    match head.trim().strip_prefix("ref:") {
        Some(reference) => resolve(&folder, reference.trim()),
        None => hash(&head),
    }
}

/// `.git`, or where a linked working copy's file of that name leads.
fn git_folder(start: &Path) -> Option<PathBuf> {
    let start = std::path::absolute(start).ok()?;
    let (parent, git) = start.ancestors().map(|parent| (parent, parent.join(".git"))).find(|(_, git)| git.exists())?;
    if git.is_dir() {
        return Some(git);
    }
    let text = fs::read_to_string(git).ok()?;
    Some(parent.join(text.trim().strip_prefix("gitdir:")?.trim()))
}

fn resolve(folder: &Path, reference: &str) -> Option<String> {
    // A linked working copy has its branches in the folder that it shares.
    let shared = fs::read_to_string(folder.join("commondir"))
        .map_or_else(|_| folder.to_owned(), |path| folder.join(path.trim()));
    [folder, &shared]
        .iter()
        .find_map(|place| hash(&fs::read_to_string(place.join(reference)).ok()?))
        .or_else(|| packed(&shared, reference))
}

fn packed(folder: &Path, reference: &str) -> Option<String> {
    let text = fs::read_to_string(folder.join("packed-refs")).ok()?;
    text.lines().find_map(|line| match line.split_once(' ') {
        Some((commit, name)) if name.trim() == reference => hash(commit),
        _ => None,
    })
}

/// The text, if it is a hash of SHA-1 or SHA-256.
fn hash(text: &str) -> Option<String> {
    let text = text.trim();
    (matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_owned())
}
