"""The words of the field, each in one sentence, shown where a word first stands."""

from __future__ import annotations

from typing import Final

GLOSSARY: Final = {
    "abstain": "The model names no direction: its probabilities are too close to each other to act on.",
    "agreement": "The share of the members' weight that names the same direction, 0 to 1.",
    "band": "The range the outcome lies in with the stated probability, as measured on past forecasts.",
    "baseline": "What a rule without skill would have reached on the same rows.",
    "champion": "The version that answers now.",
    "challenger": "A version that is tried beside the champion and never served.",
    "confidence": "The probability of the most probable class.",
    "drift": "The forecasts are worse than what the version promised, by more than luck explains.",
    "horizon": "How far ahead a forecast looks, in sessions or hours.",
    "n": "How many outcomes a figure was counted over; below 50 it is insufficient.",
    "n_eff": "How many independent outcomes n is worth, since neighbours overlap.",
    "verdict": "What the gates said: skill, calibrated_only (bands only), insufficient, refused.",
    "version": "One trained model with everything needed to make it again; never changed.",
}
