"""Work that shows whether a number can be believed: judged again, reproduced, explained, never on sealed bars."""
