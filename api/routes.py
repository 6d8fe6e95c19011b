"""Say which address does what, for programs and for agents."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api import plugins, records, related
from api.calls import Work
from api.figures import answers as figures
from api.openapi.document import document
from api.openapi.page import PAGE_HEADERS, page
from api.problems import Answer, HttpProblem, problem_of
from api.wire import Door, Incoming, response


async def _incoming(request: Request) -> Incoming:
    """Give an address its request; not the class itself, for which FastAPI would go to a thread and back."""
    return Incoming(request)


One = Annotated[Incoming, Depends(_incoming)]
router = APIRouter(prefix="/v1")


@router.get("/records/{noun}")
async def listed(asked: One, noun: str) -> Response:
    """List records."""

    def run(work: Work) -> Answer:
        limit = _limit(asked, records.MOST, "filter", "sort", "cursor")
        query = asked.query("filter", "sort", "cursor", "limit")
        text = {"filters": query.get("filter", ""), "sort": query.get("sort", ""), "cursor": query.get("cursor", "")}
        return records.listed(work, noun, **text, limit=limit)

    return await asked.answer(run, doing=f"list {noun}")


@router.post("/records/{noun}")
async def added(asked: One, noun: str) -> Response:
    """Add a record."""
    return await asked.answer_to(partial(records.added, noun=noun), doing=f"add {noun}")


@router.post("/records/{noun}/bulk")
async def added_many(asked: One, noun: str) -> Response:
    """Add up to 1,000 records."""
    return await asked.answer_to(partial(records.added_many, noun=noun), doing=f"add {noun}")


@router.get("/records/{noun}/{reference}")
async def got(asked: One, noun: str, reference: str) -> Response:
    """Get a record."""
    return await asked.answer(partial(records.got, noun=noun, reference=reference), doing=f"get {noun}")


@router.patch("/records/{noun}/{reference}")
async def changed(asked: One, noun: str, reference: str) -> Response:
    """Change a record that is still at the version named by If-Match."""
    run = partial(records.changed, noun=noun, reference=reference, version=asked.version)
    return await asked.answer_to(run, doing=f"change {noun}")


@router.post("/records/{noun}/{reference}/archive")
async def archived(asked: One, noun: str, reference: str) -> Response:
    """Archive a record."""
    run = partial(records.archived, noun=noun, reference=reference, version=asked.version)
    return await asked.answer(run, doing=f"archive {noun}")


@router.post("/records/{noun}/{reference}/restore")
async def restored(asked: One, noun: str, reference: str) -> Response:
    """Bring an archived record back."""
    run = partial(records.archived, noun=noun, reference=reference, version=asked.version, back=True)
    return await asked.answer(run, doing=f"restore {noun}")


@router.post("/records/{noun}/{reference}/merge")
async def merged(asked: One, noun: str, reference: str) -> Response:
    """Merge a record into another."""
    run = partial(records.merged, noun=noun, reference=reference, version=asked.version)
    return await asked.answer_to(run, doing=f"merge {noun}")


@router.get("/records/{noun}/{reference}/notes")
async def notes_of(asked: One, noun: str, reference: str) -> Response:
    """List what was written down about a record."""

    def run(work: Work) -> Answer:
        return related.notes_of(work, noun, reference, limit=_limit(asked, related.MOST))

    return await asked.answer(run, doing=f"notes {noun}")


@router.post("/records/{noun}/{reference}/notes")
async def note_added(asked: One, noun: str, reference: str) -> Response:
    """Write something down about a record."""
    run = partial(related.note_added, noun=noun, reference=reference)
    return await asked.answer_to(run, doing=f"note {noun}")


@router.get("/records/{noun}/{reference}/followups")
async def followups_of(asked: One, noun: str, reference: str) -> Response:
    """List the open follow-ups of a record."""

    def run(work: Work) -> Answer:
        return related.followups_of(work, noun, reference, limit=_limit(asked, related.MOST))

    return await asked.answer(run, doing=f"followups {noun}")


@router.post("/records/{noun}/{reference}/followups")
async def followup_added(asked: One, noun: str, reference: str) -> Response:
    """Have somebody reminded of a record."""
    run = partial(related.followup_added, noun=noun, reference=reference)
    return await asked.answer_to(run, doing=f"followup {noun}")


@router.get("/records/{noun}/{reference}/history")
async def history_of(asked: One, noun: str, reference: str) -> Response:
    """List what happened to a record."""

    def run(work: Work) -> Answer:
        return related.history_of(work, noun, reference, limit=_limit(asked, related.MOST))

    return await asked.answer(run, doing=f"history {noun}")


@router.post("/followups/{reference}/done")
async def followup_done(asked: One, reference: str) -> Response:
    """Finish a follow-up."""
    return await asked.answer(partial(related.followup_closed, reference=reference, done=True), doing="done followup")


@router.post("/followups/{reference}/cancel")
async def followup_cancelled(asked: One, reference: str) -> Response:
    """Cancel a follow-up."""
    run = partial(related.followup_closed, reference=reference, done=False)
    return await asked.answer(run, doing="cancel followup")


@router.post("/undo")
async def undone(asked: One) -> Response:
    """Take the newest change of this key back."""
    return await asked.answer(related.undone, doing="undo")


@router.get("/search")
async def searched(asked: One) -> Response:
    """Find records by their names."""

    def run(work: Work) -> Answer:
        query = asked.query("q", "nouns", "limit")
        return related.searched(
            work,
            text=query.get("q", ""),
            nouns=query.get("nouns", ""),
            limit=_limit(asked, related.FOUND, "q", "nouns"),
        )

    return await asked.answer(run, doing="search")


@router.get("/figures")
async def figures_listed(asked: One) -> Response:
    """List the numbers of a period."""

    def run(work: Work) -> Answer:
        return figures.listed(work, **_filtered(asked.query("period", "owner", "filter")))

    return await asked.answer(run, doing="figures")


@router.get("/figures/{figure}")
async def figure_explained(asked: One, figure: str) -> Response:
    """Tell a number with the records behind it."""

    def run(work: Work) -> Answer:
        names = ("period", "owner", "filter", "by", "value")
        limit = _limit(asked, figures.MOST, *names)
        given = asked.query("limit", *names)
        return figures.explained(work, figure, **_filtered(given, but="limit"), limit=limit)

    return await asked.answer(run, doing="figure")


@router.post("/classify")
async def classified(asked: One) -> Response:
    """Say what a customer's message is about."""
    return await asked.answer_to(related.classified, doing="classify")


@router.api_route("/plugins/{plugin}/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def of_plugin(asked: One, plugin: str, path: str) -> Response:
    """Do what a plugin declares."""
    run = partial(plugins.answered, address=f"{plugin}/{path}", method=asked.method, query=asked.any_query())
    doing = f"{asked.method.lower()} {plugin}"
    return await (
        asked.answer(run, doing=doing) if asked.method in {"GET", "DELETE"} else asked.answer_to(run, doing=doing)
    )


@router.post("/hooks/{workspace}/{plugin}/{path:path}", include_in_schema=False)
async def hooked(asked: One, workspace: str, plugin: str, path: str) -> Response:
    """Take a webhook of another program's, which its own signature lets in."""
    return await asked.take(workspace, f"{plugin}/{path}")


@router.get("/openapi.json")
async def described(asked: One) -> Response:
    """Describe what the key may use, with the workspace's own fields."""

    def run(work: Work) -> Answer:
        described = document(work.nouns.values(), work.may, figures.names(work.bot), figures.cuts(work.bot))
        return Answer(200, described | {"paths": described["paths"] | plugins.paths(work)})

    return await asked.answer(run, doing="describe")


@router.get("/key")
async def whoami(asked: One) -> Response:
    """Say what the key may do."""
    return await asked.answer(related.whoami, doing="key")


def rest_app(door: Door) -> FastAPI:
    """Return the app that answers below /api."""
    app = FastAPI(title="Rapport", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.door = door
    app.include_router(router)
    # The core's nouns are those of every workspace, so whoever asks may know them.
    bot = door.calls.bot
    core = document(bot.core.values(), figures=figures.names(bot), cuts=figures.cuts(bot))

    @app.get("/openapi.json")
    async def core_document() -> Response:
        return response(Answer(200, core))

    @app.get("/docs")
    async def core_page() -> Response:
        return Response(page(core), media_type="text/html", headers=PAGE_HEADERS)

    app.add_exception_handler(HttpProblem, _told)
    app.add_exception_handler(HTTPException, _not_here)
    return app


async def _told(_request: Request, exc: Exception) -> Response:
    return response(problem_of(exc, "a request").answer())


async def _not_here(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    if exc.status_code == 405:
        # Each method has a route of its own, and the router names that of the first alone.
        path = request.url.path.removeprefix(request.scope.get("root_path", ""))
        found = [route for route in router.routes if isinstance(route, APIRoute) and route.path_regex.match(path)]
        # What an address of its own serves is not that of a record with this name.
        last = path.rpartition("/")[2]
        found = [route for route in found if route.path.rpartition("/")[2] == last] or found
        methods = sorted({method for route in found for method in route.methods or ()}) or ["GET"]
        allow = {"allow": ", ".join(methods)}
        return response(HttpProblem("not-allowed", f"Use {allow['allow']}.", headers=allow).answer())
    return response(HttpProblem("not-found", "There is nothing at this address.").answer())


def _filtered(given: Mapping[str, str], *, but: str = "") -> dict[str, str]:
    """Return what was asked for, by the names that functions give it."""
    return {"filters" if name == "filter" else name: value for name, value in given.items() if name != but}


def _limit(asked: Incoming, most: int, *others: str) -> int:
    """Return how many are asked for; raise HttpProblem for a limit that is none, and for parameters unknown here."""
    typed = asked.query("limit", *others).get("limit")
    if typed is None:
        return min(records.PAGE, most)
    if not (typed.isascii() and typed.isdecimal() and len(typed) < 6 and 0 < int(typed) <= most):
        detail = f"It is 1 to {most}."
        raise HttpProblem("invalid", f"limit: {detail}", errors=[("limit", detail)])
    return int(typed)
