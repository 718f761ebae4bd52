"""What runs beside a student's code, and nothing else of the grader.

`_stage.py` copies it to where a candidate sees it, as a package of its own beside a course without exercises.
So nothing in here imports the grader or a reference.
"""
