"""Twenty-five everyday jobs of an assistant on the sandbox: a question, a portal, a grader, and a scripted solution.

`python -m benchmarks.jobs` runs the scripted solutions and prints calls and characters of each. `portal.py` is the
portal of a job, `assistant.py` what a solution uses, `job.py` the form of a job. The jobs are in `sales.py`, `crm.py`,
`work.py`, `bulk.py` and `company.py`. `model.py` puts a model in the place of the solutions.
"""
