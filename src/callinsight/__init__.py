"""Callinsight: from a night of Dutch contact-centre recordings to trends in DuckDB."""

__version__ = "0.3.0"
