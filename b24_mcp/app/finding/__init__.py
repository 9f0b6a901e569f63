"""Find records of every kind by a name, a phone number, an e-mail address or a number.

`question` reads what is asked for, `kinds` has what is searched, `searches` makes the commands, `finder` sends them in
at most three requests, `ranking` puts what came in order, and `reply` writes the answer.
"""
