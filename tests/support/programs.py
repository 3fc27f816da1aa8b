"""Random programs: few values of each input, so that histories come back to what was there before."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.support.gate import GATE

JAMMY, NOBLE, DEBIAN = "ubuntu2204_20240712", "ubuntu2404_20240712", "debian12_20240712"
RETIRED = "centos7_20200501"
ZONE = "Asia/Shanghai"
KEY, OTHER_KEY = "key-YWD2QFOl", "key-2ndKey01"
PASSWORDS = ("Abcdef-123", "Ghijkl-456")
SCRIPTS = ("#!/bin/sh\n# secret-one\n", "#!/bin/sh\n# secret-two\n")
SICK_IMAGE, SICK_SCRIPT = DEBIAN, SCRIPTS[1]
"""What passes no health gate."""

ROLLS_BACK: dict[str, Any] = {"backup": True, "health": GATE, "onUnhealthy": "roll_back"}

SECRETS = (*PASSWORDS, "secret-one", "secret-two")

_LOGINS: list[dict[str, Any]] = [
    {},
    {},
    {"keyId": KEY},
    {"keyId": OTHER_KEY},
    {"password": PASSWORDS[0]},
    {"password": PASSWORDS[1], "rebuildOn": ["password"]},
]


_SETTINGS: list[dict[str, Any]] = [
    *({}, {}, {}, {}, {}, {}),
    *({"timezone": "Asia/Tokyo"}, {"enableAgent": False}, {"enableAgent": True}),
]


_KEPT: list[dict[str, Any]] = [
    *({}, {}, {}, {"backup": False}),
    *({"backup": True}, {"backup": {"keep": 2}}, ROLLS_BACK, ROLLS_BACK),
]


_UNKNOWABLE = (
    "imageId",
    "keyId",
    "password",
    "userData",
    "rebuildToken",
    "rebuildOn",
    "adopt",
    "powerOff",
    "instanceName",
)


def programs() -> st.SearchStrategy[dict[str, Any]]:
    """Return programs, now and then one that cannot work."""
    return st.builds(
        _program,
        beside=st.sampled_from(_SETTINGS),
        image=st.sampled_from([JAMMY, JAMMY, NOBLE, NOBLE, DEBIAN, None, RETIRED]),
        login=st.sampled_from(_LOGINS),
        script=st.sampled_from([None, None, *SCRIPTS]),
        token=st.sampled_from([None, None, "one", "two"]),
        more=st.sampled_from([{}, {}, {}, {"adopt": "never"}, {"powerOff": "force"}, {"instanceName": "renamed"}]),
        kept=st.sampled_from(_KEPT),
    )


def single_changes() -> st.SearchStrategy[dict[str, Any]]:
    """Return inputs to change in a program; None takes one out."""
    texts = ["imageId", "keyId", "userData", "rebuildToken", "password", "timezone", "enableAgent", "instanceName"]
    given: list[dict[str, Any]] = [
        *({"imageId": image} for image in (JAMMY, NOBLE)),
        *({"keyId": key, "password": None} for key in (KEY, OTHER_KEY)),
        *({"userData": script} for script in SCRIPTS),
        *({"rebuildToken": token} for token in ("one", "two")),
        *({"password": password, "keyId": None} for password in PASSWORDS),
        *(beside for beside in _SETTINGS if beside),
        *({"timezone": ZONE}, {"instanceName": "renamed"}),
    ]
    return st.sampled_from([*given, *({name: None} for name in texts)])


def unknown() -> st.SearchStrategy[list[str]]:
    """Return the inputs that a preview does not know; some turn out to be omitted."""
    return st.lists(st.sampled_from(_UNKNOWABLE), max_size=2, unique=True)


def _program(
    image: str | None,
    login: dict[str, Any],
    script: str | None,
    token: str | None,
    more: dict[str, Any],
    kept: dict[str, Any],
    beside: dict[str, Any],
) -> dict[str, Any]:
    given = {"imageId": image, "userData": script, "rebuildToken": token, **login, **more, **kept, **beside}
    return {key: value for key, value in given.items() if value is not None}
