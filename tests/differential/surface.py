"""Everything public that can be called, found by walking the namespaces, and good arguments for it."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, replace

import tilewright as tw
from test_public import public_things

from . import good
from .absurd import SCHEDULES, absurd
from .good import GOOD, INSTANCES, X

EXCEPTIONS = ("AxisError", "io.FormatError")  # their constructors are Python's
PICTURES = ("diagnose.animate_paths", "diagnose.draw_paths")  # a call takes matplotlib a part of a second
# Each call trains, draws or calls what is the user's: their own tests have wrong arguments.
ELSEWHERE = ("plot.", "sklearn.", "train.")
# Making one of the others takes seconds.
NETWORKS = (
    *("models.BasicBlock", "models.Bottleneck", "models.Inception", "models.LeNet", "models.lenet5"),
    *("models.GloVe", "models.MultiplicativeRNN", "models.NGramModel", "models.NeuralLanguageModel"),
    *("models.RNNLanguageModel", "models.cooccurrences", "models.generation.distribution"),
    *("models.generation.generate", "models.generation.perplexity", "models.generation.sample"),
    *("models.BERTForMaskedLM", "models.BERTForNextSentencePrediction", "models.BERTForPreTraining"),
    *("models.BERTForSequenceClassification", "models.SentenceEncoder", "models.load_bert", "models.sentence_encoder"),
    *("models.CaptionModel", "models.EpisodicReader", "models.Seq2Seq", "models.beam_search"),
    *("models.WaveNet", "models.GPT1", "models.GPT2", "models.LLaMA", "models.generation.stream"),
    *("models.PixelCNN", "models.VisionTransformer", "models.BERT", "models.Transformer"),
)
# How many of the first arguments are always given: by default these have millions of weights.
SIZES = {"nn.Transformer": 5, "models.BERT": 6, "models.Transformer": 7}
_FIELD = re.compile(r"\{([\w.]+)\}")


@dataclass(frozen=True)
class Parameter:
    """`good`: expressions for it; how it is given; whether it has to be."""

    name: str
    good: tuple[str, ...]
    keyword: bool = False
    several: bool = False
    required: bool = True


@dataclass(frozen=True)
class Target:
    """Something to call: `text` with {0} for the instance, if any, and {arguments}."""

    name: str
    text: str
    parameters: tuple[Parameter, ...]
    instances: tuple[str, ...] = ()
    by_field: bool = False

    def call(self, random) -> str:
        """An expression that calls it, mostly with one or two absurd arguments."""
        chosen: dict[Parameter, list[str]] = {}
        # Names in capitals are for expressions that make sense with good arguments only.
        open_to_it = [p for p in self.parameters if not p.name.isupper()]
        wild = random.sample(open_to_it, min(len(open_to_it), random.choice((0, 1, 1, 1, 1, 2, 3))))
        given = []
        for parameter in self.parameters:
            if parameter.several:
                chosen[parameter] = [random.choice(parameter.good) for _ in range(random.randrange(3))]
                if parameter in wild:
                    chosen[parameter].append(absurd(random))
            elif parameter in wild:
                chosen[parameter] = [absurd(random)]
            elif parameter.required or random.random() < 0.4:
                chosen[parameter] = [random.choice(parameter.good)]
            else:
                continue
            given.append(parameter)
        if self.by_field:
            texts = {p.name: chosen[p][0] for p in given}
            return _FIELD.sub(lambda field: texts[field[1]], self.text)
        # An optional parameter before the last one given has to be given too, unless they go by name.
        arguments: list[str] = []
        by_name = False
        for parameter in self.parameters:
            if parameter not in given:
                by_name = True
                continue
            for text in chosen[parameter]:
                by_name = by_name or parameter.keyword
                arguments.append(f"{parameter.name}={text}" if by_name and not parameter.several else text)
        instance = random.choice(self.instances) if self.instances else ""
        return self.text.format(instance, arguments=", ".join(arguments))


def good_for(name: str, owner: str, parameter: str) -> tuple[str, ...]:
    """The good arguments for a parameter: by function, by class, or by its name alone."""
    for key in (f"{name}.{parameter}", f"{owner}.{parameter}", parameter):
        if key in GOOD:
            return GOOD[key]
    raise LookupError(f"{owner or 'tw'}.{name}: what is a good {parameter!r}? Add it to GOOD in {good.__file__}")


def parameters_of(function, name: str, owner: str = "", *, skip: int = 0) -> tuple[Parameter, ...]:
    """Those of a signature."""
    found = []
    for p in list(inspect.signature(function).parameters.values())[skip:]:
        if p.kind is p.VAR_KEYWORD:
            continue
        several = p.kind is p.VAR_POSITIONAL
        good = good_for(name, owner, p.name)
        found.append(Parameter(p.name, good, p.kind is p.KEYWORD_ONLY, several, not several and p.default is p.empty))
    return tuple(found)


def methods(cls):
    """Public methods and properties that classes of tilewright's define: each once, where it is defined."""
    for name in dir(cls):
        owner = next(c for c in cls.__mro__ if name in c.__dict__)
        if not name.startswith("_") and owner.__module__.startswith("tilewright"):
            yield name, owner, inspect.getattr_static(cls, name)


def constructor(name: str, cls) -> Target:
    """The call of a class."""
    short = name.rpartition(".")[2]
    if name == "DType":
        parameters = (Parameter("value", ("0", '"float32"')),)
    elif name == "Tensor":
        parameters = (Parameter("args", X, several=True),)
    else:
        parameters = parameters_of(cls, short, short)
    sizes = SIZES.get(name, 0)
    parameters = (*(replace(p, required=True) for p in parameters[:sizes]), *parameters[sizes:])
    return Target(name, f"tw.{name}({{arguments}})", parameters)


def instances_of(name: str, cls) -> tuple[str, ...]:
    """Expressions for objects of a class."""
    if name in INSTANCES:
        return INSTANCES[name]
    required = [p.good[0] for p in constructor(name, cls).parameters if p.required]
    return (f"tw.{name}({', '.join(required)})",)


def member(name: str, cls, attribute: str, raw) -> list[Target]:
    """A method of a class, or reading and setting a property."""
    instances, label = instances_of(name, cls), f"{name}.{attribute}"
    value = getattr(cls, attribute)
    if callable(value):
        skip = 0 if isinstance(raw, (staticmethod, classmethod)) else 1
        parameters = parameters_of(value, attribute, name.rpartition(".")[2], skip=skip)
        return [Target(label, f"({{0}}).{attribute}({{arguments}})", parameters, instances)]
    targets = [Target(label, f"({{0}}).{attribute}", (), instances)]
    if getattr(raw, "fset", None):
        good = GOOD.get(f"{attribute}.value", GOOD.get(attribute, X))
        text = f"setattr({{0}}, '{attribute}', {{arguments}})"
        targets.append(Target(f"{label}=", text, (Parameter("value", good),), instances))
    return targets


def walk() -> list[Target]:
    """All targets: functions, constructors, methods, properties, and what is written with operators."""
    things = {name: thing for _, name, thing in public_things()}
    names = {thing: name for name, thing in things.items() if inspect.isclass(thing)}
    targets, seen = [], set()
    for name, thing in things.items():
        if name in (*EXCEPTIONS, *PICTURES) or name.startswith(ELSEWHERE):
            continue
        if name.startswith("models.") and name not in NETWORKS:
            continue
        if not inspect.isclass(thing):
            space, _, short = name.rpartition(".")
            targets.append(Target(name, f"tw.{name}({{arguments}})", parameters_of(thing, short, space)))
            continue
        targets.append(constructor(name, thing))
        for attribute, owner, raw in methods(thing):
            if (attribute, owner) not in seen:
                seen.add((attribute, owner))
                home = owner if owner in names else thing  # a method of a base class is called on what stands for that
                targets += member(names[home], home, attribute, raw)
        if issubclass(thing, tw.nn.Module):
            forward = parameters_of(thing.forward, "forward", name.rpartition(".")[2], skip=1)
            targets.append(Target(f"{name}()", "({0})({arguments})", forward, instances_of(name, thing)))
    return targets + [written(text) for text in SCENARIOS]


def written(text: str) -> Target:
    """A target from an expression with {fields}, which are named as in GOOD."""
    fields = dict.fromkeys(_FIELD.findall(text))
    return Target(text, text, tuple(Parameter(field, GOOD[field]) for field in fields), by_field=True)


_OPERATORS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and_", "or_", "xor", "lshift", "rshift")
_OPERATORS += ("matmul",)
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_RULES = ("Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "LAMB", "Lion", "NAdam", "RAdam", "RMSprop", "SGD")
_OPTIMISERS = tuple(f"tw.optim.{name}" for name in _RULES)
_MODULE = "nn.Linear(3, 2)"
TRANSFORMS = {
    "RandomAffine": "10, (0.1, 0.1), {RandomAffine.scale}, {shear}", "RandomRotation": "{degrees}",
    "RandomShift": "{distance}", "RandomHorizontalFlip": "{p}", "RandomCrop": "{RandomCrop.size}, 1",
    "RandomErasing": "1, value={RandomErasing.value}", "ColorJitter": "{brightness}, 0.5",
    "GaussianNoise": "0, {sigma}", "Normalize": "{Normalize.mean}, {Normalize.std}",
}  # fmt: skip

# What is written with operators and protocols, what needs two steps, and what a function that was given returns.
SCENARIOS = (
    *(f"operator.{name}({{T}}, {{x2}})" for name in (*_OPERATORS, *_COMPARISONS, "contains")),
    *(f"operator.{name}({{x1}}, {{T}})" for name in (*_OPERATORS, *_COMPARISONS)),
    *(f"operator.i{name.rstrip('_')}({{T}}, {{x2}})" for name in _OPERATORS),
    "operator.iadd(grown(2, 3), {x2})",
    "operator.imul(t('int32', 2, 3), {x2})",
    *(f"operator.getitem({x}, {{key}})" for x in ("{T}", "leaf(2, 3)", "grown(2, 3)")),
    *(f"operator.setitem({x}, {{key}}, {{value}})" for x in ("{T}", "grown(2, 3)")),
    *(f"{name}({{T}})" for name in ("len", "bool", "int", "float", "complex", "operator.index", "repr", "list")),
    *(f"{name}({{T}})" for name in ("copy.copy", "copy.deepcopy", "np.asarray", "operator.neg")),
    "({T}).__format__({spec})",
    "pickle.loads(pickle.dumps({T}))",
    "({T}).__array__(copy={copy})",
    "({T}).__array_namespace__(api_version={api_version})",
    "nn.functional.softmax({x}, axis={dim})",
    "nn.functional.log_softmax(input={x}, dim={dim})",
    "without_copy({T}, {NP})",
    "({T}).__dlpack__(copy={copy}, dl_device={value}, max_version={tangents})",
    # modules
    "operator.getitem(nn.Sequential(nn.ReLU(), nn.Tanh()), {index_})",
    "operator.setitem(nn.ModuleList([nn.ReLU()]), {index_}, {module})",
    "operator.delitem(nn.ModuleList([nn.ReLU()]), {index_})",
    'operator.getitem(nn.ModuleDict(dict(a=nn.ReLU())), {name})',
    "operator.setitem(nn.ModuleDict(), {name}, {module})",
    "operator.contains(nn.ModuleDict(), {name})",
    "nn.ModuleList().extend({ModuleList.modules})",
    f"with_attribute({_MODULE}, 'weight', {{value}})",
    f"with_attribute({_MODULE}, 'bias', {{value}})",
    f"with_attribute({_MODULE}, 'activation', {{activation}})",
    "with_attribute(with_buffer(), 'extra', {value})",
    f"with_attribute({_MODULE}, 'training', {{training}})",
    "with_attribute(nn.Dropout(), 'p', {p})",
    "with_attribute(nn.Sequential(nn.ReLU()), 'extra', {module})",
    "nn.Linear(3, 2).load_state_dict(dict(weight={value}, bias={x}))",
    "nn.Linear(3, 3).load_state_dict(dict(weight=t('float64', 3, 3), bias={T3}))",
    "readonly_bias().load_state_dict(dict(weight=t('float64', 3, 3), bias={T3}))",
    "nn.Sequential(nn.Linear(3, 2)).summary(({shape}))",
    "nn.fuse(nn.Linear(3, 2))({x}, {value})",
    "nn.fuse(nn.Identity())({x1}, {x2})",
    "nn.fuse(nn.Identity())(dict(a={x}, b=[{value}]))",
    "copied({M})",
    "copied(nn.Parameter({T}))",
    *(f"named({container}, {{name}})" for container in ("nn.Sequential", "nn.ModuleDict")),
    "tw.models.ResNet({block}, {layers}, 3, {zero_init_residual}, width={width}, stem={stem}, shortcut={shortcut})",
    "tw.models.VGG({depth}, hidden={width}, in_channels={in_channels}, batch_norm={batch_norm})",
    # optimisers
    *(f"with_option({make}, 'lr', {{lr}})" for make in _OPTIMISERS),
    *(f"with_option({make}, 'weight_decay', {{weight_decay}})" for make in _OPTIMISERS),
    *(f"two_parameters({make}, {{grad.value}}).step()" for make in _OPTIMISERS),
    "with_option(tw.optim.SGD, 'momentum', {momentum})",
    "with_option(tw.optim.Adam, 'betas', {betas})",
    "tw.optim.Adam([leaf(3)]).load_state_dict(stepped(tw.optim.SGD, 5))",
    "stepped_from(tw.optim.Adam, stepped(tw.optim.SGD, None))",
    "stepped_from(tw.optim.Adam, dict(state=dict([(0, {state_dict})]), param_groups=[dict(params=[0])]))",
    "stepped_from(tw.optim.SGD, dict(state={state_dict}, param_groups={params}))",
    *(f"rescheduled('{name}', {{PLACE}}, {{value}})" for name in SCHEDULES),
    "tw.optim.lr_scheduler.LambdaLR({optimizer}, returning({value})).step()",
    "with_option(tw.optim.SGD, 'initial_lr', {value})",
    "tw.models.LinearTeacherForcing({steps}, {p}, {p})({step_number})",
    "tw.models.InverseSigmoidTeacherForcing({power})({step_number})",
    "list(nn.utils.bptt_windows({x}, {x2}, length={length}, dim={dim}))",
    # what functions of the user's return
    "with_hook({gradients})",
    "with_hook({T3})",
    "with_gradient({value})",
    "with_gradient({T23})",
    "with_function({value}, {gradient})",
    "with_function(t('float32', 3), {gradient})",
    "with_function((t('float32', 3), t('float32', 2)), ({gradient}, {value}))",
    *(f"tw.autograd.{name}({{fun}}, {{argnums}})({{x}})" for name in ("grad", "value_and_grad", "jacobian", "hessian")),
    "tw.autograd.vjp({fun}, leaf(3))[1]({gradient})",
    "tw.autograd.jvp({fun}, (leaf(3),), {tangents})",
    "tw.autograd.grad(lambda x: ((x * x).sum(), {value}), has_aux=True)(leaf(3))",
    "tw.autograd.checkpoint({fun}, {x}).sum().backward()",
    "tw.no_grad({function})({x})",
    "entered(tw.autograd.anomaly_mode())",
    "nn.Linear(3, 2).register_forward_hook({hook}) and nn.Linear(3, 2)({x})",
    "hooked(nn.Linear(3, 2), {value}, {x})",
    "hooked_backward({gradients}, None)",
    "hooked_backward(None, {gradients})",
    "hooked_backward({T23}, {T23})",
    "parametrized({T23}, {T23}, {value})",
    "parametrized({value}, {x}, {T23})",
    "parametrized(t('float32', 2, 3), ({x}, {value}), {T23})",
    # data
    "list(tw.data.DataLoader({dataset}, {batch_size}, {shuffle}, drop_last={drop_last}))",
    "operator.getitem(tw.data.TensorDataset(t('float32', 4, 2)), {key})",
    "operator.getitem(tw.data.Subset(tw.data.TensorDataset(t('float32', 4, 2)), {indices}), {key})",
    "[part[0] for part in tw.data.random_split({dataset}, {lengths}) if len(part)]",
    *(f"tw.data.transforms.{name}({options})({{batch}})" for name, options in TRANSFORMS.items()),
    "tw.data.transforms.OnInputs(abs)({value})",
    *(f"tw.data.transforms.{name}(1.0, 3)((t('float32', 2, 1, 3, 3), {{value}}))" for name in ("MixUp", "CutMix")),
    "list(tw.data.StratifiedSampler({labels}))",
    "list(tw.data.WeightedRandomSampler({WeightedRandomSampler.weights}, 2, {replacement}))",
    "list(tw.data.text.StreamedWindows([{StreamedWindows.source}], 2, {length}))",
    "operator.getitem(tw.data.text.TextWindows(range(7), 2), {key})",
    "operator.getitem(tw.data.text.Vocabulary('ab', unknown={unknown}), {name})",
    "list(tw.data.text.TextStreams({TextStreams.indices}, {batch_size}, {length}, batch_first={batch_first}))",
    # training
    "tw.train.accuracy({x}, {x2})",
    "tw.train.EarlyStopping({monitor}, {patience}, {min_delta})",
    "tw.train.Checkpoint({path}, {every}, {unit})",
    "tw.train.CSVLogger({path})",
    "tw.train.TensorBoard({path}, {every})",
    # files
    "tw.io.save('c.safetensors', dict(a={x})) or tw.io.load('c.safetensors')",
    "saved({save.tensors}, {metadata})",
    "saved(dict([({file_name}, t('float32', 2))]))",
)  # fmt: skip
