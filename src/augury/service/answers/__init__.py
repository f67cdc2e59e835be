"""answers: what a question returns, the same for the API and for pages; one noun a file.

An answer is a frozen model with units and moments in it; how it is found is one call into
``records`` or ``runs``.
"""
