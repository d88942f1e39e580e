//! Why mail does not go out, in words, and what to do about it: in Chinese for the office, in English for whoever runs the
//! machine. Decides nothing.

use crate::mail::Reason;

/// As the office reads it.
pub fn label(reason: Reason) -> &'static str {
    chinese(reason).0
}

/// What the office, or its administrator, is to do.
pub fn what_to_do(reason: Reason) -> &'static str {
    chinese(reason).1
}

/// As an administrator reads it.
pub fn english(reason: Reason) -> &'static str {
    in_english(reason).0
}

/// What an administrator is to do.
pub fn remedy(reason: Reason) -> &'static str {
    in_english(reason).1
}

/// Where nothing need be done but wait.
const WAITS: &str = "本系统会自行再试";
const ITS_OWN: &str = "请核对该岗位的收件邮箱";

fn chinese(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::Quota => {
            ("本系统邮箱当日发信额度用尽", "额度恢复后自动补发；请向邮箱服务商申请提高额度，或换用额度更高的发件邮箱")
        }
        Reason::Throttled => {
            ("本系统邮箱发信过快，被限流", "稍后自动补发；如常发生，请在 [mail] 调大 pace，减少 connections")
        }
        Reason::Auth => (
            "本系统邮箱登录未获许可",
            "请核对 [mail.transport] 的 username 与密码（授权码），并确认该邮箱已开通 SMTP；改后执行 systemctl restart duban",
        ),
        Reason::Sender => {
            ("邮件服务器不许用此发件人", "请将 [mail] from 改为登录邮箱（username）本身的地址，或请服务商授权代发")
        }
        Reason::Relay => {
            ("邮件服务器不为本系统转发邮件", "请填写 username 与密码登录后发信，或请邮件管理员准许本机转发")
        }
        Reason::Helo => {
            ("邮件服务器不认本机名称", "请在 [mail.transport] 的 helo 填写本机完整域名，如 duban.example.com")
        }
        Reason::Blocked => (
            "邮件服务器不信任本机地址或发件域名",
            "请邮件管理员将本机加入许可名单，并核对发件域名的 SPF、DKIM、DMARC 记录",
        ),
        Reason::Policy => ("邮件服务器按其规则拒收本系统邮件", "请将对方应答转给邮件管理员或服务商，请其放行"),
        Reason::Protocol => ("邮件服务器不接受本系统的应答顺序", "请核对 host、port、tls 三项是否指向发信（SMTP）服务"),
        Reason::AllRefused => (
            "邮件服务器接连拒收，一封未收",
            "请将对方应答转给邮件管理员或服务商查明原因；已拒收的各封均已留存，恢复后补发",
        ),
        Reason::Mailbox => ("收件邮箱不存在或停用", ITS_OWN),
        Reason::Full => ("收件邮箱已满", "请该岗位清理邮箱，再由值班人员重发"),
        Reason::Unwanted => ("收件人设置了拒收", "请该岗位将发件邮箱加入白名单，再由值班人员重发"),
        Reason::Busy => ("收件人短时间内来信过多", WAITS),
        Reason::Content => ("被判为垃圾邮件", "请邮件管理员将发件邮箱加入许可名单，再由值班人员重发"),
        Reason::Large => ("邮件过大", "请邮件管理员放宽单封大小"),
        Reason::Temporary => ("对方暂时不收", WAITS),
        Reason::Permanent => ("对方拒收", ITS_OWN),
        Reason::NoAddress => ("查不到邮件服务器的地址", "请核对 [mail.transport] host 的拼写与本机的域名解析（DNS）"),
        Reason::Dropped => ("连接中断", "请核对 host、port 与防火墙；恢复后自动补发"),
        Reason::TimedOut => ("对方无应答", "请核对 host、port 与防火墙；恢复后自动补发"),
        Reason::Garbage => ("对方应答有误", "请核对 host、port 是否指向发信（SMTP）服务"),
        Reason::Tls => ("加密连接失败", "请将对方应答转给邮件管理员"),
        Reason::NoStartTls => {
            ("对方未提供 STARTTLS 加密", "465 端口请用 tls = \"implicit\"；确无加密的内网服务器可用 tls = \"none\"")
        }
        Reason::NoTls => ("该端口不是加密端口", "587、25 端口请用 tls = \"starttls\"，465 端口用 tls = \"implicit\""),
        Reason::OldTls => ("双方没有共同的加密版本", "请邮件管理员在邮件服务器上启用 TLS 1.2 或以上"),
        Reason::CertificateExpired => ("邮件服务器证书已过期", "请邮件管理员更换证书"),
        Reason::CertificateEarly => ("邮件服务器证书尚未生效", "请核对本机时钟；时钟无误时请邮件管理员更换证书"),
        Reason::CertificateUnknown => (
            "邮件服务器证书不受信任",
            "请将其证书（自签名证书即该证书本身）存为文件，在 [mail.transport] 以 extra_root 指明",
        ),
        Reason::CertificateName => {
            ("邮件服务器证书不是该主机名的", "请将 [mail.transport] host 改为证书所载的名称，或请邮件管理员更换证书")
        }
        Reason::Unsendable => ("邮件内容有误", "请联系系统管理员"),
        Reason::Disk => ("写入磁盘失败", "请腾出磁盘空间，或核对文件夹权限"),
    }
}

/// As [`WAITS`].
const WAIT: &str = "it is tried again by itself";
const CHECK_ADDRESS: &str = "check the post's address";

fn in_english(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::Quota => (
            "what this account may send in a day is used up",
            "all goes out once it may send again; ask the provider for a larger quota, or send from an account that has one",
        ),
        Reason::Throttled => (
            "letters are sent too fast",
            "they go out later; if it happens often, raise `pace` and lower `connections` in [mail]",
        ),
        Reason::Auth => (
            "the mail account may not log in",
            "check `username` and its password (授权码) in [mail.transport] and that SMTP is switched on for it, then restart",
        ),
        Reason::Sender => (
            "the mail server does not allow this sender",
            "set `from` in [mail] to the address of the account that logs in, or have the account allowed to send as it",
        ),
        Reason::Relay => (
            "the mail server does not pass mail on for this program",
            "log in with `username` and a password, or have this machine allowed to relay",
        ),
        Reason::Helo => (
            "the mail server does not like the name given at EHLO",
            "set `helo` in [mail.transport] to this machine's full name",
        ),
        Reason::Blocked => (
            "the mail server distrusts this machine's address or the sender's domain",
            "have the machine allowed there; check SPF, DKIM and DMARC of the sender's domain",
        ),
        Reason::Policy => {
            ("a rule of the mail server's is against it", "show the reply to whoever runs the mail server")
        }
        Reason::Protocol => (
            "the mail server does not take the talk as it went",
            "check that `host`, `port` and `tls` are those of an SMTP service",
        ),
        Reason::AllRefused => (
            "several letters in a row were refused and none was taken",
            "show the reply to whoever runs the mail server; the letters are kept and go out when it is mended",
        ),
        Reason::Mailbox => ("there is no such mailbox, or it takes no mail", CHECK_ADDRESS),
        Reason::Full => ("the recipient's mailbox is full", "have it emptied, then send the letter again"),
        Reason::Unwanted => {
            ("the recipient takes no mail from this sender", "have the sender allowed there, then send it again")
        }
        Reason::Busy => ("the recipient got too much at once", WAIT),
        Reason::Content => ("taken for spam", "have the sender allowed at the mail server, then send the letter again"),
        Reason::Large => ("the letter is too large", "have the mail server take larger ones"),
        Reason::Temporary => ("not taken for now", WAIT),
        Reason::Permanent => ("refused", CHECK_ADDRESS),
        Reason::NoAddress => (
            "no address is known for the mail server's name",
            "check `host` in [mail.transport] and this machine's DNS",
        ),
        Reason::Dropped => ("the connection ended", "check `host`, `port` and firewalls"),
        Reason::TimedOut => ("no answer", "check `host`, `port` and firewalls"),
        Reason::Garbage => ("the answer is no SMTP", "check that `host` and `port` are those of an SMTP service"),
        Reason::Tls => ("TLS failed", "show the words to whoever runs the mail server"),
        Reason::NoStartTls => (
            "the mail server does not offer STARTTLS",
            "at port 465 use tls = \"implicit\"; for a relay without TLS on a trusted network tls = \"none\"",
        ),
        Reason::NoTls => {
            ("no TLS is spoken there", "at ports 587 and 25 use tls = \"starttls\", at 465 tls = \"implicit\"")
        }
        Reason::OldTls => ("no version of TLS that both know", "have TLS 1.2 or later switched on at the mail server"),
        Reason::CertificateExpired => ("the mail server's certificate has expired", "have it renewed"),
        Reason::CertificateEarly => (
            "the mail server's certificate is not valid yet",
            "check this machine's clock; if it is right, have the certificate renewed",
        ),
        Reason::CertificateUnknown => (
            "the mail server's certificate is not trusted",
            "save its authority's certificate, or itself if it is self-signed, in a file and name it as `extra_root` in [mail.transport]",
        ),
        Reason::CertificateName => (
            "the mail server's certificate is made out to another name",
            "set `host` in [mail.transport] to a name that the certificate has, or have it renewed",
        ),
        Reason::Unsendable => ("the letter makes no message", "report it as a defect"),
        Reason::Disk => ("writing to the disk failed", "make room, or check the folder's permissions"),
    }
}
