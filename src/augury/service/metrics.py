"""Metrics in the words of Prometheus."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


@dataclass(frozen=True)
class Metrics:
    """The counters of one process."""

    registry: CollectorRegistry
    calls: Counter
    latency: Histogram
    errors: Counter

    @classmethod
    def new(cls) -> Metrics:
        """Start at zero."""
        registry = CollectorRegistry()
        return cls(
            registry,
            Counter("augury_requests", "Requests answered.", ["route", "method", "status"], registry=registry),
            Histogram("augury_latency_seconds", "Time to answer.", ["route"], buckets=_BUCKETS_S, registry=registry),
            Counter("augury_errors", "Requests answered with a status of 500 or more.", ["route"], registry=registry),
        )

    def text(self) -> bytes:
        """Write everything in Prometheus' text format."""
        return generate_latest(self.registry)
