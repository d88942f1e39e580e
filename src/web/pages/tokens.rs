//! 接口令牌: made here for a post and some scopes, shown once, ended by whoever may.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::TimeDelta;

use crate::acts::Lent;
use crate::acts::entry;
use crate::acts::roster::post_exists;
use crate::domain::action::Action;
use crate::domain::refusal::entry::EntryRefusal;
use crate::domain::text;
use crate::domain::unit::{PostId, Role};
use crate::read::words;
use crate::store::access::{Credential, CredentialKind, NewCredential};
use crate::web::access::{Right, Scope, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::fields::Fields;
use crate::web::refused::Refused;
use crate::web::route::{Route, get, post};
use crate::web::view::{self, Page};

pub fn routes() -> Vec<Route> {
    vec![
        get("/tokens", Right::Settings, show),
        post("/tokens", Right::Settings, make),
        post("/tokens/{id}/end", Right::Settings, end),
    ]
}

const LIFE: TimeDelta = TimeDelta::days(365);

struct TokenRow {
    id: i64,
    post: String,
    name: String,
    scopes: String,
    made: String,
    maker: String,
    seen: String,
    ends: String,
}

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    page: Page,
    tokens: Vec<TokenRow>,
    posts: Vec<(String, String)>,
    scopes: Vec<(&'static str, &'static str)>,
    made: Option<String>,
    refused: Refused,
}

/// A scope as the page names it.
fn label(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "查看",
        Scope::File => "报送",
        Scope::Decide => "审批",
        Scope::Settings => "设置",
    }
}

async fn show(desk: Desk, visitor: Visitor) -> Result<Response, Fault> {
    page(&desk, &visitor, None, Refused::default()).await
}

async fn page(desk: &Desk, visitor: &Visitor, made: Option<String>, refused: Refused) -> Result<Response, Fault> {
    let zone = desk.known.zone;
    let is_a_formers = |token: &Credential| {
        let post = PostId::of(&token.unit, &token.role);
        post.is_some_and(|post| desk.known.is_a_formers(&post, token.created_at, desk.now()))
    };
    let tokens = desk.engine.store.read().await?.credentials(CredentialKind::Token).await?.into_iter();
    let tokens = tokens.filter(|token| !is_a_formers(token)).map(|token| TokenRow {
        id: token.id,
        post: PostId::of(&token.unit, &token.role).map(|post| post.label()).unwrap_or_default(),
        scopes: token.scopes.split_whitespace().filter_map(Scope::from_code).map(label).collect::<Vec<_>>().join("、"),
        made: words::moment(zone, token.created_at),
        seen: words::moment(zone, token.seen_at),
        ends: token.ends_at.map(|end| words::date(zone.day_of(end))).unwrap_or_default(),
        maker: token
            .maker_unit
            .zip(token.maker_role)
            .and_then(|(unit, role)| PostId::of(&unit, &role))
            .map_or_else(|| "生成者不明，已不能使用".into(), |maker| format!("由{}", maker.label())),
        name: token.name,
    });
    let mut posts: Vec<PostId> = vec![desk.known.roster.office_post()];
    posts.extend(
        desk.known
            .roster
            .units
            .iter()
            .filter(|unit| unit.active_on(desk.today))
            .map(|unit| PostId { unit: unit.name.clone(), role: Role::Liaison }),
    );
    let shown = TokensPage {
        page: Page::new("接口令牌", desk, visitor),
        tokens: tokens.collect(),
        posts: posts.iter().map(|post| (post.to_string(), post.label())).collect(),
        scopes: Scope::ALL.iter().map(|scope| (scope.code(), label(*scope))).collect(),
        made,
        refused,
    };
    Ok(view::answer(&shown, shown.refused.any()))
}

/// Makes a token and shows it, this once. Nobody makes one that may do more than they may, and no token makes another.
async fn make(desk: Desk, visitor: Visitor, Form(fields): Form<Fields>) -> Result<Response, Fault> {
    visitor.in_person()?;
    let named = fields.trimmed("name").to_owned();
    let scopes: Vec<Scope> = fields.all("scope").filter_map(Scope::from_code).collect();
    let post = PostId::parse(fields.trimmed("post")).filter(|post| post_exists(&desk.known.roster, post));
    let Some(post) = post else {
        return page(&desk, &visitor, None, Refused::of(EntryRefusal::TokenWithoutPost)).await;
    };
    let bad_name = text::plain(&named, 60).is_err();
    if bad_name || scopes.is_empty() {
        return page(&desk, &visitor, None, Refused::of(EntryRefusal::TokenIncomplete)).await;
    }
    let (maker, beyond) = (visitor.post.clone(), scopes.iter().any(|scope| !visitor.may_lend(&post, *scope)));
    if beyond {
        return page(&desk, &visitor, None, Refused::of(EntryRefusal::TokenBeyondMaker { maker, post })).await;
    }
    let (secret, hash) = entry::new_secret();
    let now = desk.now();
    let codes: Vec<&str> = scopes.iter().map(|scope| scope.code()).collect();
    let new = NewCredential {
        kind: CredentialKind::Token,
        hash,
        unit: post.unit.0.clone(),
        role: post.role.code().to_owned(),
        how: visitor.post.to_string(),
        name: named,
        scopes: codes.join(" "),
        created_at: now,
        ends_at: Some(now + LIFE),
        maker: Some((maker.unit.0, maker.role.code().to_owned())),
    };
    let mut tx = desk.engine.store.write().await?;
    let id = tx.insert_credential(&new).await?;
    let detail =
        serde_json::json!({ "credential": id, "post": post.to_string(), "scopes": new.scopes, "name": new.name });
    tx.note(now, &visitor.post.to_string(), Action::MakeToken, &detail).await?;
    tx.commit().await?;
    page(&desk, &visitor, Some(secret), Refused::default()).await
}

async fn end(desk: Desk, visitor: Visitor, Path(id): Path<i64>) -> Result<Response, Fault> {
    let engine = &desk.engine;
    let now = engine.clock.now();
    let mut tx = engine.store.write().await?;
    if !tx.credentials(CredentialKind::Token).await?.iter().any(|token| token.id == id)
        || !tx.end_credential(id, now).await?
    {
        return Err(Fault::Missing);
    }
    let detail = Lent::signed(visitor.lent(), &serde_json::json!({ "credential": id }));
    tx.note(now, &visitor.post.to_string(), Action::EndToken, &detail).await?;
    tx.commit().await?;
    Ok(Redirect::to("/tokens").into_response())
}
