"""No secret is shown, by anything that can be printed."""

from __future__ import annotations

import json
import traceback
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zec_pulumi import api
from zec_pulumi.api import AccessKey, BearerToken, Client, Endpoint, ResetInstanceRequest, ZecError
from zec_pulumi.api.envelope import parse
from zec_pulumi.api.exchange import ApiRequest, HttpResponse

# Long enough, and of letters that no other text here is made of.
secrets = st.text(alphabet="QXZ#%&=+\u00e9\u2713", min_size=12, max_size=40)
header_secrets = st.text(alphabet="QXZ#%&=+", min_size=12, max_size=40)


def shown(value: Any) -> str:
    """Everything that printing ``value`` may show; of an error, all that hangs on it."""
    parts = [str(value), repr(value)]
    if isinstance(value, BaseException):
        parts += traceback.format_exception(value)
        parts += [repr(value.args), repr(vars(value)), repr(value.__cause__), repr(value.__context__)]
    return "\n".join(parts)


@given(password=secrets, data=secrets)
def test_a_reset_request_does_not_show_password_and_user_data(password: str, data: str) -> None:
    request = ResetInstanceRequest(instance_id="i", enable_agent=True, password=password, user_data=data.encode())
    call = ApiRequest("ResetInstance", "zec", str(request.to_body()).encode(), request.secrets())

    for value in (request, call):
        assert not [secret for secret in request.secrets() if secret in shown(value)]


@given(secret=header_secrets)
def test_credentials_and_client_do_not_show_their_secret(secret: str) -> None:
    for credentials in (AccessKey("id", secret), BearerToken(secret)):
        with Client(credentials) as client:
            assert secret not in shown(credentials) + shown(client) + shown(vars(client))


@pytest.mark.parametrize("secret", ["se cret-value", "secret\nvalue", "secret\u00e9value", "secret\x00value"])
def test_a_malformed_token_is_refused_without_quoting_it(secret: str) -> None:
    with pytest.raises(api.ConfigurationError) as caught:
        BearerToken(secret)

    assert secret not in shown(caught.value)


@settings(max_examples=25)
@given(password=secrets, data=secrets, key=secrets, token=header_secrets)
@pytest.mark.parametrize("repeated", ["password", "data", "key", "nothing"])
def test_no_error_shows_a_secret_even_if_the_server_repeats_it(
    repeated: str, password: str, data: str, key: str, token: str
) -> None:

    request = ResetInstanceRequest(instance_id="i", enable_agent=True, password=password, user_data=data.encode())
    values = {"password": password, "data": data, "key": key, "nothing": "nothing"}
    text = f"not good: {values[repeated]}"
    body = json.dumps({"requestId": text, "code": text, "message": text}).encode()
    for status in (200, 302, 400, 401, 403, 404, 429, 451, 500, 503):
        for answer in (body, text.encode(), b""):
            with pytest.raises(ZecError) as caught:
                parse(
                    HttpResponse(status, {}, answer),
                    action="ResetInstance",
                    endpoint=Endpoint(),
                    now=0.0,
                    secrets=(*request.secrets(), key, token),
                )
            assert not [s for s in (password, data, key, token) if s in shown(caught.value)]


@settings(max_examples=10)
@given(password=secrets, data=secrets, key=secrets)
def test_no_transport_error_shows_a_secret(password: str, data: str, key: str) -> None:
    request = ResetInstanceRequest(instance_id="i", enable_agent=True, password=password, user_data=data.encode())
    with (
        Client(AccessKey("id", key), Endpoint("127.0.0.1:1", "http")) as client,
        pytest.raises(api.NotSentError) as caught,
    ):
        client.reset_instance(request)

    assert not [secret for secret in (*request.secrets(), key) if secret in shown(caught.value)]


def test_credentials_know_what_to_hide() -> None:
    for credentials in (AccessKey("id", "hidden-1"), BearerToken("hidden-1")):
        assert credentials.secret == "hidden-1"
