"""`python -m cnncourse` is the command `cnncourse`."""

from .cli import main

main()
