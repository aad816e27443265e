from __future__ import annotations

import pytest

from penstock.release.gates import Finding


@pytest.mark.parametrize(
    ("value", "threshold", "shown"),
    [
        (0.03207223, 0.02878738030552367, "g 0.0320722 against 0.0287874 (why)"),
        (None, 0.5, "g undefined against 0.5 (why)"),
        (2.0, None, "g 2 against undefined (why)"),
        (None, None, "g (why)"),
    ],
)
def test_a_finding_names_its_number_and_the_threshold(
    value: float | None, threshold: float | None, shown: str
) -> None:
    assert str(Finding(name="g", passed=False, value=value, threshold=threshold, detail="why")) == shown
