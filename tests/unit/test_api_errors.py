"""Every error code gives its class, a whole sentence, and tells what may have happened."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zec_pulumi import api
from zec_pulumi.api import Code, Endpoint
from zec_pulumi.api.advice import ADVICE
from zec_pulumi.api.classify import CLASSES
from zec_pulumi.api.codes import Family
from zec_pulumi.api.envelope import Result, parse
from zec_pulumi.api.exchange import HttpResponse

NOW = 1767225600.0
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"  # NOW

RESET_INSTANCE_CODES = {
    "INVALID_IMAGE_AGENT_NOT_SUPPORT": (400, api.InvalidRequestError),
    "INVALID_IMAGE_KEY_PAIR_NOT_SUPPORT": (400, api.InvalidRequestError),
    "INVALID_IMAGE_NOT_FOUND": (404, api.NotFoundError),
    "INVALID_IMAGE_PASSWORD_NOT_SUPPORT": (400, api.InvalidRequestError),
    "INVALID_IMAGE_SIZE_EXCEED": (400, api.InvalidRequestError),
    "INVALID_IMAGE_STATUS": (400, api.InvalidRequestError),
    "INVALID_OS_TYPE_NOT_SAME": (400, api.InvalidRequestError),
    "INVALID_PARAMETER_USER_DATA_EXCEED": (400, api.InvalidRequestError),
    "INVALID_INSTANCE_NOT_FOUND": (404, api.NotFoundError),
    "INVALID_KEY_PAIR_NOT_FOUND": (404, api.NotFoundError),
    "INVALID_KEY_PAIR_NOT_SUPPORT": (400, api.InvalidRequestError),
    "INVALID_LOGIN_SETTING_CONFLICT": (400, api.InvalidRequestError),
    "INVALID_PASSWORD_MALFORMED": (400, api.InvalidRequestError),
    "UNSUPPORTED_OPERATION_INSTANCE_STATUS": (400, api.InstanceStateError),
}


def understand(status: int, body: bytes | dict[str, Any], *, secrets: tuple[str, ...] = (), **headers: str) -> Result:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse(
        HttpResponse(status, names, raw), action="ResetInstance", endpoint=Endpoint(), now=NOW, secrets=secrets
    )


def refusal(code: str, message: str = "text of the API") -> dict[str, Any]:
    return {"requestId": "T-1", "code": code, "message": message}


@pytest.mark.parametrize(("code", "expected"), RESET_INSTANCE_CODES.items())
def test_each_code_of_reset_instance_is_a_definite_refusal(code: str, expected: tuple[int, type[api.ApiError]]) -> None:
    status, kind = expected
    with pytest.raises(api.ApiError) as caught:
        understand(status, refusal(code))

    assert type(caught.value) is kind
    assert not caught.value.may_have_been_carried_out


@pytest.mark.parametrize("code", list(Code))
def test_each_known_code_gives_its_class_and_one_sentence_with_a_next_step(code: Code) -> None:
    with pytest.raises(api.ApiError) as caught:
        understand(400, refusal(code.value))
    error = caught.value

    assert type(error) is CLASSES[code.family]
    assert (error.code, error.message, error.http_status) == (code, "text of the API", 400)
    assert (error.request_id, error.action) == ("T-1", "ResetInstance")
    text = str(error)
    assert text.startswith("ResetInstance ")
    assert ADVICE[code].meaning in text
    assert f'({code.value}, HTTP 400, request T-1, API message "text of the API")' in text
    assert text.endswith(ADVICE[code].next_step)


@pytest.mark.parametrize("code", list(Code))
def test_only_codes_of_a_struggling_service_leave_a_mutation_s_outcome_open(code: Code) -> None:
    with pytest.raises(api.ApiError) as caught:
        understand(400, refusal(code.value))

    assert caught.value.may_have_been_carried_out is (code.family is Family.SERVER)


@pytest.mark.parametrize(
    ("code", "status", "kind", "open_outcome"),
    [
        ("AUTHFAILURE_NEW", 403, api.AuthenticationError, False),
        ("SOMETHING_NEW", 401, api.AuthenticationError, False),
        ("OPERATION_DENIED_NEW", 403, api.InstanceStateError, False),
        ("UNSUPPORTED_OPERATION_NEW", 400, api.InstanceStateError, False),
        ("INVALID_SUBNET_NOT_FOUND", 400, api.NotFoundError, False),
        ("SOMETHING_NEW", 404, api.NotFoundError, False),
        ("SOMETHING_NEW", 400, api.InvalidRequestError, False),
        ("SOMETHING_NEW", 408, api.ServerError, True),
        ("SOMETHING_NEW", 429, api.RateLimitError, False),
        ("SOMETHING_NEW", 500, api.ServerError, True),
        ("SOMETHING_NEW", 599, api.ServerError, True),
        ("INVALID_IMAGE_NOT_FOUND", 500, api.NotFoundError, True),
        ("INVALID_IMAGE_NOT_FOUND", 200, api.NotFoundError, False),
        ("SOMETHING_NEW", 200, api.InvalidRequestError, True),
    ],
)
def test_form_and_status_decide_where_the_name_does_not(
    code: str,
    status: int,
    kind: type[api.ApiError],
    open_outcome: bool,  # noqa: FBT001 -- a table's column
) -> None:
    with pytest.raises(api.ApiError) as caught:
        understand(status, refusal(code))

    assert type(caught.value) is kind
    assert caught.value.may_have_been_carried_out is open_outcome


def test_an_unknown_code_says_what_the_api_says() -> None:
    with pytest.raises(api.InvalidRequestError) as caught:
        understand(400, refusal("SOMETHING_NEW", "the moon is in the wrong phase"))

    assert str(caught.value) == (
        "ResetInstance was refused: the moon is in the wrong phase (SOMETHING_NEW, HTTP 400, request T-1)"
    )


def test_an_error_without_message_and_request_id_is_still_a_sentence() -> None:
    with pytest.raises(api.ServerError) as caught:
        understand(500, {"code": "SOMETHING_NEW", "message": None})

    assert str(caught.value) == ("ResetInstance failed: no reason given (SOMETHING_NEW, HTTP 500, no request id)")


def test_an_error_has_its_two_halves_as_data() -> None:
    with pytest.raises(api.NotFoundError) as caught:
        understand(404, refusal("INVALID_IMAGE_NOT_FOUND"))

    error = caught.value
    assert error.next_step == "choose an image that DescribeImages lists for the instance's zone"
    assert str(error) == f"{error.summary}; {error.next_step}"


def test_an_unknown_code_has_no_next_step() -> None:
    with pytest.raises(api.InvalidRequestError) as caught:
        understand(400, refusal("SOMETHING_NEW"))

    assert (caught.value.next_step, caught.value.summary) == ("", str(caught.value))


def test_the_text_of_the_api_cannot_break_lines_or_fill_the_screen() -> None:
    with pytest.raises(api.InvalidRequestError) as caught:
        understand(400, refusal("SOMETHING_NEW", "a\x1b[31m\n\nb" + "x" * 9000))

    assert caught.value.message.startswith("a\ufffd[31m bxxx")
    assert len(caught.value.message) < 400


def test_a_secret_that_the_api_repeats_is_blotted_out() -> None:
    with pytest.raises(api.InvalidRequestError) as caught:
        understand(400, refusal("INVALID_PASSWORD_MALFORMED", "bad: S3cret+word"), secrets=("S3cret+word",))

    assert caught.value.message == "bad: ***"


def test_a_secret_too_short_to_be_one_does_not_garble_the_text() -> None:
    with pytest.raises(api.InvalidRequestError, match="a bad thing"):
        understand(400, refusal("SOMETHING_NEW", "a bad thing"), secrets=("a",))


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("Wed, 31 Dec 2025 23:50:00 GMT", "; this machine's clock is 600 s ahead of the server's "),
        ("Thu, 01 Jan 2026 00:10:00 GMT", "; this machine's clock is 600 s behind the server's "),
        ("yesterday", "asked at https://console.zenlayer.com ("),
    ],
)
def test_an_expired_signature_says_how_wrong_the_clock_is(date: str, words: str) -> None:
    with pytest.raises(api.AuthenticationError) as caught:
        understand(401, refusal("AUTHFAILURE_SIGNATURE_EXPIRED"), date=date)

    assert words in str(caught.value)


def test_wrong_credentials_name_the_endpoint_that_was_asked() -> None:
    with pytest.raises(api.AuthenticationError, match=r"asked at https://console\.zenlayer\.com"):
        understand(401, refusal("AUTHFAILURE_SIGNATURE_FAILURE"), date=DATE)


def test_every_known_code_has_advice() -> None:
    assert set(ADVICE) == set(Code)


def test_every_family_has_a_class_of_its_own() -> None:
    assert set(CLASSES) == set(Family)
    assert len(set(CLASSES.values())) == len(Family)
