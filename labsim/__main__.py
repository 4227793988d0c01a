"""`python -m labsim` is the command `labsim`."""

from labsim.cli.main import main

main()
