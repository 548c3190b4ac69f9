"""Translate dates as people write them to ISO's form, character by character, by a small Transformer.

A. Vaswani et al., Attention Is All You Need, NeurIPS 2017: its layers, label smoothing, warm-up and beam search.

From seed 0 all dates of the test come out right.

python examples/translate_dates_transformer.py
"""

import common
import sequences
from tqdm import tqdm
from translate_dates import FORMATS, as_tokens, draw, score

import tilewright as tw
from tilewright.nn import functional as F

SIZE, HEADS, LAYERS = 64, 4, 2


def fit(model, tensors, epochs, lr, title):
    """Adam with the paper's betas; its rate goes up for a tenth of the steps, and then falls along half a cosine.

    The paper's rate falls as one over the root of the step: of so few it is still large at the last one.
    """
    batches = tw.data.DataLoader(tw.data.TensorDataset(*tensors), batch_size=64, shuffle=True)
    optimizer, steps = tw.optim.Adam(model.parameters(), betas=(0.9, 0.98), eps=1e-9), epochs * len(batches)
    schedule = tw.optim.lr_scheduler.OneCycleLR(optimizer, lr, steps, pct_start=0.1, cycle_momentum=False)
    model.train()
    with tqdm(total=steps, unit="batch", desc=title, leave=False) as bar:
        for _ in range(epochs):
            for source, lengths, target in batches:
                optimizer.zero_grad()
                logits = model(source, target, lengths).swapaxes(1, 2)
                loss = F.cross_entropy(logits, target, ignore_index=0, label_smoothing=0.1)
                loss.backward()
                optimizer.step()
                schedule.step()
                bar.update()
                bar.set_postfix(loss=f"{loss.item():.4f}", refresh=False)
    model.eval()


def plot(args, model, vocabulary, text, iso):
    """Where each head of each layer looks in a text, and their mean."""
    (source, lengths), target = as_tokens(vocabulary, [(text, iso)])
    weights = model.align(source, target, lengths)[0, :, :, : len(iso)]
    figure = common.make_figure(4 * (HEADS + 1), 4 * LAYERS)
    for layer, (row, maps) in enumerate(zip(figure.subplots(LAYERS, HEADS + 1), weights), 1):
        names = [*(f"head {head + 1}" for head in range(HEADS)), "mean"]
        for axes, of_head, name in zip(row, [*maps, maps.mean(axis=0)], names):
            tw.plot.attention(of_head, text, iso, axes, xlabel="", ylabel="", title=f"layer {layer}, {name}")
    figure.suptitle("attention of the decoder: which characters are read for each that is written")
    common.save(figure, args, "translate_dates_transformer.png")


def main():
    parser = common.options(__doc__, "translate_dates_transformer.png")
    common.add_quick(parser)
    parser.add_argument("--epochs", type=common.count, default=20, help="passes through the data")
    parser.add_argument("--width", type=common.count, default=5, help="of the beam")
    args = common.read(parser)
    examples, tested = (1000, 50) if args.quick else (4000, 500)
    if args.quick:
        args.epochs = 1

    dates, pairs, vocabulary = draw(sequences.draws(args), examples + tested)
    (source, lengths), target = as_tokens(vocabulary, pairs)

    model = tw.models.Transformer(len(vocabulary), None, SIZE, HEADS, LAYERS, LAYERS, 2 * SIZE, 0.0)
    print(f"{sum(p.size for p in model.parameters()):,} parameters, {examples:,} dates of {len(FORMATS)} formats")
    tensors = source[:examples], lengths[:examples], target[:examples]
    fit(model, tensors, args.epochs, 3e-3, "training")

    wanted = [iso for _, iso in pairs[examples:]]
    for width, name in ((1, "greedy"), (args.width, f"beam of {args.width}")):
        found, right = score(model, vocabulary, source[examples:], lengths[examples:], wanted, width)
        print(f"test accuracy {sum(right) / tested:.1%} of whole dates, {name}")
    print()
    for i in range(8):
        text, iso = pairs[examples + i]
        print(f"{text:32} -> {found[i]}{'' if found[i] == iso else f', but it is {iso}'}")
    text, date = max(((FORMATS[-1](date), date) for date in dates[examples:]), key=lambda pair: len(pair[0]))
    plot(args, model, vocabulary, text, date.isoformat())  # year, month, day in both


if __name__ == "__main__":
    main()
