"""fream config: the settings in force and their sources."""

from __future__ import annotations

import json

import yaml

from tests.fakes.commands import Fream


def test_the_settings_in_force_are_yaml(fream: Fream) -> None:
    told = yaml.safe_load(fream("config").stdout)

    assert told["project"] == "shop"
    assert told["image"] == "127.0.0.1:5000/fream"
    assert told["x-fream"]["health"]["timeout"] == "1500ms"


def test_the_settings_name_their_source_for_programs(fream: Fream) -> None:
    told = json.loads(fream("config", "-o", "json").stdout)["result"]

    timeout = {"value": "1500ms", "source": "compose", "variables": []}
    assert told["x-fream"]["health"]["timeout"] == timeout
    assert told["x-fream"]["health"]["path"]["source"] == "default"
