"""The fault matrix: whatever breaks, and wherever, the app serves and the next command mends.

MATRIX.md holds the results of the last full run; it is written by

    script/fault-matrix
"""
