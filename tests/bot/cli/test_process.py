"""Test what commands are told of signals."""

import signal
import subprocess
import sys

import pytest

from tests.support.sources import ROOT

BUSY = """
import hashlib, os, signal, threading, time
from bot.cli.process import stop_signals

stopping = stop_signals()
signal.signal(signal.SIGUSR1, lambda *_: None)

def watch():
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGUSR1)
    if stopping.wait(0.3):
        os._exit(1)
    os.kill(os.getpid(), NUMBER)
    os._exit(0 if stopping.wait(20) else 2)

threading.Thread(target=watch).start()
hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)
"""
"""The main thread computes for minutes and comes to no handler of Python's meanwhile."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_stop_is_heard_whatever_the_main_thread_does_and_no_other(number: signal.Signals) -> None:
    program = BUSY.replace("NUMBER", str(int(number)))
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=60, check=False).returncode == 0
