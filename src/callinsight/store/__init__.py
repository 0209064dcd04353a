"""The database of results: the only place that imports duckdb.

``database`` opens, ``load`` writes batches, ``summaries`` keeps the counts of the views right, ``dimensions`` gives ids
their labels, ``publish`` makes the copy that managers read, ``query`` asks it, ``report`` sums up a night, ``rebuild``
starts over from the results.
"""
