//! The link in a stored body.
//!
//! A body is stored once and for life, the link is known only when it is sent: until then a placeholder stands for it,
//! between marks that tell how much has to go where there is no public URL.

/// Stands in a stored body where the link goes; [`fill_link`] puts it there when the letter is sent.
pub const LINK_PLACEHOLDER: &str = "%DUBAN-LINK%";
/// What placeholder and marks begin with.
pub(super) const LINK_MARK: &str = "%DUBAN-";
pub(super) const LINK_BEGIN: &str = "%DUBAN-LINK-BEGIN%";
pub(super) const LINK_END: &str = "%DUBAN-LINK-END%";

/// Puts the link into a stored body, or takes every trace of it out where there is no public URL. Tells HTML from text
/// by the first character.
pub fn fill_link(body: &str, url: Option<&str>) -> String {
    match url {
        Some(url) => {
            let html = body.trim_start().starts_with('<');
            let url = if html { escape_html(url) } else { url.to_owned() };
            body.replace(LINK_BEGIN, "").replace(LINK_END, "").replace(LINK_PLACEHOLDER, &url)
        }
        None => without_link(body),
    }
}

fn without_link(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some((before, after)) = rest.split_once(LINK_BEGIN) {
        out.push_str(before);
        rest = after.split_once(LINK_END).map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.replace(LINK_PLACEHOLDER, "")
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
