//! What the ledger shows is what the rules say, filter by filter, and its pages hold everything once.

use std::collections::BTreeSet;

use crate::support::{OFFICE, Story, day, on_both};
use duban::domain::duty::DutyId;
use duban::domain::light::Light;
use duban::domain::obligation::Obligation;
use duban::domain::phase::Phase;
use duban::domain::query::{Order, Query};
use duban::domain::unit::UnitName;
use duban::engine::Known;
use duban::read::query::find;
use duban::store::Tx;

/// All pages of a ledger: each row once, in the order asked for.
async fn all(tx: &mut Tx, known: &Known, filter: &Query) -> BTreeSet<i64> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = find(tx, known, filter, after, 97).await.unwrap();
        found.extend(page.rows.iter().map(|row| (row.obligation.due_on, row.obligation.id)));
        after = page.next;
        if after.is_none() {
            break;
        }
        assert_eq!(page.rows.len(), 97, "{filter:?}");
    }
    let mut sorted = found.clone();
    match filter.order {
        Order::Oldest => sorted.sort_unstable(),
        Order::Newest => sorted.sort_unstable_by(|a, b| b.cmp(a)),
        Order::Number => sorted.sort_unstable_by_key(|(_, id)| *id),
    }
    assert_eq!(found, sorted, "{filter:?}");
    let ids: BTreeSet<i64> = found.iter().map(|(_, id)| *id).collect();
    assert_eq!(ids.len(), found.len(), "{filter:?}: something stands there twice");
    ids
}

async fn told(story: &mut Story) {
    story.run_until("2022-10-11 09:30").await;
    let some: Vec<Obligation> = {
        let mut tx = story.engine.store.read().await.unwrap();
        let rows = tx.all_obligations().await.unwrap();
        rows.into_iter().map(|row| row.obligation).filter(|o| o.phase.is_owed() && !o.joint).take(300).collect()
    };
    for (n, obligation) in some.iter().enumerate() {
        let unit = &obligation.owners[0].0;
        if n % 10 == 0 {
            story
                .act(OFFICE, async |actor| actor.waive(&[obligation.id], "停工", "建安〔2022〕1号").await)
                .await
                .unwrap();
        } else {
            // What needs items is refused; there are enough others.
            let _ = story.file(&obligation.duty.0, unit, &obligation.period, &[]).await;
        }
    }
    story.run_until("2022-10-14 09:30").await;
}

#[tokio::test]
async fn every_filter_agrees_with_the_rules() {
    on_both("2022-09-28 00:00", |mut story| async move {
        told(&mut story).await;
        let known = story.engine.known().await.unwrap();
        let mut tx = story.engine.store.read().await.unwrap();
        let rows = tx.all_obligations().await.unwrap();
        let every: Vec<&Obligation> = rows.iter().map(|row| &row.obligation).collect();
        let chosen = |keeps: &dyn Fn(&Obligation) -> bool| -> BTreeSet<i64> {
            every.iter().filter(|o| o.phase.is_counted() && keeps(o)).map(|o| o.id).collect()
        };
        let none = Query::default();
        let mut lights = 0;
        for light in Light::ALL.iter().copied() {
            for order in Order::ALL.iter().copied() {
                let filter = Query { light: Some(light), order, ..none.clone() };
                let right = chosen(&|o| Light::of(o) == light);
                lights += usize::from(!right.is_empty());
                assert_eq!(all(&mut tx, &known, &filter).await, right, "{light:?}");
            }
        }
        assert!(lights >= 2 * 5, "the story shows too few lights");
        assert_eq!(all(&mut tx, &known, &none).await, chosen(&|_| true));
        let soon = Query { phases: vec![Phase::Scheduled], ..none.clone() };
        let scheduled: BTreeSet<i64> = every.iter().filter(|o| o.phase == Phase::Scheduled).map(|o| o.id).collect();
        assert_eq!(all(&mut tx, &known, &soon).await, scheduled);
        let (from, until) = (day("2022-10-08"), day("2022-10-31"));
        for unit in ["质安处", "安管总站"].map(|name| UnitName(name.into())) {
            let mine = |o: &Obligation| o.owners.contains(&unit);
            assert!(every.iter().any(|o| o.joint && mine(o)), "{unit} owes nothing with others");
            for order in Order::ALL.iter().copied() {
                let filter = Query { unit: Some(unit.clone()), order, ..none.clone() };
                assert_eq!(all(&mut tx, &known, &filter).await, chosen(&mine));
                let filter = Query { from: Some(from), until: Some(until), ..filter };
                assert_eq!(
                    all(&mut tx, &known, &filter).await,
                    chosen(&|o| mine(o) && o.due_on >= from && o.due_on <= until)
                );
                let filter = Query { item: Some(13), ..filter };
                let of_13 = |o: &Obligation| o.duty.0.starts_with("13.");
                let within = |o: &Obligation| o.due_on >= from && o.due_on <= until;
                assert_eq!(all(&mut tx, &known, &filter).await, chosen(&|o| mine(o) && within(o) && of_13(o)));
                let duty = DutyId("9.1a".into());
                let filter = Query { duty: Some(duty.clone()), item: None, ..filter };
                assert_eq!(all(&mut tx, &known, &filter).await, chosen(&|o| mine(o) && within(o) && o.duty == duty));
                let filter = Query { unit: None, ..filter };
                assert_eq!(all(&mut tx, &known, &filter).await, chosen(&|o| within(o) && o.duty == duty));
                let filter = Query { period: Some("2022-10".into()), order, ..none.clone() };
                let of_october = |o: &Obligation| o.period == "2022-10";
                assert_eq!(all(&mut tx, &known, &filter).await, chosen(&of_october));
                let filter = Query { unit: Some(unit.clone()), ..filter };
                assert_eq!(all(&mut tx, &known, &filter).await, chosen(&|o| mine(o) && of_october(o)));
            }
            let live = tx.live_of_unit(&unit).await.unwrap();
            let live: BTreeSet<i64> = live.iter().map(|live| live.id).collect();
            let right = every.iter().filter(|o| mine(o) && o.phase.is_live());
            assert_eq!(live, right.map(|o| o.id).collect());
        }
        let due = day("2022-10-31");
        for row in tx.due_on(due).await.unwrap() {
            let same = |o: &Obligation| o.due_on == due && (o.phase, Light::of(o)) == (row.phase, row.light);
            assert_eq!(row.n, chosen(&same).len() as u64);
        }
        let n: u64 = tx.due_on(due).await.unwrap().iter().map(|row| row.n).sum();
        assert_eq!(n, chosen(&|o| o.due_on == due).len() as u64);
        drop(tx);
        story
    })
    .await;
}
