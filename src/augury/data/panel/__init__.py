"""Many symbols and markets beside each other, nothing known before its time."""

from augury.data.panel.align import DecisionClock, Panel, align, flag_groups

__all__ = ["DecisionClock", "Panel", "align", "flag_groups"]
