"""Until nn.Embedding is there."""

from ... import nn
from ..._functions.creation import zeros
from ..._functions.indexing import take


class _Embedding(nn.Module):
    def __init__(self, n, d):
        self.weight = nn.Parameter(nn.init.normal_(zeros((n, d))))

    def forward(self, input):
        return take(self.weight, input, axis=0)
