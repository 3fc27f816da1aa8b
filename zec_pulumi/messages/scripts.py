"""What a row says of a first-boot script that does not run as it is meant; nothing of the script itself."""

from __future__ import annotations

from zec_pulumi.planning.script_rules import ScriptProblem

SCRIPT = "the first-boot script may not run: "
"""How the warning begins."""

_TEXTS = {
    ScriptProblem.BASE64: "it is Base64, which nothing decodes; give it as user_data_base64",
    ScriptProblem.BASE64_TWICE: "it is Base64 twice, and only one is decoded; encode it once",
    ScriptProblem.BYTE_ORDER_MARK: "it begins with a byte order mark, which hides its first line; save it without",
    ScriptProblem.UTF_16: "it is UTF-16; save it as UTF-8",
    ScriptProblem.NUL: "it holds NUL bytes, which no shell reads; take them out",
    ScriptProblem.BLANK_FIRST: "blanks or empty lines stand before #!; begin the text with #!",
    ScriptProblem.CRLF: "its first line ends in CRLF, so its interpreter is not found; save it with LF line ends",
    ScriptProblem.INTERPRETER: "#! needs the full path of an interpreter, such as /bin/sh",
    ScriptProblem.WINDOWS: "it is a Windows script, and the image is another system",
    ScriptProblem.NO_HEAD: "it begins with none of #!, #cloud-config, MIME and gzip; begin a script with #!/bin/sh",
}


def warning(problem: ScriptProblem) -> str:
    """Return what to say before the wipe."""
    return f"{SCRIPT}{_TEXTS[problem]}"
