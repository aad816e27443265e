"""Which columns a trained model leans on."""

from __future__ import annotations

from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.models import Trees


def importances(model: ForecastModel) -> dict[str, float]:
    """Return each column's share of the gain of all splits, largest first; empty for a model without trees.

    The shares of an ensemble's members are averaged; they sum to 1.
    """
    shares = dict.fromkeys(model.columns, 0.0)
    members = [member for member in model.members if isinstance(member, Trees)]
    for member in members:
        gains = member.booster.feature_importance(importance_type="gain")
        total = float(gains.sum())
        for name, gain in zip(member.booster.feature_name(), gains, strict=True):
            shares[name] += float(gain) / total / len(members) if total else 0.0
    ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return dict(ranked) if members else {}
