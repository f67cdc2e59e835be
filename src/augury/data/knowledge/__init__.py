"""What was known when: facts joined by publication time, instruments with validity, actions, news."""
