//! What may not be changed of the settings and of letters, in words.

use crate::catalogue::mistake::words::{Words, say};
use crate::domain::refusal::setting::SettingRefusal;
use crate::read::notice;

pub(super) fn words(refusal: &SettingRefusal) -> Words {
    match refusal {
        SettingRefusal::NothingToApply => say!(
            "catalogue, roster and calendar are so already; there is nothing to apply",
            "与现行目录、名册、日历相同，没有可应用的更改"
        ),
        SettingRefusal::OtherThanShown => say!(
            "the changes are not those that were shown: something else has changed meanwhile; look at them again",
            "所列更改与此前核对的不同（其间另有更改），请重新核对后再确认"
        ),
        SettingRefusal::NoDayListed => say!(
            "the file lists no day; that none is listed does not mean that there are no holidays",
            "文件中没有任何日期；没有列出日期不等于没有节假日"
        ),
        SettingRefusal::NoticeInDoubt(doubts) => {
            let told: Vec<Words> = doubts.iter().map(notice::doubt).collect();
            let english = told.iter().map(|words| words.english.as_str()).collect::<Vec<_>>().join("; ");
            let chinese = told.iter().map(|words| words.chinese.as_str()).collect::<Vec<_>>().join("；");
            say!(
                "nothing was taken in; look at this, and give --yes if it is right: {english}",
                "尚未导入，以下各点须核对后确认：{chinese}"
            )
        }
        SettingRefusal::NoFileChosen => say!("no file is chosen", "未选择文件"),
        SettingRefusal::ShownIsGone => {
            say!(
                "the files that were shown are not there any more; upload them again",
                "找不到所核对的文件，请重新上传"
            )
        }
        SettingRefusal::NoPlaceForFiles => say!("no folder for files is configured", "未设置文件存放位置，不能上传"),
        SettingRefusal::NotUndelivered(letter) => say!(
            "the letter {letter} is not undelivered and is not sent again",
            "邮件 {letter} 不是未送达的邮件，无须重发"
        ),
        SettingRefusal::NothingHeld => say!("no letters are held", "没有暂停的邮件"),
        SettingRefusal::LinkRevoked => say!("the letter's link is revoked already", "该邮件的链接已作废"),
    }
}
