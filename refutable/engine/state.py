"""State: what a leg finds when it starts is the same, whatever ran before it in the same process.

Where a process is forked for every leg, there is nothing to put back but chance. Elsewhere, and for
sources whose legs share a process, everything named here is put back as it was after the sources
were imported: global generators, settings of numeric libraries, environment, folder, paths, signal
handlers, output, and names that were rebound in modules.
"""

from __future__ import annotations

import builtins
import contextlib
import copy
import decimal
import gc
import importlib
import locale
import logging
import operator
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from refutable.failure import is_users

Restore = Callable[[], None]


class State:
    """The state of this process now; `restore` goes back to it.

    watched: modules whose names are put back when they were rebound, and the classes that they
    define.
    """

    def __init__(self, watched: list[ModuleType]) -> None:
        self._steps: list[Restore] = [
            *_of_python(),
            *_of_streams(),
            *_of_numpy(),
            *_of_torch(),
            *_of_precision(),
            *_of_libraries(),
            *_of_names([*watched, builtins]),
        ]
        self.threads = threading.active_count()

    def restore(self) -> bool:
        """Go back; whether all of it could be put back, so that the process can be used again."""
        clean = threading.active_count() <= self.threads
        for step in self._steps:
            try:
                step()
            except Exception:  # a library that was broken stays so: another process must go on
                clean = False
        return clean


def watched_modules() -> list[ModuleType]:
    """The user's modules, and all modules that they know by a name."""
    own = [module for module in list(sys.modules.values()) if is_users(_file(module))]
    known = [
        value for module in own for value in vars(module).values() if isinstance(value, ModuleType)
    ]
    return list({id(module): module for module in [*own, *known]}.values())


def _file(module: Any) -> str:
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) else "<none>"


def _of_python() -> Iterator[Restore]:
    environment, paths = dict(os.environ), list(sys.path)
    arguments, finders, hooks = list(sys.argv), list(sys.meta_path), list(sys.path_hooks)

    def put_environment() -> None:
        if os.environ != environment:
            os.environ.clear()
            os.environ.update(environment)

    def put_paths() -> None:
        sys.path[:], sys.argv[:] = paths, arguments
        sys.meta_path[:], sys.path_hooks[:] = finders, hooks

    yield put_environment
    yield put_paths
    with contextlib.suppress(OSError):
        folder = os.getcwd()
        yield lambda: os.chdir(folder)
    modules = dict(sys.modules)

    def put_modules() -> None:
        """What was replaced or taken out of sys.modules comes back; what was added may stay."""
        for name, module in modules.items():
            if sys.modules.get(name) is not module:
                sys.modules[name] = module

    yield put_modules
    depth, digits = sys.getrecursionlimit(), sys.get_int_max_str_digits()
    yield lambda: sys.setrecursionlimit(depth)
    yield lambda: sys.set_int_max_str_digits(digits)
    excepthook, displayhook, interval = sys.excepthook, sys.displayhook, sys.getswitchinterval()

    def put_hooks() -> None:
        sys.excepthook, sys.displayhook = excepthook, displayhook
        sys.settrace(None)
        sys.setprofile(None)
        sys.setswitchinterval(interval)

    yield put_hooks
    collects, thresholds = gc.isenabled(), gc.get_threshold()
    yield gc.enable if collects else gc.disable
    yield lambda: gc.set_threshold(*thresholds)
    filters, show = list(warnings.filters), warnings.showwarning

    def put_warnings() -> None:
        warnings.filters = filters[:]
        warnings.showwarning = show
        mutated = getattr(warnings, "_filters_mutated", None)  # else a cache hides the change
        if mutated is not None:
            mutated()

    yield put_warnings
    exact = decimal.getcontext().copy()
    yield lambda: decimal.setcontext(exact.copy())
    usual = decimal.DefaultContext.copy()

    def put_usual() -> None:
        decimal.DefaultContext.prec, decimal.DefaultContext.rounding = usual.prec, usual.rounding
        decimal.DefaultContext.traps = usual.traps

    yield put_usual
    places = locale.setlocale(locale.LC_ALL)
    yield lambda: None if locale.setlocale(locale.LC_ALL) == places else _put_locale(places)
    quiet = logging.root.manager.disable
    yield lambda: logging.disable(quiet)
    levels = {name: log.level for name, log in _logs()}

    def put_levels() -> None:
        for name, log in _logs():
            if log.level != levels.get(name, logging.NOTSET):
                log.setLevel(levels.get(name, logging.NOTSET))

    yield put_levels
    if threading.current_thread() is threading.main_thread():
        yield from _of_signals()
    mask = os.umask(0o022)
    os.umask(mask)

    def put_mask() -> None:
        os.umask(mask)

    yield put_mask


def _logs() -> Iterator[tuple[str, logging.Logger]]:
    for name, log in logging.root.manager.loggerDict.items():
        if isinstance(log, logging.Logger):  # and not the place of one that is still to come
            yield name, log


def _put_locale(places: str) -> None:
    locale.setlocale(locale.LC_ALL, places)


def _of_signals() -> Iterator[Restore]:
    handlers = {
        number: handler
        for number in signal.valid_signals()
        if (handler := signal.getsignal(number)) is not None
    }

    def put_handlers() -> None:
        for number, handler in handlers.items():
            if signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        if hasattr(signal, "setitimer"):
            for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
                signal.setitimer(timer, 0)

    yield put_handlers


def _of_streams() -> Iterator[Restore]:
    streams = sys.stdin, sys.stdout, sys.stderr
    numbers = {number: os.dup(number) for number in (0, 1, 2)}

    def put_streams() -> None:
        sys.stdin, sys.stdout, sys.stderr = streams
        for number, kept in numbers.items():
            os.dup2(kept, number)

    yield put_streams


def _of_numpy() -> Iterator[Restore]:
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return
    errors, callback, options = numpy.geterr(), numpy.geterrcall(), numpy.get_printoptions()

    def put_numpy() -> None:
        numpy.seterr(**errors)
        numpy.seterrcall(callback)
        numpy.set_printoptions(**options)

    yield put_numpy


def _of_torch() -> Iterator[Restore]:
    torch = sys.modules.get("torch")
    if torch is None:
        return
    dtype, grad = torch.get_default_dtype(), torch.is_grad_enabled()
    exact, warn = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    device, precision = torch.get_default_device(), torch.get_float32_matmul_precision()
    anomalies, denormal = torch.is_anomaly_enabled(), float("5e-324")

    def put_torch() -> None:
        if denormal * 1.0 == 0:  # read as 0, by a flag of this thread
            torch.set_flush_denormal(False)
        if torch.get_num_threads() != 1:
            torch.set_num_threads(1)
        if torch.get_default_dtype() != dtype:
            torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad)
        if (
            torch.are_deterministic_algorithms_enabled() != exact
            or torch.is_deterministic_algorithms_warn_only_enabled() != warn
        ):
            torch.use_deterministic_algorithms(exact, warn_only=warn)
        if torch.get_default_device() != device:
            torch.set_default_device(device)
        if torch.get_float32_matmul_precision() != precision:
            torch.set_float32_matmul_precision(precision)
        if torch.is_anomaly_enabled() != anomalies:
            torch.autograd.set_detect_anomaly(anomalies)
        if torch.is_inference_mode_enabled():
            raise RuntimeError("inference mode was entered and never left")

    yield put_torch


def _of_precision() -> Iterator[Restore]:
    """Working precision of mpmath and of ball arithmetic."""
    if mpmath := sys.modules.get("mpmath"):
        contexts = [mpmath.mp, mpmath.iv]
        bits = [context.prec for context in contexts]
        pretty = mpmath.mp.pretty

        def put_mpmath() -> None:
            for context, prec in zip(contexts, bits, strict=True):
                context.prec = prec
            mpmath.mp.pretty = pretty

        yield put_mpmath
    if flint := sys.modules.get("flint"):
        context, prec, threads = flint.ctx, flint.ctx.prec, flint.ctx.threads
        pretty_balls, rounded = context.pretty, context.unicode

        def put_flint() -> None:
            context.prec, context.threads = prec, threads
            context.pretty, context.unicode = pretty_balls, rounded

        yield put_flint


def _of_libraries() -> Iterator[Restore]:
    """Settings of further libraries, of those that are loaded."""
    if sympy := sys.modules.get("sympy"):
        known = sys.modules["sympy.core.parameters"].global_parameters
        evaluates, distributes = known.evaluate, known.distribute
        assumed = sys.modules["sympy.assumptions.assume"].global_assumptions
        facts = set(assumed)

        def put_sympy() -> None:
            if (known.evaluate, known.distribute) != (evaluates, distributes):
                known.evaluate, known.distribute = evaluates, distributes
            if assumed != facts:
                assumed.clear()
                assumed.update(facts)
                sympy.core.cache.clear_cache()

        yield put_sympy
    if special := sys.modules.get("scipy.special"):
        errors = special.geterr()
        yield lambda: None if special.geterr() == errors else special.seterr(**errors)
    if options := sys.modules.get("pandas._config.config"):
        chosen = copy.deepcopy(options._global_config)

        def put_pandas() -> None:
            if options._global_config != chosen:
                options._global_config.clear()
                options._global_config.update(copy.deepcopy(chosen))

        yield put_pandas
    if hypothesis := sys.modules.get("hypothesis"):
        default = hypothesis.settings.default

        def put_hypothesis() -> None:
            if hypothesis.settings.default is not default:
                hypothesis.settings.register_profile("as at start", parent=default)
                hypothesis.settings.load_profile("as at start")

        yield put_hypothesis


def _of_names(modules: list[ModuleType]) -> Iterator[Restore]:
    """Names of modules, and of the classes that they define, that were rebound or added."""
    owners: list[tuple[Any, dict[str, Any]]] = []
    for module in modules:
        if module.__name__.startswith(("refutable.engine", "refutable.reuse")):
            continue  # which remember on purpose
        owners.append((module, dict(vars(module))))
        owners += [
            (value, dict(vars(value)))
            for value in list(vars(module).values())
            if isinstance(value, type) and value.__module__ == module.__name__
        ]

    def put_names() -> None:
        for owner, before in owners:
            now = vars(owner)
            if len(now) == len(before) and all(map(operator.is_, now.values(), before.values())):
                continue
            for name in [name for name in now if name not in before]:
                if not isinstance(now[name], ModuleType):  # a submodule that was imported stays
                    delattr(owner, name)
            for name, value in before.items():
                if vars(owner).get(name, owner) is not value:
                    setattr(owner, name, value)

    yield put_names


def loaded(name: str) -> bool:
    """Import a library whose state is put back, so that the state is known; whether it is there."""
    try:
        importlib.import_module(name)
    except Exception:  # absent, or broken: then no leg can change its state
        return False
    return True
