//! What cannot be read, in words.

use super::words;
use crate::catalogue::mistake::words::{Words, say};
use crate::domain::refusal::sent::{Malformed, TooLarge};

pub fn malformed(fault: &Malformed) -> Words {
    match fault {
        Malformed::MalformedJson(why) => {
            say!("the body is not the JSON that is described: {why}", "内容不是说明所列的 JSON：{why}")
        }
        Malformed::MalformedQuery(why) => {
            say!("the address has parameters that are not as described: {why}", "网址中的参数有误：{why}")
        }
        Malformed::MalformedForm(why) => say!("the form cannot be read: {why}", "表单无法识别：{why}"),
        Malformed::BrokenForm => {
            say!("the form was cut off or cannot be read; send it again", "提交中断或无法识别，请返回重新提交")
        }
        Malformed::SlowBody => {
            say!("the body came too slowly or was cut off; send it again", "提交过慢或中断，请重新提交")
        }
        Malformed::NotUtf8 => say!("what was filled in is not UTF-8 text", "所填内容不是 UTF-8 文本"),
        Malformed::UnreadableContent => {
            say!("what was sent cannot be read; fill it in again", "无法识别所提交的内容，请返回重新填写")
        }
        Malformed::SubmissionMissing => {
            say!("the form has no field `submission` (JSON)", "缺少 submission 一栏（JSON）")
        }
        Malformed::MalformedSubmission(why) => {
            say!(
                "the field `submission` is not the JSON that is described: {why}",
                "submission 一栏不是说明所列的 JSON：{why}"
            )
        }
        Malformed::MalformedIdempotencyKey => {
            say!("an Idempotency-Key has letters, digits and - only", "Idempotency-Key 只能用字母、数字与 -")
        }
        Malformed::UnreadableField(refusal) => words(refusal),
    }
}

pub fn too_large(fault: &TooLarge) -> Words {
    match fault {
        TooLarge::LargeBody => say!("the body is too large, or was cut off", "内容过大或提交中断"),
        TooLarge::LargeContent => say!("what was sent is too large; nothing was taken", "内容过大，未予受理"),
        TooLarge::LargeForm => say!("the form is too large; nothing was taken", "所提交的内容过大，未予受理"),
        TooLarge::LargeField(name) => {
            say!("the field “{name}” is too long; nothing was taken", "“{name}”过长，未予受理")
        }
        TooLarge::LargeFiles(most) => {
            say!("the files are too large: {most} MB at most in all", "文件过大：合计至多 {most} MB")
        }
        TooLarge::ManyParts { files, fields } => {
            say!("{files} files and {fields} fields at most at once", "一次至多 {files} 个文件、{fields} 项")
        }
    }
}
