"""Loops of the contraction hierarchy, compiled by numba at their first call and kept on disk.

Importing a module of this package imports numba; nothing else in the toolkit does. Each module
is complete in itself, because numba looks only at the file of a function to see whether what it
has kept is still good. All arrays are C-contiguous and of the one type that is named here, so
that nothing is compiled twice.

Nodes are numbered by rank: 0 is eliminated first, the highest is the root of an elimination tree.
The words in all modules:

``pointer`` (int64, nodes + 1), ``head`` and ``tail`` (int32, arcs)
    The up-graph: arcs from each node to its higher neighbours, sorted by head.
``down_pointer`` (int64, nodes + 1), ``down_arc`` and ``down_tail`` (int32, arcs)
    The same arcs by their head, sorted by tail.
``up``, ``down`` (int32, arcs)
    The metric: cost of each arc when travelled upward, and when travelled downward.
``input_pointer`` (int32, arcs + 1), ``input_arc`` (int32)
    The input arcs that lie on each arc, ascending; ``upward`` (uint8, input arcs) says how.
``weights`` (int32, input arcs)
    What input arcs cost now.
``pending`` (uint8, nodes padded to a multiple of 8), ``words`` (the same memory as uint64)
    Nodes still to be treated; scanned eight at a time, all 0 between calls.
"""
