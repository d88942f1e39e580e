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
    /// By its name a program, a script, a web page, or a link to one.
    ProgramFile,
    /// By its name none of what is taken.
    OtherEnding,
    /// A text that opens something when it is opened: a link, a query, a connection.
    OpensSomething,
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
    /// In an archive, what is none by its name of what is taken.
    OtherWithin,
    MacrosWithin,
}
