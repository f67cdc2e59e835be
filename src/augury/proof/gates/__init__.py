"""gates: one suspicion a file. Each defines ``GATE`` and is asked in the order of the file names."""

from augury.proof.gates._gate import Gate, Reading

__all__ = ["Gate", "Reading"]
