//! Evidence as a download: read through against its hash, then sent from the same open file.

use std::io;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use tokio::io::AsyncReadExt as _;

use super::access::Visitor;
use super::app::App;
use super::fault::Fault;
use super::view;
use crate::acts::{ActError, Lent};
use crate::domain::action::Action;
use crate::domain::text;

/// A file, as a download of no type that a browser would open. Who looked is logged.
pub async fn download(app: &App, visitor: &Visitor, receipt: &str, position: i64) -> Result<Response, Fault> {
    let engine = app.engine();
    let mut tx = engine.store.read().await?;
    visitor.submission(&mut tx, receipt).await?;
    let file = tx.evidence_of(receipt).await?.into_iter().find(|file| file.position == position);
    let file = file.filter(|file| file.erased_at.is_none()).ok_or(Fault::Missing)?;
    drop(tx);
    let vault = engine.vault.as_ref().ok_or(Fault::Missing)?;
    // Read through once against its hash before the first byte leaves; then sent from the same open file.
    let (content, size) = vault.open(&file.sha256).await.map_err(ActError::from)?.ok_or(Fault::Missing)?;
    let mut tx = engine.store.write().await?;
    let detail = serde_json::json!({ "receipt": receipt, "sha256": file.sha256 });
    let detail = Lent::signed(visitor.lent(), &detail);
    tx.note(engine.clock.now(), &visitor.post.to_string(), Action::ViewEvidence, &detail).await?;
    tx.commit().await?;
    let mut response = Body::from_stream(pieces(content)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert("content-security-policy", HeaderValue::from_static("default-src 'none'; sandbox"));
    if let Ok(value) = HeaderValue::from_str(&disposition(&file.name)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

fn pieces(file: std::fs::File) -> impl Stream<Item = io::Result<Vec<u8>>> {
    futures_util::stream::try_unfold(tokio::fs::File::from_std(file), async |mut file| {
        let mut piece = vec![0; 64 << 10];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok((read > 0).then_some((piece, file)))
    })
}

/// The header that makes a download of it, with the name its sender gave (RFC 6266).
fn disposition(name: &str) -> String {
    let tame: String = text::tame(name).replace(['/', '\\'], "_");
    format!("attachment; filename=\"file\"; filename*=UTF-8''{}", view::quoted(&tame))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_text_and_never_a_path_or_a_header() {
        assert_eq!(
            disposition("检查 1.jpg"),
            "attachment; filename=\"file\"; filename*=UTF-8''%E6%A3%80%E6%9F%A5%201.jpg"
        );
        for name in ["../../etc/passwd", "a\r\nSet-Cookie: x=1", "\"; filename=x.html", "a\u{202e}gpj.exe"] {
            let header = disposition(name);
            assert!(HeaderValue::from_str(&header).is_ok(), "{header}");
            assert!(!header.contains('/') && !header.contains('\r') && header.matches('"').count() == 2, "{header}");
        }
    }
}
