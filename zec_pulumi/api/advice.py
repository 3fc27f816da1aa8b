"""What each known error code means and what the user can do about it."""

from __future__ import annotations

from typing import NamedTuple

from zec_pulumi.api.codes import Code


class Advice(NamedTuple):
    """Two halves of an error's sentence.

    Attributes:
        meaning: What happened, to follow a colon.
        next_step: What to do now, as an imperative.
    """

    meaning: str
    next_step: str


ADVICE = {
    Code.INVALID_IMAGE_AGENT_NOT_SUPPORT: Advice(
        "the image does not support the guest agent",
        "switch the agent off or choose another image",
    ),
    Code.INVALID_IMAGE_KEY_PAIR_NOT_SUPPORT: Advice(
        "the image does not support SSH key pairs",
        "leave the key out for this image",
    ),
    Code.INVALID_IMAGE_NOT_FOUND: Advice(
        "image not found",
        "choose an image that DescribeImages lists for the instance's zone",
    ),
    Code.INVALID_IMAGE_PASSWORD_NOT_SUPPORT: Advice(
        "the image does not support a password",
        "leave the password out for this image",
    ),
    Code.INVALID_IMAGE_SIZE_EXCEED: Advice(
        "the boot disk is smaller than the image",
        "choose a smaller image or grow the boot disk first",
    ),
    Code.INVALID_IMAGE_STATUS: Advice(
        "the image is not in a usable state",
        "wait until the image is AVAILABLE or choose another one",
    ),
    Code.INVALID_OS_TYPE_NOT_SAME: Advice(
        "the image has another type of operating system than the instance",
        "choose an image with the same osType, or create a new instance for the other one",
    ),
    Code.INVALID_PARAMETER_USER_DATA_EXCEED: Advice(
        "the user data is too long",
        "keep the user data below 64 KiB, for example by downloading the rest from it",
    ),
    Code.INVALID_INSTANCE_NOT_FOUND: Advice(
        "instance not found",
        "check the instance id and that these credentials belong to its account",
    ),
    Code.INVALID_KEY_PAIR_NOT_FOUND: Advice(
        "SSH key pair not found",
        "choose a key that DescribeKeyPairs lists for this account",
    ),
    Code.INVALID_KEY_PAIR_NOT_SUPPORT: Advice(
        "the SSH key pair holds a key that is not supported",
        "choose another key pair",
    ),
    Code.INVALID_LOGIN_SETTING_CONFLICT: Advice(
        "exactly one of password and key pair is needed",
        "set the key or the password, not both and not neither",
    ),
    Code.INVALID_PASSWORD_MALFORMED: Advice(
        "the password breaks the password rule",
        "use 8 to 16 characters: lower case, upper case, digits and some of ~!@$^*-_=+",
    ),
    Code.UNSUPPORTED_OPERATION_INSTANCE_STATUS: Advice(
        "the instance's present status does not allow this",
        "wait until the running operation has ended, then run again",
    ),
    Code.OPERATION_DENIED_INSTANCE_RECYCLED: Advice(
        "the instance is in the recycle bin",
        "recover it in the console or remove it from the program",
    ),
    Code.OPERATION_DENIED_INSTANCE_NOT_RUNNING: Advice(
        "the instance is not running",
        "start the instance first",
    ),
    Code.OPERATION_DENIED_INSTANCE_NOT_STOPPED: Advice(
        "the instance is not stopped",
        "stop the instance first",
    ),
    Code.INVALID_IMAGE_QUOTA_EXCEED: Advice(
        "the account may have no more images of its own",
        "delete images that nobody needs (`zec-pulumi backups` lists backups), or have the quota raised",
    ),
    Code.OPERATION_DENIED_GPU_INSTANCE_NOT_SUPPORT: Advice(
        "the API does not do this to a GPU instance",
        "leave backups out for this instance",
    ),
    Code.OPERATION_DENIED_INSTANCE_IN_OPERATION: Advice(
        "another operation works on the instance",
        "wait until the running operation has ended, then run again",
    ),
    Code.OPERATION_DENIED_INSTANCE_STATUS_NOT_SUPPORT: Advice(
        "the instance's present status does not allow this",
        "wait until the instance is STOPPED, then run again",
    ),
    Code.AUTHFAILURE_INVALID_AUTHORIZATION: Advice(
        "the Authorization header was not understood",
        "check that access key id, access key password or token were copied whole",
    ),
    Code.AUTHFAILURE_SIGNATURE_FAILURE: Advice(
        "the signature is wrong",
        "check that the access key password belongs to the access key id",
    ),
    Code.AUTHFAILURE_SIGNATURE_EXPIRED: Advice(
        "the request's time is more than 5 minutes from the server's",
        "set this machine's clock (NTP) and run again",
    ),
    Code.AUTHFAILURE_UNAUTHORIZED_OPERATION: Advice(
        "these credentials do not permit the action",
        "grant the action to this access key or token",
    ),
    Code.MISSING_PARAMETER: Advice(
        "a required parameter is missing",
        "see the API's message for its name",
    ),
    Code.INVALID_PARAMETER_TYPE: Advice(
        "a parameter has the wrong type",
        "see the API's message for its name",
    ),
    Code.INVALID_PARAMETER_VALUE: Advice(
        "a parameter has a value that is not allowed",
        "see the API's message for its name",
    ),
    Code.INVALID_PARAMETER_EXCEED_MAXIMUM: Advice(
        "a parameter is above its maximum",
        "see the API's message for its name",
    ),
    Code.INVALID_PARAMETER_LESS_MINIMUM: Advice(
        "a parameter is below its minimum",
        "see the API's message for its name",
    ),
    Code.INVALID_PARAMETER_EXCEED_LENGTH: Advice(
        "a parameter is too long",
        "see the API's message for its name",
    ),
    Code.INVALID_PARAMETER_LESS_LENGTH: Advice(
        "a parameter is too short",
        "see the API's message for its name",
    ),
    Code.INVALID_PARAMETER_PATTERN_ERROR: Advice(
        "a parameter does not have the required form",
        "see the API's message for its name",
    ),
    Code.INVALID_PARAMETER_DATE_FORMAT_ERROR: Advice(
        "a date does not have the required form",
        "see the API's message for its name",
    ),
    Code.INVALID_ZONE_NOT_FOUND: Advice(
        "zone not found",
        "choose a zone that DescribeZones lists",
    ),
    Code.OPERATION_FAILED_FOR_RECYCLE_RESOURCE: Advice(
        "the resource is in the recycle bin",
        "recover it in the console or remove it from the program",
    ),
    Code.OPERATION_FAILED_RESOURCE_GROUP_NOT_FOUND: Advice(
        "resource group not found",
        "check the resource group of the resource and of these credentials",
    ),
    Code.OPERATION_FAILED_RESOURCE_NOT_FOUND: Advice(
        "resource not found",
        "check the id and that these credentials belong to its account",
    ),
    Code.REQUEST_LIMIT_EXCEEDED: Advice(
        "too many requests",
        "wait a little and run again, with a smaller --parallel if it happens often",
    ),
    Code.INTERNAL_SERVER_ERROR: Advice(
        "the service had an internal error",
        "run again; if it stays, give the request id to Zenlayer's support",
    ),
    Code.SERVICE_TEMPORARY_UNAVAILABLE: Advice(
        "the service is temporarily unavailable",
        "run again later",
    ),
    Code.REQUEST_TIMED_OUT: Advice(
        "the service took too long",
        "run again later",
    ),
    Code.INVALID_OPERATION_TIMEOUT: Advice(
        "the operation took too long",
        "run again later",
    ),
    Code.SECURITY_CHALLENGE: Advice(
        "a Cloudflare challenge stands in front of the API",
        "run from another network, or ask Zenlayer to allow this address",
    ),
    Code.REQUEST_BLOCKED: Advice(
        "the network does not let this address use the API",
        "run from another network, or ask Zenlayer to allow this address",
    ),
}
