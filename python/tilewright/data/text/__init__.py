"""Text for language models: cut into tokens, numbered by a vocabulary, read in windows or in parallel streams."""

from .masking import mask_tokens
from .streaming import StreamedWindows
from .tokenizers import characters, load_tokenizer, words
from .vocabulary import Vocabulary
from .windows import TextStreams, TextWindows

__all__ = [
    "StreamedWindows",
    "TextStreams",
    "TextWindows",
    "Vocabulary",
    "characters",
    "load_tokenizer",
    "mask_tokens",
    "words",
]
