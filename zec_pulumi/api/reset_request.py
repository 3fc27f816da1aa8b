"""The parameters of ResetInstance."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class ResetInstanceRequest:
    """The parameters of one ResetInstance; ``repr`` shows neither password nor user data.

    ``enable_agent`` has no default, because the API's own default turns the agent off. Of everything else,
    None leaves the parameter out, and the API then keeps what the instance has.
    Source: ResetInstance, zec 2025-09-01.
    """

    instance_id: str
    enable_agent: bool
    image_id: str | None = None
    key_id: str | None = None
    password: str | None = field(default=None, repr=False)
    timezone: str | None = None
    instance_name: str | None = None
    user_data: bytes | None = field(default=None, repr=False)

    def to_body(self) -> dict[str, str | bool]:
        """Return the JSON object to send; user data as Base64."""
        fields: dict[str, str | bool | None] = {
            "instanceId": self.instance_id,
            "imageId": self.image_id,
            "keyId": self.key_id,
            "password": self.password,
            "timezone": self.timezone,
            "enableAgent": self.enable_agent,
            "instanceName": self.instance_name,
            "userData": self._encoded_user_data(),
        }
        return {name: value for name, value in fields.items() if value is not None}

    def secrets(self) -> tuple[str, ...]:
        """Return the values that no message may repeat."""
        data = b"" if self.user_data is None else self.user_data
        plain = data.decode("utf-8", errors="replace")
        return tuple(text for text in (self.password, self._encoded_user_data(), plain) if text)

    def _encoded_user_data(self) -> str | None:
        return None if self.user_data is None else base64.b64encode(self.user_data).decode("ascii")
