//! What a value of the configuration is not, though its key wants it.

use super::words::{Shown, Words, say};
use crate::domain::address::AddressFault;

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum FormFault {
    NoTimeZone(Shown),
    NoWholeNumber {
        written: Shown,
        least: u32,
        most: u32,
    },
    /// A number or a length of time that is too small or too large.
    Outside {
        written: Shown,
        least: String,
        most: String,
    },
    NoLengthOfTime(Shown),
    NoSize(Shown),
    NoFlag(Shown),
    NoneOf {
        written: Shown,
        words: &'static [&'static str],
    },
    /// The address itself is not said: configurations are logged.
    NoMailAddress(AddressFault),
    NoPageAddress(Shown),
    /// The console has pages of its own there.
    TakenPath(Shown),
    /// The address itself is not said: it may hold a password.
    NoDatabase,
    ForgetfulDatabase,
    NoHost(Shown),
    NoIpAddress(Shown),
    NoHeader(Shown),
    NoListenAddress(Shown),
    NoFilter(Shown),
}

impl FormFault {
    pub(super) fn predicate(&self) -> Words {
        match self {
            FormFault::NoTimeZone(written) => say!(
                "is no time zone: `{written}`; it must be a name of the time zone database, like Asia/Shanghai",
                "不是时区：{written}；应为时区数据库中的名称，如 Asia/Shanghai"
            ),
            FormFault::NoWholeNumber { written, least, most } => say!(
                "is no whole number: `{written}`; it must be from {least} to {most}",
                "不是整数：{written}；应在 {least} 至 {most} 之间"
            ),
            FormFault::Outside { written, least, most } => {
                say!("is {written}; it must be from {least} to {most}", "为 {written}；应在 {least} 至 {most} 之间")
            }
            FormFault::NoLengthOfTime(written) => say!(
                "is no length of time: `{written}`; it is written like 500ms, 30s, 10m, 2h or 5d",
                "不是时长：{written}；应写作 500ms、30s、10m、2h、5d"
            ),
            FormFault::NoSize(written) => say!(
                "is no size: `{written}`; it is written like 500kB, 50MB or 2GB",
                "不是大小：{written}；应写作 500kB、50MB、2GB"
            ),
            FormFault::NoFlag(written) => {
                say!("is `{written}`; it must be true or false", "为 {written}；应为 true 或 false")
            }
            FormFault::NoneOf { written, words } => {
                let (english, chinese) = (words.join(", "), words.join("、"));
                say!("is `{written}`; it must be one of {english}", "为 {written}；应为 {chinese} 之一")
            }
            FormFault::NoMailAddress(fault) => {
                let label = fault.label();
                say!(
                    "is no address: {fault}; it is written like duban@cq.gov.cn",
                    "不是邮箱地址：{label}；应写作 duban@cq.gov.cn"
                )
            }
            FormFault::NoPageAddress(written) => say!(
                "is no address of a page: `{written}`; it is written like https://duban.cq.gov.cn, without ? or #",
                "不是网址：{written}；应写作 https://duban.cq.gov.cn，不含 ? 和 #"
            ),
            FormFault::TakenPath(path) => say!(
                "begins its path with `{path}`, where the console has pages of its own; take another, like /duban",
                "的路径以 {path} 开头，与本系统页面的路径相同；请改用其他路径，如 /duban"
            ),
            FormFault::NoDatabase => say!(
                "is no address of a database; it must be sqlite:PATH or postgres://USER@HOST/NAME",
                "不是数据库地址；应为 sqlite:PATH 或 postgres://USER@HOST/NAME"
            ),
            FormFault::ForgetfulDatabase => say!(
                "is a database in memory, which forgets everything; it must be sqlite:PATH or postgres://USER@HOST/NAME",
                "是内存数据库，内容不保存；应为 sqlite:PATH 或 postgres://USER@HOST/NAME"
            ),
            FormFault::NoHost(written) => say!(
                "is neither a host name nor an IP address: `{written}`; it must be a name like smtp.163.com or an IP \
                 address, without port or smtp://",
                "既非主机名也非 IP 地址：{written}；应写作 smtp.163.com 或 IP 地址，不含端口和 smtp://"
            ),
            FormFault::NoIpAddress(written) => say!(
                "`{written}` is no IP address; give IP addresses, blank-separated",
                "中的 {written} 不是 IP 地址；请填写 IP 地址，以空格分隔"
            ),
            FormFault::NoHeader(written) => say!(
                "is `{written}`; it must be a header's name like x-duban-post",
                "为 {written}；应为标头名称，如 x-duban-post"
            ),
            FormFault::NoListenAddress(written) => say!(
                "is `{written}`; it must be an IP address and a port like 127.0.0.1:8480, or \"off\"",
                "为 {written}；应为 IP 地址加端口，如 127.0.0.1:8480，或 \"off\""
            ),
            FormFault::NoFilter(written) => say!(
                "is no filter: `{written}`; it must be error, warn, info, debug or trace, or a filter like \
                 `info,duban::jobs=debug`",
                "不是日志过滤规则：{written}；应为 error、warn、info、debug、trace，或如 info,duban::jobs=debug"
            ),
        }
    }
}
