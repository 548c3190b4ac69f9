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
    parser.add_argument("--against", metavar="DIR", help="instead, compare with the build of tilewright in DIR")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    args = parser.parse_args()
    if args.threads is not None and args.threads < 1:
        parser.error(f"--threads is {args.threads}, but must be at least 1")
    if args.against and args.sample:
        parser.error("--against goes over the rows of the table: leave --sample out")
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
    print(f"{datetime.date.today()}  python -m bench {' '.join(sys.argv[1:])}")
    return two_builds(args) if args.against else table(args)


def wanted(args: argparse.Namespace, group: str, name: str) -> bool:
    from .layer_cases import GROUPS_OF_NETWORKS

    if not args.only:
        return group not in GROUPS_OF_NETWORKS
    return any(word in f"{group} {name}" for word in args.only)


def two_builds(args: argparse.Namespace) -> int:
    """Exit status 1 where a row has become slower."""
    from . import against

    rounds, seconds = (5, 0.004) if args.quick else (9, 0.02)
    try:
        builds = against.Builds(None, against.site_of(args.against), rounds, seconds, args.threads)
        versions, works = builds.describe()
        print(versions)
        chosen = {number: work for number, work in enumerate(works) if wanted(args, *work)}
        return int(against.report(builds.compare(chosen), markdown=args.markdown) > 0)
    except (FileNotFoundError, against.BuildError) as error:
        print(f"--against: {error}", file=sys.stderr)
        return 2


def table(args: argparse.Namespace) -> int:
    import tilewright as tw

    from . import contenders, drivers, measure, products, report

    contenders.set_threads(args.threads or tw.get_num_threads())
    peak = measure.peak()
    print(report.machine())
    print(f"peak in this run: {peak.flops / 1e9:.0f} GFLOP/s float32, {peak.bandwidth / 1e9:.1f} GB/s copied")
    for line in contenders.missing():
        print(f"left out: {line}")
    printed = report.Table(peak, markdown=args.markdown)
    rounds, seconds = (7, 0.004) if args.quick else (21, 0.02)
    if args.sample:
        sample = report.Sample(printed)
        for measured in measure.in_passes(products.sample(), 3 if args.quick else 7, 0.004):
            sample.add(*measured)
        sample.finish()
        return 0
    for work in drivers.all_work():
        if wanted(args, work.group, work.name):
            ready = work.prepare()
            printed.add(work, ready, measure.measure(work, ready, rounds, seconds))
    printed.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
