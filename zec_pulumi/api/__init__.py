"""A small, careful client of the Zenlayer ZEC API; it needs nothing of Pulumi."""

from zec_pulumi.api.client import Client
from zec_pulumi.api.codes import Code
from zec_pulumi.api.credentials import AccessKey, BearerToken, Credentials
from zec_pulumi.api.endpoint import Endpoint
from zec_pulumi.api.errors import (
    AnswerLostError,
    ApiError,
    AuthenticationError,
    BlockedError,
    ConfigurationError,
    InstanceStateError,
    InvalidRequestError,
    MissingCredentialsError,
    NotFoundError,
    NotSentError,
    RateLimitError,
    ServerError,
    TransportError,
)
from zec_pulumi.api.models import Image, Instance, KeyPair, Page, SystemDisk, Zone
from zec_pulumi.api.reset_request import ResetInstanceRequest
from zec_pulumi.api.retry import RetryPolicy
from zec_pulumi.api.timeouts import Timeouts
from zec_pulumi.errors import ZecError

__all__ = [
    "AccessKey",
    "AnswerLostError",
    "ApiError",
    "AuthenticationError",
    "BearerToken",
    "BlockedError",
    "Client",
    "Code",
    "ConfigurationError",
    "Credentials",
    "Endpoint",
    "Image",
    "Instance",
    "InstanceStateError",
    "InvalidRequestError",
    "KeyPair",
    "MissingCredentialsError",
    "NotFoundError",
    "NotSentError",
    "Page",
    "RateLimitError",
    "ResetInstanceRequest",
    "RetryPolicy",
    "ServerError",
    "SystemDisk",
    "Timeouts",
    "TransportError",
    "ZecError",
    "Zone",
]
