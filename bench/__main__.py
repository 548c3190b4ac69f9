"""One table of ratios and shares of peak: python -m bench [--quick] [--only WORD ...] [--threads N] [--markdown]"""

from __future__ import annotations

import argparse
import datetime
import os
import sys


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: about a minute")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="only rows with a WORD in group or name")
    parser.add_argument("--threads", type=int, default=None, help="threads for every contender (default: tilewright's)")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    args = parser.parse_args()
    if args.threads is not None and args.threads < 1:
        parser.error(f"--threads is {args.threads}, but must be at least 1")
    return args


def main() -> int:
    args = options()
    if args.threads:  # before NumPy starts its BLAS
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = str(args.threads)
    import tilewright as tw

    from . import drivers, measure, report, work

    work.set_threads(args.threads or tw.get_num_threads())
    peak = measure.peak()
    print(f"{datetime.date.today()}  python -m bench {' '.join(sys.argv[1:])}")
    print(report.machine(peak))
    for name in work.LEFT_OUT:
        print(f"left out: {name}")
    table = report.Table(peak, markdown=args.markdown)
    rounds, seconds = (7, 0.004) if args.quick else (21, 0.02)
    for piece in drivers.all_work():
        if args.only and not any(word in f"{piece.group} {piece.name}" for word in args.only):
            continue
        piece.verify()
        table.add(piece, measure.measure(piece, rounds, seconds))
    table.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
