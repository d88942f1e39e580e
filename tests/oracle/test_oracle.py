"""hand.md as asserts:  python3 -m unittest -q test_oracle"""
import os
import unittest
from collections import Counter
from datetime import date

from oracle import answer

MISSION = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mission")
AUTUMN = (date(2022, 9, 26), date(2022, 10, 31))
YEAR = (date(2022, 1, 1), date(2022, 12, 31))
L, D, H, LD, LDH = "L", "D", "H", "DL", "DHL"


def run(what, span, behaviour="never", table="table", first="all", edge="in"):
    behaviour = behaviour if isinstance(behaviour, dict) else {"default": behaviour}
    return answer(what, *span, MISSION, behaviour, table, first, edge)


def story(rows, duty, unit, period=None):
    """{(mm-dd HH, kind, period): posts of this unit in short}; the office's rows count for the obligation."""
    out = {}
    for sent, kind, d, owners, p, post in rows:
        if d == duty and unit in owners.split(";") and (period is None or p == period):
            who, what = post.split("/")
            if who == unit or kind == "propose":
                out.setdefault((sent[5:13].replace("T", " "), kind, p), set()).add("O" if kind == "propose" else what[0].upper())
    return {k: "".join(sorted(v)) for k, v in out.items()}


def kinds(rows, duty, unit):
    return dict(Counter(r[1] for r in rows if r[2] == duty and unit in r[3].split(";")))


class Autumn(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.rows = run("notices", AUTUMN)
        cls.newest = run("notices", AUTUMN, first="newest")
        cls.text = run("notices", AUTUMN, table="text")
        cls.obligations = {(r[0], r[1], r[2]): r for r in run("obligations", AUTUMN)}

    def test_a1_joint_daily(self):
        self.assertEqual(kinds(self.rows, "5.2", "宣教处"), {"remind": 72, "chase": 140, "supervise": 198, "propose": 30})
        self.assertEqual(kinds(self.newest, "5.2", "宣教处")["propose"], 24)
        got = story(self.rows, "5.2", "宣教处")
        self.assertEqual(got["09-29 09", "supervise", "2022-09-28"], LDH)
        self.assertNotIn(("09-28 09", "supervise", "2022-09-27"), got)
        eight = [f"2022-{d}" for d in ("09-30", "10-01", "10-02", "10-03", "10-04", "10-05", "10-06", "10-07")]
        for day in eight:
            self.assertEqual(got["10-08 09", "chase", day], LD)
            self.assertEqual(got["10-08 09", "supervise", day], LDH)
        self.assertEqual([p for (t, k, p) in sorted(got) if t == "10-08 09" and k == "propose"], eight[1:])
        self.assertEqual([p for (t, k, p) in story(self.newest, "5.2", "宣教处") if t == "10-08 09" and k == "propose"], eight[-1:])
        row = self.obligations["5.2", "委安委办;宣教处", "2022-10-01"]
        self.assertEqual(row[5:], ("2022-10-08T18:00:00+08:00", "red"))
        self.assertEqual(self.obligations["5.2", "委安委办;宣教处", "2022-10-11"][5], "2022-10-13T00:00:00+08:00")

    def test_a2_workday(self):
        self.assertEqual(kinds(self.rows, "9.1a", "质安处"), {"remind": 23, "chase": 44, "supervise": 60, "propose": 17})
        got = story(self.rows, "9.1a", "质安处")
        self.assertEqual(got["10-08 09", "chase", "2022-09-30"], LD)
        self.assertEqual(min(k for k in got if k[1] == "propose"), ("10-09 09", "propose", "2022-10-08"))

    def test_a3_node_days(self):
        self.assertEqual(kinds(self.rows, "47.1", "质安处"), {"remind": 14, "chase": 39, "supervise": 24, "propose": 8})
        got = story(self.rows, "47.1", "质安处")
        want = {}
        for d in range(1, 8):
            want[f"10-{d:02} 16", "remind", f"2022-10-{d:02}"] = L
            want["10-08 09", "chase", f"2022-10-{d:02}"] = LD
        want["10-09 09", "supervise", "2022-10-07"] = LDH
        want["10-10 09", "propose", "2022-10-07"] = "O"
        for d in ("09", "10", "11", "12", "13", "14"):
            want[f"10-{d} 09", "chase", "2022-10-07"] = L
        for d in range(16, 23):
            slot = {21: 24, 22: 24}.get(d, d + 1)
            want[f"10-{d} 16", "remind", f"2022-10-{d}"] = L
            for kind, posts in (("chase", LD), ("supervise", LDH), ("propose", "O")):
                want[f"10-{slot} 09", kind, f"2022-10-{d}"] = posts
        for d in (25, 26, 27, 28, 31):
            want[f"10-{d} 09", "chase", "2022-10-22"] = L
        self.assertEqual(got, want)
        self.assertEqual(story(self.newest, "47.1", "质安处"), want)
        self.assertEqual(self.obligations["47.1", "质安处", "2022-10-07"][5], "2022-10-17T00:00:00+08:00")

    def test_a3b_text(self):
        got = story(self.text, "47.1", "质安处")
        for d in range(1, 7):
            self.assertEqual(got["10-10 09", "supervise", f"2022-10-0{d}"], LDH)
            self.assertEqual(got["10-19 09", "propose", f"2022-10-0{d}"], "O")
        self.assertEqual(sum(k[1] == "supervise" and k[2] == "2022-10-07" for k in got), 1)
        self.assertEqual(sum(k[1] == "propose" and k[2] == "2022-10-07" for k in got), 1)

    def test_a4_a5_quarter_and_once(self):
        chaser = "09 10 11 12 13 14 17 18 19 20 21 24 25 26 27 28 31".split()
        for duty, period in (("1.1", "2022-Q3"), ("4.1", "2022-09-30")):
            want = {("09-29 09", "remind", period): LDH, ("09-30 09", "remind", period): LDH, ("10-08 09", "chase", period): LD,
                    ("10-10 09", "supervise", period): LDH, ("10-19 09", "propose", period): "O"}
            want |= {(f"10-{d} 09", "chase", period): L for d in chaser}
            self.assertEqual(story(self.rows, duty, "委安委办"), want)
        self.assertEqual(self.obligations["4.1", "委安委办", "2022-09-30"][3:],
                         ("2022-08-18T00:00:00+08:00", "2022-10-01T00:00:00+08:00", "", "red"))
        self.assertEqual(self.obligations["1.1", "委安委办", "2022-Q4"][6], "grey")

    def test_a6_months(self):
        self.assertEqual(kinds(self.rows, "9.1c", "质安处"), {"remind": 9 , "chase": 19, "supervise": 3, "propose": 1})
        self.assertEqual(story(self.rows, "9.1c", "质安处", "2022-10"),
                         {("10-24 09", "remind", "2022-10"): L, ("10-27 09", "remind", "2022-10"): LD, ("10-31 09", "remind", "2022-10"): LD})
        self.assertEqual(self.obligations["9.1c", "质安处", "2022-09"][5:], ("2022-10-31T18:00:00+08:00", "red"))
        self.assertEqual(self.obligations["9.1c", "质安处", "2022-10"][5:], ("", "red"))

    def test_a7_node_form(self):
        first = story(self.rows, "5.3", "宣教处", "node:2022-10-01")
        self.assertEqual({k[:2]: v for k, v in first.items() if k[1] != "chase"},
                         {("10-07 16", "remind"): LD, ("10-10 09", "supervise"): LDH, ("10-19 09", "propose"): "O"})
        self.assertEqual(max(k[0] for k in first if k[1] == "chase"), "10-21 09")
        second = story(self.rows, "5.3", "宣教处", "node:2022-10-16")
        self.assertEqual({k[:2]: v for k, v in second.items() if k[1] != "chase"},
                         {("10-17 09", "remind"): L, ("10-20 09", "remind"): LD, ("10-22 16", "remind"): LD, ("10-26 09", "supervise"): LDH})

    def test_a8_w40(self):
        p = "2022-W40"
        self.assertEqual(story(self.rows, "9.1b", "质安处", p),
                         {("10-08 09", "remind", p): L, ("10-09 09", "remind", p): L, ("10-10 09", "chase", p): LD, ("10-12 09", "supervise", p): LDH,
                          ("10-11 09", "chase", p): L, ("10-12 09", "chase", p): L, ("10-13 09", "chase", p): L, ("10-14 09", "chase", p): L})
        p = "2022-W39"
        self.assertEqual(story(self.rows, "9.1b", "质安处", p),
                         {("09-29 09", "remind", p): L, ("09-30 09", "remind", p): L, ("10-08 09", "chase", p): LD, ("10-09 09", "chase", p): L,
                          ("10-10 09", "supervise", p): LDH})


class WholeYear(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows = run("notices", YEAR)
        cls.newest = run("notices", YEAR, first="newest")

    def test_b1_w05(self):
        p = "2022-W05"
        self.assertEqual(story(self.rows, "9.1b", "质安处", p),
                         {("02-07 09", "remind", p): L, ("02-08 09", "chase", p): LD, ("02-08 09", "supervise", p): LDH,
                          ("02-09 09", "chase", p): L, ("02-10 09", "chase", p): L, ("02-11 09", "chase", p): L})
        p = "2022-W04"
        self.assertEqual(story(self.rows, "9.1b", "质安处", p),
                         {("01-29 09", "remind", p): L, ("01-30 09", "remind", p): L, ("02-07 09", "chase", p): LD, ("02-07 09", "supervise", p): LDH})
        self.assertEqual(story(self.rows, "9.1b", "质安处", "2022-W06")["02-14 09", "propose", "2022-W06"], "O")

    def test_b2_b3_once(self):
        got = {k[0]: v for k, v in story(self.rows, "4.1", "委安委办").items() if k[1] == "remind"}
        self.assertEqual(got, {"09-08 09": L, "09-23 09": LD, "09-29 09": LDH, "09-30 09": LDH})
        got = {k[:2]: v for k, v in story(self.rows, "18.1c", "安管总站").items()}
        self.assertEqual(got, {("12-12 09", "remind"): L, ("12-26 09", "remind"): LD, ("12-30 09", "remind"): LDH, ("12-30 16", "remind"): LDH})
        for edge, word in (("in", "red"), ("out", "yellow")):
            row = [r for r in run("obligations", YEAR, edge=edge) if r[0] == "18.1c"][0]
            self.assertEqual(row[3:], ("2022-11-21T00:00:00+08:00", "2023-01-01T00:00:00+08:00", "", word))

    def test_b4_b5_first_days(self):
        got = story(self.rows, "5.2", "宣教处")
        self.assertEqual(min(k for k in got if k[1] == "supervise"), ("01-05 09", "supervise", "2022-01-04"))
        self.assertEqual(min(k for k in got if k[1] == "propose"), ("01-07 09", "propose", "2022-01-06"))
        self.assertFalse([k for k in got if k[1] == "supervise" and k[2] < "2022-01-04"])
        for rows, days in ((self.rows, [2, 3, 4, 5, 6]), (self.newest, [6])):
            got = story(rows, "47.1", "质安处")
            self.assertEqual([k for k in sorted(got) if k[0] < "02" and k[1] == "supervise"], [("01-05 09", "supervise", "2022-01-03")])
            self.assertEqual([k[2] for k in sorted(got) if k[0] == "02-07 09" and k[1] == "propose"], [f"2022-02-0{d}" for d in days])
            self.assertEqual(sum(k[0] == "02-07 09" and k[1] == "supervise" for k in got), 7)
            self.assertEqual(max(k[0] for k in got if k[2] == "2022-01-03"), "01-17 09")

    def test_b6_plan(self):
        rows = run("plan", YEAR)
        self.assertEqual(len(rows), 365 + 3237 + 728 + 507 + 8 + 348 + 1320 + 54 + 57 + 18)
        self.assertIn(("9.1b", "质安处", "2022-W05", "2022-02-07T18:00:00+08:00"), rows)
        self.assertIn(("9.1b", "质安处", "2022-W40", "2022-10-09T18:00:00+08:00"), rows)
        self.assertIn(("5.3", "委安委办;宣教处", "2022-Q4", "2022-12-30T18:00:00+08:00"), rows)
        self.assertNotIn("2022-W53", {r[2] for r in rows})
        rows = run("plan", (date(2024, 1, 1), date(2024, 12, 31)))
        self.assertIn(("5.2", "委安委办;宣教处", "2024-02-29", "2024-03-01T00:00:00+08:00"), rows)
        self.assertIn(("5.3", "委安委办;宣教处", "node:2023-12-30", "2024-01-02T00:00:00+08:00"), rows)

    def test_always(self):
        rows = run("notices", YEAR, "always")
        self.assertEqual({r[1] for r in rows}, {"remind"})
        for r in run("obligations", YEAR, "always"):
            due_in = r[4] <= "2023-01-01T00"
            self.assertEqual(r[6] == "green", due_in or r[4][:10] == "2023-01-01", r)
            self.assertEqual(r[5] == "", r[6] != "green" or r[0] in ("4.1", "8.1", "12.1", "18.1a", "18.1b", "18.1c"), r)


class Behaviours(unittest.TestCase):
    def test_c1_late_week_and_day(self):
        b = {"default": "never", "rules": [{"duty": "9.1b", "do": "always"}, {"duty": "9.1b", "unit": "质安处", "period": "2022-W40", "do": "late_by:3d"},
                                           {"duty": "9.1a", "period": "2022-10-10", "do": "late_by:2d"}]}
        p = "2022-W40"
        self.assertEqual({k: v for k, v in story(run("notices", AUTUMN, b), "9.1b", "质安处", p).items() if k[1] != "remind"},
                         {("10-10 09", "chase", p): LD, ("10-11 09", "chase", p): L, ("10-12 09", "chase", p): L, ("10-12 09", "supervise", p): LDH})
        got = {r[:3]: r[5:] for r in run("obligations", AUTUMN, b)}
        self.assertEqual(got["9.1b", "质安处", p], ("2022-10-12T10:00:00+08:00", "orange"))
        self.assertEqual(got["9.1a", "质安处", "2022-10-10"], ("2022-10-12T00:00:00+08:00", "red"))

    def test_c2_late_node_days(self):
        b = {"default": "never", "rules": [{"duty": "47.1", "do": "late_by:1d"}]}
        got = {k: v for k, v in story(run("notices", AUTUMN, b), "47.1", "质安处").items() if k[1] != "remind" and k[0] < "10-19"}
        self.assertEqual(got, {("10-08 09", "chase", "2022-10-07"): LD,
                               ("10-17 09", "chase", "2022-10-16"): LD, ("10-17 09", "supervise", "2022-10-16"): LDH,
                               ("10-18 09", "chase", "2022-10-17"): LD, ("10-18 09", "supervise", "2022-10-17"): LDH,
                               ("10-18 09", "propose", "2022-10-17"): "O"})

    def test_c3_streak_broken_before_the_deferred_slot(self):
        b = {"default": "always", "rules": [{"duty": "5.2", "unit": "宣教处", "period": f"2022-10-0{d}", "do": "never"} for d in (1, 2, 3)]}
        got = story(run("notices", AUTUMN, b), "5.2", "委安委办")
        self.assertEqual({k: v for k, v in got.items() if k[1] != "remind"},
                         {("10-08 09", "chase", "2022-10-01"): LD, ("10-08 09", "chase", "2022-10-02"): LD, ("10-08 09", "chase", "2022-10-03"): LD,
                          ("10-09 09", "supervise", "2022-10-03"): LDH})


class Invariants(unittest.TestCase):
    def test_every_year_each_level_once_and_in_order(self):
        for year in (2022, 2023, 2024, 2025, 2026):
            for first in ("all", "newest"):
                rows = run("notices", (date(year, 1, 1), date(year, 12, 31)), first=first)
                self.assertEqual(len(rows), len(set(rows)))
                seen, reached = {}, {}
                for sent, kind, duty, owners, period, post in rows:
                    form = duty + period[:4] if duty == "5.3" and period.startswith("node") else duty
                    reached.setdefault((form, owners, kind), sent[:10])
                    if kind in ("supervise", "propose"):
                        self.assertEqual(seen.setdefault((kind, duty, owners, period, post), sent), sent)
                for (form, owners, kind), day in reached.items():
                    if kind == "propose":
                        self.assertLess(reached[form, owners, "supervise"], day)
                    if kind == "supervise":
                        self.assertLess(reached[form, owners, "chase"], day)


if __name__ == "__main__":
    unittest.main()
