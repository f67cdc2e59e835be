"""Members that learn from one row of features at a time. One file, one member.

To add one, write ``<name>.py`` with a class that follows scikit-learn (settings are constructor
arguments, fitted attributes end in ``_``), subclass :class:`augury.models.tabular._base.TabularMember`
for the shared checks, and bind it to ``MEMBER``. A recipe names it by its file.
"""
