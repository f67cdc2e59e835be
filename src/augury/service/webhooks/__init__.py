"""webhooks: news told to addresses that asked for it, by the rules of Standard Webhooks.

signing.py     secrets and signatures
news.py        what is new in the store, kind by kind
dispatcher.py  writes news down for each address, sends it, tries again
"""
