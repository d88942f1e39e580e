//! Names on disk: a file or folder is safe against a power cut once the folder above it is synced. What the program makes
//! belongs to its own account alone, whatever the surroundings' umask says.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Makes a folder and what is missing above it; when this returns, their names are on disk.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|own| !is_here(own) && !own.exists()).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    missing.into_iter().filter_map(Path::parent).try_for_each(sync_folder)
}

/// Makes a file that is not there yet, to be read and written.
pub fn new_file(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// Opens a file to be read and written, and makes it where it is not there yet.
pub fn kept_file(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Opens a file to be written from its beginning, whatever it held.
pub fn fresh_file(path: &Path) -> io::Result<File> {
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Takes a file that a library has made away from everybody else.
pub fn own(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(0o600))
}

/// Makes the names in a folder safe.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if is_here(folder) { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Writes a little into a folder, syncs it and takes it away again.
///
/// # Errors
/// There is no room, or the folder takes nothing.
pub fn probe(folder: &Path) -> io::Result<()> {
    if free(folder)? < LEAST_FREE {
        return Err(io::ErrorKind::StorageFull.into());
    }
    let path = folder.join(format!(".probe-{}", std::process::id()));
    let written = fresh_file(&path).and_then(|mut file| {
        file.write_all(&vec![0; PROBE])?;
        file.sync_all()
    });
    let removed = fs::remove_file(&path);
    written.and(removed)
}

/// With less room than this the next transaction may not fit.
const LEAST_FREE: u64 = 1 << 20;
const PROBE: usize = 64 << 10;

/// Whether an error may be over by itself or once somebody has made room, so that trying again is worth it: all but those
/// that say that a path or its owner is wrong.
pub fn passes(error: &io::Error) -> bool {
    use io::ErrorKind::{
        AlreadyExists, InvalidData, InvalidFilename, InvalidInput, IsADirectory, NotADirectory, NotFound,
        PermissionDenied, UnexpectedEof, Unsupported,
    };
    !matches!(
        error.kind(),
        AlreadyExists
            | InvalidData
            | InvalidFilename
            | InvalidInput
            | IsADirectory
            | NotADirectory
            | NotFound
            | PermissionDenied
            | UnexpectedEof
            | Unsupported
    )
}

/// How much can still be written below a folder, in bytes; nothing where it takes no further file.
pub fn free(folder: &Path) -> io::Result<u64> {
    // Of one that is not made yet, what it will lie in tells.
    let there = folder.ancestors().find(|own| own.exists()).unwrap_or(Path::new("."));
    let about = rustix::fs::statvfs(there)?;
    // What a file system does not count is 0 of 0.
    let no_more_files = about.f_files > 0 && about.f_favail == 0;
    Ok(match about.f_blocks {
        _ if no_more_files => 0,
        0 => u64::MAX,
        _ => about.f_bavail.saturating_mul(about.f_frsize),
    })
}

/// Whether an error says that there is no room.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// What is above the first part of a relative path.
fn is_here(folder: &Path) -> bool {
    folder.as_os_str().is_empty()
}
