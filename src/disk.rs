//! Names on disk: a file or folder is safe against a power cut once the folder above it is synced.

use std::path::Path;
use std::{fs, io};

/// Makes a folder and what is missing above it; when this returns, their names are on disk.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|own| !is_here(own) && !own.exists()).collect();
    fs::create_dir_all(folder)?;
    missing.into_iter().filter_map(Path::parent).try_for_each(sync_folder)
}

/// Makes the names in a folder safe.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if is_here(folder) { Path::new(".") } else { folder };
    fs::File::open(folder)?.sync_all()
}

/// How much can still be written below a folder, in bytes; nothing where it takes no further file.
pub fn free(folder: &Path) -> io::Result<u64> {
    // Of one that is not made yet, what it will lie in tells.
    let there = folder.ancestors().find(|own| own.exists()).unwrap_or(Path::new("."));
    let about = rustix::fs::statvfs(there)?;
    // Some file systems do not count files: then both are 0.
    let no_more_files = about.f_files > 0 && about.f_favail == 0;
    Ok(if no_more_files { 0 } else { about.f_bavail.saturating_mul(about.f_frsize) })
}

/// Whether an error says that there is no room.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// What is above the first part of a relative path.
fn is_here(folder: &Path) -> bool {
    folder.as_os_str().is_empty()
}
