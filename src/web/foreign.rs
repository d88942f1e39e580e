//! Whether a form comes from a page of ours, by what the browser says of where it was sent from.
//!
//! `Sec-Fetch-Site` is the browser's own word; old ones have none, and over plain http no browser sends it but to this
//! machine. Then `Origin` must be that of the address the form was sent to, or of the `public_url` that the gateway is
//! known by. `null` says nothing: a gateway that forbids referrers makes every form so, and so does whoever wants to hide
//! where a form is from. Such a form passes where nobody's session is used, and over plain http, where the session's
//! cookie, which no other site's form can bring along (`SameSite=Lax`), is all there is to tell by.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, Uri, header};

use super::public::{Public, without_usual_port};

/// Where a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// A page of ours, or no page.
    Own,
    /// The browser does not say.
    Unsaid,
    /// Another's page.
    Foreign,
}

/// Judges a request. A gateway of ours may say by which name it was called.
pub fn sender(method: &Method, asked: &Uri, headers: &HeaderMap, public: &Public, by_gateway: bool) -> Sender {
    if [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) {
        return Sender::Own;
    }
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // One that cannot be read is no origin of ours.
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("?").to_ascii_lowercase());
    if origin.as_ref().is_some_and(|origin| *origin == public.origin) {
        return Sender::Own;
    }
    match (said("sec-fetch-site"), origin.as_deref()) {
        (Some("same-origin" | "none"), _) | (None, None) => return Sender::Own,
        (Some(_), _) => return Sender::Foreign,
        (None, Some("null")) => return Sender::Unsaid,
        (None, Some(_)) => {}
    }
    let origin = origin.unwrap_or_default();
    let (scheme, from) = origin.split_once("://").unwrap_or_default();
    let named = asked.authority().map(Authority::as_str).or_else(|| said("host"));
    let forwarded = said("x-forwarded-host").filter(|_| by_gateway);
    let own = [named, forwarded].into_iter().flatten().any(|host| {
        let host = host.trim().to_ascii_lowercase();
        !host.is_empty() && without_usual_port(scheme, &host) == without_usual_port(scheme, from)
    });
    if own { Sender::Own } else { Sender::Foreign }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(headers: &[(&'static str, &'static str)], public: &str, by_gateway: bool) -> Sender {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let public = if public.is_empty() { Public::default() } else { Public::of(public) };
        sender(&Method::POST, &"/enter".parse().unwrap(), &map, &public, by_gateway)
    }

    #[test]
    fn a_form_of_ours_is_known_by_any_browser_behind_any_gateway() {
        const OA: &str = "https://oa.example.com/duban";
        for (headers, public) in [
            // A browser of today, at an address that it trusts.
            (&[("host", "duban.lab:8480"), ("sec-fetch-site", "same-origin"), ("origin", "null")][..], ""),
            (&[("sec-fetch-site", "none")], ""),
            // Plain http, or Chromium 69 and 78: the origin alone.
            (&[("host", "duban.lab:8480"), ("origin", "http://duban.lab:8480")], ""),
            (&[("host", "10.1.2.3"), ("origin", "http://10.1.2.3")], ""),
            (&[("host", "[2001:db8::1]:8480"), ("origin", "http://[2001:db8::1]:8480")], ""),
            // Gateways that write the port, or capitals.
            (&[("host", "duban.lab:80"), ("origin", "http://duban.lab")], ""),
            (&[("host", "Duban.Lab:443"), ("origin", "https://duban.lab")], ""),
            // Gateways that name themselves to us, not what they were called.
            (&[("host", "127.0.0.1:8480"), ("origin", "https://oa.example.com")], OA),
            (&[("host", "duban_backend"), ("origin", "https://oa.example.com")], "https://OA.example.com:443"),
            (&[("host", "127.0.0.1:8480"), ("origin", "http://oa.example.com:81")], "http://oa.example.com:81/duban"),
            // No browser.
            (&[("host", "duban.lab")], ""),
        ] {
            assert_eq!(judged(headers, public, false), Sender::Own, "{headers:?} {public}");
        }
        let forwarded = [("host", "backend"), ("x-forwarded-host", "oa.lab"), ("origin", "http://oa.lab")];
        assert_eq!(judged(&forwarded, "", true), Sender::Own);
        // Only a gateway's word is taken.
        assert_eq!(judged(&forwarded, "", false), Sender::Foreign);
    }

    #[test]
    fn anothers_form_is_known_and_silence_is_told_apart() {
        const OA: &str = "https://oa.example.com/duban";
        for headers in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site"), ("host", "a.lab"), ("origin", "http://a.lab")],
            &[("host", "duban.lab"), ("origin", "http://evil.example")],
            &[("host", "duban.lab"), ("origin", "http://duban.lab:81")],
            &[("host", "duban.lab:443"), ("origin", "http://duban.lab")],
            &[("host", "duban.lab"), ("origin", "http://duban.lab.evil.example")],
            &[("host", "duban.lab"), ("origin", "")],
            &[("host", ""), ("origin", "http://")],
            &[("host", "duban.lab"), ("origin", "duban.lab")],
            &[("host", "oa.example.com.evil.example"), ("origin", "https://oa.example.com.evil.example:1")],
            // The name that we are known by, by another way.
            &[("host", "127.0.0.1:8480"), ("origin", "http://oa.example.com")],
        ] {
            assert_eq!(judged(headers, OA, false), Sender::Foreign, "{headers:?}");
        }
        assert_eq!(judged(&[("host", "duban.lab:8480"), ("origin", "null")], OA, false), Sender::Unsaid);
        assert_eq!(judged(&[("sec-fetch-site", "cross-site"), ("origin", "null")], OA, false), Sender::Foreign);
    }

    #[test]
    fn looking_comes_from_anywhere() {
        let mut headers = HeaderMap::new();
        headers.insert("sec-fetch-site", "cross-site".parse().unwrap());
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert_eq!(sender(&method, &"/".parse().unwrap(), &headers, &Public::default(), false), Sender::Own);
        }
    }
}
