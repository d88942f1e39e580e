//! What mail servers say, provider by provider, and of whom we take them to speak. The replies are such as their pages
//! list and their users report.

use duban::mail::{Failure, Reason, Reply, Stage, Whom, classify};
use duban::read::mail::{english, label, remedy, what_to_do};

/// A reply as it comes, with its phase, and the outcome and reason that it is to mean.
type Line = (Stage, &'static str, &'static str, Reason);

const DOWN: &str = "connection_down";
const REFUSED: &str = "refused";
const DEFERRED: &str = "deferred";

fn assert_read(provider: &str, lines: &[Line]) {
    let mut wrong = Vec::new();
    for (phase, said, end, reason) in lines {
        let (code, text) = said.split_at(3);
        let reply = Reply { code: code.parse().unwrap(), text: text.trim().to_owned() };
        let got = classify(*phase, &Failure::Reply(reply));
        if (got.code(), got.reason()) != (*end, Some(*reason)) {
            wrong.push(format!("{phase} {said}: {} {:?}, not {end} {reason:?}", got.code(), got.reason()));
        }
    }
    assert!(wrong.is_empty(), "{provider}:\n{}", wrong.join("\n"));
}

/// One provider: each reply with its phase, outcome and reason.
macro_rules! provider {
    ($name:ident, $( $phase:ident $said:literal => $end:ident $reason:ident; )+) => {
        #[test]
        fn $name() {
            assert_read(stringify!($name), &[$( (Stage::$phase, $said, $end, Reason::$reason) ),+]);
        }
    };
}

provider! { tencent_qq_and_exmail,
    Auth "535 Login Fail. Please enter your authorization code to login. More information in https://service.mail.qq.com" => DOWN Auth;
    Auth "535 Error: authentication failed, system busy" => DOWN Auth;
    Mail "501 Mail from address must be same as authorization user." => DOWN Sender;
    Mail "503 Error: need EHLO and AUTH first !" => DOWN Auth;
    AfterDot "550 The \"From\" header is missing or invalid. Please follow RFC5322" => DOWN Sender;
    AfterDot "550 Domain frequency limited. http://service.mail.qq.com/cgi-bin/help?subtype=1&&no=1000722&&id=20022" => DOWN Throttled;
    AfterDot "550 Sender frequency limited. http://service.exmail.qq.com/cgi-bin/help?no=1000723" => DOWN Throttled;
    Rcpt "550 Connection frequency limited" => DOWN Throttled;
    Rcpt "550 Ip frequency limited" => DOWN Throttled;
    AfterDot "550 domain's daily quota exceeded" => DOWN Quota;
    AfterDot "550 Suspected spam sender." => DOWN Blocked;
    AfterDot "550 SPF check failed" => DOWN Blocked;
    AfterDot "550 DMARC check failed http://service.mail.qq.com/cgi-bin/help?subtype=1&&no=1001508" => DOWN Blocked;
    Rcpt "550 Mailbox unavailable or access denied" => DEFERRED Busy;
    Rcpt "550 Mailbox not found. http://service.exmail.qq.com/cgi-bin/help?no=1000728" => REFUSED Mailbox;
    Rcpt "550 The recipient may contain a non-existent account, please check the recipient address." => REFUSED Mailbox;
    Rcpt "501 Bad address syntax. http://service.exmail.qq.com/cgi-bin/help?no=1000730" => REFUSED Mailbox;
    AfterDot "550 Mail is rejected by recipients" => REFUSED Unwanted;
    AfterDot "550 Mail content denied. http://service.exmail.qq.com/cgi-bin/help?no=1000726" => REFUSED Content;
}

provider! { netease_163_and_126,
    Auth "535 Error: authentication failed" => DOWN Auth;
    Mail "550 User has no permission" => DOWN Sender;
    Mail "553 authentication is required,163 smtp1" => DOWN Auth;
    Mail "553 Requested action not taken: Local user only" => DOWN Sender;
    Mail "553 Requested action not taken: NULL sender is not allowed" => DOWN Sender;
    Rcpt "553 Requested action not taken: no smtp MX only" => DOWN Blocked;
    Mail "554 MI:STC 163 smtp5,too many mails of the day" => DOWN Quota;
    Rcpt "550 RP:TRC 163 smtp2" => DOWN Quota;
    Rcpt "451 RP:QRC 163 smtp2" => DOWN Throttled;
    Mail "451 MI:SFQ 163 smtp4" => DOWN Throttled;
    Mail "450 MI:DMC 163 smtp1" => DOWN Throttled;
    Rcpt "550 RP:FRL 163 smtp2" => DOWN Relay;
    Mail "550 MI:SPF 163 mx9" => DOWN Blocked;
    Mail "554 HL:IHU 163 mx1" => DOWN Blocked;
    Mail "554 IP is rejected, smtp auth error limit exceed,163 smtp7" => DOWN Blocked;
    AfterDot "554 DT:SUM 163 smtp3" => DOWN Sender;
    AfterDot "554 DT:SPM 163 smtp8" => REFUSED Content;
    AfterDot "451 DT:SPM 163 smtp8, please try again" => DEFERRED Content;
    Rcpt "550 Invalid User" => REFUSED Mailbox;
    Rcpt "550 User suspended" => REFUSED Mailbox;
    AfterDot "552 Requested mail action aborted: exceeded mailsize limit" => REFUSED Large;
}

provider! { coremail,
    Mail "553 Mail from must equal authorized user" => DOWN Sender;
    Mail "550 sender is rejected" => DOWN Sender;
    Mail "550 Requested mail action not taken: Fake sender" => DOWN Sender;
    Mail "554 Requested mail action not taken: Invalid IP" => DOWN Blocked;
    Mail "554 IP is Hangup" => DOWN Blocked;
    AfterDot "554 5.4.5 sending quota exceeded" => DOWN Quota;
    Rcpt "550 User not found: zhang@example.com" => REFUSED Mailbox;
    Rcpt "550 User hangup" => REFUSED Mailbox;
    Rcpt "550 rcpt is rejected" => REFUSED Unwanted;
    Rcpt "550 User in blacklist" => REFUSED Unwanted;
    Rcpt "552 Quota exceeded or service disabled." => REFUSED Full;
}

provider! { aliyun,
    Auth "526 Authentication failure[0]" => DOWN Auth;
    Auth "523 cipher text is invalid base64 format" => DOWN Auth;
    Mail "440 mail from account doesn't conform with authentication" => DOWN Sender;
    Mail "501 \"MAIL FROM\" is non-local account" => DOWN Sender;
    Mail "502 Mailfrom account is a local account" => DOWN Sender;
    Mail "541 This account isn't allowed to send email" => DOWN Sender;
    Rcpt "504 the number of RCPT attempts is achieved the maximum threshold" => DOWN Quota;
    Rcpt "505 the total of RCPTs is achieved the maximum threshold" => DOWN Throttled;
    AfterDot "554 Reject by behaviour spam" => DOWN Blocked;
    AfterDot "554 Reject by content spam" => REFUSED Content;
    Rcpt "554 RCPT (zhang@example.com) dosn't exist" => REFUSED Mailbox;
    Rcpt "553 \"RCPT TO\" mailbox unavailable" => REFUSED Mailbox;
    Rcpt "503 Rcptto account isn't a local account" => REFUSED Mailbox;
    Rcpt "542 This account isn't allowed to receive email" => REFUSED Mailbox;
    Rcpt "552 mailbox is full" => REFUSED Full;
    AfterDot "510 The length of DATA content is achieved the maximum threshold" => REFUSED Large;
}

provider! { exchange_and_outlook,
    Auth "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant." => DOWN Auth;
    Mail "530 5.7.57 Client not authenticated to send mail." => DOWN Auth;
    Mail "530 5.7.1 Client was not authenticated" => DOWN Auth;
    AfterDot "550 5.7.60 SMTP; Client does not have permissions to send as this sender" => DOWN Sender;
    AfterDot "554 5.2.252 SendAsDenied; duban@example.com not allowed to send as office@example.com" => DOWN Sender;
    AfterDot "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients" => DOWN Quota;
    AfterDot "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException" => DOWN Quota;
    AfterDot "550 5.7.705 Access denied, tenant has exceeded threshold" => DOWN Quota;
    AfterDot "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded" => DOWN Throttled;
    Rcpt "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain" => DOWN Relay;
    Rcpt "550 5.7.64 TenantAttribution; Relay Access Denied" => DOWN Relay;
    Rcpt "550 5.7.606 Access denied, banned sending IP [192.0.2.1]" => DOWN Blocked;
    Mail "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP." => DOWN Policy;
    Rcpt "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup" => REFUSED Mailbox;
    Rcpt "550 5.4.1 Recipient address rejected: Access denied" => REFUSED Mailbox;
    AfterDot "550 5.7.124 RESOLVER.RST.NotAuthorized; sender not in allowed-senders list" => REFUSED Unwanted;
    AfterDot "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup" => REFUSED Unwanted;
    AfterDot "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required [Stage: CreateMessage]" => REFUSED Unwanted;
    Rcpt "552 5.2.2 mailbox full" => REFUSED Full;
    AfterDot "552 5.3.4 Message size exceeds fixed maximum message size" => REFUSED Large;
    Rcpt "550 5.2.121 RESOLVER; recipient receive limit for this hour" => DEFERRED Busy;
}

provider! { gmail,
    Mail "530 5.5.1 Authentication Required. Learn more at https://support.google.com/mail" => DOWN Auth;
    AfterDot "550 5.4.5 Daily user sending quota exceeded. - gsmtp" => DOWN Quota;
    AfterDot "550 5.7.0 Mail relay denied. Invalid credentials for relay - gsmtp" => DOWN Relay;
    AfterDot "421 4.7.0 Our system has detected an unusual rate of unsolicited mail originating from your IP address." => DOWN Throttled;
    AfterDot "550 5.7.26 This mail is unauthenticated, which poses a security risk" => DOWN Blocked;
    AfterDot "550 5.7.25 The IP address sending this message does not have a PTR record setup" => DOWN Blocked;
    Rcpt "450 4.2.1 The user you are trying to contact is receiving mail too quickly." => DEFERRED Busy;
    Rcpt "550 5.1.1 The email account that you tried to reach does not exist." => REFUSED Mailbox;
    Rcpt "550 5.2.1 The email account that you tried to reach is disabled." => REFUSED Mailbox;
    Rcpt "552 5.2.2 The email account that you tried to reach is over quota." => REFUSED Full;
    AfterDot "550 5.7.1 Our system has detected that this message is likely unsolicited mail." => REFUSED Content;
}

provider! { postfix,
    Rcpt "553 5.7.1 <duban@example.com>: Sender address rejected: not owned by user office" => DOWN Sender;
    Rcpt "550 5.1.0 <duban@example.com>: Sender address rejected: User unknown in virtual mailbox table" => DOWN Sender;
    Rcpt "450 4.1.8 <duban@example.com>: Sender address rejected: Domain not found" => DOWN Sender;
    Rcpt "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname" => DOWN Helo;
    Rcpt "554 5.7.1 <zhang@example.com>: Relay access denied" => DOWN Relay;
    Rcpt "554 5.7.1 <zhang@example.com>: Recipient address rejected: Relay access denied" => DOWN Relay;
    Rcpt "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org" => DOWN Blocked;
    Rcpt "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied" => DOWN Blocked;
    Mail "530 5.7.0 Must issue a STARTTLS command first" => DOWN Auth;
    Rcpt "550 5.1.1 <zhang@example.com>: Recipient address rejected: User unknown in local recipient table" => REFUSED Mailbox;
    Rcpt "452 4.3.1 Insufficient system storage" => DEFERRED Temporary;
    Rcpt "450 4.2.0 <zhang@example.com>: Recipient address rejected: Greylisted" => DEFERRED Temporary;
    Mail "552 5.3.4 Message size exceeds fixed limit" => REFUSED Large;
    AfterDot "554 5.7.1 Message content rejected, id=12-34 - spam" => REFUSED Content;
    AfterDot "554 5.7.1 no" => DOWN Policy;
}

provider! { cisco_and_cpanel,
    Rcpt "550 #5.1.0 Address rejected." => REFUSED Mailbox;
    Mail "550 #5.1.0 Address rejected." => DOWN Sender;
    Rcpt "550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)" => DOWN Helo;
    AfterDot "550 Domain example.com has exceeded the max emails per hour (25/25 (100%)) allowed." => DOWN Quota;
    Rcpt "450 4.7.1 Error: too much mail from 192.0.2.1" => DOWN Throttled;
    Rcpt "550 5.2.2 Mailbox quota exceeded" => REFUSED Full;
}

provider! { exim,
    Rcpt "550 relay not permitted" => DOWN Relay;
    Rcpt "550 Sender verify failed" => DOWN Sender;
    Ehlo "501 syntactically invalid HELO argument(s)" => DOWN Helo;
    Rcpt "550 Unrouteable address" => REFUSED Mailbox;
    Rcpt "550 Unknown user" => REFUSED Mailbox;
    Rcpt "451 Temporary local problem - please try later" => DEFERRED Temporary;
    AfterDot "550 Administrative prohibition" => REFUSED Permanent;
}

provider! { sendmail_and_qmail,
    Rcpt "550 5.7.1 <zhang@example.com>... Relaying denied" => DOWN Relay;
    Mail "553 5.1.8 <duban@nowhere>... Domain of sender address duban@nowhere does not exist" => DOWN Sender;
    Ehlo "501 5.0.0 Invalid domain name" => DOWN Helo;
    Rcpt "550 5.1.1 <zhang@example.com>... User unknown" => REFUSED Mailbox;
    Rcpt "553 5.3.0 <zhang@example.com>... No such user here" => REFUSED Mailbox;
    Rcpt "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)" => DOWN Relay;
    Rcpt "550 sorry, no mailbox here by that name (#5.1.1)" => REFUSED Mailbox;
}

provider! { older_chinese_servers,
    Mail "553 host denies the sender" => DOWN Sender;
    Rcpt "553 host denies relay" => DOWN Relay;
    Mail "554 rbl deny" => DOWN Blocked;
    Mail "555 helohost error" => DOWN Helo;
    Mail "551 auth error" => DOWN Auth;
    Rcpt "550 user is locked" => REFUSED Mailbox;
    Rcpt "550 mailbox unavailable" => REFUSED Mailbox;
    AfterDot "552 Virus found" => REFUSED Content;
    AfterDot "552 message is too long" => REFUSED Large;
    AfterDot "554 transaction failed" => REFUSED Permanent;
}

#[test]
fn each_reason_has_its_words_and_what_to_do() {
    for reason in Reason::ALL.iter().copied() {
        for words in [english(reason), remedy(reason), label(reason), what_to_do(reason)] {
            assert!(!words.is_empty() && !words.ends_with(['.', '。']), "{reason}: {words}");
        }
        assert!(!english(reason).contains(|c: char| ('\u{4e00}'..'\u{9fff}').contains(&c)));
        // What ends a letter is never said of us.
        assert!(reason.whom() != Whom::Recipient || !what_to_do(reason).contains("[mail"), "{reason}");
    }
}
