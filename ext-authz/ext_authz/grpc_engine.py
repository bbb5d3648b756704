"""Which of its two I/O engines gRPC serves by. Imported before gRPC, which reads the variable as it is loaded.

Its default, EventEngine, hands every read from a pool of threads to grpc.aio's own, and each hand-over wakes a thread.
The older engine, iomgr, reads where grpc.aio polls: fewer switches between threads for each request, and 5 to 17 % less
CPU. It is chosen by gRPC's only switch for that; a release that has it no longer says "Unknown experiment" when it
starts and goes on, and a test of ours fails.
"""

import os

VARIABLE = "GRPC_EXPERIMENTS"
IOMGR = "-event_engine_client,-event_engine_listener"

os.environ.setdefault(VARIABLE, IOMGR)
