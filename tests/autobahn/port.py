"""Makes the installed `autobahntestsuite`, which is Python 2, importable by Python 3: `port.py TARGET`.

What is ported is the fuzzing client and all of its cases. The cases stay as their authors wrote them: only the
syntax is changed, by lib2to3. A `str` of Python 2 is bytes; here it stays a `str`, with one character for each
byte (Latin-1), and `client.py` turns it into bytes where it meets the socket.
"""

import importlib.util
import pathlib
import re
import shutil
import sys

try:
    from lib2to3 import refactor
    FIXERS = "lib2to3.fixes"
except ImportError:  # gone since Python 3.13; the fork has the same interface
    from fissix import refactor
    FIXERS = "fissix.fixes"

# `unicode`: would turn the byte strings of the cases into something else.
SKIPPED = {"unicode", "basestring", "buffer"}
FILES = ["_version.py", "caseset.py", "fuzzing.py"]


def main():
    source = pathlib.Path(importlib.util.find_spec("autobahntestsuite").submodule_search_locations[0])
    target = pathlib.Path(sys.argv[1]) / "autobahntestsuite"
    fixers = [f for f in refactor.get_fixers_from_package(FIXERS) if f.rsplit("fix_", 1)[1] not in SKIPPED]
    tool = refactor.RefactoringTool(fixers)
    (target / "case").mkdir(parents=True, exist_ok=True)
    (target / "__init__.py").write_text("from ._version import __version__\n\nversion = __version__\n")
    # Only for reports in HTML, which nobody asks for.
    (target / "report.py").write_text("CSS_COMMON = CSS_DETAIL_REPORT = CSS_MASTER_REPORT = JS_MASTER_REPORT = ''\n")
    (target / "octets.py").write_text(OCTETS)
    shutil.copytree(source / "testdata", target / "testdata", dirs_exist_ok=True)
    for path in [source / name for name in FILES] + sorted((source / "case").glob("*.py")):
        text = path.read_bytes().decode("latin-1").replace("\r\n", "\n")
        text = re.sub(r"(?m)^#.*coding[:=].*$", "", text)
        if not text.endswith("\n"):
            text += "\n"
        # Relative imports are implied in Python 2; lib2to3 looks for the file beside the name it is given.
        text = str(tool.refactor_string(text, str(path)))
        text = re.sub(r"(?m)^import (.*)\bbinascii\b", r"from autobahntestsuite import octets as binascii\nimport \1sys", text)
        # Bases in an order that a new-style class refuses.
        text = re.sub(r"\(object, Case, *\)", "(Case,)", text)
        text = text.replace("interface import implements", "interface import implementer as implements")
        text = text.replace("len(self.payload) / self", "len(self.payload) // self")
        text = text.replace(", debug = debug, debugCodePaths = debug", "")
        for name in ["NoContextTakeover", "MaxWindowBits"]:
            snake = re.sub("[A-Z]", lambda upper: "_" + upper[0].lower(), name)
            text = re.sub(rf"(accept|request){name}\b", rf"\1{snake}", text)
        text = text.replace("autobahn.websocket.utf8validator", "autobahntestsuite.octets")
        (target / path.relative_to(source)).write_text(text, encoding="utf-8")


OCTETS = '''"""What the cases use of binascii and of autobahn's validator, for a str that holds one byte a character."""

import binascii

from autobahn.websocket import utf8validator


def to_bytes(octets):
    return octets.encode("latin-1") if isinstance(octets, str) else octets


def b2a_hex(octets):
    return binascii.b2a_hex(to_bytes(octets)).decode("ascii")


class Utf8Validator(utf8validator.Utf8Validator):
    def validate(self, octets):
        return super().validate(to_bytes(octets))
'''

if __name__ == "__main__":
    main()
