#!/usr/bin/env python3
"""Writes this folder's model files from descriptions of the architectures.

    make_models.py            write every file
    make_models.py --check    write nothing; exit 1 if a file differs

A model is its parameter tensors (what an optimiser updates: running statistics are left out) in forward order, with the
names and shapes that the PyTorch implementation named in `source` gives them.
"""

import argparse
import json
import math
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent


def weight_and_bias(name, *shape):
    """A layer's weight of the given shape and a bias for each of its outputs (the first dimension)."""
    return [(f"{name}.weight", list(shape)), (f"{name}.bias", [shape[0]])]


def conv(name, inputs, outputs, kernel):
    return [(f"{name}.weight", [outputs, inputs, kernel, kernel])]


def conv_with_bias(name, inputs, outputs, kernel):
    return weight_and_bias(name, outputs, inputs, kernel, kernel)


def linear(name, inputs, outputs):
    return weight_and_bias(name, outputs, inputs)


def norm(name, channels):
    """Batch or layer normalisation: a scale and a shift for each channel."""
    return weight_and_bias(name, channels)


VGG16_CHANNELS = [64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512, 512, 512, "pool", 512, 512, 512, "pool"]


def vgg16_features(conv_layers):
    """The 13 convolutions; conv_layers is how many entries of `features` a convolution, its norm and its ReLU take."""
    tensors, index, inputs = [], 0, 3
    for outputs in VGG16_CHANNELS:
        if outputs == "pool":
            index += 1
            continue
        tensors += conv_with_bias(f"features.{index}", inputs, outputs, 3)
        if conv_layers == 3:
            tensors += norm(f"features.{index + 1}", outputs)
        index, inputs = index + conv_layers, outputs
    return tensors


def vgg16_cifar10():
    return vgg16_features(conv_layers=3) + linear("classifier", 512, 10)


def vgg16():
    return (
        vgg16_features(conv_layers=2)
        + linear("classifier.0", 512 * 7 * 7, 4096)
        + linear("classifier.3", 4096, 4096)
        + linear("classifier.6", 4096, 1000)
    )


def alexnet():
    return (
        conv_with_bias("features.0", 3, 64, 11)
        + conv_with_bias("features.3", 64, 192, 5)
        + conv_with_bias("features.6", 192, 384, 3)
        + conv_with_bias("features.8", 384, 256, 3)
        + conv_with_bias("features.10", 256, 256, 3)
        + linear("classifier.1", 256 * 6 * 6, 4096)
        + linear("classifier.4", 4096, 4096)
        + linear("classifier.6", 4096, 1000)
    )


def resnet20_cifar10():
    tensors = conv("conv1", 3, 16, 3) + norm("bn1", 16)
    inputs = 16
    for stage, outputs in enumerate([16, 32, 64], start=1):
        for block in range(3):
            name = f"layer{stage}.{block}"
            tensors += conv(f"{name}.conv1", inputs, outputs, 3) + norm(f"{name}.bn1", outputs)
            tensors += conv(f"{name}.conv2", outputs, outputs, 3) + norm(f"{name}.bn2", outputs)
            inputs = outputs
    return tensors + linear("linear", 64, 10)


def bottleneck(name, inputs, width, outputs):
    return (
        conv(f"{name}.conv1", inputs, width, 1)
        + norm(f"{name}.bn1", width)
        + conv(f"{name}.conv2", width, width, 3)
        + norm(f"{name}.bn2", width)
        + conv(f"{name}.conv3", width, outputs, 1)
        + norm(f"{name}.bn3", outputs)
    )


def resnet50():
    tensors = conv("conv1", 3, 64, 7) + norm("bn1", 64)
    inputs = 64
    for stage, blocks in enumerate([3, 4, 6, 3], start=1):
        width = 64 * 2 ** (stage - 1)
        outputs = 4 * width
        for block in range(blocks):
            name = f"layer{stage}.{block}"
            tensors += bottleneck(name, inputs, width, outputs)
            if block == 0:
                tensors += conv(f"{name}.downsample.0", inputs, outputs, 1) + norm(f"{name}.downsample.1", outputs)
            inputs = outputs
    return tensors + linear("fc", 2048, 1000)


def lstm_ptb(vocabulary=10000, hidden=1500):
    tensors = [("encoder.weight", [vocabulary, hidden])]
    for layer in range(2):
        tensors += [(f"rnn.weight_{kind}_l{layer}", [4 * hidden, hidden]) for kind in ("ih", "hh")]
        tensors += [(f"rnn.bias_{kind}_l{layer}", [4 * hidden]) for kind in ("ih", "hh")]
    return tensors + linear("decoder", hidden, vocabulary)


def bert_layer(name, hidden):
    tensors = []
    for part in ("query", "key", "value"):
        tensors += linear(f"{name}.attention.self.{part}", hidden, hidden)
    return (
        tensors
        + linear(f"{name}.attention.output.dense", hidden, hidden)
        + norm(f"{name}.attention.output.LayerNorm", hidden)
        + linear(f"{name}.intermediate.dense", hidden, 4 * hidden)
        + linear(f"{name}.output.dense", 4 * hidden, hidden)
        + norm(f"{name}.output.LayerNorm", hidden)
    )


def bert_base(hidden=768):
    tensors = [
        ("embeddings.word_embeddings.weight", [30522, hidden]),
        ("embeddings.position_embeddings.weight", [512, hidden]),
        ("embeddings.token_type_embeddings.weight", [2, hidden]),
    ] + norm("embeddings.LayerNorm", hidden)
    for layer in range(12):
        tensors += bert_layer(f"encoder.layer.{layer}", hidden)
    return tensors + linear("pooler.dense", hidden, hidden)


def softmax_mnist():
    return linear("fc", 784, 10)


def mlp_mnist():
    return linear("fc1", 784, 200) + linear("fc2", 200, 10)


def cnn_mnist():
    """28 - 4 = 24, pooled 12, 12 - 4 = 8, pooled 4: the first linear layer sees 64 channels of 4 by 4."""
    return (
        conv_with_bias("conv1", 1, 32, 5)
        + conv_with_bias("conv2", 32, 64, 5)
        + linear("fc1", 64 * 4 * 4, 512)
        + linear("fc2", 512, 10)
    )


# name: (tensors, where the architecture is from, number of parameters)
MODELS = {
    "vgg16-cifar10": (
        vgg16_cifar10,
        "VGG-16 (Simonyan and Zisserman, 2015) for 32x32 images: 13 convolutions with bias, each with batch "
        "normalisation, then one linear layer 512-10",
        14_728_266,
    ),
    "resnet20-cifar10": (
        resnet20_cifar10,
        "ResNet-20 for CIFAR-10 (He et al., 2016, section 4.2): parameter-free shortcuts (option A), "
        "convolutions without bias",
        269_722,
    ),
    "alexnet": (alexnet, "torchvision.models.alexnet (Krizhevsky, 2014), 1000 classes", 61_100_840),
    "resnet50": (resnet50, "torchvision.models.resnet50 (He et al., 2016), 1000 classes", 25_557_032),
    "vgg16": (
        vgg16,
        "torchvision.models.vgg16 (Simonyan and Zisserman, 2015), no batch normalisation, 1000 classes",
        138_357_544,
    ),
    "lstm-ptb": (
        lstm_ptb,
        "Word language model of Zaremba et al. (2014), large: 2 LSTM layers of 1500, vocabulary of Penn Treebank "
        "(10000), encoder and decoder not tied; torch.nn.LSTM, so two biases a layer",
        66_034_000,
    ),
    "bert-base": (
        bert_base,
        "Hugging Face BertModel, bert-base-uncased (Devlin et al., 2019), with pooler",
        109_482_240,
    ),
    "softmax-mnist": (softmax_mnist, "Softmax regression on images of 28 by 28 pixels, 10 classes", 7_850),
    "mlp-mnist": (mlp_mnist, "784-200-10 on images of 28 by 28 pixels, ReLU", 159_010),
    "cnn-mnist": (
        cnn_mnist,
        "The CNN of sparse-signSGD (Park and Lee, arXiv 2302.07475) for images of 28 by 28 pixels: 5x5 convolutions "
        "without padding, each with ReLU and 2x2 max-pooling, then two linear layers",
        582_026,
    ),
}


def model_text(name):
    """The model's JSON file, one tensor a line."""
    build, source, parameters = MODELS[name]
    tensors = build()
    total = sum(math.prod(shape) for _, shape in tensors)
    if total != parameters:
        sys.exit(f"make_models.py: {name}: {total} parameters; {parameters}")
    lines = [f"    {json.dumps({'name': tensor, 'shape': shape})}" for tensor, shape in tensors]
    head = f'{{\n  "name": {json.dumps(name)},\n  "source": {json.dumps(source)},\n  "tensors": [\n'
    return head + ",\n".join(lines) + "\n  ]\n}\n"


def main():
    parser = argparse.ArgumentParser(description="Writes the model files of this folder.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file differs")
    check = parser.parse_args().check
    differing = []
    for name in MODELS:
        path, text = FOLDER / f"{name}.json", model_text(name)
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            differing.append(path.name)
    if differing:
        sys.exit(f"make_models.py: not as described: {', '.join(differing)}; run make_models.py to write them")


if __name__ == "__main__":
    main()
