"""What comes first: a run holds Snakemake's folder, and a full disk is one line."""

import os
import sys
from pathlib import Path

from activenoise.config.runs import hold, killed
from activenoise.logs import RUN, reason

if workflow.is_main_process:
    try:
        os.environ[RUN] = str(hold(Path(".snakemake")))
    except OSError as error:
        sys.exit(reason(error) or f"{error.filename}: {error.strerror}")
elif workflow.remote_exec:
    # Another machine may not see the lock, and would take this run for a dead one.
    os.environ.pop(RUN, None)


onerror:
    for line in killed(log):
        print(line, file=sys.stderr)
