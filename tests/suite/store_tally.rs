//! The summaries: what they say in a story, and that only what was written and committed is counted.

use crate::support::{assert_recounted, day, on_both_of};
use duban::domain::duty::DutyId;
use duban::domain::light::Light;
use duban::domain::obligation::Facts;
use duban::domain::phase::Phase;
use duban::domain::unit::UnitName;
use duban::engine::Job;
use duban::store::counts::{DayCounts, Whose};

#[tokio::test]
async fn the_board_the_months_and_the_days_say_what_there_is() {
    on_both_of("2022-10-08 00:00", &["13.2"], |mut story| async move {
        story.run_until("2022-10-26 09:30").await;
        let items = ["检查企业=甲公司", "整改突出隐患=1", "协调解决难题=1"];
        story.file("13.2", "质安处", "2022-10", &items).await.unwrap();
        let mut tx = story.engine.store.read().await.unwrap();
        let one = tx.obligation_of("13.2", "质安处", "2022-10").await.unwrap().unwrap().obligation;
        assert_eq!(one.due_on, day("2022-10-31"));
        let board = tx.board().await.unwrap();
        let all: u64 = board.iter().filter(|row| row.unit.is_none()).map(|row| row.n).sum();
        let mut live = 0;
        for phase in Phase::ALL.iter().copied().filter(|phase| phase.is_live()) {
            live += tx.count_live(phase).await.unwrap();
        }
        assert_eq!(all, live);
        let own: Vec<_> = board.iter().filter(|row| row.unit == Some(UnitName("质安处".into()))).collect();
        assert_eq!(own.len(), 1, "{own:?}");
        assert_eq!((own[0].phase, own[0].light, own[0].n), (one.phase, Light::of(&one), 1));
        let months = tx.months(day("2022-10-15"), day("2022-10-15")).await.unwrap();
        assert!(months.iter().all(|row| row.month == "2022-10" && row.duty == DutyId("13.2".into())));
        assert_eq!(months.iter().filter(|row| row.unit.is_none()).map(|row| row.n).sum::<u64>(), all);
        assert!(tx.months(day("2022-11-01"), day("2023-01-01")).await.unwrap().is_empty());
        let due = DayCounts { day: day("2022-10-31"), phase: one.phase, light: Light::of(&one), n: 1 };
        let unit = Whose::Unit(UnitName("质安处".into()));
        assert_eq!(tx.days(&unit, day("2022-10-01"), day("2022-10-31")).await.unwrap(), [due]);
        let of_duty = tx.days(&Whose::Duty(DutyId("13.2".into())), day("2022-10-31"), day("2022-10-31")).await.unwrap();
        assert_eq!(of_duty.iter().map(|row| row.n).sum::<u64>(), all);
        drop(tx);
        // What was grey and is not any more leaves rows behind, until housekeeping.
        duban::jobs::run(&story.engine, Job::Housekeeping).await.unwrap();
        let mut tx = story.engine.store.write().await.unwrap();
        assert_eq!(tx.sweep_tally(100).await.unwrap(), 0);
        assert_eq!(tx.board().await.unwrap(), board);
        drop(tx);
        story
    })
    .await;
}

#[tokio::test]
async fn only_what_was_written_and_committed_is_counted() {
    on_both_of("2022-10-08 00:00", &["13.2"], |mut story| async move {
        story.run_until("2022-10-10 09:30").await;
        let before = story.engine.store.read().await.unwrap().board().await.unwrap();
        let row = story.stored("13.2", "质安处", "2022-10").await;
        let now = story.now();
        // A transaction that is dropped.
        let mut tx = story.engine.store.write().await.unwrap();
        let mut waived = row.with(row.obligation.waived(now).unwrap());
        assert_eq!(tx.update_obligations(std::slice::from_mut(&mut waived)).await.unwrap().len(), 1);
        drop(tx);
        assert_eq!(story.engine.store.read().await.unwrap().board().await.unwrap(), before);
        // One that writes the same row twice, and once more what somebody else has changed: itself, before.
        let mut tx = story.engine.store.write().await.unwrap();
        let mut missed = row.clone();
        missed.obligation = Facts { phase: Phase::Missed, ..(*missed.obligation).clone() }.into();
        let mut late = row.with(row.obligation.waived(now).unwrap());
        assert_eq!(tx.update_obligations(std::slice::from_mut(&mut missed)).await.unwrap().len(), 1);
        assert_eq!(tx.update_obligations(std::slice::from_mut(&mut late)).await.unwrap().len(), 0);
        missed.obligation = Facts { phase: Phase::Lapsed, ..(*missed.obligation).clone() }.into();
        assert_eq!(tx.update_obligations(std::slice::from_mut(&mut missed)).await.unwrap().len(), 1);
        tx.commit().await.unwrap();
        assert_recounted(&story.engine.store).await;
        let after = story.engine.store.read().await.unwrap().board().await.unwrap();
        assert_eq!(after.len() + 1, before.len());
        story
    })
    .await;
}
