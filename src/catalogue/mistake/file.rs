//! What is wrong with a file as a whole.

use super::words::{Shown, Words, say};

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum FileFault {
    /// A file of a folder of seeds, which has these.
    UnreadableSeed(Unreadable, Vec<&'static str>),
    UnreadableConfiguration(Unreadable),
    Utf16,
    /// This byte cannot stand in UTF-8.
    NotUtf8(u8),
    /// A sheet's text is in none of the encodings that are read.
    UnknownEncoding,
    /// An Excel file where a sheet's text is wanted.
    Workbook,
    /// None of these has that name.
    UnknownFile {
        name: Shown,
        known: Vec<&'static str>,
    },
    FileGivenTwice,
    /// The layers, each sound by itself, cannot be put together: in the library's words.
    Unjoined(String),
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// In the words of the system.
    System(String),
    NoFile,
    /// Larger than so many MB.
    TooLarge(u64),
}

impl FileFault {
    pub(super) fn words(&self) -> Words {
        match self {
            FileFault::UnreadableSeed(why, files) => {
                let (Words { english, chinese }, files) = (why.words(), files.join(", "));
                say!(
                    "the file cannot be read: {english}; a seeds folder has {files}",
                    "文件不能读取：{chinese}；种子文件夹应有 {files}"
                )
            }
            FileFault::UnreadableConfiguration(why) => {
                let Words { english, chinese } = why.words();
                say!(
                    "the file cannot be read: {english}; give an existing file with --config, or leave it out for the defaults",
                    "文件不能读取：{chinese}；请用 --config 指明已有的文件，或不指明而用默认值"
                )
            }
            FileFault::Utf16 => say!(
                "the file is UTF-16, not UTF-8; save it as UTF-8",
                "文件是 UTF-16 编码，不是 UTF-8；请另存为 UTF-8 编码"
            ),
            FileFault::NotUtf8(byte) => say!(
                "byte 0x{byte:02X} is not UTF-8 here (GBK, perhaps: Excel saves csv so); save it as UTF-8",
                "此处不是 UTF-8 编码（Excel 另存的 csv 常为 GBK 编码）；请另存为 UTF-8 编码"
            ),
            FileFault::UnknownEncoding => say!(
                "the text is in none of UTF-8, UTF-16 and GB18030; save it as csv from the spreadsheet once more",
                "文件不是 UTF-8、UTF-16 或 GB18030 编码的文字；请在表格软件中重新另存为 csv"
            ),
            FileFault::Workbook => say!(
                "this is an Excel workbook; save the sheet as csv and give that",
                "这是 Excel 工作簿；请在表格软件中另存为 csv 后再导入"
            ),
            FileFault::UnknownFile { name, known } => {
                let known = known.join(", ");
                say!(
                    "no file of the catalogue has the name `{name}`; known: {known}",
                    "目录没有名为 {name} 的文件；可用：{known}"
                )
            }
            FileFault::FileGivenTwice => say!("the file was given twice; give it once", "同名文件上传了两次；只写一次"),
            FileFault::Unjoined(words) => say!("{words}", "各处配置不能合并：{words}"),
        }
    }
}

impl Unreadable {
    fn words(&self) -> Words {
        match self {
            Unreadable::System(words) => say!("{words}", "{words}"),
            Unreadable::NoFile => say!("it is no file", "不是文件"),
            Unreadable::TooLarge(most) => say!("it is larger than {most} MB", "超过 {most} MB"),
        }
    }
}
