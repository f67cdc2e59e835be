"""What a transfer of weights did, in numbers that were measured after it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from html import escape

from augury.core.typing import Json


@dataclass(frozen=True, slots=True)
class TransferReport:
    """A transfer that passed; one that did not raises and leaves no report.

    Parameters
    ----------
    source : str
        The file of weights.
    sha256 : str
        Of that file.
    matched : tuple of str
        Tensors of the encoder that were replaced.
    missing : tuple of str
        Tensors of the encoder the file lacks; empty in a transfer that passed.
    skipped : tuple of str
        Tensors of the file the encoder has no place for: deeper layers, the other direction.
    mismatched : tuple of str
        Tensors of another shape; empty in a transfer that passed.
    frozen, trainable : int
        Tensors of the encoder that do not, and that do, take part in training right after it.
    change : float
        Largest absolute change of a weight against what was there before; 0 only when reloaded.
    difference : float
        Largest absolute difference to the file, exactly 0.
    sd_before, sd_after : float
        Standard deviation over all weights of the encoder.
    reloaded : bool
        Whether the very same weights had been there already, which must be allowed.
    feature_set : str or None
        Hash of what the encoder was fed in pre-training.
    scaler : dict or None
        The scaler of pre-training, which goes on being used.
    """

    source: str
    sha256: str
    matched: tuple[str, ...]
    missing: tuple[str, ...]
    skipped: tuple[str, ...]
    mismatched: tuple[str, ...]
    frozen: int
    trainable: int
    change: float
    difference: float
    sd_before: float
    sd_after: float
    reloaded: bool = False
    feature_set: str | None = None
    scaler: Json | None = field(default=None, repr=False)

    @property
    def match_ratio(self) -> float:
        """Matched tensors over the encoder tensors to be kept."""
        kept = len(self.matched) + len(self.missing) + len(self.mismatched)
        return len(self.matched) / kept if kept else 0.0

    @property
    def passed(self) -> bool:
        """Whether every kept tensor is the file's, bit for bit, and something came of it."""
        return self.match_ratio == 1.0 and self.difference == 0.0 and (self.change > 0.0 or self.reloaded)

    def lines(self) -> list[str]:
        """Say it in a few lines for a log or a screen."""
        kept = len(self.matched) + len(self.missing) + len(self.mismatched)
        said = [
            f"encoder weights loaded: {len(self.matched)}/{kept} tensors of {self.source} ({self.sha256[:12]})",
            f"skipped {len(self.skipped)}, missing {len(self.missing)}, mismatched {len(self.mismatched)}, "
            f"frozen {self.frozen}",
            f"largest change {self.change:.6g}, difference to the file {self.difference:g}, "
            f"sd {self.sd_before:.4f} -> {self.sd_after:.4f}",
        ]
        return [*said, "the same weights were there before (reload)"] if self.reloaded else said

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        """Show a table in a notebook, without script."""
        rows = {"kept tensors equal to the file": f"{self.match_ratio:.0%}"} | {
            name: f"{getattr(self, name)}" if isinstance(getattr(self, name), str) else f"{getattr(self, name):g}"
            for name in ("source", "sha256", "change", "difference", "frozen", "sd_before", "sd_after")
        }
        rows |= {name: str(len(getattr(self, name))) for name in ("matched", "skipped", "missing", "mismatched")}
        cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows.items())
        return f"<table><caption>Transfer of an encoder</caption>{cells}</table>"

    def to_json(self) -> Json:
        """Write as a JSON object, with ``match_ratio``."""
        names = ("matched", "missing", "skipped", "mismatched")
        said = asdict(self) | {name: list(getattr(self, name)) for name in names}
        return said | {"match_ratio": self.match_ratio}

    @classmethod
    def from_json(cls, value: Json) -> TransferReport:
        """Read what :meth:`to_json` wrote."""
        names = ("matched", "missing", "skipped", "mismatched")
        kept = {name: field for name, field in value.items() if name != "match_ratio"}
        return cls(**(kept | {name: tuple(value[name]) for name in names}))
