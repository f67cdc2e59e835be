"""Alerts: a condition on measured values, its state, and the messages that tell people.

``expression`` reads a condition, ``rule`` names one, ``state`` says what follows from what was
measured, ``wording`` puts it into words, ``delivery`` brings the words to people.
"""
