"""Paste what the page on the API shows, and see that it works."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from api.agents.tools import TOOLS
from bot.registry import Registry
from storage.database.engine import Database
from storage.workspace import api_keys
from tests.support.programs import Program, Programs
from tests.support.rapport import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def program(database: Database, registry: Registry, workspace: str) -> Any:
    serving = Programs(database, registry)
    yield serving.key(workspace)
    serving.close()


def environment(program: Program) -> dict[str, str]:
    return {**os.environ, "CRM_URL": f"http://127.0.0.1:{program.port}", "RAPPORT_API_KEY": program.secret}


def test_curl_adds_and_lists(program: Program) -> None:
    (shown,) = blocks("bash")
    done = subprocess.run(["bash", "-ec", shown], env=environment(program), capture_output=True, text=True, check=True)
    made, listed = re.findall(r"\{.*?\}(?=\{|\Z)", done.stdout, re.DOTALL)
    assert json.loads(made)["fields"]["name"] == "Heron Sails"
    assert json.loads(listed)["records"] == [json.loads(made)]


def test_python_adds_changes_and_pages(program: Program) -> None:
    (shown,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", shown], env=environment(program), capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout == "C-1 Ibis Foods gold\n"


def test_agents_find_their_tools(program: Program, admin_url: str, tmp_path: Path) -> None:
    over_http, over_stdio = (json.loads(shown)["mcpServers"]["rapport"] for shown in blocks("json"))

    async def tools() -> list[list[str]]:
        url = over_http["url"].replace("https://crm.example.com", f"http://127.0.0.1:{program.port}")
        headers = {"authorization": over_http["headers"]["Authorization"].replace("rapport_key_...", program.secret)}
        command = StdioServerParameters(
            command=str(Path(sys.executable).parent / over_stdio["command"]),
            args=over_stdio["args"],
            env={**over_stdio["env"], "RAPPORT_API_KEY": program.secret, "DATABASE_URL": admin_url},
            cwd=str(tmp_path),
        )
        async with (
            httpx2.AsyncClient(headers=headers) as web,
            Client(streamable_http_client(url, http_client=web)) as one,
            Client(command) as other,
        ):
            return [[tool.name for tool in (await client.list_tools()).tools] for client in (one, other)]

    assert asyncio.run(tools()) == [[tool.name for tool in TOOLS]] * 2


def test_the_page_names_what_there_is() -> None:
    assert all(f"`{verb}`" in PAGE for verb in api_keys.Verb)
