//! Why an obligation is owed, by whom, how its deadline came about, what has happened to it and what will.
//!
//! Says what the domain and the store hold, in the words of an office; decides nothing. What will happen is what the
//! domain's own steps give if nobody files.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::filed::{self, filed_for};
use super::series::{chased, series_of};
use super::words;
use crate::domain::action::Action;
use crate::domain::derive::derive;
use crate::domain::duty::{Mode, Owner};
use crate::domain::obligation::Obligation;
use crate::domain::period::Period;
use crate::domain::phase::Phase;
use crate::domain::quota::{self, Filing};
use crate::domain::series::Member;
use crate::domain::step::{self, Chased, Context, Move, NoticeKind, Telling};
use crate::domain::unit::Role;
use crate::domain::{light, window};
use crate::engine::known::{Known, Rules};
use crate::engine::{Engine, Result};
use crate::store::Tx;
use crate::store::log::Logged;
use crate::store::notices::NoticeHistory;
use crate::store::row::Stored;
use crate::store::submissions::Counted;

/// The most lines of a history, the newest.
const MOST_LINES: usize = 200;

/// One heading and what stands under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub heading: &'static str,
    pub lines: Vec<String>,
}

/// More steps ahead than these are not shown.
const MOST_STEPS: usize = 24;

/// Of so many filings, the newest, it is said what else they count for.
const MOST_FILINGS: usize = 20;

/// Explains an obligation; `None` when there is none of that number.
pub async fn explain(engine: &Engine, id: i64) -> Result<Option<Vec<Section>>> {
    let now = engine.clock.now();
    let mut tx = engine.store.read().await?;
    let known = engine.known_in(&mut tx).await?;
    let Some(stored) = tx.obligation(id).await? else { return Ok(None) };
    let today = known.zone.day_of(now);
    let rules = known.rules(&stored, today)?;
    let explanation = Explanation { known: &known, rules, stored: &stored, now };
    Ok(Some(vec![
        Section { heading: "为何应办", lines: explanation.why() },
        Section { heading: "由谁办理", lines: explanation.who() },
        Section { heading: "时限如何得出", lines: explanation.deadline() },
        Section { heading: "已经发生", lines: explanation.history(&mut tx).await? },
        Section { heading: "现状", lines: explanation.standing(&mut tx).await? },
        Section { heading: "接下来（如不报送）", lines: explanation.ahead(&mut tx).await? },
    ]))
}

struct Explanation<'a> {
    known: &'a Known,
    rules: Rules<'a>,
    stored: &'a Stored,
    now: DateTime<Utc>,
}

impl Explanation<'_> {
    fn obligation(&self) -> &Obligation {
        &self.stored.obligation
    }

    fn at(&self, instant: DateTime<Utc>) -> String {
        self.known.zone.local(instant).format("%Y-%m-%d %H:%M").to_string()
    }

    fn deadline_words(&self, due: DateTime<Utc>) -> String {
        words::deadline(self.known.zone, due, chrono::NaiveDate::MIN)
    }

    fn why(&self) -> Vec<String> {
        let duty = self.rules.duty;
        let mut lines = vec![format!("{} {}：{}", duty.id, duty.title, duty.summary)];
        let clause = duty.clause;
        if let Some(entry) = self.rules.catalogue.clause(clause) {
            let measure = clause.measure.and_then(|number| entry.measure(number));
            let measure = measure.map(|text| format!("——{text}")).unwrap_or_default();
            lines.push(format!("条款：{}（{}，{}{measure}）", clause.label(), entry.part_title, entry.title));
        }
        lines.push(format!("频次：{}（{}）；依据：{}", duty.cadence.label(), duty.kind.label(), duty.basis.label()));
        if !duty.note.is_empty() {
            lines.push(format!("说明：{}", duty.note));
        }
        lines.extend(duty.quotas.iter().map(|quota| format!("数量要求：{}", quota.label())));
        if duty.quotas.is_empty() {
            lines.push("数量要求：报送一次".to_owned());
        }
        if !duty.also_counts_for.is_empty() {
            let also: Vec<&str> = duty.also_counts_for.iter().map(|id| id.0.as_str()).collect();
            lines.push(format!("一次报送可同时计入：{}（系统默认，可调整）", also.join("、")));
        }
        lines
    }

    fn who(&self) -> Vec<String> {
        let duty = self.rules.duty;
        let mut lines = Vec::new();
        for owner in &self.obligation().owners {
            let how = duty.owed_by.iter().find_map(|entry| match entry {
                Owner::Unit(unit) if unit == owner => Some("清单点名的牵头单位".to_owned()),
                Owner::Group(group) => {
                    let unit = self.known.roster.unit(owner)?;
                    unit.groups.contains(group).then(|| format!("单位组“{group}”的成员"))
                }
                Owner::Unit(_) => None,
            });
            lines.push(format!("{owner}：{}", how.unwrap_or_else(|| "开始时为牵头单位".to_owned())));
        }
        lines.push(match duty.mode {
            Mode::Joint => "共同承担：任一单位报送即可".to_owned(),
            Mode::Each => "各报各的".to_owned(),
        });
        if !duty.supported_by.is_empty() {
            let names: Vec<String> = duty
                .supported_by
                .iter()
                .map(|entry| match entry {
                    Owner::Unit(unit) => unit.0.clone(),
                    Owner::Group(group) => group.clone(),
                })
                .collect();
            lines.push(format!("配合：{}（不收邮件）", names.join("、")));
        }
        lines
    }

    fn deadline(&self) -> Vec<String> {
        let obligation = self.obligation();
        let duty = self.rules.duty;
        let world = self.known.world(self.rules.catalogue);
        let period = match obligation.period.strip_prefix("event:") {
            Some(id) => Some(Period::Event(id.to_owned())),
            None => Period::parse(&obligation.period, &duty.cadence, obligation.form).ok(),
        };
        let mut lines = match period {
            Some(period) => {
                derive(&world, duty, obligation.form, &period, obligation.opens_at, obligation.first_due_at)
            }
            None => vec![format!("期：{}；截止：{}", obligation.period, self.deadline_words(obligation.first_due_at))],
        };
        if obligation.round.due_at != obligation.first_due_at {
            lines.push(format!(
                "现行时限：{}（退回或延期 {} 次）",
                self.deadline_words(obligation.round.due_at),
                obligation.round.number
            ));
        }
        let grace = window::grace_end(self.rules.ladder, obligation.round.due_at, self.known.slots());
        if grace > obligation.round.due_at {
            lines.push(format!("报送宽限至 {}，办理仍须在期内", self.at(grace)));
        }
        lines
    }

    async fn history(&self, tx: &mut Tx) -> Result<Vec<String>> {
        let id = self.obligation().id;
        let mut lines: Vec<(DateTime<Utc>, String)> = Vec::new();
        for entry in tx.log_of(id).await? {
            lines.push((entry.at, self.logged(&entry)));
        }
        for notice in tx.notices_of(id).await? {
            lines.push((notice.at, self.told(&notice)));
        }
        lines.sort_by_key(|(at, _)| *at);
        let earlier = lines.len().saturating_sub(MOST_LINES);
        let mut lines: Vec<String> = lines.into_iter().skip(earlier).map(|(_, line)| line).collect();
        if earlier > 0 {
            lines.insert(0, format!("（较早的 {earlier} 条从略）"));
        }
        if lines.is_empty() {
            lines.push("尚无".to_owned());
        }
        Ok(lines)
    }

    fn logged(&self, entry: &Logged) -> String {
        let detail: Value = serde_json::from_str(&entry.detail).unwrap_or_default();
        let mut particulars = Vec::new();
        for (key, label) in [
            ("receipt", "回执"),
            ("request", "申请"),
            ("reason", "理由"),
            ("document", "文号"),
            ("answer", "答复"),
            ("acted_on", "办理日期"),
            ("sha256", "文件"),
        ] {
            if let Some(text) = detail.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()) {
                particulars.push(format!("{label} {text}"));
            }
        }
        for (key, label) in [("from", "原时限"), ("until", "新时限")] {
            let at = detail.get(key).and_then(Value::as_str).and_then(|text| text.parse::<DateTime<Utc>>().ok());
            particulars.extend(at.map(|at| format!("{label} {}", self.deadline_words(at))));
        }
        if detail.get("unreminded").and_then(Value::as_bool) == Some(true) {
            particulars.push("未提醒，待安委办认定".to_owned());
        }
        let by = if entry.by_post == crate::store::log::DAEMON { "系统" } else { &entry.by_post };
        let particulars =
            if particulars.is_empty() { String::new() } else { format!("（{}）", particulars.join("，")) };
        format!("{} {by} {}{particulars}", self.at(entry.at), action_label(entry.action))
    }

    fn told(&self, notice: &NoticeHistory) -> String {
        let kind = kind_label(notice.kind);
        let role = Role::from_code(&notice.role).map_or("", Role::label);
        let what = match (&notice.sent_at, notice.state.as_deref(), &notice.reply) {
            (Some(sent), _, reply) => {
                format!("已送出 {}，邮件服务器答复：{}", self.at(*sent), reply.as_deref().unwrap_or("无"))
            }
            (None, Some(state), reply) => format!("未送出（{state}）{}", reply.as_deref().unwrap_or_default()),
            (None, None, _) => "未成邮件".to_owned(),
        };
        format!("{} {kind}致{}{role}：{what}", self.at(notice.at), notice.unit)
    }

    async fn standing(&self, tx: &mut Tx) -> Result<Vec<String>> {
        let obligation = self.obligation();
        let mut lines = vec![format!("灯：{}", light::word(obligation))];
        let filed = tx.submissions_for(&[obligation.id]).await?;
        let filings: Vec<Filing> = filed.iter().filter(|counted| counted.stands()).map(Counted::filing).collect();
        let filings: Vec<&Filing> = filings.iter().collect();
        for count in quota::count(&self.rules.duty.quotas, &filings) {
            lines.push(format!("{}：{}/{}{}", count.counter, count.have, count.want, count.unit));
        }
        lines.push(format!("有效报送 {} 次", filings.len()));
        let today = self.known.zone.day_of(self.now);
        for counted in filed.iter().rev().filter(|counted| counted.stands()).take(MOST_FILINGS) {
            let found = filed_for(tx, self.known, &counted.submission, obligation.id, today).await?;
            // What it counts for at another unit's is not everybody's to see.
            let others =
                found.others.iter().filter(|other| obligation.owners.iter().all(|unit| other.owners.contains(unit)));
            let others: Vec<String> = others.map(filed::named).collect();
            if !others.is_empty() {
                lines.push(format!("回执 {} 同时计入：{}", counted.submission.id, others.join("；")));
            }
        }
        if let Some(streak) = obligation.round.streak.filter(|streak| *streak > 1) {
            lines.push(format!("连续逾期第 {streak} 次"));
        }
        for request in tx.requests_of(obligation.id).await?.iter().filter(|request| request.decided_at.is_none()) {
            let what = request.kind.label();
            lines.push(format!("{what} {} 待安委办答复（不停表）：{}", request.id, request.reason));
        }
        Ok(lines)
    }

    async fn ahead(&self, tx: &mut Tx) -> Result<Vec<String>> {
        let series = series_of(tx, self.known, self.stored, self.now).await?;
        let chased = chased(tx, &[self.obligation()]).await?.remove(&self.obligation().id);
        let world = self.known.world(self.rules.catalogue);
        let mut lines = Vec::new();
        let mut next = self.obligation().clone();
        let mut stands = false;
        for _ in 0..MOST_STEPS * 4 {
            let members = self.with_present(&series, &next);
            let context = Context {
                duty: self.rules.duty,
                ladder: self.rules.ladder,
                world: &world,
                series: &members,
                reminder_taken: true,
                chased: match chased.unwrap_or_default() {
                    Chased::Waiting if self.obligation().round.chased_at.is_some() => Chased::Taken(self.now),
                    Chased::Waiting => Chased::in_its_slot(&next),
                    known => known,
                },
            };
            let Some((at, _)) = step::upcoming(&next, &context) else { break };
            let advance = step::advance(&next, &context, at);
            next = advance.obligation;
            // What stands in each morning's letter is said once.
            if advance.tellings.iter().any(|telling| telling.stands) && !stands {
                lines.push("此后每个工作日 09:00 列入联络员邮件，直至办结".to_owned());
                stands = true;
            }
            if advance.events.is_empty() {
                continue;
            }
            let news = advance.tellings.iter().filter(|telling| !telling.stands);
            let told: Vec<String> = news.map(|telling| self.telling(telling)).collect();
            let events: Vec<&str> = advance.events.iter().map(|event| move_label(event.what)).collect();
            let told = if told.is_empty() { String::new() } else { format!("：{}", told.join("；")) };
            lines.push(format!("{} {}{told}", self.at(at), events.join("、")));
            if lines.len() >= MOST_STEPS {
                break;
            }
        }
        if lines.is_empty() {
            lines.push(match self.obligation().phase {
                Phase::Waiting => "等待安委办审核，不再提醒".to_owned(),
                _ => "没有后续步骤".to_owned(),
            });
        }
        Ok(lines)
    }

    /// The series with this obligation as it stands at the moment looked at.
    fn with_present(&self, series: &[Member], next: &Obligation) -> Vec<Member> {
        let grace = window::grace_end(self.rules.ladder, next.round.due_at, self.known.slots());
        let mut members: Vec<Member> = series.iter().filter(|member| member.id != next.id).cloned().collect();
        if !next.period.starts_with("event:") {
            members.push(Member::of(next, grace, next.round.unreminded, next.settled_to.max(self.now)));
            members.sort_by_key(|member| (member.opens_at, member.id));
        }
        members
    }

    fn telling(&self, telling: &Telling) -> String {
        let owners = words::owners(&self.obligation().owners);
        let roles: Vec<String> = telling
            .to
            .iter()
            .map(|role| match role {
                Role::Office => self.known.roster.office_post().label(),
                role => format!("{owners}{}", role.label()),
            })
            .collect();
        format!("致{}", roles.join("、"))
    }
}

/// A notice's kind as pages show it.
pub fn kind_label(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Moved => "时限顺延",
        NoticeKind::View => "请签署意见",
        NoticeKind::Decided => "办理结果",
        NoticeKind::Remind => "提醒",
        NoticeKind::Chase => "催办",
        NoticeKind::Supervise => "督办",
        NoticeKind::Propose => "通报建议",
        NoticeKind::Event => "事件邮件",
    }
}

fn move_label(what: Move) -> &'static str {
    match what {
        Move::Open => "开始",
        Move::Remind => "提醒",
        Move::Miss => "认定逾期",
        Move::Chase => "催办",
        Move::Stand => "列入每日邮件",
        Move::Supervise => "督办",
        Move::Propose => "通报建议（列入督办清单）",
        Move::Lapse => "补办截止，按逾期未办结",
    }
}

/// What was done, as people call it.
pub fn action_label(action: Action) -> &'static str {
    match action {
        Action::Open => "开始",
        Action::Remind => "提醒",
        Action::Miss => "认定逾期",
        Action::Chase => "催办",
        Action::Stand => "载入晨报",
        Action::Supervise => "督办",
        Action::Propose => "通报建议",
        Action::Lapse => "按逾期未办结",
        Action::Submit => "报送",
        Action::Withdraw => "撤回报送",
        Action::Correct => "更正报送",
        Action::Accept => "审核通过",
        Action::Return => "退回",
        Action::ConfirmMiss => "认定“未提醒”逾期计入",
        Action::ExcuseMiss => "认定“未提醒”逾期不计入",
        Action::Publish => "决定通报",
        Action::NotPublish => "决定不通报",
        Action::Undo => "撤销决定",
        Action::AskExtension => "申请延期",
        Action::GrantExtension => "同意延期",
        Action::RefuseExtension => "不同意延期",
        Action::Waive => "免除",
        Action::Dispute => "提出异议",
        Action::UpholdDispute => "异议成立",
        Action::RejectDispute => "异议不成立",
        Action::Erase => "删除误传文件",
        Action::Confirm => "签收",
        Action::Endorse => "负责人签署意见",
        Action::MoveNode => "节点结束日变动",
        Action::MoveDeadline => "放假通知变动，时限顺延",
        Action::OwnerLeft => "共同承担的单位离开",
        Action::OwnerSucceeded => "由承接单位继续承担",
        Action::SetUp => "首次启用",
        Action::ApplySeeds => "应用职责目录",
        Action::ImportCalendar => "载入日历",
        Action::ImportPosts => "载入岗位",
        Action::SetUnit => "登记单位",
        Action::LeaveUnit => "单位离开",
        Action::RenameUnit => "单位更名",
        Action::SucceedUnit => "单位并入",
        Action::SetPost => "变更岗位",
        Action::OpenNode => "开启节点",
        Action::ExtendNode => "变更节点结束日",
        Action::CloseNode => "结束节点",
        Action::OpenEvent => "登记事件",
        Action::CloseEvent => "结束事件",
        Action::SignIn => "登录",
        Action::SignOut => "退出",
        Action::SetupLink => "生成设置口令的链接",
        Action::SetPassword => "设置口令",
        Action::AskLink => "索取登录链接",
        Action::MakeToken => "创建令牌",
        Action::EndToken => "停用令牌",
        Action::MakeFeed => "创建日历订阅",
        Action::RevokeLink => "作废邮件链接",
        Action::SendAgain => "重发邮件",
        Action::HoldLetters => "恢复备份后暂停发信",
        Action::ReleaseLetters => "处理暂停的邮件",
        Action::ViewEvidence => "查看佐证",
    }
}
