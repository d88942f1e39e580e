#!/usr/bin/env python3
"""An independent oracle for duban: what is owed, when, and who is told what.

Worked out from the document, its reading in tests/mission/ and the written rules of the ladder alone; no line of the
program was read or used.  Standard library only.  All instants are naive local times of Asia/Shanghai (no summer time since
1991) and are printed with +08:00.  An instant of 24:00 is 00:00 of the next day.

    oracle.py plan        --from 2022-01-01 --to 2022-12-31
    oracle.py obligations --from 2022-09-26 --to 2022-10-31 --behaviour never
    oracle.py notices     --from 2022-09-26 --to 2022-10-31 --behaviour story.json
"""
import argparse
import bisect
import csv
import json
import os
import signal
import sys
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
OFFICE = "委安委办/office"
PARTY_CONGRESS = (date(2022, 10, 16), date(2022, 10, 22))  # 党的二十大, the one node that no holiday gives


def at(day, hour, minute=0):
    return datetime.combine(day, time(hour, minute))


def midnight(day):
    return at(day, 0)


def rfc3339(instant):
    return instant.strftime("%Y-%m-%dT%H:%M:%S+08:00") if instant else ""


def days(first, last):
    while first <= last:
        yield first
        first += DAY


# ---------------------------------------------------------------------------------------------------------- calendar
class Calendar:
    """tests/mission/holidays.csv; a date that is not listed follows the weekend rule (Saturday and Sunday are off)."""

    def __init__(self, path):
        self.listed = {}
        for row in read_csv(path):
            self.listed[date.fromisoformat(row["date"])] = row["kind"]

    def is_workday(self, day):
        kind = self.listed.get(day)
        return kind == "makeup_workday" if kind else day.weekday() < 5

    def last_workday(self, first, last):
        """The last workday of a period; where it has none, the first workday after it."""
        for day in reversed(list(days(first, last))):
            if self.is_workday(day):
                return day
        return self.workday_after(last, 1)

    def workday_after(self, day, count):
        """The count-th workday strictly after the day; the day itself never counts."""
        while count:
            day += DAY
            count -= self.is_workday(day)
        return day

    def workday_before(self, day, count):
        while count:
            day -= DAY
            count -= self.is_workday(day)
        return day

    def nodes(self):
        """A holiday node is an unbroken run of listed days off, whatever their names; and 二十大."""
        runs = []
        for day in sorted(d for d, kind in self.listed.items() if kind == "holiday"):
            if runs and runs[-1][1] + DAY == day:
                runs[-1][1] = day
            else:
                runs.append([day, day])
        return sorted([tuple(run) for run in runs] + [PARTY_CONGRESS])


# ------------------------------------------------------------------------------------------------- the mission's rows
@dataclass
class Duty:
    id: str
    kind: str
    cadence: str
    due: str
    owners: list  # one list of units an obligation: [[a],[b]] for each, [[a,b]] for joint


def read_csv(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def load_duties(mission):
    units = read_csv(os.path.join(mission, "units.csv"))
    duties = []
    for row in read_csv(os.path.join(mission, "duties.csv")):
        owners = []
        for name in row["owed_by"].split(";"):  # in the order of duties.csv, a group in the order of units.csv
            members = ([u["name"] for u in units if name[1:] in u["groups"].split(";")] if name.startswith("@") else [name])
            owners += [m for m in members if m not in owners]
        groups = [owners] if row["mode"] == "joint" else [[owner] for owner in owners]
        duties.append(Duty(row["id"], row["kind"], row["cadence"], row["due"], groups))
    return duties


# ------------------------------------------------------------------------------------------------- periods and dues
@dataclass(frozen=True)
class Term:
    """One period of one form of one duty, before it is laid on an owner."""
    key: str
    opens: datetime
    due: datetime
    form: str  # daily workday node_day weekly monthly node_form quarterly half_yearly yearly once

    @property
    def due_day(self):
        """Workdays count from the civil day of the due instant less one second."""
        return (self.due - SECOND).date()


def month_end(year, month):
    return date(year + month // 12, month % 12 + 1, 1) - DAY


def calendar_periods(cadence, first_year, last_year):
    """(key, first day, last day) of every calendar period of the cadence that touches the years."""
    if cadence == "weekly":  # Monday to Sunday, ISO numbers
        monday = date(first_year, 1, 1)
        monday -= timedelta(days=monday.weekday())
        while monday <= date(last_year, 12, 31):
            year, week, _ = monday.isocalendar()
            yield f"{year}-W{week:02}", monday, monday + 6 * DAY
            monday += 7 * DAY
        return
    months, letter = {"monthly": (1, "-{:02}"), "quarterly": (3, "-Q{}"), "half_yearly": (6, "-H{}"), "yearly": (12, "")}[cadence]
    for year in range(first_year, last_year + 1):
        for number in range(12 // months):
            yield f"{year}" + letter.format(number + 1), date(year, number * months + 1, 1), month_end(year, (number + 1) * months)


def day_term(day, form):
    """Day duties are due at 24:00 of their day."""
    return Term(day.isoformat(), midnight(day), midnight(day + DAY), form)


def terms_of(duty, calendar, first_year, last_year):
    """Every period of the duty, series by series.  A series is one duty, owner and form: 5.3 has two."""
    span = list(days(date(first_year, 1, 1), date(last_year, 12, 31)))
    cadence = duty.cadence
    if cadence == "daily":
        return [[day_term(day, "daily") for day in span]]
    if cadence == "workday":
        return [[day_term(day, "workday") for day in span if calendar.is_workday(day)]]
    if cadence == "each_day_of_node":  # one a day, however many nodes overlap
        node_days = {day for first, last in calendar.nodes() for day in days(first, last)}
        return [[day_term(day, "node_day") for day in sorted(node_days)]]
    if cadence.startswith("once "):
        day = date.fromisoformat(cadence.split()[1])
        # mission/ knows no effective_from, so it opens 30 workdays before it is due
        return [[Term(day.isoformat(), midnight(calendar.workday_before(day, 30)), midnight(day + DAY), "once")]]
    assert duty.due == "last_workday", duty
    series = [[Term(key, midnight(first), at(calendar.last_workday(first, last), 18), cadence)
               for key, first, last in calendar_periods(cadence, first_year, last_year)]]
    if duty.id == "5.3":  # also once for each node, due 24:00 on its last day
        series.append([Term(f"node:{first}", midnight(first), midnight(last + DAY), "node_form")
                       for first, last in calendar.nodes()])
    return series


# ----------------------------------------------------------------------------------------------------------- ladders
DAY_FORMS = ("daily", "workday", "node_day")
LIAISON, DEPUTY, HEAD = ("liaison",), ("liaison", "deputy"), ("liaison", "deputy", "head")


def reminder_wishes(form, due_day, calendar):
    """(instant wanted, posts): the column "before due" of the table in section 6."""
    before = lambda count: at(calendar.workday_before(due_day, count), 9)
    morning = at(due_day, 9)
    if form in DAY_FORMS:
        return [(at(due_day, 16), LIAISON)]
    if form == "weekly":
        return [(before(1), LIAISON), (morning, LIAISON)]
    if form in ("monthly", "node_form"):
        return [(before(5), LIAISON), (before(2), DEPUTY), (morning, DEPUTY)]
    return [(before(15), LIAISON), (before(5), DEPUTY), (before(1), HEAD), (morning, HEAD)]


def slots_of(day, form, calendar):
    """09:00 and 16:00 on workdays; for the reminders of day duties and of the node form also 16:00 on any day."""
    if calendar.is_workday(day):
        return [at(day, 9), at(day, 16)]
    return [at(day, 16)] if form in DAY_FORMS + ("node_form",) else []


def reminder_slot(wish, term, calendar):
    """The first slot at or after the wish and before the due instant, else the last slot before the due instant; none
    where that falls before the opening."""
    for day in days(wish.date(), term.due_day):
        for slot in slots_of(day, term.form, calendar):
            if wish <= slot < term.due:
                return slot if slot >= term.opens else None
    day = term.due_day
    while midnight(day) + DAY > term.opens:
        for slot in reversed(slots_of(day, term.form, calendar)):
            if slot < term.due:
                return slot if slot >= term.opens else None
        day -= DAY
    return None


def workday_rules(form, table):
    """(督办 on the third workday?, 通报建议 on the tenth?), by the table's column "after a miss" or by the text below it."""
    if table == "text" or form not in DAY_FORMS + ("weekly",):
        return True, True
    return (form == "weekly"), False


@dataclass
class Obligation:
    duty: Duty
    owners: list
    term: Term
    next_due: datetime | None  # of its series, from the cadence
    calendar: Calendar = field(repr=False)
    filed: datetime | None = None
    streak: object = None   # the run of misses that this miss belongs to
    place: int = 0          # first, second ... miss of that run
    told: dict = field(default_factory=dict)  # level -> slot

    def __post_init__(self):
        term, calendar = self.term, self.calendar
        day_form = term.form in DAY_FORMS
        # declared at the due instant plus the grace: day duties until 08:30 of the next calendar day, others none
        self.declared = at(term.due_day + DAY, 8, 30) if day_form else term.due
        # 催办 at the next slot of the workdays; no due rule of the mission makes it other than 09:00
        day = self.declared.date()
        self.chase_slot = next(slot for d in days(day, day + 40 * DAY) if calendar.is_workday(d)
                               for slot in (at(d, 9), at(d, 16)) if slot >= self.declared)
        self.third = at(calendar.workday_after(term.due_day, 3), 9)
        self.tenth = at(calendar.workday_after(term.due_day, 10), 9)
        # a miss can be made good until the later of the next due instant and 18:00 of the workday of its 催办,
        # node days for at most ten workdays; once stays open until done
        self.closes = None
        evening = at(self.chase_slot.date(), 18)
        if term.form == "node_day":
            cap = at(self.tenth.date(), 18)
            self.closes = min(max(self.next_due or cap, evening), cap)
        elif self.next_due:
            self.closes = max(self.next_due, evening)

    owner_names = property(lambda self: ";".join(self.owners))
    missed = property(lambda self: self.filed is None or self.filed > self.declared)

    def open_at(self, instant):
        """Not filed yet: the ladder speaks."""
        return self.filed is None or self.filed > instant

    def reviewed(self):
        """Deadline duties wait for acceptance, which no behaviour gives; the others close on filing."""
        return self.duty.kind == "deadline"


def wanted_filing(obligation, behaviour):
    """always: 10:00 of the due day; late_by:Nd: 10:00 N civil days after it; later rules win; joint: any owner."""
    do = behaviour["default"]
    for rule in behaviour.get("rules", []):
        if (rule.get("duty", obligation.duty.id) == obligation.duty.id
                and ("unit" not in rule or rule["unit"] in obligation.owners)
                and rule.get("period", obligation.term.key) == obligation.term.key):
            do = rule["do"]
    if do == "never":
        return None
    late = 0 if do == "always" else int(do.removeprefix("late_by:").removesuffix("d"))
    return at(obligation.term.due_day + late * DAY, 10)


# ----------------------------------------------------------------------------------------------------------- streaks
class Streak:
    """A run of declared misses of one series that nothing filed in time breaks."""

    def __init__(self):
        self.misses = []
        self.reached = {}   # level -> the first slot at which this run was told it
        self.waiting = set()  # levels put off because the level below was reached on the same workday


BELOW = {"supervise": "chase", "propose": "supervise"}
FROM_MISS = {"supervise": 3, "propose": 6}


def split_streaks(series, now):
    """Numbers the declared misses of one series in the order of their periods; one filed in time breaks the run."""
    streaks, run = [], None
    for obligation in series:
        if obligation.declared > now:
            break
        if not obligation.missed:
            run = None
            continue
        if run is None:
            run = Streak()
            streaks.append(run)
        run.misses.append(obligation)
        obligation.streak, obligation.place = run, len(run.misses)
    return streaks


def tell(notices, slot, kind, obligation, posts):
    if kind == "propose":
        rows = [OFFICE]
    else:
        rows = [f"{owner}/{post}" for owner in obligation.owners for post in posts]
    for post in rows:
        notices.append((slot, kind, obligation.duty.id, obligation.owner_names, obligation.term.key, post))


def reach(notices, slot, level, obligation):
    """One obligation is told each level once; a filing stops the ladder, closing as missed does not."""
    if level in obligation.told or not obligation.open_at(slot):
        return
    obligation.told[level] = slot
    obligation.streak.reached.setdefault(level, slot)
    tell(notices, slot, level, obligation, DEPUTY if level == "chase" else HEAD)


def escalate(notices, slot, streak, table, first):
    """One 09:00 of a workday for one run of misses: 催办, then 督办, then 通报建议."""
    fresh = [m for m in streak.misses if m.chase_slot == slot]
    for miss in streak.misses:
        if miss.chase_slot == slot:
            reach(notices, slot, "chase", miss)
        elif miss.chase_slot < slot and miss.open_at(slot) and (miss.closes is None or slot < miss.closes):
            tell(notices, slot, "chase", miss, LIAISON)  # stands in the liaison's 09:00 letter until closed or filed
    for level in ("supervise", "propose"):
        first_time = level not in streak.reached
        for miss in streak.misses:  # the workday rule, for each miss by itself
            by_third, by_tenth = workday_rules(miss.term.form, table)
            if (by_third and level == "supervise" and miss.third == slot) or (by_tenth and level == "propose" and miss.tenth == slot):
                reach(notices, slot, level, miss)
        # The streak rule: beside the 催办 and in its slot.  "A series first reaches a level at least one workday after
        # the level below it, on its newest miss" (see ambiguities.md 1).
        speaking = [m for m in fresh if m.place >= FROM_MISS[level] and m.open_at(slot)]
        below = streak.reached.get(BELOW[level])
        ready = below is not None and below.date() < slot.date()
        if not first_time:
            streak.waiting.discard(level)
            for miss in speaking:
                reach(notices, slot, level, miss)
        elif not ready:
            if speaking:
                streak.waiting.add(level)
        elif level in streak.waiting:
            streak.waiting.discard(level)
            newest = [m for m in streak.misses if m.declared <= slot][-1]
            reach(notices, slot, level, newest)
        else:
            for miss in speaking if first == "all" else speaking[-1:]:
                reach(notices, slot, level, miss)


# -------------------------------------------------------------------------------------------------------- the answers
class Oracle:
    def __init__(self, mission, first_day, last_day):
        self.calendar = Calendar(os.path.join(mission, "holidays.csv"))
        self.duties = [d for d in load_duties(mission) if d.kind != "event"]
        self.first_day, self.last_day = first_day, last_day
        years = (first_day.year - 1, last_day.year + 2)
        self.series = {d.id: terms_of(d, self.calendar, *years) for d in self.duties}

    def plan(self):
        """In the range when the due instant less one second falls on one of its days; sorted by due_at, duty, owners."""
        rows = []
        for duty in self.duties:
            for terms in self.series[duty.id]:
                for term in terms:
                    if self.first_day <= term.due_day <= self.last_day:
                        rows += [(duty.id, ";".join(owners), term.key, rfc3339(term.due)) for owners in duty.owners]
        return sorted(rows, key=lambda r: (r[3], r[0], r[1], r[2]))

    def simulate(self, behaviour, table="table", first="all", edge="in"):
        start, end = midnight(self.first_day), midnight(self.last_day + DAY)
        horizon = end + 35 * DAY
        # the run's last instant is 24:00 of the last day itself (edge "in") or the second before it ("out")
        now = end if edge == "in" else end - SECOND
        if edge == "out":
            horizon -= SECOND
        obligations, notices = [], []
        for duty in self.duties:
            for terms in self.series[duty.id]:
                dues = sorted(t.due for t in terms)
                held = [t for t in terms if t.due_day >= self.first_day and t.opens <= horizon]
                for owners in duty.owners:
                    series = []
                    for term in held:
                        later = bisect.bisect_right(dues, term.due)
                        next_due = dues[later] if later < len(dues) else None
                        obligation = Obligation(duty, owners, term, next_due, self.calendar)
                        filing = wanted_filing(obligation, behaviour)
                        if filing and filing <= now and (obligation.closes is None or filing < obligation.closes or filing <= obligation.declared):
                            obligation.filed = filing
                        series.append(obligation)
                    for obligation in series:
                        self.remind(notices, obligation, start, now)
                    for streak in split_streaks(series, now):
                        last = min(self.last_day, now.date())
                        for day in days(streak.misses[0].chase_slot.date(), last):
                            if self.calendar.is_workday(day):
                                escalate(notices, at(day, 9), streak, table, first)
                    obligations += series
        return obligations, notices, now

    def remind(self, notices, obligation, start, now):
        """Two reminders in one slot are one for each post; a first start invents nothing older than its first day."""
        by_slot = {}
        for wish, posts in reminder_wishes(obligation.term.form, obligation.term.due_day, self.calendar):
            slot = reminder_slot(wish, obligation.term, self.calendar)
            if slot and start <= slot <= now and wish >= start and obligation.open_at(slot):
                by_slot.setdefault(slot, set()).update(posts)
        for slot, posts in by_slot.items():
            tell(notices, slot, "remind", obligation, [p for p in HEAD if p in posts])
        obligation.reminded = bool(by_slot)


def light(obligation, now):
    """grey, yellow from the first reminder on, green filed in time, orange made good late, red declared missed."""
    if obligation.filed:
        return "orange" if obligation.missed else "green"
    if obligation.declared <= now:
        return "red"
    return "yellow" if obligation.reminded else "grey"


def closed_at(obligation, now):
    if obligation.filed:
        return None if obligation.reviewed() else obligation.filed
    return obligation.closes if obligation.closes and obligation.declared <= now and obligation.closes <= now else None


def obligation_rows(obligations, now):
    return sorted((o.duty.id, o.owner_names, o.term.key, rfc3339(o.term.opens), rfc3339(o.term.due),
                   rfc3339(closed_at(o, now)), light(o, now)) for o in obligations)


def notice_rows(notices):
    return sorted((rfc3339(slot), *rest) for slot, *rest in notices)


HEADERS = {"plan": "duty,owners,period,due_at", "obligations": "duty,owners,period,opens_at,due_at,closed_at,light",
           "notices": "sent_at,kind,duty,owners,period,post"}


def answer(what, first_day, last_day, mission, behaviour, table, first, edge):
    oracle = Oracle(mission, first_day, last_day)
    if what == "plan":
        return oracle.plan()
    obligations, notices, now = oracle.simulate(behaviour, table, first, edge)
    return obligation_rows(obligations, now) if what == "obligations" else notice_rows(notices)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=HEADERS)
    parser.add_argument("--from", dest="first_day", type=date.fromisoformat, required=True)
    parser.add_argument("--to", dest="last_day", type=date.fromisoformat, required=True)
    parser.add_argument("--mission", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mission"))
    parser.add_argument("--behaviour", default="never", help="always, never, late_by:Nd, or a JSON file")
    parser.add_argument("--table", choices=("table", "text"), default="table",
                        help="text: third and tenth workday for every class")
    parser.add_argument("--first", choices=("all", "newest"), default="newest",
                        help="an undelayed first 督办/通报建议 by streak: on every miss of that slot, or on the newest alone")
    parser.add_argument("--edge", choices=("in", "out"), default="in", help="whether 24:00 of the last day is still the run")
    parser.add_argument("--sort", choices=("deadline", "columns"), default="deadline", help="plan only: due_at,duty,owners or all columns")
    parser.add_argument("--duty", help="print the rows of this duty only")
    parser.add_argument("--unit", help="print the rows owed by this unit only")
    args = parser.parse_args()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if os.path.exists(args.behaviour):
        with open(args.behaviour, encoding="utf-8") as file:
            behaviour = json.load(file)
    else:
        behaviour = {"default": args.behaviour}
    rows = answer(args.what, args.first_day, args.last_day, args.mission, behaviour, args.table, args.first, args.edge)
    if args.sort == "columns":
        rows = sorted(rows)
    names = HEADERS[args.what].split(",")
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(names)
    duty, owners = names.index("duty"), names.index("owners")
    out.writerows(r for r in rows if (not args.duty or r[duty] == args.duty)
                  and (not args.unit or args.unit in r[owners].split(";")))


if __name__ == "__main__":
    main()
