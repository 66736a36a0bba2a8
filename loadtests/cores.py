"""What processes of this machine have used of its cores, as Linux counts it in /proc. It judges nothing."""

import os
import time
from pathlib import Path

from loadtests.report import Cores

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """Return a process and its children, as long as they live."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *map(int, children)]


def used_s(venue: int, locust: int) -> Cores:
    """Return the time now, and the seconds of core that everybody has used and waited for, since each began."""
    venue_s, clients_s = cpu_s(venue), sum(map(cpu_s, family(locust)))
    machine = [int(field) / TICKS_PER_S for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    busy_s = sum(machine) - machine[3] - machine[4]  # without idle and waiting for disks
    return Cores(time.time(), venue_s, clients_s, busy_s - venue_s - clients_s, waited_s(venue))


def shares(before: Cores, after: Cores) -> Cores:
    """Return what was used between two times, in cores, at the second of them."""
    passed_s = after.t_s - before.t_s
    return Cores(after.t_s, *((new - old) / passed_s for old, new in zip(before[1:], after[1:], strict=True)))


def cpu_s(pid: int) -> float:
    """Return the seconds of processor time that a process has used; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S  # utime and stime


def waited_s(pid: int) -> float:
    """Return the seconds that a process's main thread stood in the queue for a core; 0 when nobody counts them."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0
