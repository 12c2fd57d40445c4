"""Run the command line with `python -m idservice`."""

from idservice.cli.main import main

if __name__ == "__main__":
    main()
