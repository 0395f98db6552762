"""What is signed is read again by whom and for what it was written, and changed by nobody."""

from __future__ import annotations

import time

import pytest

from data_access.accounts.signed_values import Purpose, read_signed, write_signed

SECRET = "Zk3vQ8wLr5TnXy7BdHs2JmFc9PgAu4EO"
VALUE = {"next": "/ranking?q=đường", "state": "x"}


def signed() -> str:
    return write_signed(VALUE, purpose="single sign-on begun", owner="mine", app_secret=SECRET)


def read(text: str, *, purpose: Purpose = "single sign-on begun", owner: str = "mine", secret: str = SECRET) -> object:
    found: object = read_signed(text, purpose=purpose, owner=owner, app_secret=secret, seconds=60)
    return found


def test_it_is_read_again_and_safe_in_an_address_and_a_cookie() -> None:
    text = signed()

    assert read(text) == VALUE
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def test_for_another_owner_or_purpose_or_under_another_secret_it_is_nothing() -> None:
    assert read(signed(), owner="another") is None
    assert read(signed(), purpose="sign out") is None
    assert read(signed(), secret="another") is None


def test_it_is_good_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    text, now = signed(), time.time()

    monkeypatch.setattr(time, "time", lambda: now + 59)
    assert read(text) == VALUE
    monkeypatch.setattr(time, "time", lambda: now + 62)
    assert read(text) is None


@pytest.mark.parametrize("text", ["", ".", "..", "%", "đ.x.y", "e30", "e30.x.y", "\x00", "a" * 10_000])
def test_what_nobody_signed_is_nothing(text: str) -> None:
    assert read(text) is None
    assert read(f"{text}.{signed().partition('.')[2]}") is None
