"""The house bots as a child process: users of the wire like everybody. It ends with us, however we end."""

import subprocess
import sys
from pathlib import Path

LOG_NAME = "bots.log"
LEAVE_SECONDS_MAX = 5


class House:
    """The running house bots; they watch the pipe to this process and end when it breaks."""

    def __init__(self, ready_file: Path, log_folder: Path, seed: int) -> None:
        """Start them; what they say goes into a file of `log_folder`."""
        arguments = [sys.executable, "-m", "clients.bots", str(ready_file), "--seed", str(seed), "--until-eof"]
        with (log_folder / LOG_NAME).open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                arguments, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log
            )

    def close(self) -> None:
        """End them."""
        self._process.terminate()
        try:
            self._process.communicate(timeout=LEAVE_SECONDS_MAX)  # closes the pipe, too
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
