//! Who asks, and what they may do and see: decided here and nowhere else in the console.
//!
//! A route asks for a [`Right`]; the guard lets through whoever has it. What belongs to a unit is read by
//! [`Visitor::obligation`], to which another unit's and one that does not exist look the same. The acts check again by
//! themselves.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::fault::Fault;
use crate::acts::Lent;
use crate::domain::code::coded;
use crate::domain::unit::{PostId, Role, UnitName};
use crate::store::Tx;
use crate::store::row::Stored;
use crate::store::submissions::Submission;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// By a session in a browser.
    Session(i64),
    /// A gateway has signed them in.
    Gateway,
    /// By a token of the interface, which is for some scopes alone and never does more than whoever made it may.
    Token(Lent, Vec<Scope>),
}

coded!(Scope);

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Scope {
    Read,
    /// To file for the post's unit.
    File,
    Decide,
    Settings,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    pub post: PostId,
    /// Whether its unit is the safety office.
    pub of_office: bool,
    /// Whether they came by a digest's link, which shows and decides nothing.
    pub shows_only: bool,
    pub how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Nothing: anybody.
    Public,
    /// To be signed in: one's own sessions.
    SignedIn,
    /// To see what one's own unit owes.
    SeeOwn,
    /// To file, ask and dispute for one's unit.
    File,
    /// To stand behind what one's unit asks for.
    Endorse,
    /// To hand over a post of one's unit.
    HandOver,
    /// To see what every unit owes.
    SeeAll,
    /// To accept, return, grant, waive, open and close.
    Decide,
    /// To change posts, calendar, catalogue and trial.
    Settings,
}

impl Right {
    pub const ALL: [Right; 9] = [
        Right::Public,
        Right::SignedIn,
        Right::SeeOwn,
        Right::File,
        Right::Endorse,
        Right::HandOver,
        Right::SeeAll,
        Right::Decide,
        Right::Settings,
    ];

    /// What a token needs for it.
    fn scope(self) -> Scope {
        match self {
            Right::Public | Right::SignedIn | Right::SeeOwn | Right::SeeAll => Scope::Read,
            Right::File | Right::Endorse => Scope::File,
            Right::Decide => Scope::Decide,
            Right::HandOver | Right::Settings => Scope::Settings,
        }
    }
}

impl Visitor {
    pub fn has(&self, right: Right) -> bool {
        use Role::{Admin, Auditor, Deputy, Head, Liaison, Office};
        if self.shows_only && right.scope() != Scope::Read {
            return false;
        }
        let may = |role: Role, right: Right| match right {
            Right::Public | Right::SignedIn | Right::SeeOwn => true,
            Right::File => matches!(role, Liaison | Office),
            Right::Endorse => matches!(role, Deputy | Head),
            Right::HandOver => !matches!(role, Auditor),
            Right::SeeAll => matches!(role, Office | Admin | Auditor),
            // What the office's own unit owes is reviewed by that unit's head.
            Right::Decide => role == Office || (role == Head && self.of_office),
            Right::Settings => matches!(role, Office | Admin),
        };
        let lent = match &self.how {
            How::Token(Lent { maker, .. }, scopes) => {
                let same_post = *maker == self.post;
                let near = maker.unit == self.post.unit || may(maker.role, Right::SeeAll);
                // A verdict is its post's own: nobody lends another's.
                scopes.contains(&right.scope())
                    && near
                    && may(maker.role, right)
                    && (same_post || right != Right::Decide)
            }
            How::Session(_) | How::Gateway => true,
        };
        lent && may(self.post.role, right)
    }

    /// Whether a token that they make for a post could do anything there under a scope. In the office's name nobody else
    /// has one made.
    pub fn may_lend(&self, post: &PostId, scope: Scope) -> bool {
        if post.role == Role::Office && *post != self.post {
            return false;
        }
        let lent = Lent { credential: 0, maker: self.post.clone() };
        // Whoever makes tokens is of the office's unit.
        let of_office = post.unit == self.post.unit;
        let how = How::Token(lent, vec![scope]);
        let token = Visitor { post: post.clone(), of_office, shows_only: false, how };
        let open_to_all = [Right::Public, Right::SignedIn];
        Right::ALL.iter().any(|right| right.scope() == scope && !open_to_all.contains(right) && token.has(*right))
    }

    /// The token that acts in the post's name, where one does.
    pub fn lent(&self) -> Option<&Lent> {
        if let How::Token(lent, _) = &self.how { Some(lent) } else { None }
    }

    /// Why they may not, without this right: whoever only came by a digest's link can sign in and go on there.
    pub fn refusal(&self, right: Right, there: &str) -> Fault {
        let signed_in = Visitor { shows_only: false, ..self.clone() };
        if self.shows_only && signed_in.has(right) { Fault::ShowsOnly(there.to_owned()) } else { Fault::Forbidden }
    }

    /// Whether they come as the post itself, neither by a digest's link nor by a token: they alone change how it comes in.
    pub fn in_person(&self) -> Result<(), Fault> {
        match self.how {
            _ if self.shows_only => Err(Fault::ShowsOnly(String::new())),
            How::Token(..) => Err(Fault::Forbidden),
            How::Session(_) | How::Gateway => Ok(()),
        }
    }

    /// The unit whose things alone they see; `None` = every unit's.
    pub fn unit(&self) -> Option<&UnitName> {
        (!self.has(Right::SeeAll)).then_some(&self.post.unit)
    }

    /// The unit that a list is for: a unit's post sees its own unit's alone, whatever it asks for.
    ///
    /// # Errors
    /// It asks for another's.
    pub fn asked_unit(&self, asked: Option<String>) -> Result<Option<UnitName>, Fault> {
        let asked = asked.map(UnitName);
        match self.unit() {
            None => Ok(asked),
            Some(own) if asked.as_ref().is_none_or(|asked| asked == own) => Ok(Some(own.clone())),
            Some(_) => Err(Fault::Missing),
        }
    }

    /// Whether they see an obligation: what its owners owe, or, where it is for the head of the office's unit to review,
    /// because that unit filed it for another.
    async fn sees_row(&self, tx: &mut Tx, stored: &Stored) -> Result<bool, Fault> {
        let reviews = self.of_office && self.post.role == Role::Head;
        Ok(self.sees(&stored.obligation.owners) || (reviews && tx.stands_from_office(stored.obligation.id).await?))
    }

    /// Whether they see what these owners owe.
    pub fn sees(&self, owners: &[UnitName]) -> bool {
        self.unit().is_none_or(|own| owners.contains(own))
    }

    /// An obligation that they see. Another unit's and one that does not exist look the same.
    pub async fn obligation(&self, tx: &mut Tx, id: i64) -> Result<Stored, Fault> {
        let Some(stored) = tx.obligation(id).await? else { return Err(Fault::Missing) };
        if self.sees_row(tx, &stored).await? { Ok(stored) } else { Err(Fault::Missing) }
    }

    /// A submission that they see: their own unit's, or for something that their unit owes too.
    pub async fn submission(&self, tx: &mut Tx, receipt: &str) -> Result<(Submission, Vec<Stored>), Fault> {
        let Some(submission) = tx.submission(receipt).await? else { return Err(Fault::Missing) };
        let ids = tx.obligations_of_submission(receipt).await?;
        let mut rows = tx.obligations(&ids).await?;
        rows.sort_by_key(|row| row.obligation.id);
        let mut seen = self.sees(&[UnitName(submission.unit.clone())]);
        for row in &rows {
            seen = seen || self.sees_row(tx, row).await?;
        }
        if seen { Ok((submission, rows)) } else { Err(Fault::Missing) }
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Visitor, Fault> {
        // The guard has put it there; a public route has none.
        parts.extensions.get::<Visitor>().cloned().ok_or(Fault::SignIn)
    }
}
