"""One table of ratios and shares of peak."""

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
    parser.add_argument("--sample", action="store_true", help="instead, products of 300 shapes; prints those behind")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    args = parser.parse_args()
    if args.threads is not None and args.threads < 1:
        parser.error(f"--threads is {args.threads}, but must be at least 1")
    return args


# Settings that keep a contender from the kernels it would choose for this machine.
HOBBLES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
HOBBLES += ("ATEN_CPU_CAPABILITY", "NPY_DISABLE_CPU_FEATURES")


def set_environment(threads: int | None) -> None:
    """What the libraries read when they start."""
    for name in HOBBLES:
        if os.environ.pop(name, None):
            print(f"unset: {name}")
    # Idle threads of OpenBLAS spin for 2**26 cycles by default and halve whoever comes next; these are still enough for
    # them to be awake when the next call of a batch comes.
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")
    if threads:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = str(threads)


def main() -> int:
    args = options()
    set_environment(args.threads)  # before NumPy starts its BLAS
    import tilewright as tw

    from . import drivers, measure, products, report, work

    work.set_threads(args.threads or tw.get_num_threads())
    peak = measure.peak()
    print(f"{datetime.date.today()}  python -m bench {' '.join(sys.argv[1:])}")
    print(report.machine(peak))
    for name in work.LEFT_OUT:
        print(f"left out: {name}")
    table = report.Table(peak, markdown=args.markdown)
    rounds, seconds = (7, 0.004) if args.quick else (21, 0.02)
    if args.sample:
        sample = report.Sample(table)
        for piece, measured in measure.in_passes(products.sample, 3 if args.quick else 7, 0.004):
            sample.add(piece, measured)
        sample.finish()
        return 0
    for piece in drivers.all_work():
        if args.only and not any(word in f"{piece.group} {piece.name}" for word in args.only):
            continue
        piece.verify()
        table.add(piece, measure.measure(piece, rounds, seconds))
    table.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
