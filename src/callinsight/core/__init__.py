"""The pure part: values in, values out. No files, clocks, models or globals."""
