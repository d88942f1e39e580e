//! Why a file is not taken as evidence.

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    /// As its sender called it.
    pub name: String,
    pub why: FileRefusal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
pub enum FileRefusal {
    EmptyFile,
    /// Larger than so many MB.
    LargeFile(u64),
    /// By its name a program, a script or a web page.
    ProgramFile,
    Installer,
    /// By its content.
    Executable,
    Markup,
    MarkupWithin,
    UnknownContent,
    /// Known, and none that is taken.
    OtherKind,
    /// An archive, but no zip.
    OtherArchive,
    BrokenArchive,
    OverlappingArchive,
    /// Of more entries than so many.
    CrowdedArchive(usize),
    /// It would unpack to more than so many MB.
    BloatedArchive(u64),
    EscapingArchive,
    ArchiveWithin,
    ProgramWithin,
    MacrosWithin,
}
