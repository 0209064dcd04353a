"""``python -m callinsight`` is the command line."""

from callinsight.cli import main

if __name__ == "__main__":
    main()
