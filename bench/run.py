"""Measure Rapport, where there is one beside a floor: `python -m bench.run [--quick] [--only PARTS] [--out FILE]`."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from bench import cards, clock, company, demo_start, digest, imports, meaning, message_cost, moves, predict, servers
from bench.figures import Figure, merge, percentile, table
from bench.load import Found
from bench.programs import speed as programs
from bench.usage import Spent, postmaster, spent
from ml.learn.train import ensure_starter
from storage.database.embedded import EmbeddedPostgres

CALLERS = 20
COMMANDS = ("show", "find_typo")
APPS = ("rapport", "bare")
PARTS = ("speed", "predict", "meaning", "cost", "cards", "intake", "clock", "digest", "import", "moves", "programs")
POSTGRES = {"shared_buffers": "512MB", "effective_cache_size": "4GB", "max_wal_size": "4GB"}
"""What every guide sets on a server of this size; all that makes data safe (fsync and the rest) is on, as it comes."""


SETTLE_S = 10.0
"""Rapport answers as soon as it can and loads its model meanwhile; this is about how it answers on any later day."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Say how much to measure; a round ends with its requests or its seconds, whichever is first.

    After `warm_up` requests of each kind connections, caches and members are as on any later day.
    """

    sizes: Sequence[int]
    rounds: int
    requests: int
    seconds: float
    demo_starts: int
    warm_up: int = 100


FULL = Plan((10_000, 1_000_000), rounds=12, requests=250, seconds=10.0, demo_starts=4)
QUICK = Plan((1_000, 5_000), rounds=4, requests=100, seconds=5.0, demo_starts=2)


@dataclass(slots=True)
class Measured:
    """Collect what the rounds of one app, command and size found."""

    ms: list[float] = field(default_factory=list)
    asked: int = 0
    wrong: int = 0
    seconds: float = 0.0
    spent: Spent = field(default_factory=Spent)

    def take(self, found: Found, seconds: float, cost: Spent) -> None:
        """Add a round; raise RuntimeError if requests failed, for then its times mean nothing."""
        if found.failed:
            raise RuntimeError(f"{found.failed} requests were not answered; why is in the log")
        self.ms += found.ms
        self.asked += len(found.ms)
        self.wrong += found.wrong
        self.seconds += seconds
        self.spent += cost


Cell = tuple[int, str, str]
"""Size, command and app."""


def measure(plan: Plan, data: Path, logs: Path, say: Console) -> tuple[dict[Cell, Measured], str]:
    """Ask both apps the same questions in short alternating rounds; return what was found and Postgres' version."""
    found: dict[Cell, Measured] = defaultdict(Measured)
    with EmbeddedPostgres(data / "postgres", settings=POSTGRES) as server:
        say.print("Filling databases and training the model…")
        urls = company.databases(server.start(), list(plan.sizes))
        ensure_starter(data / "models")
        questions = {size: company.questions(url, size, plan.rounds * plan.requests) for size, url in urls.items()}
        with _apps(urls, data, logs) as (apps, callers):
            time.sleep(SETTLE_S)
            postgres = postmaster(data / "postgres")
            for cell, one in apps.items():
                for command in COMMANDS:
                    callers.play(one.port, questions[cell[0]][command][: plan.warm_up], plan.seconds)
            for number in range(plan.rounds):
                say.print(f"Round {number + 1} of {plan.rounds}")
                part = slice(number * plan.requests, (number + 1) * plan.requests)
                for size in plan.sizes:
                    for command in COMMANDS:
                        # Each goes first as often as the other.
                        for app in APPS if number % 2 else reversed(APPS):
                            asked, pid = questions[size][command][part], apps[size, app].process.pid
                            before, begun = spent(pid, postgres), time.perf_counter()
                            answered = callers.play(apps[size, app].port, asked, plan.seconds)
                            took = time.perf_counter() - begun
                            found[size, command, app].take(answered, took, spent(pid, postgres) - before)
        version = company.version(urls[plan.sizes[0]])
    return found, version


@contextmanager
def _apps(
    urls: dict[int, str], data: Path, logs: Path
) -> Iterator[tuple[dict[tuple[int, str], servers.App], servers.Callers]]:
    """Run both apps on every database, each in a process of its own, and the callers."""
    with ExitStack() as running:
        slack = running.enter_context(servers.sandbox(logs))
        apps = {}
        for size, url in urls.items():
            apps[size, "rapport"] = running.enter_context(servers.rapport(url, slack, data, logs))
            apps[size, "bare"] = running.enter_context(servers.bare(url, slack, logs))
        for app in apps.values():
            app.wait_until_ready()
        yield apps, running.enter_context(servers.callers(slack, CALLERS, logs))


def figures(found: dict[Cell, Measured], sizes: Sequence[int]) -> Iterator[Figure]:
    """Return the figures of what was found, each beside the bare app's."""
    for command in COMMANDS:
        for size in sizes:
            ours, floor = (found[size, command, app] for app in APPS)
            at = f"{size} customers"
            for share in (50, 99):
                value, beside = percentile(ours.ms, share / 100), percentile(floor.ms, share / 100)
                yield Figure(f"{command}_p{share}", value, "ms", at, beside)
            yield Figure(f"{command}_right", 1 - ours.wrong / ours.asked, "share", at, 1 - floor.wrong / floor.asked)
            yield Figure(f"{command}_per_s", ours.asked / ours.seconds, "1/s", at, floor.asked / floor.seconds)
            costs = {"app": (ours.spent.program, floor.spent.program)}
            costs["postgres"] = (ours.spent.postgres, floor.spent.postgres)
            for whose, (value, beside) in costs.items():
                each, bare = 1000 * value / ours.asked, 1000 * beside / floor.asked
                yield Figure(f"{command}_cpu_ms", each, "ms", f"{at}, {whose}", bare)
        if len(sizes) < 2:
            continue
        growth = {
            app: percentile(found[sizes[-1], command, app].ms, 0.5) / percentile(found[sizes[0], command, app].ms, 0.5)
            for app in APPS
        }
        at = f"{sizes[-1]} / {sizes[0]} customers"
        yield Figure(f"{command}_p50_growth", growth["rapport"], "times", at, growth["bare"])


def parts(
    only: Collection[str], plan: Plan, data: Path, logs: Path, say: Console, *, quick: bool
) -> Iterator[tuple[list[Figure], str]]:
    """Measure the parts that are asked for, one after the other; give the figures of each and Postgres' version."""
    if "speed" in only:
        found, postgres = measure(plan, data, logs, say)
        yield list(figures(found, plan.sizes)), postgres
        if plan.demo_starts:
            first, *later = demo_start.starts(logs, plan.demo_starts)
            second = [Figure("demo_second_start_s", statistics.median(later), "s")] if later else []
            yield [Figure("demo_first_start_s", first, "s"), *second], postgres
    if "predict" in only:
        say.print("Predictions…")
        yield list(predict.figures()), ""
    if "meaning" in only:
        say.print("Search by meaning…")
        yield meaning.measure(meaning.ROWS_QUICK if quick else meaning.ROWS, logs / "meaning", POSTGRES)
    if "cost" in only:
        say.print("What a message costs…")
        much = message_cost.QUICK if quick else message_cost.FULL
        yield message_cost.measure(much, data, logs / "cost", POSTGRES)
    if "cards" in only:
        rows: list[Figure] = []
        for written in cards.CARDS_QUICK if quick else cards.CARDS:
            say.print(f"Messages to cards, {written.per_second:g} a second…")
            shown, postgres = cards.measure(written, data, logs / f"cards-{written.per_second:g}", POSTGRES)
            rows += shown.cards(written)
        yield rows, postgres
    if "intake" in only:
        say.print("Events to acknowledgements…")
        written = cards.INTAKE_QUICK if quick else cards.INTAKE
        shown, postgres = cards.measure(written, data, logs / "intake", POSTGRES)
        yield list(shown.intake(written)), postgres
    if "clock" in only:
        say.print("What is due at once…")
        yield clock.measure(clock.FOLLOWUPS_QUICK if quick else clock.FOLLOWUPS, logs / "clock", POSTGRES)
    if "digest" in only:
        say.print("Digests…")
        yield digest.measure(digest.SIZES_QUICK if quick else digest.SIZES, logs / "digest", POSTGRES)
    if "import" in only:
        say.print("Imports…")
        yield imports.measure(imports.ROWS_QUICK if quick else imports.ROWS, logs / "import", POSTGRES)
    if "moves" in only:
        say.print("Settings that go out of use…")
        yield moves.measure(moves.RECORDS_QUICK if quick else moves.RECORDS, logs / "moves", POSTGRES)
    if "programs" in only:
        say.print("The API…")
        yield programs.measure(programs.QUICK if quick else programs.FULL, data, logs / "programs", POSTGRES)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line: print the table and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small and short, to see that it works")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="which parts; all of them without it")
    parser.add_argument("--out", type=Path, help="JSON file to write; figures of other names in it stay")
    parser.add_argument("--data", type=Path, help="folder that keeps the databases for the next run")
    parser.add_argument("--customers", type=int, nargs="+", help="sizes to measure")
    parser.add_argument("--requests", type=int, help="requests of each kind in a round")
    parser.add_argument("--rounds", type=int, help="rounds")
    parser.add_argument("--demo-starts", type=int, help="how often to start the demo; 0 leaves it out")
    options = parser.parse_args(arguments)
    usual = QUICK if options.quick else FULL
    plan = Plan(
        sizes=options.customers or usual.sizes,
        rounds=options.rounds or usual.rounds,
        requests=options.requests or usual.requests,
        seconds=usual.seconds,
        demo_starts=usual.demo_starts if options.demo_starts is None else options.demo_starts,
        warm_up=min(usual.warm_up, options.requests or usual.requests),
    )
    console = Console()
    with tempfile.TemporaryDirectory(prefix="rapport-bench-") as folder:
        logs = Path(folder)
        made: list[Figure] = []
        postgres = ""
        try:
            for rows, version in parts(options.only, plan, options.data or logs, logs, console, quick=options.quick):
                made, postgres = [*made, *rows], version or postgres
                # At once: a run takes half an hour, and what ends it takes nothing of what was measured.
                if options.out:
                    merge(options.out, rows, postgres)
        except RuntimeError as error:
            console.print(error, *(log.read_text(errors="replace")[-4000:] for log in logs.rglob("log")), markup=False)
            return 1
    console.print(table(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
