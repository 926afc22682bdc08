"""Runs the ported fuzzing client of the Autobahn testsuite: `client.py URL REPORTS [CASE...]`.

The cases, what they expect and how they judge are the testsuite's own. This file fits its protocol, written for
the autobahn of 2015, to today's: some names changed, and what a case holds as a str travels as bytes.
"""

import collections
import json
import pathlib
import sys

import txaio

txaio.use_twisted()

from autobahn.twisted.websocket import WebSocketClientProtocol
from autobahntestsuite import fuzzing, octets
from twisted.internet import reactor
from twisted.python import log

GROUPS = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"]

# `INFORMATIONAL`: the case has no wrong answer (7.1.6, 7.13.*).
HARMLESS = {"OK", "INFORMATIONAL"}


def to_text(data):
    return data.decode("latin-1") if isinstance(data, (bytes, bytearray)) else data


def short(data, maxlen=64, **_):
    text = to_text(data)
    return text if len(text) <= maxlen else text[: maxlen - 4] + " ..."


fuzzing.asciiLogData = short
fuzzing.binLogData = lambda data, maxlen=64: octets.b2a_hex(data[:maxlen])


class Protocol(fuzzing.FuzzingClientProtocol):
    """The testsuite's client over today's WebSocketClientProtocol."""

    # Out: str of octets to bytes.

    def sendFrame(self, opcode, payload=b"", **options):
        WebSocketClientProtocol.sendFrame(self, opcode, octets.to_bytes(payload), **options)

    def sendMessage(self, payload, *positional, **named):
        WebSocketClientProtocol.sendMessage(self, octets.to_bytes(payload), *positional, **named)

    def sendMessageFrameData(self, payload, sync=False):
        return WebSocketClientProtocol.sendMessageFrameData(self, octets.to_bytes(payload), sync)

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        WebSocketClientProtocol.sendCloseFrame(self, code, octets.to_bytes(reasonUtf8), isReply)

    # In: bytes to str of octets.

    def onMessage(self, payload, binary):
        fuzzing.FuzzingClientProtocol.onMessage(self, to_text(payload), binary)

    def onPing(self, payload):
        WebSocketClientProtocol.onPing(self, payload)

    def onPong(self, payload):
        fuzzing.FuzzingClientProtocol.onPong(self, to_text(payload))

    # Names that changed.

    def failConnection(self, *positional, **named):
        self._fail_connection(*positional, **named)

    # Only a report nobody reads would need these.

    def logRxOctets(self, data):
        pass

    def logTxOctets(self, data, sync):
        pass

    def logRxFrame(self, header, payload):
        fuzzing.FuzzingClientProtocol.logRxFrame(self, header, [to_text(p) for p in payload])

    def logTxFrame(self, header, payload, *rest):
        fuzzing.FuzzingClientProtocol.logTxFrame(self, header, to_text(payload), *rest)


class Factory(fuzzing.FuzzingClientFactory):
    protocol = Protocol

    def buildProtocol(self, addr):
        made = Protocol()
        made.factory = self
        made.caseAgent = self.agent
        made.case = self.currentCaseIndex
        made.Case = fuzzing.Cases[made.case - 1]
        made.runCase = made.Case(made)
        return made

    def clientConnectionFailed(self, connector, reason):
        sys.exit(f"no connection: {reason.getErrorMessage()}")

    def logCase(self, result):
        fuzzing.FuzzingClientFactory.logCase(self, {name: to_text(value) for name, value in result.items()})

    def createReports(self):
        fuzzing.FuzzingClientFactory.createReports(self, produceHtml=False)


def summarise(factory, reports):
    """Says what failed; how many did."""
    (cases,) = json.loads((reports / "index.json").read_text()).values()
    missing = [case for case in factory.specCases if case not in cases]
    judged = collections.Counter()
    failed = list(missing)
    for case in factory.specCases:
        if case in missing:
            print(f"{case}: did not run")
            continue
        result = cases[case]
        judged[result["behavior"], result["behaviorClose"]] += 1
        if result["behavior"] not in HARMLESS or result["behaviorClose"] not in HARMLESS:
            failed.append(case)
            print(f"{case}: {result['behavior']}, close {result['behaviorClose']}, code {result['remoteCloseCode']}")
    for (behavior, close), count in sorted(judged.items()):
        print(f"{count:4} {behavior}, close {close}")
    print(f"{len(factory.specCases) - len(failed)} passed, {len(failed)} failed")
    return len(failed)


def main():
    url, reports, *cases = sys.argv[1:]
    spec = {
        "outdir": reports,
        "servers": [{"agent": "comptoir", "url": url}],
        "cases": cases or GROUPS,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    }
    # An exception in a callback is otherwise seen by nobody.
    log.startLoggingWithObserver(lambda event: event["isError"] and log.FileLogObserver(sys.stderr).emit(event), setStdout=False)
    factory = Factory(spec)
    reactor.run()
    sys.exit(1 if summarise(factory, pathlib.Path(reports)) else 0)


if __name__ == "__main__":
    main()
