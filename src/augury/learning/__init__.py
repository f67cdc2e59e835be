"""learning: how networks learn. Knows losses, optimisers and loops, not which network it trains.

Four catalogues live here; adding one of each is adding one file to its folder:

- ``losses/<name>.py`` defines ``LOSS``, a class of the shape :class:`augury.learning.losses.Loss`;
- ``optim/<name>.py`` defines ``OPTIMIZER``, parameter groups and settings to an optimiser;
- ``schedules/<name>.py`` defines ``SCHEDULE``, epoch and settings to a factor of the learning rate;
- ``pretrain/<name>.py`` defines ``PRETRAIN``, a task that needs no label of the user's.

Everything but ``settings`` needs the extra ``deep``.
"""
