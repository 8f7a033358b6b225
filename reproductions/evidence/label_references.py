"""The published errors that unsupervised_pretraining's are held against, net by net and number of labels by number of labels."""

from dataclasses import replace

from zoo.reproductions.evidence.label_rows import MODEL, TOP, setting, spread_metric
from zoo.reproductions.harness import Published
from zoo.reproductions.harness.published import published_value
from zoo.reproductions.trainers.label_curves import metric

FEW = (100, 600, 1000, 3000)  # labels with which the methods below were tested
SHALLOW, CONTRACTIVE, KERNEL = "NN", "contractive autoencoder", "SVM"  # as published.csv calls them


def error_with(model, labels):
    """The published test error in percent of one of these methods with so many labels."""
    row = ("mnist", MODEL, model)
    return published_value("unsupervised_pretraining", {row: Published(model, f"{labels} labels")}, row)


def _published():
    """{row and metric: what it is held against}."""

    def error(model, where, note):
        return Published(model, where, note, metric="test_error_pct")

    def at(start, depth, labels, narrow=None):
        return ("mnist", MODEL, setting(start, depth, narrow), metric("test", labels))

    bengio, narrow = "experiment 2", f"experiment 3: top layer limited to {TOP} units"
    seeds, text = "mean, standard deviation over seeds", "another size of net and another optimiser"
    sixty = "60,000 images, squared error; 200 units here at the hour, 1,000 at full"
    older, machines = "plain SGD from the uniform start of before 2010", "restricted Boltzmann machines"
    found = {
        at("random", 1, 50000): [
            error("shallow net, no pre-training", bengio, text),
            error("1 hidden layer, uniform initialisation", seeds, older),
            *(
                replace(error(f"2-layer MLP, {units} hidden", "no preprocessing", sixty), topic="shallow_vs_deep")
                for units in (300, 1000)
            ),
        ],
        at("random", 2, 50000): error("2 hidden layers, uniform initialisation", seeds, older),
        at("random", 3, 50000): [
            error("deep net, no pre-training", bengio, text),
            error(
                "randomly initialised backpropagation, best reported",
                "",
                "one hidden layer of 800 (Simard et al. 2003, as we take it), 50,000 images",
            ),
        ],
        at("autoencoder", 3, 50000): [
            error("stacked autoencoder, 3 layers", "50k train", "plain SGD, widths chosen on validation"),
            error("autoencoder pre-training", bengio, text),
        ],
        at("denoising", 1, 50000): [
            error("1 hidden layer, pre-trained", seeds, "fine-tuned by plain SGD"),
            error("DBN-1", "50k train", f"{machines}, width chosen on validation"),
        ],
        at("denoising", 2, 50000): error("2 hidden layers, pre-trained", seeds, "fine-tuned by plain SGD"),
        at("denoising", 3, 50000): [
            error("stacked denoising autoencoder, 3 layers", "50k train", "noise and widths chosen on validation"),
            error("784-500-500-2000-10, pre-trained", "", f"{machines}, 60,000 images"),
            error("DBN-3", "50k train", f"{machines}, widths chosen on validation"),
            error("DBN pre-training", bengio, f"{machines}; {text}"),
        ],
        at("random", 1, 50000, TOP): error("shallow net, no pre-training", narrow, text),
        at("random", 3, 50000, TOP): error("deep net, no pre-training", narrow, text),
        at("autoencoder", 3, 50000, TOP): [
            error("autoencoder pre-training", narrow, text),
            error("DBN pre-training", narrow, f"{machines}; {text}"),
        ],
    }
    for start, depth, how in (
        ("random", 1, "uniform initialisation"), ("random", 2, "uniform initialisation"),
        ("denoising", 1, "pre-trained"), ("denoising", 2, "pre-trained"),
    ):  # fmt: skip
        net = f"{depth} hidden layer{'s' if depth > 1 else ''}, {how}"
        note = f"{older if start == 'random' else 'fine-tuned by plain SGD'}; over more seeds"
        row = ("mnist", MODEL, setting(start, depth), spread_metric(50000))
        found[row] = Published(net, seeds, note, metric="test_error_pct", spread=True)
    for labels in FEW:
        found[at("random", 1, labels)] = error(SHALLOW, f"{labels} labels", "another size of net")
        cae = "a contractive penalty in place of noise, 60,000 unlabelled images"
        found[at("denoising", 2, labels)] = error(CONTRACTIVE, f"{labels} labels", cae)
    for labels in (300, 1000, 10000):
        convnet = "a ConvNet there, no fully connected net"
        found[at("random", 3, labels)] = error("ConvNet, supervised throughout", f"{labels} labels", convnet)
        kept = "a ConvNet there, whose lower layers stay as learnt without labels; here a dense net, fine-tuned as a whole"
        found[at("denoising", 3, labels)] = [error("ConvNet, unsupervised lower layers", f"{labels} labels", kept)]
    other = "another method: a kernel machine, trained on the labelled images alone; none is trained here"
    for labels in FEW:
        found.setdefault(at("denoising", 3, labels), []).append(error(KERNEL, f"{labels} labels", other))
    return found


PUBLISHED = _published()
