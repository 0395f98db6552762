"""The files for containers hold what the application needs, and give it no more than the unit for systemd does."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from data_access import settings
from tests.architecture.test_walls import ENTRANCES, ROOMS
from tests.serving import ROOT

FOLDER = ROOT / "deploy" / "container"
IMAGE = (FOLDER / "Containerfile").read_text(encoding="utf-8")
COMPOSED: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSED["services"]


def test_the_image_has_every_room_and_installs_what_the_lock_names() -> None:
    copied = {word for line in re.findall(r"^COPY (?!--from)(.+)$", IMAGE, re.MULTILINE) for word in line.split()[:-1]}

    assert copied == {"requirements.txt", ".streamlit", *ROOMS, *ENTRANCES}
    assert all((ROOT / name).exists() for name in copied)
    assert "--require-hashes" in IMAGE
    assert "/healthz" in IMAGE
    assert "umask 0077" in IMAGE
    assert re.findall(r"^USER (.+)$", IMAGE, re.MULTILINE) == ["10001:10001"]


def test_images_are_named_by_their_whole_version() -> None:
    named = [*re.findall(r"^FROM (\S+)", IMAGE, re.MULTILINE), *(service["image"] for service in SERVICES.values())]

    assert all(re.search(r":\d+\.\d+(\.\d+)?(-[a-z-]+)?$", image) for image in named), named


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_confined(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert not service.get("user", "10001").startswith("0")
    assert ("ports" in service) == (name == "nginx")


def test_what_is_mounted_from_here_is_here() -> None:
    mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())]

    ours = [path for path in mounted if path.startswith(".")]
    assert len(ours) == 4
    assert all((FOLDER / path).is_file() for path in ours)
    assert (FOLDER / SERVICES["first"]["build"]["context"]).resolve() == ROOT


def test_the_processes_listen_where_nginx_looks_and_believe_it_alone() -> None:
    site = (ROOT / "deploy" / "nginx" / "site.conf").read_text(encoding="utf-8")

    for name in ("first", "second"):
        found = settings.load(SERVICES[name]["environment"])
        assert f"server {found.host}:{found.port};" in site
        assert found.trusted_proxies == ("127.0.0.1",)
        assert SERVICES[name]["network_mode"] == "service:nginx"
