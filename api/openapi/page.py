"""Draw the OpenAPI document as a page that people read: no script, nothing from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from api.problems import STATUS, TITLES

PAGE_HEADERS: Mapping[str, str] = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
}
_STYLE = (
    "body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code,pre{font:14px/1.4 ui-monospace,monospace}pre{background:#f4f4f4;padding:1rem;overflow:auto}"
    "summary{cursor:pointer;padding:.3rem 0}b{text-transform:uppercase;display:inline-block;width:4rem}"
    "td,th{text-align:left;padding:.2rem 1rem .2rem 0}"
)

Json = Mapping[str, Any]


def page(document: Json) -> str:
    """Return the page of a document."""
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Rapport's API</title><style>{_STYLE}</style>"
        f"<h1>Rapport's API</h1><p>{escape(document['info']['description'])}</p>"
        "<p>As a document: <a href=openapi.json>openapi.json</a>; <code>/api/v1/openapi.json</code> describes what your"
        f" key may use, with your workspace's own fields.</p>{''.join(_operations(document))}{_problems()}</html>"
    )


def _operations(document: Json) -> Iterator[str]:
    tag = None
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            if one["tags"][0] != tag:
                tag = one["tags"][0]
                yield f"<h2>{escape(tag)}</h2>"
            yield (
                f"<details><summary><b>{method}</b> <code>{escape(path)}</code> {escape(one['summary'])}</summary>"
                f"{''.join(_parameters(one))}{''.join(_bodies(document, one))}</details>"
            )


def _parameters(one: Json) -> Iterator[str]:
    if given := one.get("parameters"):
        rows = (
            f"<tr><td><code>{escape(each['name'])}</code><td>{each['in']}<td>{escape(each.get('description', ''))}"
            for each in given
        )
        yield f"<table>{''.join(rows)}</table>"


def _bodies(document: Json, one: Json) -> Iterator[str]:
    if body := one.get("requestBody"):
        yield f"<h4>Send</h4>{_schema(document, body['content']['application/json']['schema'])}"
    for status, answer in one["responses"].items():
        for kind, content in answer["content"].items():
            if kind == "application/json":
                yield f"<h4>{status}</h4>{_schema(document, content['schema'])}"
            else:
                yield f"<p>{status}: {escape(answer['description'])}</p>"


def _schema(document: Json, schema: Json) -> str:
    return f"<pre>{escape(json.dumps(_whole(document, schema), indent=2, ensure_ascii=False))}</pre>"


def _whole(document: Json, schema: Any) -> Any:
    """Return a schema with what it refers to in its place; none refers to itself."""
    if isinstance(schema, dict):
        if reference := schema.get("$ref"):
            return _whole(document, document["components"]["schemas"][reference.rpartition("/")[2]])
        return {key: _whole(document, value) for key, value in schema.items()}
    return [_whole(document, one) for one in schema] if isinstance(schema, list) else schema


def _problems() -> str:
    rows = (f"<tr id={kind}><td><code>{kind}</code><td>{STATUS[kind]}<td>{escape(TITLES[kind])}." for kind in TITLES)
    return f"<h2>Problems</h2><p>As RFC 9457 has them.</p><table>{''.join(rows)}</table>"
