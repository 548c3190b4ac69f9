"""What transformers that predict the next token share: their attention, their loss, and generating with a cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import nn
from .._engine import arguments
from .._functions.creation import arange
from .._functions.extrema import clip
from .._functions.indexing import take, take_along_axis
from .._functions.manipulation import concatenate, expand_dims, reshape
from ..autograd import no_grad
from ..nn import functional
from ..nn._heads import joined
from ..nn._sequences import indices, lengths_of
from ..nn._state import named_state
from ..nn._traversal import evaluating
from ..nn.functional._checks import refuse_where
from ..nn.utils.rnn import pad_sequence
from . import generation
from .beam import Beams, beam_search, check_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .._engine.tensor import Tensor
    from ..nn._state import IncompatibleKeys
    from ..random import Generator

    Caches = Sequence[nn.KeyValueCache]

_HEAD = "lm_head.weight"
_MOST_LAYERS = 10_000


def read_sizes(op: str, **sizes: Any) -> list[int]:
    """Sizes of at least 1; of layers as many as can be made."""
    most = {"num_layers": _MOST_LAYERS}
    return [arguments.integer(op, name, size, at_least=1, at_most=most.get(name)) for name, size in sizes.items()]


def attend(
    q: Tensor, k: Tensor, v: Tensor, cache: nn.KeyValueCache | None, keep: Tensor | None, dropout: float = 0.0
) -> Tensor:
    """Causal attention of (B, heads, T, D) on what the cache has and what is new: (B, T, heads * D)."""
    if cache is not None:
        k, v = cache.append(k, v)
    grouped = k.shape[1] != q.shape[1]
    options: dict[str, Any] = {"enable_gqa": grouped, "causal": "lower_right"}
    return joined(functional.scaled_dot_product_attention(q, k, v, keep, dropout, **options))


class CausalModel(nn.Module):
    """A network that gives logits of the token after each: what subclasses say is `_table` and `_hidden`."""

    context: int
    num_layers: int
    lm_head: nn.Linear | nn.CompressedLinear | None
    # In files of others: what may come before names of the model's own, and endings of buffers that it does not have.
    _prefix = ""
    _foreign: tuple[str, ...] = ()

    def _table(self) -> Tensor:
        """The vectors of all tokens, (V, E)."""
        raise NotImplementedError

    def _hidden(self, tokens: Tensor, past: int, cache: Caches | None, start: Tensor | None) -> Tensor:
        """(B, T, E), of tokens (B, T) behind `past` others that the cache has."""
        raise NotImplementedError

    def _logits(self, x: Tensor) -> Tensor:
        """(.., V), of (.., E)."""
        return self.lm_head(x) if self.lm_head is not None else functional.linear(x, self._table())

    def forward(self, input: Any, cache: Caches | None = None, start: Any = None) -> Tensor:
        """Logits of the token after each.

        Parameters
        ----------
        input : array-like of int, shape (B, T)
            B texts, or with a cache what follows in each.
        cache : list of KeyValueCache, optional
            As `new_cache` makes it, with what came before; the new tokens are added. Only in `no_grad`.
        start : array-like of int, shape (B,), optional
            At which place each text begins, counted with what is in the cache; before it is padding, which no token
            sees. By default 0.

        Returns
        -------
        Tensor, shape (B, T, V)

        Raises
        ------
        ValueError
            For tokens of another shape, more than the context with those in the cache; a cache of another number of
            layers, of layers of different lengths, or of another batch; and `start` beyond the tokens.
        TypeError
            For tokens that are not integers, and a cache of another kind or dtype.
        IndexError
            For tokens that are not in the vocabulary.
        RuntimeError
            For a cache where a gradient is recorded.
        """
        op = type(self).__name__
        tokens = generation.tokens_of(op, "input", input)
        if tokens.ndim != 2:
            raise ValueError(f"{op}: input has shape {tokens.shape}, but must be (B, T)")
        tokens = tokens.to(self._table().device)
        past = 0 if cache is None else self._check_cache(op, cache, tokens.shape[0])
        total = past + tokens.shape[1]
        if total > self.context:
            before = f", which with the {past} in the cache are {total}" if past else ""
            raise ValueError(f"{op}: input has {tokens.shape[1]} tokens{before}, but the context is {self.context}")
        if start is not None:
            start = _starts(op, start, tokens.shape[0], total).to(tokens.device)
        return self._logits(self._hidden(tokens, past, cache, start))

    def _check_cache(self, op: str, cache: Any, batch: int) -> int:
        """How many positions there are in it."""
        if not isinstance(cache, (list, tuple)) or not all(isinstance(layer, nn.KeyValueCache) for layer in cache):
            arguments.refuse(op, "cache", cache, "a list of KeyValueCache, as new_cache() makes it")
        if len(cache) != self.num_layers:
            raise ValueError(f"{op}: cache has {len(cache)} layers, but must have {self.num_layers}")
        lengths = sorted({layer.length for layer in cache})
        if len(lengths) > 1:
            each = f"from {lengths[0]} to {lengths[-1]}"
            raise ValueError(f"{op}: the layers of cache have lengths {each}, but must have one; a call was cut short")
        keys = cache[0].keys
        if keys is not None and keys.shape[0] != batch:
            raise ValueError(f"{op}: input has {batch} texts, but the cache has {keys.shape[0]}")
        dtype = self._table().dtype
        if keys is not None and keys.dtype != dtype:
            raise TypeError(f"{op}: cache has dtype {keys.dtype.name}, but must be {dtype.name} as the parameters are")
        return int(lengths[0])

    def compressed(self, dtype: str) -> CausalModel:
        """Itself, in `nn.compress`: a last layer whose weight is the table of tokens gets one of its own."""
        if self.lm_head is None:
            self.lm_head = nn.CompressedLinear(self._table(), dtype=dtype)
        return self

    def new_cache(self, capacity: int | None = None) -> list[nn.KeyValueCache]:
        """An empty cache of keys and values for each layer.

        Parameters
        ----------
        capacity : int, optional
            Tokens that there is room for from the start; by default room grows.

        Returns
        -------
        list of KeyValueCache

        Raises
        ------
        ValueError
            For a capacity below 1.
        TypeError
            For one that is no integer.
        """
        return [nn.KeyValueCache(capacity) for _ in range(self.num_layers)]

    def loss(self, input: Any, target: Any = None, *, ignore_index: int = -100) -> Tensor:
        """The mean cross-entropy of the next token, in nats.

        Parameters
        ----------
        input : array-like of int, shape (B, T)
        target : array-like of int, shape (B, T), optional
            The token after each; by default those of `input` one place later, so that its last one is not read.
        ignore_index : int
            Targets of this value do not count.

        Returns
        -------
        Tensor, 0-d

        Raises
        ------
        ValueError
            For a target of another shape, and for no token to predict.
        TypeError
            For tokens that are not integers.
        """
        op = f"{type(self).__name__}.loss"
        tokens = generation.tokens_of(op, "input", input)
        if tokens.ndim != 2:
            raise ValueError(f"{op}: input has shape {tokens.shape}, but must be (B, T)")
        if target is None:
            tokens, target = tokens[:, :-1], tokens[:, 1:]
        target = generation.tokens_of(op, "target", target)
        if target.shape != tokens.shape:
            raise ValueError(f"{op}: target has shape {target.shape}, but must have that of input, {tokens.shape}")
        if not tokens.size:
            raise ValueError(f"{op}: input has shape {tokens.shape}, which leaves no token to predict")
        logits = self(tokens)
        flat = reshape(logits, (tokens.size, logits.shape[-1]))
        return functional.cross_entropy(flat, reshape(target, (-1,)), ignore_index=ignore_index)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, *, skip_mismatched: bool = False
    ) -> IncompatibleKeys:
        """As that of `Module`; names in the forms of Hugging Face's files are taken too.

        Parameters
        ----------
        state_dict : mapping of str to array-like
            Masks and tables that old files keep are passed over, as is "lm_head.weight" where the weights are tied.
        strict, skip_mismatched : bool
            See `Module.load_state_dict`.

        Returns
        -------
        IncompatibleKeys

        Raises
        ------
        ValueError
            As that of `Module`; and where weights are tied, but "lm_head.weight" is another than that of the tokens.
        TypeError
            As that of `Module`.
        """
        if hasattr(state_dict, "items"):
            state_dict = self._of_file(dict(state_dict.items()))
        return super().load_state_dict(state_dict, strict, skip_mismatched=skip_mismatched)

    def _of_file(self, given: dict[Any, Any]) -> dict[Any, Any]:
        names = [name for name in given if not isinstance(name, str) or not name.endswith(self._foreign or (" ",))]
        cut = {name.removeprefix(self._prefix) if isinstance(name, str) else name: given[name] for name in names}
        own = dict(named_state(self))
        if _HEAD in cut and _HEAD not in own:
            head = arguments.array("load_state_dict", _HEAD, cut.pop(_HEAD))
            table = next(name for name, value in own.items() if value is self._table())
            if table in cut and not _equal(head, arguments.array("load_state_dict", table, cut[table])):
                raise ValueError(
                    f"load_state_dict: {_HEAD} is not {table}, but the weights of this {type(self).__name__} are tied; "
                    "make it with tie_weights=False"
                )
        return cut

    # ---- generating --------------------------------------------------------------------------------------------------

    def generate(
        self,
        prompt: Any,
        length: int,
        *,
        lengths: Any = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        stop: Any = None,
        generator: Generator | None = None,
        use_cache: bool = True,
    ) -> Tensor:
        """Continue texts, without dropout.

        Parameters
        ----------
        prompt : array-like of int, shape (T,) or (B, T), or list of B texts of different lengths
            Their beginnings, of at least one token.
        length : int
            How many tokens are added; fewer where all texts stop before.
        lengths : array-like of int, shape (B,), optional
            How many tokens each row of the prompt has; what stands behind is not read.
        temperature, top_k, top_p
            See `tilewright.models.generation.distribution`. At temperature 0 the likeliest token is taken each time.
        stop : int or sequence of int, optional
            Tokens that end a text.
        generator : Generator, optional
            Where numbers are drawn from; by default `tilewright.random.default_generator`.
        use_cache : bool
            Whether keys and values are kept, so that each token is computed once.

        Returns
        -------
        Tensor of int64, shape (T + length,) or (B, T + length)
            Each row the prompt and, right behind it, what follows. Behind a text that stopped, or that began earlier
            than the longest, its last token is repeated.

        Raises
        ------
        ValueError
            For a prompt without tokens or of another number of axes, one that with `length` is longer than the context,
            `lengths` outside [1, T]; a negative length; a temperature that is negative or not finite, `top_k` below 1,
            `top_p` outside [0, 1].
        TypeError
            For tokens that are not integers, options that are no numbers, and a generator that is none.
        IndexError
            For tokens that are not in the vocabulary.

        Notes
        -----
        The logits of a row are what they are without the others, up to rounding. Numbers are drawn for all rows at
        once, so only at temperature 0 the tokens are, too.
        """
        op = f"{type(self).__name__}.generate"
        step, tokens, start = self._reader(op, prompt, length, lengths, use_cache)
        options = (temperature, top_k, top_p, generator, None, stop)
        with evaluating(self):
            texts = generation.continued(op, step, tokens, length, *options)
        return texts if start is None else _moved(texts, start)

    def stream(
        self,
        prompt: Any,
        length: int,
        *,
        lengths: Any = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        stop: Any = None,
        generator: Generator | None = None,
        use_cache: bool = True,
    ) -> Iterator[Tensor]:
        """What `generate` adds, token by token: each is there as soon as it is drawn.

        Parameters
        ----------
        prompt, length, lengths, temperature, top_k, top_p, stop, generator, use_cache
            See `generate`. They are checked in the call, before the first token is asked for.

        Returns
        -------
        iterator of Tensor of int64, shape () or (B,)
            The next token of each text. The model may be trained in between, its modes are as they were.
        """
        op = f"{type(self).__name__}.stream"
        read, tokens, _ = self._reader(op, prompt, length, lengths, use_cache)
        modules = list(self.modules())

        def step(tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
            if not any(module.training for module in modules):  # to change modes at each token takes time
                return read(tokens, state)
            with evaluating(self):
                return read(tokens, state)

        return generation.streamed(op, step, tokens, length, temperature, top_k, top_p, generator, None, stop)

    def beam_search(
        self,
        prompt: Any,
        max_length: int,
        *,
        end: int,
        width: int = 1,
        length_penalty: float = 0.0,
        lengths: Any = None,
    ) -> Beams:
        """The most probable continuations, as far as a beam finds them, without dropout.

        Parameters
        ----------
        prompt, lengths
            See `generate`; a prompt (T,) counts as a batch of one.
        max_length, end, width, length_penalty
            See `tilewright.models.beam_search`.

        Returns
        -------
        Beams
            Without the prompt: tokens (B, W, at most max_length), scores and lengths (B, W).

        Raises
        ------
        ValueError
            For a prompt that `generate` would refuse, and numbers out of range.
        TypeError
            For arguments of another kind.
        """
        op = f"{type(self).__name__}.beam_search"
        end, max_length, width, alpha = check_options(op, end, max_length, width, length_penalty)
        arguments.integer(op, "end", end, at_most=self._table().shape[0] - 1)
        tokens, start = self._texts(op, prompt, lengths, max_length)
        tokens = tokens if tokens.ndim == 2 else expand_dims(tokens, 0)
        count, given = tokens.shape
        cache = self.new_cache(given + max_length)

        def step(tokens: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
            # rows (N, W): the place in the last call of what each of these goes on from.
            if cache[0].length:
                chosen = reshape(rows, (-1,)).tolist()
                for layer in cache:
                    layer.reorder(chosen)
            beams = tokens.shape[1]
            each = arange(count * beams)
            begins = None if start is None else take(start, each // beams, 0)
            logits = self._next(reshape(tokens, (count * beams, 1)), cache, begins)
            return reshape(logits, (count, beams, logits.shape[1])), reshape(each, (count, beams))

        options: dict[str, Any] = {"max_length": max_length, "width": width, "length_penalty": alpha}
        with no_grad(), evaluating(self):
            if given > 1:
                self._hidden(tokens[:, :-1], 0, cache, start)
            return beam_search(step, arange(count), tokens[:, -1], end=end, **options)

    def _next(self, tokens: Tensor, cache: Caches | None, start: Tensor | None) -> Tensor:
        """Logits (B, V) after the last of the tokens (B, T)."""
        past = cache[0].length if cache else 0
        return self._logits(self._hidden(tokens, past, cache, start)[:, -1])

    def _reader(
        self, op: str, prompt: Any, length: Any, lengths: Any, use_cache: Any
    ) -> tuple[Callable[[Tensor, Any], tuple[Tensor, Any]], Tensor, Tensor | None]:
        """A step for `generation.generate`, its prompt, and where each text begins in it."""
        length = arguments.integer(op, "length", length, at_least=0, at_most=generation.MOST_TOKENS)
        tokens, start = self._texts(op, prompt, lengths, length)
        single = tokens.ndim == 1
        if arguments.flag(op, "use_cache", use_cache):
            cache = self.new_cache(tokens.shape[-1] + length)

            def step(tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
                logits = self._next(expand_dims(tokens, 0) if single else tokens, cache, start)
                return logits[0] if single else logits, None
        else:

            def step(tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
                text = tokens if state is None else concatenate([state, tokens], -1)
                logits = self._next(expand_dims(text, 0) if single else text, None, start)
                return logits[0] if single else logits, text

        return step, tokens, start

    def _texts(self, op: str, prompt: Any, lengths: Any, more: int) -> tuple[Tensor, Tensor | None]:
        """A prompt whose texts end together, (T,) or (B, T), and where each begins; None where all begin at 0."""
        if lengths is None and isinstance(prompt, (list, tuple)) and _differ(prompt):
            parts = [generation.tokens_of(op, f"prompt[{i}]", text) for i, text in enumerate(prompt)]
            for i, text in enumerate(parts):
                if text.ndim != 1 or not text.size:
                    needed = "a text of at least one token, as those of other lengths"
                    raise ValueError(f"{op}: prompt[{i}] has shape {text.shape}, but must be {needed}")
            lengths, prompt = [text.size for text in parts], pad_sequence(parts, batch_first=True)
        tokens = generation.tokens_of(op, "prompt", prompt)
        if tokens.ndim not in (1, 2) or not tokens.shape[-1]:
            needed = "(T,) or (B, T) with at least one token"
            raise ValueError(f"{op}: prompt has shape {tokens.shape}, but must be {needed}")
        total = tokens.shape[-1] + more
        if total > self.context:
            added = f"prompt has {tokens.shape[-1]} tokens, which with {more} more are {total}"
            raise ValueError(f"{op}: {added}, but the context is {self.context}")
        if lengths is None:
            return tokens.to(self._table().device), None
        if tokens.ndim == 1:
            raise ValueError(f"{op}: lengths are those of rows, but prompt has shape {tokens.shape}")
        counts = lengths_of(op, lengths, *tokens.shape)
        if (counts < 1).any().item():
            raise ValueError(f"{op}: lengths contain 0, but each text needs at least one token")
        start, device = tokens.shape[1] - counts, self._table().device
        if not start.any().item():
            return tokens.to(device), None
        return _moved(tokens.to("cpu"), -start).to(device), start.to(device)


def _equal(x: Tensor, y: Tensor) -> bool:
    return x.shape == y.shape and bool((x == y).all().item())


def _differ(texts: Sequence[Any]) -> bool:
    """Whether these are texts of different lengths."""
    sizes = set()
    for text in texts:
        try:
            sizes.add(len(text))
        except TypeError:
            sizes.add(-1)
    return len(sizes) > 1


def _starts(op: str, start: Any, batch: int, total: int) -> Tensor:
    places = indices(op, "start", start)
    if places.size != batch:
        raise ValueError(f"{op}: start has {places.size} entries, but input has {batch} texts")
    needed = f"must be from 0 to {total}, the number of tokens"
    refuse_where(op, "start", places, (places < 0) | (places > total), ValueError, needed)
    return places


def _moved(texts: Tensor, places: Tensor) -> Tensor:
    """Each row (T,) moved to the left by so many places; its ends are repeated."""
    longest = texts.shape[1]
    return take_along_axis(
        texts, clip(arange(longest, device=texts.device) + expand_dims(places, 1), 0, longest - 1), axis=1
    )


def kept(start: Tensor | None, total: int) -> Tensor | None:
    """Which keys are no padding, (B, 1, 1, S)."""
    if start is None:
        return None
    return reshape(arange(total, device=start.device) >= expand_dims(start, 1), (start.shape[0], 1, 1, total))
