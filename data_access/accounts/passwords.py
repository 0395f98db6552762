"""Passwords: what is accepted, how it is kept, how it is checked.

Length is what counts (12 to 64 characters of any script); there are no rules on composition. Refused is only what
people try first: known common passwords, one short piece repeated, keys or characters in a row, the account's own
name.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import threading
import unicodedata
from pathlib import Path
from typing import Literal

import bcrypt

MIN_LENGTH = 12
MAX_LENGTH = 64
ROUNDS = 12

Problem = Literal["password_too_short", "password_too_long", "password_common"]

# bcrypt reads 72 bytes at most, which is 24 characters of Vietnamese at worst, so it is given a digest of fixed
# length. The digest is keyed with the name of this use, so that an unkeyed SHA-256 leaked elsewhere is of no help
# here.
_USE = b"international agreements dashboard, password, 1"

# The hash of a random value nobody kept: checking a password against it takes as long as against a real one.
_NOBODYS_HASH = "$2b$12$J0Q7ZSJdnMmcvnFveMZjROifnuYdaiFAm8wG9EV9sLVU28s1SF8la"

# A hash keeps one core busy for a quarter of a second. A crowd that signs in waits for one another; who reads pages
# meanwhile does not wait for the crowd.
_HASHING = threading.BoundedSemaphore(max(1, (os.cpu_count() or 2) // 2))

# Folded as `_folded` does. Shorter ones need no listing: the length refuses them.
_COMMON = frozenset((Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8").split())
# Letters and digits nobody takes for one another.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm", "qazwsxedcrfvtgbyhnujm")


def check_rules(password: str, *, username: str) -> Problem | None:
    """What is wrong with a password that `username` wants to use; None when it may be used."""
    password = _normalised(password)
    if len(password) < MIN_LENGTH:
        return "password_too_short"
    if len(password) > MAX_LENGTH:
        return "password_too_long"
    folded = _folded(password)
    without_name = folded.replace(_folded(username), "") if username else folded
    if folded in _COMMON or len(without_name) < MIN_LENGTH // 2 or _is_repeated(folded) or _is_in_a_row(folded):
        return "password_common"
    return None


def generate() -> str:
    """A random password that can be read out and typed: four groups of four signs, 79 bits."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4))


def hash_password(password: str) -> str:
    """The bcrypt hash to keep."""
    with _HASHING:
        return bcrypt.hashpw(_digest(password), bcrypt.gensalt(ROUNDS)).decode()


def matches(password: str, password_hash: str | None) -> bool:
    """Whether a password is the one that was hashed; without a hash the answer is no and takes just as long."""
    with _HASHING:
        found = bcrypt.checkpw(_digest(password), (password_hash or _NOBODYS_HASH).encode())
    return found and password_hash is not None


def _normalised(password: str) -> str:
    """One spelling for what looks the same: keyboards differ in how they compose Vietnamese letters.

    The sign-in form removes blanks around a password, so they never count.
    """
    return unicodedata.normalize("NFKC", password).strip()


def _digest(password: str) -> bytes:
    content = _normalised(password).encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.digest(_USE, content, hashlib.sha256))


def _folded(text: str) -> str:
    """Lower case, without blanks and diacritics, the way guessing programs vary a word.

    Not `words.fold`, which also drops the vowel signs of other scripts: there they are letters, and count as such.
    """
    decomposed = unicodedata.normalize("NFKD", text).casefold().replace("đ", "d")
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter) and not letter.isspace())


def _is_repeated(text: str) -> bool:
    """One piece of up to four characters over and over, the last time perhaps cut short."""
    return any(text == (text[:size] * len(text))[: len(text)] for size in range(1, 5))


def _is_in_a_row(text: str) -> bool:
    return any(text in row or text in row[::-1] for row in _ROWS)
