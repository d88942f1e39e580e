//! What is wrong with settings that are each right by themselves, and with the variables and secrets they come from.

use super::words::{Words, say};

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum SettingFault {
    VariableNotUtf8,
    /// No key has this variable; this one was probably meant.
    UnknownVariable(Option<String>),
    UnreadableSecret(BadSecret, Secret),
    UrlTwice,
    /// `total` being that.
    LongAfterDot(String),
    /// Sending a batch may take that.
    ShortLease(String),
    /// A key of the other kind of transport.
    OtherTransport {
        key: &'static str,
        of: &'static str,
        chosen: &'static str,
    },
    SmtpWithoutHost,
    ExampleSender,
    PasswordWithoutUser,
    /// Which could come from this credential.
    UserWithoutPassword(&'static str),
    PlainPassword,
    UnreadableRoot(String),
}

/// A file that holds no secret as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSecret {
    pub file: String,
    pub why: SecretFault,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretFault {
    /// In the words of the system.
    Unreadable(String),
    NoFile,
    Empty,
    /// Neither UTF-8 nor UTF-16.
    NoText,
    ManyLines,
}

impl SecretFault {
    fn words(&self) -> Words {
        match self {
            SecretFault::Unreadable(words) => say!("{words}", "{words}"),
            SecretFault::NoFile => say!("is no file that holds a secret", "不是存放密码的文件"),
            SecretFault::Empty => say!("is empty", "是空的"),
            SecretFault::NoText => say!("is no text in UTF-8", "不是 UTF-8 编码的文本"),
            SecretFault::ManyLines => say!("holds more than one line", "不止一行"),
        }
    }
}

/// What a secret is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    DatabaseFile,
    DatabaseCredential,
    MailPassword,
}

impl SettingFault {
    pub(super) fn words(&self) -> Words {
        match self {
            SettingFault::VariableNotUtf8 => {
                say!("its value is not UTF-8; write it in UTF-8", "其值不是 UTF-8 编码；请用 UTF-8")
            }
            SettingFault::UnknownVariable(Some(meant)) => {
                say!("there is no such key; did you mean {meant}?", "没有此键；是否应为 {meant}？")
            }
            SettingFault::UnknownVariable(None) => say!(
                "there is no such key; variables are written DUBAN__SECTION__KEY; the keys stand in config/default.toml",
                "没有此键；变量写作 DUBAN__SECTION__KEY，各键见 config/default.toml"
            ),
            SettingFault::UnreadableSecret(BadSecret { file, why }, right) => {
                let (Words { english, chinese }, right) = (why.words(), right.words());
                let (give, put) = (right.english, right.chinese);
                say!("{file}: {english}; {give}", "{file}：{chinese}；{put}")
            }
            SettingFault::UrlTwice => {
                say!("`url` and `url_file` are both given; give one of them", "“url”与“url_file”都填了；只填其一")
            }
            SettingFault::LongAfterDot(total) => say!(
                "`after_dot` is longer than `total`, which is {total}; give `total` more time, or `after_dot` less",
                "“after_dot”长于“total”（{total}）；请加长 total，或缩短 after_dot"
            ),
            SettingFault::ShortLease(least) => say!(
                "`lease` is shorter than the {least} that sending a batch may take (timeouts.total, and pace × batch); a \
                 letter whose claim has run out could be sent by somebody else too",
                "“lease”短于发送一批所需的 {least}（timeouts.total 加 pace × batch）；领取过期的邮件可能被重复发送"
            ),
            SettingFault::OtherTransport { key, of, chosen } => say!(
                "`{key}` belongs to kind = \"{of}\", and kind is \"{chosen}\"; take it out, or change the kind",
                "“{key}”属于 kind = \"{of}\"，而 kind 为 \"{chosen}\"；请删去，或更改 kind"
            ),
            SettingFault::SmtpWithoutHost => say!(
                "kind = \"smtp\" needs `host`; add `host = \"smtp.example.com\"`",
                "kind = \"smtp\" 须有“host”；请补上 host = \"smtp.example.com\""
            ),
            SettingFault::ExampleSender => say!(
                "`mail.from` is an example address, which no mail server will take; give the address the letters are to \
                 come from",
                "“mail.from”是示例地址，邮件服务器不会接受；请填写发件邮箱"
            ),
            SettingFault::PasswordWithoutUser => {
                say!("there is a password and no `username`; add `username`", "有密码而没有“username”；请补上 username")
            }
            SettingFault::UserWithoutPassword(credential) => say!(
                "there is a `username` and no password; add `password_file`, or LoadCredential={credential}:… to the unit",
                "有“username”而没有密码；请补上 password_file，或在 unit 中加 LoadCredential={credential}:…"
            ),
            SettingFault::PlainPassword => say!(
                "`username` would send the password over a connection without TLS; set `tls`, or allow it with \
                 `allow_plain_auth = true`",
                "密码将经未加密的连接发送；请设置 tls，或以 allow_plain_auth = true 准许"
            ),
            SettingFault::UnreadableRoot(wrong) => say!(
                "`extra_root` cannot be used: {wrong}",
                "“extra_root”不能使用：{wrong}；请指明证书文件（PEM 或 DER 格式）"
            ),
        }
    }
}

impl Secret {
    fn words(self) -> Words {
        match self {
            Secret::DatabaseFile => say!("put the database's address into that file", "请把数据库地址写入该文件"),
            Secret::DatabaseCredential => {
                say!("put the database's address into that credential", "请把数据库地址写入该凭据")
            }
            Secret::MailPassword => say!(
                "put the mail account's password (授权码) into it, readable for this program alone",
                "请把邮箱密码（授权码）写入其中，只许本程序读取"
            ),
        }
    }
}
