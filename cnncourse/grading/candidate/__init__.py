"""What runs beside a student's code, and nothing else of the grader: it is copied to where they both are.

This file is never imported as a part of the course. `_stage.py` lays the folder out as a package of its own.
"""
