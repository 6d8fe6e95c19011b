"""Tell programs the shop's figures, and let its doors for webhooks show and change nothing of another workspace."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

from hypothesis import strategies as st

from bot.registry import Registry
from tests.plugins.programs import figures, furnished, programs, rows_of
from tests.support.fuzzing import SECRET, fuzz
from tests.support.programs import Programs

__all__ = ["programs"]


def test_figures_of_a_shop_are_told_with_parts_and_records(programs: Programs, workspace: str) -> None:
    program = programs.key(workspace)
    made = furnished(program)
    told = figures(program)
    assert told["commerce.orders"]["amounts"] == [{"amount": "25.00", "currency": "EUR"}]
    assert (told["commerce.orders"]["count"], told["commerce.orders"]["before"]) == (1, 0)
    for name, noun in (("commerce.orders", "order"), ("commerce.reviews", "review")):
        assert [row["id"] for row in program.gets(f"figures/{name}").json["records"]] == [made[noun]["id"]]
    (mugs,) = (one for one in program.gets("figures").json["figures"] if (one["part"] or {}).get("by") == "sku")
    assert (mugs["part"]["value"], mugs["count"]) == ("MUG-1", 2)
    part = program.gets("figures/commerce.sold", by="sku", value="MUG-1").json
    assert (part["count"], [row["id"] for row in part["records"]]) == (2, [made["order"]["id"]])
    assert program.gets("figures/commerce.reviews", by="stars", value="5").json["count"] == 1
    assert program.gets("figures/commerce.reviews", by="stars", value="4").json["records"] == []


def test_no_webhook_of_a_shop_shows_or_changes_anything_of_theirs(
    programs: Programs, registry: Registry, workspace: str, second_workspace: str, admin_url: str
) -> None:
    theirs = programs.key(second_workspace)
    made = furnished(theirs)
    theirs.changes(f"records/product/{made['product']['id']}", {"name": f"{SECRET} Mug", "sku": f"{SECRET}-1"})
    doors = [address for address in registry.hooks if address.startswith("commerce/")]
    for where, sign in ((workspace, "ours"), (second_workspace, "theirs")):
        for address in doors:
            shop = address.rpartition("/")[2]
            programs.types(where, f"settings commerce {shop}:{sign}-{shop}")
    before = rows_of(admin_url, second_workspace)
    done = set()

    def use(address: str, topic: str, body: Any, secret: str) -> None:
        raw = json.dumps(body).encode()
        sign = hmac.new(f"{secret}-{address.rpartition('/')[2]}".encode(), raw, "sha256").digest()
        signed = base64.b64encode(sign).decode()
        sent = {"x-shopify-hmac-sha256": signed, "x-wc-webhook-signature": signed}
        sent |= {"x-shopify-topic": topic.replace(".", "/"), "x-wc-webhook-topic": topic}
        for where in (workspace, second_workspace):
            reply = programs.nobody().sends("POST", f"/api/v1/hooks/{where}/{address}", raw=raw, **sent)
            assert reply.status < 500 and SECRET.casefold() not in reply.text.casefold(), reply.text
            if where == second_workspace or secret != "ours":
                assert reply.status == 401, (address, topic, body)
            done.update([address] if reply.status == 200 else [])

    more = {"sku": st.just(f"{SECRET}-1"), "name": st.just("Mug"), "price": st.just("9.00"), "type": st.just("simple")}
    things = st.fixed_dictionaries({"id": st.sampled_from([1, 2, "x"])}, optional=more)
    topics = st.sampled_from(["order.deleted", "orders.delete", "product.updated", "products.update", "none.such"])
    for name in doors:
        fuzz(use, 16, address=st.just(name), topic=topics, body=things, secret=st.sampled_from(["ours", "ours", "x"]))
    assert doors and done == set(doors)
    assert rows_of(admin_url, second_workspace) == before
