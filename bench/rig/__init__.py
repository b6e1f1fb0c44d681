"""What the benchmarks share: data that is the same every time, and figures side by side."""
