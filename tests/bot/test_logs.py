"""Show that no secret and nothing personal reaches the log, at any level."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from bot.logs import Bounded, set_up
from storage.database.engine import Database
from tests.support.company import Company
from tests.support.trial_plugin import Trial

TOKEN = "xoxb-123-456-abcDEF"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Log as the program does, at its most talkative, to a stream."""
    root = logging.getLogger()
    names = ("bot", "storage", "ml", "api")
    kept = root.handlers[:], root.level, [logging.getLogger(name).level for name in names]
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    stream = io.StringIO()
    set_up("DEBUG", stream=stream)
    yield stream
    logging.captureWarnings(False)
    root.handlers[:], root.level = kept[0], kept[1]
    for name, level in zip(names, kept[2], strict=True):
        logging.getLogger(name).setLevel(level)
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_messages_arguments_extras_and_tracebacks_are_scrubbed(log: io.StringIO) -> None:
    logger = logging.getLogger("bot.anything")
    logger.info("token %s", TOKEN, extra={"who": {"mail": ["jo@example.com"]}, "error": ValueError("jo@example.com")})
    try:
        raise ValueError("password of jo@example.com")
    except ValueError:
        logger.exception("it failed for %s", "jo@example.com")
    assert "jo@" not in log.getvalue()
    assert "abcDEF" not in log.getvalue()
    assert [line["level"] for line in lines(log)] == ["info", "error"]
    assert "ValueError" in str(lines(log)[1]["exception"])


def test_others_only_warn_as_they_quote_what_they_carry(log: io.StringIO) -> None:
    for name in ("slack_sdk.web.client", "slack_bolt.App", "rapport:App", "sqlalchemy.engine", "websockets"):
        logging.getLogger(name).debug("a body")
        logging.getLogger(name).info("a body")
        logging.getLogger(name).warning("a warning")
    assert {line["event"] for line in lines(log)} == {"a warning"}


def test_what_ends_a_thread_or_comes_as_a_warning_is_scrubbed_too(log: io.StringIO) -> None:
    def fail() -> None:
        raise RuntimeError("xoxb-1-2-abcDEF")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("jo@example.com", stacklevel=1)
    try:
        fail()
    except RuntimeError as exc:
        sys.excepthook(RuntimeError, exc, exc.__traceback__)
    assert "abcDEF" not in log.getvalue()
    assert "jo@" not in log.getvalue()
    assert len(lines(log)) == 3


class Leaky:
    """Fail where nobody can catch it."""

    def __del__(self) -> None:
        raise RuntimeError("jo@example.com")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_nobody_can_catch_or_write_is_scrubbed_too(log: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    Leaky()
    ours = next(one for one in logging.getLogger().handlers if getattr(one, "stream", None) is log)
    ours.handle(logging.LogRecord("bot", logging.INFO, __file__, 1, "%d", ("jo@example.com",), None))
    logging.getLogger("bot").info("hidden", extra={"_who": "jo@example.com", "jo@example.com": 1})
    assert "jo@" not in log.getvalue() + "".join(capfd.readouterr())
    unraisable, unwritable, hidden = log.getvalue().splitlines()
    assert "RuntimeError" in unraisable and "hidden" in hidden
    assert unwritable.startswith("a line of the log could not be written: TypeError in ")


class Hidden:
    """Be somebody whose representation has two lines, as a record may."""

    def __repr__(self) -> str:
        return "DETAIL:  Key (name)=(Secret\nPerson) already exists."


def test_rows_that_a_message_an_argument_or_an_extra_quotes_are_not_left(log: io.StringIO) -> None:
    said = repr(Hidden())
    logger = logging.getLogger("storage.anything")
    logger.debug(said)
    logger.info("it said %s", Hidden())
    logger.warning("it failed", extra={"why": Hidden(), "whose": [{"row": said}], said: 1})
    try:
        try:
            raise ValueError(said)
        except ValueError as error:
            raise RuntimeError(repr(error)) from error
    except RuntimeError:
        logger.exception("it failed", stack_info=True)
    assert len(lines(log)) == 4
    assert "Person" not in log.getvalue() and "Key (name)" not in log.getvalue()


def test_what_a_query_carried_is_not_quoted(log: io.StringIO, database: Database, workspace: str) -> None:
    raised: list[Exception] = []
    for statement in ("CAST('Secret Person' AS integer)", "jsonb '{Secret Person'", "'Secret Person"):
        with pytest.raises(SQLAlchemyError) as failed, database.transaction(workspace) as session:
            session.execute(text(f"SELECT {statement}"))
        raised.append(failed.value)
    for error in raised:
        # Each quotes it, and would show it if nothing were taken out.
        assert "Secret Person" in str(error)
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            logging.getLogger("bot").log(level, "it failed: %s", error, exc_info=error, extra={"error": error})
    assert len(lines(log)) == 12
    assert "Secret Person" not in log.getvalue()


def test_a_day_of_work_leaves_no_trace_of_people_or_tokens(log: io.StringIO, tried: tuple[Company, Trial]) -> None:
    company, trial = tried
    trial.fails |= {"add", "event", "section"}
    company.rep.types("/customer add Canary jo@example.com domain:canary.example")
    company.rep.types("/crm trial add Canary jo@example.com")
    company.rep.types("/crm find Canary jo@example.com +49 171 1234567")
    company.rep.opens_home()
    company.rep.reacts("tada", company.rep.posts("I am jo@example.com", channel="CGENERAL").ts, channel="CGENERAL")
    company.customer.posts("call me: +49 171 1234567", channel="CSHARED")
    company.settles()
    text = log.getvalue()
    assert "trial" in text
    for canary in ("jo@", "1234567", "xoxb-a-sandbox", "xapp-1", "Canary", "sandbox-signing"):
        assert canary not in text, text[max(0, text.index(canary) - 300) : text.index(canary) + 50]


def test_an_outage_is_one_line_a_minute_for_its_kind() -> None:
    stream, now = io.StringIO(), [100.0]
    handler = Bounded(stream, clock=lambda: now[0])
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.Logger("bot.sample")
    logger.addHandler(handler)

    def fail(error: Exception) -> None:
        try:
            raise error
        except Exception:
            logger.exception("claims failed in %s", "T1")
        logger.warning("not stored: %s", type(error).__name__, extra={"cause": error})

    for _ in range(20):
        fail(OperationalError("SELECT 'a value'", {}, psycopg.errors.ReadOnlySqlTransaction("cannot execute UPDATE")))
    fail(psycopg.errors.DiskFull("no space"))
    assert stream.getvalue().splitlines() == [
        "claims failed in T1; the database is read-only: cannot execute UPDATE",
        "claims failed in T1; the database has no room left: no space",
    ]
    now[0] += 60
    fail(psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT"))
    assert "cannot execute INSERT; 39 lines like it were left out" in stream.getvalue()
    fail(ZeroDivisionError("ours"))
    fail(ZeroDivisionError("ours"))
    assert stream.getvalue().count("Traceback") == 2
    assert stream.getvalue().count("not stored: ZeroDivisionError") == 2
