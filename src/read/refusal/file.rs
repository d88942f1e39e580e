//! Why files are not taken as evidence, in words.

use crate::catalogue::mistake::words::{Words, say};
use crate::domain::refusal::file::{FileRefusal, NotTaken};
use crate::vault::endings::{Kind, TAKEN};

pub(super) fn words(files: &[NotTaken]) -> Words {
    let each: Vec<Words> = files.iter().map(|file| one(&file.name, file.why)).collect();
    let english = each.iter().map(|words| words.english.as_str()).collect::<Vec<_>>().join("; ");
    let chinese = each.iter().map(|words| words.chinese.as_str()).collect::<Vec<_>>().join("；");
    let Words { english: taken, chinese: taken_chinese } = taken();
    say!("{english}; taken are {taken}", "{chinese}。可接收：{taken_chinese}。")
}

/// The kinds of files that are taken, each with how it ends.
pub fn taken() -> Words {
    let each = |name: fn(&Kind) -> &'static str, open: &str, mark: &str, close: &str| {
        let kinds = TAKEN.iter().map(|kind| format!("{}{open}{}{close}", name(kind), kind.named.join(mark)));
        kinds.collect::<Vec<_>>()
    };
    Words {
        english: each(|kind| kind.english, " (", ", ", ")").join(", "),
        chinese: each(|kind| kind.chinese, "（", "、", "）").join("，"),
    }
}

fn one(name: &str, why: FileRefusal) -> Words {
    match why {
        FileRefusal::EmptyFile => say!("`{name}` is empty", "“{name}”是空文件"),
        FileRefusal::LargeFile(most) => {
            say!("`{name}` is too large: {most} MB at most", "“{name}”过大：至多 {most} MB")
        }
        FileRefusal::ProgramFile => {
            say!(
                "`{name}` is a program, a script, a web page or a link by its name",
                "“{name}”按名称是程序、脚本、网页或快捷方式类文件，不予接收"
            )
        }
        FileRefusal::OtherEnding => say!(
            "`{name}` ends in none of the ways that are taken; name it after what it is",
            "“{name}”的后缀不在接收范围内；内容确属下列各类的，请改用相应后缀"
        ),
        FileRefusal::OpensSomething => say!(
            "`{name}` opens something else when it is opened: a link, a query, a connection or a setting",
            "“{name}”打开时会转而打开其他内容（快捷方式、数据查询、远程连接、系统设置类文件），不予接收"
        ),
        FileRefusal::Installer => say!("`{name}` is an installer", "“{name}”是安装程序，不予接收"),
        FileRefusal::Executable => say!("`{name}` is a program", "“{name}”是可执行程序，不予接收"),
        FileRefusal::Markup => say!("`{name}` is a web page, XML or a script", "“{name}”是网页、XML 或脚本，不予接收"),
        FileRefusal::MarkupWithin => say!(
            "`{name}` has code of a web page, of XML or of a script in it",
            "“{name}”含有网页、XML 或脚本代码，不予接收"
        ),
        FileRefusal::UnknownContent => {
            say!("`{name}` is of no known kind", "“{name}”的类型无法识别，不在接收范围内")
        }
        FileRefusal::OtherKind => say!("`{name}` is of a kind that is not taken", "“{name}”的类型不在接收范围内"),
        FileRefusal::OtherArchive => {
            say!("`{name}` is an archive, but no zip", "“{name}”是其他格式的压缩包，请改用 zip")
        }
        FileRefusal::BrokenArchive => {
            say!("the archive `{name}` is not whole or damaged", "“{name}”压缩结构不完整或已损坏")
        }
        FileRefusal::OverlappingArchive => say!(
            "the archive `{name}` lists the same bytes several times",
            "“{name}”压缩结构异常（内容重叠），不予接收"
        ),
        FileRefusal::CrowdedArchive(most) => {
            say!("the archive `{name}` has too many files: {most} at most", "“{name}”压缩包内文件过多：至多 {most} 个")
        }
        FileRefusal::BloatedArchive(most) => {
            say!("the archive `{name}` unpacks to more than {most} MB", "“{name}”解压后过大：至多 {most} MB")
        }
        FileRefusal::EscapingArchive => {
            say!("the archive `{name}` has a path that leads out of it", "“{name}”压缩包内有指向包外的路径，不予接收")
        }
        FileRefusal::ArchiveWithin => {
            say!("the archive `{name}` has an archive in it", "“{name}”压缩包内不得再含压缩包")
        }
        FileRefusal::ProgramWithin => say!(
            "the archive `{name}` has a program, a script, a web page or a link in it",
            "“{name}”压缩包内有程序、脚本、网页或快捷方式类文件，不予接收"
        ),
        FileRefusal::OtherWithin => say!(
            "the archive `{name}` has files in it that end in none of the ways that are taken",
            "“{name}”压缩包内有后缀不在接收范围内的文件，请去掉后重新压缩"
        ),
        FileRefusal::MacrosWithin => {
            say!("`{name}` has macros or a program in it", "“{name}”含有宏或程序，请另存为不含宏的文档")
        }
    }
}
