"""Show that a token is opened only with our keys and only for its workspace."""

from __future__ import annotations

import pytest

from storage.database.secrets import SealBroken, Sealed, Vault, key_id, new_key

TOKEN = "xoxb-canary"


def test_a_token_is_opened_for_the_workspace_it_was_sealed_for() -> None:
    vault = Vault([new_key()])
    sealed = vault.seal(TOKEN, workspace_id="T1")
    assert TOKEN not in sealed.text
    assert vault.open(sealed, workspace_id="T1") == TOKEN
    with pytest.raises(SealBroken, match="belongs to another workspace"):
        vault.open(sealed, workspace_id="T2")


def test_an_altered_token_is_not_opened() -> None:
    vault = Vault([new_key()])
    sealed = vault.seal(TOKEN, workspace_id="T1")
    with pytest.raises(SealBroken, match="altered"):
        vault.open(Sealed(sealed.text[:-8] + "AAAAAAA=", sealed.key_id), workspace_id="T1")


def test_keys_are_changed_without_losing_a_token() -> None:
    old, new = new_key(), new_key()
    sealed = Vault([old]).seal(TOKEN, workspace_id="T1")
    both = Vault([new, old])
    assert both.open(sealed, workspace_id="T1") == TOKEN
    moved = both.reseal(sealed, workspace_id="T1")
    assert moved.key_id == key_id(new)
    assert both.reseal(moved, workspace_id="T1") is moved
    assert Vault([new]).open(moved, workspace_id="T1") == TOKEN
    with pytest.raises(SealBroken, match="its key is not ours"):
        Vault([new]).open(sealed, workspace_id="T1")


@pytest.mark.parametrize("keys", [[], ["too short"]])
def test_a_key_that_is_none_is_refused(keys: list[str]) -> None:
    with pytest.raises(ValueError):
        Vault(keys)


def test_what_broke_names_no_secret() -> None:
    key = new_key()
    sealed = Vault([key]).seal(TOKEN, workspace_id="T1")
    with pytest.raises(SealBroken) as caught:
        Vault([new_key()]).open(sealed, workspace_id="T1")
    assert key not in str(caught.value)
    assert sealed.text not in str(caught.value)
