"""Seeds: several teams, history with threads, installations."""

import json
import time
from pathlib import Path

from sandbox.sample_teams import APP_ID, two_teams
from sandbox.seed import read_seed, sow
from sandbox.server import Sandbox
from sandbox.world.workspace import Workspace


def test_seeded_messages_are_history_in_order() -> None:
    seed = two_teams() | {
        "messages": [
            {"channel": "CGENERAL", "user": "UAREP", "text": "now @Anton Agent", "key": "root"},
            {"channel": "CGENERAL", "user": "UAAGENT", "text": "earlier & longer", "minutes_ago": 60},
            {"channel": "CGENERAL", "user": "UAAGENT", "text": "a reply", "thread": "root"},
            {"channel": "CGENERAL", "user": "UAREP", "raw": "<!here> raw", "minutes_ago": 90},
        ]
    }
    with Sandbox(seed=seed) as slack:
        shown = slack.person("UAREP").messages("#general")
        assert [m["text"] for m in shown] == ["<!here> raw", "earlier &amp; longer", "now <@UAAGENT>", "a reply"]
        assert shown[3]["thread_ts"] == shown[2]["ts"]
        assert time.time() - float(shown[1]["ts"]) > 3500
        assert slack.control.get("pending")["pending"] == []


def test_an_installation_makes_its_bot() -> None:
    workspace = Workspace()
    sow(workspace, two_teams("Rapport Two"))
    bot = workspace.users["U0BOTA"]
    assert (bot.is_bot, bot.name, bot.label, bot.app_id) == (True, "rapport_two", "Rapport Two", APP_ID)
    sow(workspace, two_teams())
    assert len(workspace.installations) == 2


def test_a_seed_file_is_json(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(two_teams()))
    assert read_seed(path) == two_teams()
    with Sandbox(seed=path) as slack:
        assert slack.workspace.teams["TB"].name == "Globex"
