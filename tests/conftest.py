"""Settings that all tests share."""

import os

from hypothesis import settings

# A change must not be refused for an example that nobody can repeat: CI draws the same examples every time, everybody
# else draws new ones and mends what they find.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
