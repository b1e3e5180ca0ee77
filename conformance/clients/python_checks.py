"""How the Python scripts beside this file report: one JSON line per check, so that the test that runs them counts each."""

import json
import sys
import time
import traceback


def run(checks):
    """Calls every check with the bootstrap address from the command line; a check that raises has failed."""
    for check in checks:
        started = time.monotonic()
        error = None
        try:
            check(sys.argv[1])
        except Exception:  # noqa: BLE001 - whatever went wrong is the report
            error = traceback.format_exc()
        duration_ms = int((time.monotonic() - started) * 1000)
        print(json.dumps({"name": check.__doc__, "error": error, "durationMs": duration_ms}), flush=True)


def eventually(ask, what, timeout_s=30):
    """The first answer that is not None."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = ask()
        if answer is not None:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout_s} s")
        time.sleep(0.05)
