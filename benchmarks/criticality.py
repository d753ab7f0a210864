"""Time what the closing of every edge of a country would do, one by one.

Run: python benchmarks/criticality.py [--graph synthetic]. The synthetic country of a million nodes
with 200 places with people and 10 destinations; the first run compiles what is not compiled yet,
the second one counts.
"""

import argparse
import time

from sweep import country_case

from mobility_geo.outcomes import find_chokepoints


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--graph", default="synthetic", help="synthetic, synthetic-100000, ny, ...")
    case = country_case(parser.parse_args().graph)
    print(f"{len(case.network.nodes):,} nodes, {len(case.network.edges):,} edges")
    for word in ("first", "second"):
        began, processor = time.monotonic(), time.process_time()
        found = find_chokepoints(case)
        print(f"{word}: {time.process_time() - processor:.0f} CPU s, "
              f"{time.monotonic() - began:.0f} s; {found.reaching_persons:,} people reach, "
              f"{len(found.table):,} edges, crossings and nodes that somebody passes")  # fmt: skip


if __name__ == "__main__":
    main()
