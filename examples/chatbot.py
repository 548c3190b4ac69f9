"""A chatbot by rote: a network learns a few scripted dialogues, and is then asked in words that it has not seen.

O. Vinyals, Q. Le, A Neural Conversational Model, ICML Deep Learning Workshop 2015.

python examples/chatbot.py
"""

import common
import sequences

import tilewright as tw

# Ways to say something, the last of them kept for the test, and the answer.
DIALOGUES = [
    (["hello", "hi", "hello there", "hi there", "good morning", "hey", "good morning my friend"],
     "hello ! how can i help ?"),
    (["who are you", "what are you", "what is your name", "tell me your name", "and who would you be"],
     "i am a small network ."),
    (["who made you", "who built you", "who wrote you", "by whom were you made", "which people built you"],
     "somebody with a laptop ."),
    (["how are you", "how are you today", "how do you feel", "are you well", "are you feeling well today"],
     "all my gradients are finite , thank you ."),
    (["when do you open", "what are your hours", "when is the library open", "at what time do you open",
      "could you tell me when you open"], "we are open from nine to six ."),
    (["when do you close", "until when are you open", "when does the library close", "at what time do you close",
      "at what time must i leave the library"], "we close at six ."),
    (["where are you", "where is the library", "how do i find you", "what is your address",
      "which way is the library"], "you find us beside the station ."),
    (["can i borrow a book", "how do i borrow books", "i want to borrow a book", "may i take a book home",
      "i would like to take books home"], "you need a card to borrow books ."),
    (["how do i get a card", "i need a card", "where can i get a card", "can i have a card",
      "what do i need for a card"], "bring your passport to the desk ."),
    (["what does a card cost", "how much is a card", "is a card free", "do i have to pay for a card",
      "what must i pay for a card"], "a card costs ten coins a year ."),
    (["how long may i keep a book", "when do i have to return a book", "for how long can i borrow a book",
      "when must i bring it back", "how many weeks may i keep it"], "you may keep a book for four weeks ."),
    (["i lost my book", "my book is gone", "i can not find my book", "i have lost a book", "somebody lost your book"],
     "oh no ! please tell the desk ."),
    (["is there coffee", "can i get a coffee", "do you sell coffee", "where is the coffee",
      "a cup of coffee would be nice"], "there is a machine behind the door ."),
    (["thank you", "thanks", "thanks a lot", "thank you very much", "many thanks to you"], "you are welcome ."),
    (["bye", "goodbye", "see you", "good night", "good bye and see you soon"], "goodbye !"),
]  # fmt: skip


def noisy(draws, words):
    """The same with a word left out or two neighbours exchanged, now and then; and a polite one around it."""
    words = list(words)
    if len(words) > 3 and draws.random() < 0.2:
        del words[draws.randrange(len(words))]
    elif len(words) > 3 and draws.random() < 0.1:
        i = draws.randrange(len(words) - 1)
        words[i : i + 2] = words[i + 1], words[i]
    if draws.random() < 0.2:
        words = ["please", *words] if draws.random() < 0.5 else [*words, "please"]
    return words


def answers(model, vocabulary, texts, width=4):
    source, lengths = sequences.padded(vocabulary, texts)
    found = model.generate(source, lengths, max_length=12, width=width, length_penalty=1.0)
    probability = tw.exp(found.scores[:, 0] * ((5 + found.lengths[:, 0]) / 6))
    return [" ".join(sequences.read(vocabulary, row)) for row in found.tokens[:, 0]], probability.tolist()


def plot(args, model, vocabulary, texts, curve):
    """The loss, and what is looked at for each word of an answer."""
    figure = common.make_figure(14, 8)
    grid = figure.subplots(2, 2)
    grid[0, 0].semilogy(curve, linewidth=0.8)
    grid[0, 0].set(title="cross-entropy in training", xlabel="batch")
    for axes, text in zip(grid.flat[1:], texts):
        source, lengths = sequences.padded(vocabulary, [text])
        found = model.generate(source, lengths, max_length=12, width=4, length_penalty=1.0).tokens[:, 0]
        said = sequences.read(vocabulary, found[0])
        weights = model.align(source, found, lengths)[0, : len(said)]
        tw.plot.attention(weights, text, said, axes, xlabel="read", ylabel="written", title="attention")
    common.save(figure, args, "chatbot.png")


def main():
    parser = common.options(__doc__, "chatbot.png")
    common.add_quick(parser)
    parser.add_argument("--epochs", type=common.count, default=12, help="passes through the data")
    parser.add_argument(
        "--own", type=sequences.probability, default=0.3, help="share of its own words in training, at last"
    )
    parser.add_argument("--ask", action="append", help="something to say to it, after training")
    args = common.read(parser)
    if args.quick:
        args.epochs = 2
    draws = sequences.draws(args)
    known = [(text.split(), answer.split()) for texts, answer in DIALOGUES for text in texts[:-1]]
    unseen = [(texts[-1].split(), answer.split()) for texts, answer in DIALOGUES]
    spoken = [word for pair in known for words in pair for word in words]
    vocabulary = tw.data.text.Vocabulary(spoken, (*sequences.SPECIALS, "<unk>", "please"), "<unk>")
    training = [(noisy(draws, text), answer) for _ in range(20) for text, answer in known]
    source, lengths = sequences.padded(vocabulary, [text for text, _ in training])
    target, _ = sequences.padded(vocabulary, [[*answer, sequences.END] for _, answer in training])

    size = len(vocabulary)
    model = tw.models.Seq2Seq(size, size, 32, 64, cell="gru", attention="bilinear", dropout=0.3)
    print(f"{sum(p.size for p in model.parameters()):,} parameters, {len(known)} ways to say {len(DIALOGUES)} things")
    curve = sequences.fit(
        model,
        lambda share, s, n, t: sequences.sequence_loss(model(s, t, n, sampling=args.own * share), t),
        (source, lengths, target),
        args.epochs,
        5e-3,
        title="training",
    )
    for name, pairs in (("as in training", known), ("rephrased", unseen)):
        said, _ = answers(model, vocabulary, [text for text, _ in pairs])
        right = sum(a == " ".join(answer) for a, (_, answer) in zip(said, pairs))
        print(f"{name}: {right / len(pairs):.1%} of {len(pairs)} answers are right")
    asked = [text for text, _ in unseen] + [text.lower().split() for text in args.ask or ()]
    for text, answer, probability in zip(asked, *answers(model, vocabulary, asked)):
        print(f"{' '.join(text):36} -> {answer} ({probability:.0%})")
    plot(args, model, vocabulary, [unseen[i][0] for i in (4, 9, 10)], curve)


if __name__ == "__main__":
    main()
