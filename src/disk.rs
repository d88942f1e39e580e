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

/// What is above the first part of a relative path.
fn is_here(folder: &Path) -> bool {
    folder.as_os_str().is_empty()
}
