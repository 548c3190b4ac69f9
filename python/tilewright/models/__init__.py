"""Networks of the papers, with torchvision's names and state dicts, without trained weights; and models of language.

First neurons, spiking ones, and networks that learn without labels: autoencoders, Boltzmann machines.

Beside them what draws tokens from logits, and schedules of teacher forcing, for networks that read what they wrote.
"""

from . import generation
from .alexnet import *
from .alexnet import __all__ as _alexnet
from .autoencoder import *
from .autoencoder import __all__ as _autoencoder
from .beam import *
from .beam import __all__ as _beam
from .bert import *
from .bert import __all__ as _bert
from .captions import *
from .captions import __all__ as _captions
from .dbn import *
from .dbn import __all__ as _dbn
from .ensemble import *
from .ensemble import __all__ as _ensemble
from .episodic import *
from .episodic import __all__ as _episodic
from .googlenet import *
from .googlenet import __all__ as _googlenet
from .gpt import *
from .gpt import __all__ as _gpt
from .language import *
from .language import __all__ as _language
from .lenet import *
from .lenet import __all__ as _lenet
from .llama import *
from .llama import __all__ as _llama
from .mlp import *
from .mlp import __all__ as _mlp
from .perceptron import *
from .perceptron import __all__ as _perceptron
from .pixelcnn import *
from .pixelcnn import __all__ as _pixelcnn
from .pretrained import *
from .pretrained import __all__ as _pretrained
from .rbm import *
from .rbm import __all__ as _rbm
from .resnet import *
from .resnet import __all__ as _resnet
from .scheduled_sampling import *
from .scheduled_sampling import __all__ as _scheduled_sampling
from .sentences import *
from .sentences import __all__ as _sentences
from .seq2seq import *
from .seq2seq import __all__ as _seq2seq
from .spiking import *
from .spiking import __all__ as _spiking
from .transformer import *
from .transformer import __all__ as _transformer
from .vgg import *
from .vgg import __all__ as _vgg
from .vit import *
from .vit import __all__ as _vit
from .wavenet import *
from .wavenet import __all__ as _wavenet

__all__ = [
    "generation",
    *_alexnet,
    *_autoencoder,
    *_beam,
    *_bert,
    *_captions,
    *_dbn,
    *_ensemble,
    *_episodic,
    *_googlenet,
    *_gpt,
    *_language,
    *_lenet,
    *_llama,
    *_mlp,
    *_perceptron,
    *_pixelcnn,
    *_pretrained,
    *_rbm,
    *_resnet,
    *_scheduled_sampling,
    *_sentences,
    *_seq2seq,
    *_spiking,
    *_transformer,
    *_vgg,
    *_vit,
    *_wavenet,
]
