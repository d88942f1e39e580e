//! What lets nobody in, in words.

use crate::catalogue::mistake::words::{Words, say};
use crate::domain::refusal::entry::EntryRefusal;

pub(super) fn words(refusal: &EntryRefusal) -> Words {
    match refusal {
        EntryRefusal::LinkOver => say!(
            "the link is none or over; use that of the last letter, or ask for one where one signs in",
            "该链接无效或已过期。请使用最近一封邮件中的链接，或在登录页重新索取"
        ),
        EntryRefusal::PostHandedOver(post) => {
            let label = post.label();
            say!(
                "{post} is held by somebody else since; use the link of a letter to the new holder, or ask for one where one signs in",
                "{label}已由他人接任，寄给前任的链接随之失效。请由接任者使用其收到的邮件中的链接，或在登录页重新索取"
            )
        }
        EntryRefusal::SetupLinkOver => say!(
            "the link is none, over or used; ask the administrator for another",
            "该链接无效、已过期或已使用；请向管理员另取"
        ),
        EntryRefusal::SetupLinkUsed => {
            say!("the link is used already; ask the administrator for another", "该链接已使用；请向管理员另取")
        }
        EntryRefusal::PostWithoutPassword(post) => say!(
            "{post} has no password: a unit's posts come in by the links in their letters",
            "{post} 没有口令：单位岗位由邮件中的链接进入"
        ),
        EntryRefusal::PasswordLength { shortest, longest } => say!(
            "a password has {shortest} characters or more, and {longest} bytes at most",
            "口令须有 {shortest} 个以上字符，不超过 {longest} 字节"
        ),
        EntryRefusal::PasswordTooPlain => say!(
            "the password is too plain: it needs 4 different characters at least",
            "口令过于简单：所用字符至少 4 种"
        ),
        EntryRefusal::PasswordsDiffer => say!("the two passwords are not the same", "两次输入的口令不一致"),
        EntryRefusal::TokenWithoutPost => say!("there is no such post", "没有该岗位"),
        EntryRefusal::TokenIncomplete => say!(
            "a token has a name of 60 characters at most, and may do one thing at least",
            "请写明用途（60字以内），并至少选一项权限"
        ),
        EntryRefusal::TokenBeyondMaker { maker, post } => say!(
            "a token does no more than its maker may, and no more than its post: {maker} makes none for {post} that may do all of this",
            "令牌的权限不能超过生成者，也不能超过所属岗位：{maker} 不能为 {post} 生成含所选权限的令牌"
        ),
    }
}
