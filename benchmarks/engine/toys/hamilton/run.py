"""Runs the Hamilton pipeline with its cache, as https://hamilton.apache.org/concepts/caching says."""

from __future__ import annotations

import argparse
import json

import pipeline
from hamilton import driver
from hamilton.caching.adapter import CachingEventType


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--alpha", type=float, default=1.0)
    alpha = parser.parse_args().alpha
    flow = driver.Builder().with_modules(pipeline).with_cache().build()
    inputs = {"rows": 200_000, "seed": 7, "test_share": 0.2, "alpha": alpha}
    report = flow.execute(["report"], inputs=inputs)["report"]
    logs = flow.cache.logs(flow.cache.last_run_id, level="debug")
    ran = sum(any(e.event_type is CachingEventType.EXECUTE_NODE for e in log) for log in logs.values())
    print(json.dumps({"report": report, "ran": ran}))


if __name__ == "__main__":
    main()
