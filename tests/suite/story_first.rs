//! The shortest stories: a daily duty missed, a monthly quota met in two visits.

use crate::support::on_both;
use duban::domain::light::Light;

#[tokio::test]
async fn two_visits_to_different_enterprises_close_the_month() {
    on_both("2022-09-01 00:00", |mut story| async move {
        story.run_until("2022-09-05 11:00").await;
        let first = ["检查企业=甲公司", "整改突出隐患=1", "协调解决难题=1"];
        story.file("13.2", "质安处", "2022-09", &first).await.unwrap();
        story.run_until("2022-09-18 11:00").await;
        assert_eq!(story.light("13.2", "质安处", "2022-09").await, Light::Grey);
        let second = ["检查企业=乙公司", "整改突出隐患=1", "协调解决难题=1"];
        story.file("13.2", "质安处", "2022-09", &second).await.unwrap();
        assert_eq!(story.light("13.2", "质安处", "2022-09").await, Light::Green);
        story.run_until("2022-10-31 23:00").await;
        assert_eq!(story.told_of("13.2", "质安处", "2022-09").await, []);
        story
    })
    .await;
}

#[tokio::test]
async fn the_same_enterprise_twice_is_one() {
    on_both("2022-09-01 00:00", |mut story| async move {
        story.run_until("2022-09-05 11:00").await;
        story
            .file("13.2", "质安处", "2022-09", &["检查企业=甲公司（集团）", "整改突出隐患=2", "协调解决难题=2"])
            .await
            .unwrap();
        story.run_until("2022-09-18 11:00").await;
        story.file("13.2", "质安处", "2022-09", &["检查企业= 甲公司(集团) "]).await.unwrap();
        assert_eq!(story.light("13.2", "质安处", "2022-09").await, Light::Grey);
        story.run_until("2022-10-01 00:00").await;
        assert_eq!(story.light("13.2", "质安处", "2022-09").await, Light::Red);
        story
    })
    .await;
}
