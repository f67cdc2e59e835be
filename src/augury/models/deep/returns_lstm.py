"""An LSTM over the returns of one series, which says how the return over any horizon is distributed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from augury.core.errors import CorruptArtifact, InsufficientHistory, UsageError
from augury.core.hashing import sha256_file
from augury.core.seeds import DEFAULT_SEED, derive
from augury.core.typing import Floats, Ints, Json
from augury.models.series import Distribution, PriceSeries
from augury.models.statistical._base import FILE, SeriesMember

WEIGHTS: Final = "member.safetensors"
HORIZONS: Final = (1, 2, 3, 5, 10, 20, 40, 60)
"""Bars ahead that are learnt; others are answered from the same function of ``ln h``."""
VOLATILITY_BARS: Final = 20
STOP_SHARE: Final = 0.2
CLIP: Final = 5.0
TAIL_MIN: Final = 4.2
"""Fewest degrees of freedom: the kurtosis they are matched to exists above 4."""
_FLOOR: Final = 1e-6
"""A return spread below this is a price that stands still."""


class _Net(nn.Module):
    """State of the last bars and ``ln h`` to the mean and the log sd of the scaled h-bar return."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, hidden, batch_first=True)
        self.head = nn.Sequential(nn.Linear(hidden + 2, hidden), nn.Tanh(), nn.Linear(hidden, 2))
        last = self.head[2]
        assert isinstance(last, nn.Linear)
        nn.init.normal_(last.weight, std=0.01)
        nn.init.zeros_(last.bias)

    def forward(self, x: Tensor, log_h: Tensor) -> tuple[Tensor, Tensor]:
        """``(n, L, 2)`` and ``(k,)`` to means and log sds, each ``(n, k)``."""
        state = self.lstm(x)[0][:, -1]
        pairs = torch.stack((log_h, log_h**2 / 4), dim=1)
        wide = torch.cat((state[:, None].expand(-1, len(log_h), -1), pairs[None].expand(len(state), -1, -1)), dim=2)
        said = self.head(wide)
        return said[..., 0], said[..., 1].clamp(-2.0, 2.0)


class ReturnsLstm(SeriesMember):
    """Reads the last L returns in units of their own volatility and answers for the horizon asked about.

    With ``v`` the root mean square of the last 20 returns, the h-bar return over ``v sqrt(h)`` is taken to
    have the mean and the standard deviation that one network gives for (state of the returns, ln h); it is
    trained by the normal likelihood on 1 to 60 bars ahead together, and the latest fifth of the bars, purged,
    chooses the epoch. Tails are those of a Student t whose kurtosis the residuals of one bar have there;
    over h bars the excess kurtosis is an h-th of it.

    Parameters
    ----------
    lookback : int
        L, default 60.
    hidden : int
        States, default 16; larger learns more noise.
    epochs : int
        At most, default 30; 6 without improvement stop earlier.
    learning_rate : float
        Default 3e-3.
    seed : int
        Of weights and order.

    Examples
    --------
    >>> returns = 0.01 * np.random.default_rng(0).normal(size=1100)
    >>> series = PriceSeries.of_returns(returns)
    >>> member = ReturnsLstm(lookback=20, hidden=4, epochs=1).fit(series)
    >>> one, twenty = (member.predict_distribution(series, np.array([1100]), h) for h in (1, 20))
    >>> 0.008 < float(one.sd[0]) < 0.013, 3 < float(twenty.sd[0] / one.sd[0]) < 6
    (True, True)
    """

    rows_min: ClassVar[int] = 1000

    def __init__(
        self,
        lookback: int = 60,
        hidden: int = 16,
        epochs: int = 30,
        learning_rate: float = 3e-3,
        seed: int = DEFAULT_SEED,
    ) -> None:
        if lookback < VOLATILITY_BARS or hidden < 1 or epochs < 1 or not learning_rate > 0:
            raise UsageError(
                f"lookback={lookback} is at least {VOLATILITY_BARS}, hidden={hidden} and epochs={epochs} 1, "
                f"learning_rate={learning_rate} above 0"
            )
        self.lookback, self.hidden, self.epochs = lookback, hidden, epochs
        self.learning_rate, self.seed = learning_rate, seed
        self._net: _Net | None = None

    def _fit(self, series: PriceSeries) -> Json:
        x, volatility, usable = self._inputs(series)
        targets = np.column_stack([series.forward(h) / (volatility * np.sqrt(h)) for h in HORIZONS])
        rows = np.flatnonzero(usable & np.isfinite(targets[:, 0]))
        border = rows[round((1 - STOP_SHARE) * len(rows))]
        # Row r of the early part looks max(HORIZONS) bars ahead: none of those bars may be judged on.
        early, late = rows[rows < border - max(HORIZONS)], rows[rows >= border]
        scaled = torch.from_numpy(np.clip(targets, -CLIP, CLIP).astype(np.float32))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(self.seed, "returns lstm"))
            self._net = _Net(self.hidden)
        history, best = self._train(x, scaled, early, late)
        kurtosis = self._excess_kurtosis(x, targets, late)
        facts = {
            "n_early": len(early),
            "n_late": len(late),
            "best_epoch": best,
            "losses": [round(value, 6) for value in history],
            "excess_kurtosis": kurtosis,
        }
        return {"facts": facts, "excess_kurtosis": kurtosis}

    def _train(self, x: Tensor, y: Tensor, early: Ints, late: Ints) -> tuple[list[float], int]:
        """Keep the weights of the best epoch; return the losses on the late part and which of them was best."""
        net = self._network()
        optimizer = torch.optim.AdamW(net.parameters(), lr=self.learning_rate, weight_decay=1e-3)
        kept, losses, best = _copied(net), [self._late(x, y, late)], 0
        for epoch in range(self.epochs):
            order = np.random.default_rng([self.seed, epoch]).permutation(early)
            net.train()
            for at in range(0, len(order), 128):
                rows = torch.from_numpy(order[at : at + 128])
                optimizer.zero_grad(set_to_none=True)
                loss = _likelihood(net, x[rows], y[rows])
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
            losses.append(self._late(x, y, late))
            if losses[-1] < losses[best]:
                best, kept = epoch + 1, _copied(net)
            elif epoch + 1 - best >= 6:
                break
        net.load_state_dict(kept)
        net.eval()
        return losses, best

    def _late(self, x: Tensor, y: Tensor, late: Ints) -> float:
        rows = torch.from_numpy(late)
        with torch.no_grad():
            return float(_likelihood(self._network().eval(), x[rows], y[rows]))

    def _excess_kurtosis(self, x: Tensor, targets: Floats, late: Ints) -> float:
        """Of the one-bar residuals on the late part; at least 0, where tails are normal."""
        mean, sd = self._said(x, late, 1)
        residual = (targets[late, 0] - mean) / sd
        centred = residual - residual.mean()
        found = float(np.mean(centred**4) / np.mean(centred**2) ** 2 - 3.0)
        return max(0.0, min(found, 6.0 / (TAIL_MIN - 4.0)))

    def _distribution(self, series: PriceSeries, rows: Ints, horizon_bars: int) -> Distribution:
        if not len(rows):
            return Distribution(np.empty(0), np.empty(0))
        if (early := rows[rows < self.lookback]).size:
            raise InsufficientHistory(f"{series.symbol}: {self.lookback} returns are needed before row {early[0]}")
        x, volatility, _ = self._inputs(series)
        mean, sd = self._said(x, rows, horizon_bars)
        unit = volatility[rows] * np.sqrt(horizon_bars)
        kurtosis = float((self._fitted or {})["excess_kurtosis"])
        tail = 4.0 + 6.0 * horizon_bars / kurtosis if kurtosis > 0 else np.inf
        return Distribution(mean * unit, sd * unit, tail)

    def _said(self, x: Tensor, rows: Ints, horizon_bars: int) -> tuple[Floats, Floats]:
        log_h = torch.tensor([float(np.log(min(horizon_bars, max(HORIZONS))))])
        with torch.no_grad():
            mean, log_sd = self._network()(x[torch.from_numpy(rows)], log_h)
        return mean[:, 0].double().numpy(), log_sd[:, 0].double().exp().numpy()

    def _inputs(self, series: PriceSeries) -> tuple[Tensor, Floats, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
        """Windows ``(n, L, 2)`` of scaled returns and their sizes, volatility of each bar, and where both are known."""
        returns = np.concatenate([[0.0], series.log_returns])
        total = np.concatenate([[0.0], np.cumsum(returns**2)])
        volatility = np.full(len(returns), np.nan)
        ends = np.arange(VOLATILITY_BARS, len(returns))
        volatility[ends] = np.sqrt((total[ends + 1] - total[ends + 1 - VOLATILITY_BARS]) / VOLATILITY_BARS)
        volatility = np.maximum(volatility, _FLOOR)
        padded = np.concatenate([np.zeros(self.lookback - 1), returns])
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.lookback)
        usable = np.arange(len(returns)) >= self.lookback
        unit = np.where(np.isfinite(volatility), volatility, 1.0)
        scaled = np.clip(windows / unit[:, None], -CLIP, CLIP).astype(np.float32)
        return torch.from_numpy(np.stack((scaled, np.abs(scaled)), axis=2)), volatility, usable

    def _network(self) -> _Net:
        if self._net is None:
            raise CorruptArtifact(f"{type(self).__name__} has no weights")
        return self._net

    def save(self, folder: Path) -> None:
        """Write ``member.json`` and ``member.safetensors`` into an existing folder."""
        if self._fitted is not None:
            save_file({name: value.contiguous() for name, value in _copied(self._network()).items()}, folder / WEIGHTS)
            self._fitted = self._fitted | {"sha256": sha256_file(folder / WEIGHTS)}
        super().save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; distributions are equal bit for bit.

        Raises
        ------
        CorruptArtifact
            A file is missing, damaged, or of another member.
        """
        member = super().load(folder)
        wanted = json.loads((folder / FILE).read_text(encoding="utf-8"))["fitted"].get("sha256")
        if not (folder / WEIGHTS).is_file() or sha256_file(folder / WEIGHTS) != wanted:
            raise CorruptArtifact(f"{folder / WEIGHTS} is not what {FILE} names", fix="augury doctor", path=str(folder))
        member._net = _Net(member.hidden)
        member._net.load_state_dict(load_file(folder / WEIGHTS))
        member._net.eval()
        return member


def _likelihood(net: _Net, x: Tensor, y: Tensor) -> Tensor:
    """Mean negative log likelihood of the known targets, all horizons alike."""
    log_h = torch.tensor([float(np.log(h)) for h in HORIZONS])
    mean, log_sd = net(x, log_h)
    known = ~torch.isnan(y)
    z = (torch.where(known, y, mean.detach()) - mean) / log_sd.exp()
    each = 0.5 * z**2 + log_sd
    return torch.where(known, each, torch.zeros_like(each)).sum() / known.sum()


def _copied(net: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in net.state_dict().items()}
