//! What mail servers say, as data: their words, the enhanced codes (RFC 3463 and its registry, and Exchange's own) and the
//! plain codes, each with what is meant. Decides nothing: [`mod@super::classify`] reads it.
//!
//! Words are in lower case. In each table the first line that fits counts, so what says *whom* it means in more words
//! stands before what says it in fewer.

use super::outcome::Reason;

/// Words that say of whom they speak, whatever code stands before them.
pub(super) const SPOKEN: &[(&str, Reason)] = &[
    // A moment, or what the recipient got at once.
    ("greylist", Reason::Temporary),
    ("graylist", Reason::Temporary),
    ("receiving mail too quickly", Reason::Busy),           // Gmail
    ("receiving mail at a rate", Reason::Busy),             // Gmail
    ("mailbox unavailable or access denied", Reason::Busy), // QQ: the recipient got too much in a short time
    ("insufficient system storage", Reason::Temporary),     // Postfix
    ("server busy", Reason::Temporary),
    // What an Exchange recipient takes from some alone, in whatever words follow.
    ("resolver.rst", Reason::Unwanted),
    // What we may send in a day.
    ("sending quota", Reason::Quota), // Gmail, Coremail
    ("sending limit", Reason::Quota),
    ("user sending", Reason::Quota),
    ("sender quota", Reason::Quota),
    ("quota of the sender", Reason::Quota),
    ("daily quota", Reason::Quota),   // 腾讯企业邮: the domain's
    ("daily limit", Reason::Quota),   // Exchange Online
    ("daily message", Reason::Quota), // Amazon SES: Daily message quota exceeded
    ("daily sending", Reason::Quota),
    ("submissionquota", Reason::Quota), // Exchange
    ("recipient limit per day", Reason::Quota),
    ("exceeded its quota", Reason::Quota),
    ("max emails per hour", Reason::Quota), // cPanel
    ("hourly limit", Reason::Quota),
    ("exceeded the maximum number of messages", Reason::Quota),
    ("mi:stc", Reason::Quota), // NetEase: letters of a day
    ("rp:trc", Reason::Quota), // NetEase: recipients of a day
    ("rp:rcl", Reason::Quota), // NetEase
    ("number of rcpt attempts is achieved the maximum", Reason::Quota), // Aliyun: of a day
    ("total of rcpts is achieved the maximum", Reason::Throttled), // Aliyun: too fast
    ("日发送量", Reason::Quota),
    ("发信量", Reason::Quota),
    ("发信数", Reason::Quota),
    // How fast we send.
    ("frequency limited", Reason::Throttled), // QQ: Domain, Sender, Connection, Ip frequency limited
    ("frequency is limited", Reason::Throttled),
    ("rate limit", Reason::Throttled),
    ("ratelimit", Reason::Throttled),
    ("sending rate", Reason::Throttled),
    ("rate exceeded", Reason::Throttled),
    ("too much mail from", Reason::Throttled),               // Postfix
    ("max defers and failures per hour", Reason::Throttled), // cPanel
    ("发送频率", Reason::Throttled),
    ("relay limit exceeded", Reason::Throttled),  // Gmail
    ("thread limit exceeded", Reason::Throttled), // Exchange
    ("too many messages", Reason::Throttled),
    ("too many mails", Reason::Throttled),
    ("too many connections", Reason::Throttled),
    ("too many concurrent", Reason::Throttled),
    ("too much recipient", Reason::Throttled), // NetEase
    ("unusual rate of", Reason::Throttled),    // Gmail
    ("hl:icc", Reason::Throttled),             // NetEase: connections
    ("hl:ifc", Reason::Throttled),
    ("mi:dmc", Reason::Throttled), // NetEase: letters on one connection
    ("mi:cel", Reason::Throttled),
    ("mi:ccl", Reason::Throttled),
    ("mi:sfq", Reason::Throttled), // NetEase: letters in a quarter of an hour
    ("rp:qrc", Reason::Throttled),
    ("rp:drc", Reason::Throttled),
    ("rp:cel", Reason::Throttled),
    ("rp:ccl", Reason::Throttled),
    // The relay.
    ("relay access denied", Reason::Relay),  // Postfix
    ("relay not permitted", Reason::Relay),  // Exim
    ("relaying denied", Reason::Relay),      // sendmail
    ("relaying not allowed", Reason::Relay), // hMailServer, Mercury
    ("relaying is not", Reason::Relay),
    ("unable to relay", Reason::Relay), // Exchange
    ("not permitted to relay", Reason::Relay),
    ("denies relay", Reason::Relay), // older Chinese servers
    ("relay check", Reason::Relay),
    ("openrelay", Reason::Relay),
    ("relay denied", Reason::Relay),
    ("rp:frl", Reason::Relay),                    // NetEase
    ("list of allowed rcpthosts", Reason::Relay), // qmail
    // The sender's address.
    ("sender address rejected", Reason::Sender), // Postfix
    ("sender address is not", Reason::Sender),
    ("sender is rejected", Reason::Sender), // Coremail
    ("sender rejected", Reason::Sender),
    ("sender verify failed", Reason::Sender),          // Exim
    ("sender address does not exist", Reason::Sender), // sendmail
    ("domain of sender", Reason::Sender),              // sendmail
    ("sender is not allowed", Reason::Sender),
    ("sender not allowed", Reason::Sender),
    ("sender is unvalidated", Reason::Sender),
    ("sender denied", Reason::Sender), // Exchange: Sender Denied
    ("denies the sender", Reason::Sender),
    ("invalid sender", Reason::Sender),
    ("fake sender", Reason::Sender),         // Coremail
    ("null sender", Reason::Sender),         // NetEase, Coremail
    ("send as this sender", Reason::Sender), // Exchange 5.7.60
    ("sendasdenied", Reason::Sender),        // Exchange
    ("send on behalf", Reason::Sender),
    ("not owned by user", Reason::Sender),
    ("not owned by", Reason::Sender),
    ("must be same as authorization user", Reason::Sender),  // QQ
    ("must equal authorized user", Reason::Sender),          // Coremail, NetEase
    ("doesn't conform with authentication", Reason::Sender), // Aliyun
    ("mail from address", Reason::Sender),
    ("mailfrom account", Reason::Sender), // Aliyun
    ("\"mail from\"", Reason::Sender),    // Aliyun
    ("mail from invalid", Reason::Sender),
    ("\"from\" header", Reason::Sender),       // QQ
    ("local user only", Reason::Sender),       // NetEase, Coremail: the sender is nobody of this server's
    ("isn't allowed to send", Reason::Sender), // Aliyun
    ("not allowed to send mail", Reason::Sender),
    ("user has no permission", Reason::Sender), // NetEase: SMTP is not switched on for the account
    ("email address is not verified", Reason::Sender), // Amazon SES
    ("mi:imf", Reason::Sender),
    ("dt:sum", Reason::Sender), // NetEase: envelope and header differ
    ("mi:spb", Reason::Sender),
    ("wm:blu", Reason::Sender),
    // Our name.
    ("helo command rejected", Reason::Helo), // Postfix
    ("ehlo command rejected", Reason::Helo),
    ("fully-qualified hostname", Reason::Helo),
    ("invalid helo", Reason::Helo),
    ("invalid ehlo", Reason::Helo),
    ("invalid domain name", Reason::Helo), // sendmail: 501 5.0.0 Invalid domain name
    ("bad helo", Reason::Helo),
    ("helo name", Reason::Helo),
    ("helohost error", Reason::Helo),
    ("helo argument", Reason::Helo), // Exim: syntactically invalid HELO argument(s)
    ("mi:nhd", Reason::Helo),
    // Our address on the network, our domain; but first whom the recipient has put there.
    ("user in blacklist", Reason::Unwanted), // NetEase, Coremail
    ("recipient has blocked", Reason::Unwanted),
    ("client host rejected", Reason::Blocked), // Postfix
    ("client host [", Reason::Blocked),        // Postfix: blocked using a list; Exchange
    ("blocked using", Reason::Blocked),
    ("block list", Reason::Blocked),
    ("blocklist", Reason::Blocked),
    ("blacklist", Reason::Blocked),
    ("black ip", Reason::Blocked),
    ("banned sending ip", Reason::Blocked), // Exchange 5.7.606
    ("ip is rejected", Reason::Blocked),    // NetEase, Coremail
    ("ip is hangup", Reason::Blocked),      // Coremail
    ("invalid ip", Reason::Blocked),
    ("rbl deny", Reason::Blocked), // older Chinese servers
    ("rbls.org", Reason::Blocked),
    ("spamhaus", Reason::Blocked),
    ("poor reputation", Reason::Blocked),
    ("low reputation", Reason::Blocked),
    ("suspected spam sender", Reason::Blocked), // QQ
    ("suspected spam ip", Reason::Blocked),     // QQ
    ("behaviour spam", Reason::Blocked),        // Aliyun
    ("spf check failed", Reason::Blocked),      // QQ
    ("dmarc check failed", Reason::Blocked),    // QQ
    ("dkim check failed", Reason::Blocked),
    ("dmarc", Reason::Blocked),
    ("mi:spf", Reason::Blocked), // NetEase
    ("mi:dma", Reason::Blocked),
    ("hl:rep", Reason::Blocked),
    ("hl:mep", Reason::Blocked),
    ("hl:ihu", Reason::Blocked),
    ("hl:ipb", Reason::Blocked),
    ("wm:bli", Reason::Blocked),
    ("dt:rbl", Reason::Blocked),
    ("no smtp mx only", Reason::Blocked), // NetEase, Coremail
    // Name and password.
    ("authentication required", Reason::Auth),
    ("authentication is required", Reason::Auth), // NetEase
    ("authentication failed", Reason::Auth),
    ("authentication fail", Reason::Auth),
    ("authentication unsuccessful", Reason::Auth),  // Exchange
    ("client was not authenticated", Reason::Auth), // Exchange
    ("smtpclientauthentication is disabled", Reason::Auth),
    ("not authenticated to send", Reason::Auth),
    ("need ehlo and auth", Reason::Auth), // QQ
    ("need auth", Reason::Auth),
    ("auth error", Reason::Auth),
    ("auth first", Reason::Auth),
    ("login fail", Reason::Auth), // QQ: Login Fail. Please enter your authorization code to login
    ("authorization code", Reason::Auth),
    ("must issue a starttls", Reason::Auth), // Postfix
    ("must authenticate", Reason::Auth),
    ("please authenticate", Reason::Auth),
    ("log in first", Reason::Auth),
    // The recipient's own rule.
    ("rejected by recipient", Reason::Unwanted), // QQ
    ("refused by recipient", Reason::Unwanted),
    ("by the recipient", Reason::Unwanted),
    ("restricted recipient", Reason::Unwanted),
    ("not allowed to send to", Reason::Unwanted),
    ("not authorized to send to", Reason::Unwanted),
    ("not accept mail from", Reason::Unwanted),
    ("not accept messages from", Reason::Unwanted), // Exchange
    ("allowed senders list", Reason::Unwanted),
    ("permission to send to", Reason::Unwanted), // Exchange
    ("permissions to send to", Reason::Unwanted),
    ("rcpt is rejected", Reason::Unwanted),        // Coremail
    ("isn't allowed to receive", Reason::Mailbox), // Aliyun
    // The recipient's mailbox is full.
    ("mailbox full", Reason::Full),
    ("mailbox is full", Reason::Full), // Aliyun
    ("mailbox has exceeded", Reason::Full),
    ("mailbox size limit", Reason::Full),
    ("is over quota", Reason::Full),                             // Gmail, Dovecot
    ("out of storage space", Reason::Full),                      // Gmail
    ("quota exceeded (mailbox for user is full)", Reason::Full), // Dovecot
    ("hard limit for user", Reason::Full),
    ("user quota", Reason::Full),
    ("mailbox quota", Reason::Full),
    ("space not enough", Reason::Full),
    ("邮箱已满", Reason::Full),
    // The recipient.
    ("user unknown", Reason::Mailbox),        // Postfix, sendmail
    ("unknown user", Reason::Mailbox),        // Exim
    ("unrouteable address", Reason::Mailbox), // Exim
    ("no such user", Reason::Mailbox),
    ("no such recipient", Reason::Mailbox),
    ("no such mailbox", Reason::Mailbox),
    ("user not found", Reason::Mailbox), // Coremail
    ("user not exist", Reason::Mailbox),
    ("invalid user", Reason::Mailbox), // NetEase
    ("invalid recipient", Reason::Mailbox),
    ("unknown recipient", Reason::Mailbox),
    ("recipient unknown", Reason::Mailbox),
    ("recipient not found", Reason::Mailbox),
    ("recipientnotfound", Reason::Mailbox),          // Exchange
    ("recipient address rejected", Reason::Mailbox), // Postfix, Exchange Online
    ("mailbox not found", Reason::Mailbox),          // QQ
    ("mailbox does not exist", Reason::Mailbox),
    ("non-existent account", Reason::Mailbox), // QQ
    ("does not exist", Reason::Mailbox),       // Gmail: The email account that you tried to reach does not exist
    ("doesn't exist", Reason::Mailbox),
    ("dosn't exist", Reason::Mailbox),                    // Aliyun, as it spells it
    ("\"rcpt to\" mailbox unavailable", Reason::Mailbox), // Aliyun
    ("rcptto account", Reason::Mailbox),                  // Aliyun
    ("account is disabled", Reason::Mailbox),
    ("tried to reach is disabled", Reason::Mailbox), // Gmail
    ("user suspended", Reason::Mailbox),             // NetEase, Coremail
    ("user hangup", Reason::Mailbox),                // Coremail
    ("user is locked", Reason::Mailbox),
    ("user disabled", Reason::Mailbox),
    ("mailbox disabled", Reason::Mailbox),
    ("is inactive", Reason::Mailbox),
    ("addressee unknown", Reason::Mailbox),
    ("unknown address", Reason::Mailbox),
    ("bad recipient address", Reason::Mailbox),
    ("bad destination", Reason::Mailbox),
    // The letter.
    ("mailsize limit", Reason::Large), // NetEase
    ("message size", Reason::Large),   // Postfix
    ("message too large", Reason::Large),
    ("message is too long", Reason::Large),
    ("too large", Reason::Large),
    ("achieved the maximum threshold", Reason::Large), // Aliyun: body, attachments
    ("dt:spm", Reason::Content),                       // NetEase
    ("content denied", Reason::Content),               // QQ: Mail content denied
    ("content spam", Reason::Content),                 // Aliyun
    ("content reject", Reason::Content),               // QQ: Error: content rejected; Postfix, amavis
    ("anti-spam", Reason::Content),
    ("spam", Reason::Content),
    ("virus", Reason::Content),
    ("unsolicited mail", Reason::Content), // Gmail
    ("illegal attachment", Reason::Content),
];

/// Enhanced codes of a 5xx: subject, the first and the last detail, what is meant. 5.x.0 says nothing by itself.
pub(super) const ENHANCED: &[(u16, u16, u16, Reason)] = &[
    (1, 7, 8, Reason::Sender),
    (1, 1, 19, Reason::Mailbox), // 5.1.10: no mail is taken for the domain; Exchange: not found
    (1, 20, 20, Reason::Sender), // Exchange: several addresses in From
    (1, 90, 90, Reason::Quota),  // Exchange Online: recipients of a day
    (2, 1, 1, Reason::Mailbox),
    (2, 2, 2, Reason::Full),
    (2, 3, 3, Reason::Large),
    (2, 4, 4, Reason::Mailbox),
    (2, 121, 122, Reason::Busy), // Exchange Online: the recipient gets too much in an hour
    (3, 2, 3, Reason::Policy),
    (3, 4, 4, Reason::Large),
    (3, 5, 5, Reason::Policy),
    (4, 4, 4, Reason::Mailbox), // the domain cannot be routed to
    (4, 5, 5, Reason::Quota),   // Gmail: Daily user sending quota exceeded
    (4, 310, 312, Reason::Mailbox),
    (5, 1, 2, Reason::Protocol),
    (5, 3, 3, Reason::Throttled),
    (5, 4, 6, Reason::Protocol),
    (6, 0, 999, Reason::Content),
    (7, 2, 2, Reason::Unwanted),
    (7, 3, 3, Reason::Auth), // Exchange: Client was not authenticated
    (7, 8, 9, Reason::Auth),
    (7, 10, 14, Reason::Auth),
    (7, 17, 18, Reason::Mailbox),    // the mailbox has changed hands
    (7, 20, 29, Reason::Blocked),    // DKIM, SPF, reverse name, DMARC
    (7, 54, 54, Reason::Relay),      // Exchange: Unable to relay recipient
    (7, 57, 57, Reason::Auth),       // Exchange: Client not authenticated to send
    (7, 60, 60, Reason::Sender),     // Exchange: no permission to send as this sender
    (7, 64, 64, Reason::Relay),      // Exchange Online: Relay Access Denied
    (7, 100, 199, Reason::Unwanted), // Exchange: the recipient takes mail from some alone
    (7, 232, 233, Reason::Quota),    // Exchange Online: recipients outside, of a day
    (7, 501, 512, Reason::Blocked),
    (7, 705, 705, Reason::Quota), // Exchange Online: the tenant has sent too much
    (7, 0, 999, Reason::Policy),
];

/// Words that mean one thing where a recipient has been named and another where none has, or that mean little: read only
/// where neither words nor enhanced code have said more.
pub(super) const VAGUE: &[(&str, Reason)] = &[
    ("quota exceeded", Reason::Full),
    ("over quota", Reason::Full),
    ("exceeded storage allocation", Reason::Full),
    ("mailbox unavailable", Reason::Mailbox),
    ("mailbox name not allowed", Reason::Mailbox),
    ("address syntax", Reason::Mailbox),   // QQ
    ("address rejected", Reason::Mailbox), // Cisco
    ("limit exceeded", Reason::Throttled),
    ("too many", Reason::Throttled),
];

/// Plain codes that mean something by themselves. 553 is said of the sender's address, 504 of the name at EHLO.
pub(super) const PLAIN: &[(u16, Reason)] = &[
    (500, Reason::Protocol),
    (502, Reason::Protocol),
    (503, Reason::Protocol),
    (504, Reason::Helo),
    (521, Reason::Blocked),
    (523, Reason::Auth), // Aliyun
    (524, Reason::Auth), // Aliyun
    (526, Reason::Auth), // Aliyun
    (530, Reason::Auth),
    (534, Reason::Auth),
    (535, Reason::Auth),
    (538, Reason::Auth),
    (553, Reason::Sender),
];
