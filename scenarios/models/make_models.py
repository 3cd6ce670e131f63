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


def vgg_features(deep, conv_layers):
    """The convolutions of VGG: 2 in each of the first two stages, `deep` in each of the last three.

    conv_layers is how many entries of `features` a convolution, its norm and its ReLU take; the
    pooling that ends a stage takes one.
    """
    tensors, index, inputs = [], 0, 3
    for outputs, convolutions in [(64, 2), (128, 2), (256, deep), (512, deep), (512, deep)]:
        for _ in range(convolutions):
            tensors += conv_with_bias(f"features.{index}", inputs, outputs, 3)
            if conv_layers == 3:
                tensors += norm(f"features.{index + 1}", outputs)
            index, inputs = index + conv_layers, outputs
        index += 1
    return tensors


def vgg16_cifar10():
    return vgg_features(deep=3, conv_layers=3) + linear("classifier", 512, 10)


def vgg(deep):
    return (
        vgg_features(deep, conv_layers=2)
        + linear("classifier.0", 512 * 7 * 7, 4096)
        + linear("classifier.3", 4096, 4096)
        + linear("classifier.6", 4096, 1000)
    )


def vgg16():
    return vgg(deep=3)


def vgg19():
    return vgg(deep=4)


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


def resnet_body(stages):
    """A ResNet of bottlenecks without its last linear layer; stages is the blocks of each stage."""
    tensors = conv("conv1", 3, 64, 7) + norm("bn1", 64)
    inputs = 64
    for stage, blocks in enumerate(stages, start=1):
        width = 64 * 2 ** (stage - 1)
        outputs = 4 * width
        for block in range(blocks):
            name = f"layer{stage}.{block}"
            tensors += bottleneck(name, inputs, width, outputs)
            if block == 0:
                tensors += conv(f"{name}.downsample.0", inputs, outputs, 1)
                tensors += norm(f"{name}.downsample.1", outputs)
            inputs = outputs
    return tensors


def resnet50():
    return resnet_body([3, 4, 6, 3]) + linear("fc", 2048, 1000)


def resnet101():
    return resnet_body([3, 4, 23, 3]) + linear("fc", 2048, 1000)


def feature_pyramid(name, channels):
    """From the deepest level down: a 1x1 convolution to `channels`, then a 3x3 convolution."""
    tensors = []
    for level in reversed(range(4)):
        tensors += conv_with_bias(f"{name}.inner_blocks.{level}.0", 256 * 2**level, channels, 1)
        tensors += conv_with_bias(f"{name}.layer_blocks.{level}.0", channels, channels, 3)
    return tensors


def region_proposals(name, channels, anchors=3):
    return (
        conv_with_bias(f"{name}.conv.0.0", channels, channels, 3)
        + conv_with_bias(f"{name}.cls_logits", channels, anchors, 1)
        + conv_with_bias(f"{name}.bbox_pred", channels, 4 * anchors, 1)
    )


def box_branch(name, channels, classes, hidden=1024):
    """The regions are 7 by 7."""
    return (
        linear(f"{name}.box_head.fc6", channels * 7 * 7, hidden)
        + linear(f"{name}.box_head.fc7", hidden, hidden)
        + linear(f"{name}.box_predictor.cls_score", hidden, classes)
        + linear(f"{name}.box_predictor.bbox_pred", hidden, 4 * classes)
    )


def mask_branch(name, channels, classes):
    """The transposed convolution (conv5_mask) has as many inputs as outputs."""
    tensors = []
    for layer in range(4):
        tensors += conv_with_bias(f"{name}.mask_head.{layer}.0", channels, channels, 3)
    return (
        tensors
        + conv_with_bias(f"{name}.mask_predictor.conv5_mask", channels, channels, 2)
        + conv_with_bias(f"{name}.mask_predictor.mask_fcn_logits", channels, classes, 1)
    )


def mask_rcnn_r50_fpn(channels=256, classes=91):
    """The backbone's normalisation is frozen (buffers): only its convolutions are parameters."""
    body = [tensor for tensor in resnet_body([3, 4, 6, 3]) if len(tensor[1]) == 4]
    return (
        [(f"backbone.body.{name}", shape) for name, shape in body]
        + feature_pyramid("backbone.fpn", channels)
        + region_proposals("rpn.head", channels)
        + box_branch("roi_heads", channels, classes)
        + mask_branch("roi_heads", channels, classes)
    )


def conv_norm(name, inputs, outputs, *kernel):
    weight = (f"{name}.conv.weight", [outputs, inputs, *kernel])
    return [weight] + norm(f"{name}.bn", outputs)


# A block of Inception-v4 as its branches: the outputs and the kernel of each convolution in turn.
INCEPTION_STEM = [
    [(64, 1, 1), (96, 3, 3)],
    [(64, 1, 1), (64, 1, 7), (64, 7, 1), (96, 3, 3)],
]
INCEPTION_A = [
    [(96, 1, 1)],
    [(64, 1, 1), (96, 3, 3)],
    [(64, 1, 1), (96, 3, 3), (96, 3, 3)],
    ["pool", (96, 1, 1)],
]
REDUCTION_A = [[(384, 3, 3)], [(192, 1, 1), (224, 3, 3), (256, 3, 3)]]
INCEPTION_B = [
    [(384, 1, 1)],
    [(192, 1, 1), (224, 1, 7), (256, 7, 1)],
    [(192, 1, 1), (192, 7, 1), (224, 1, 7), (224, 7, 1), (256, 1, 7)],
    ["pool", (128, 1, 1)],
]
REDUCTION_B = [
    [(192, 1, 1), (192, 3, 3)],
    [(256, 1, 1), (256, 1, 7), (320, 7, 1), (320, 3, 3)],
]


def inception_branch(name, inputs, layers):
    """One layer alone has the branch's name; several are numbered, the pooling included."""
    tensors = []
    for index, layer in enumerate(layers):
        if layer == "pool":
            continue
        outputs, *kernel = layer
        layer_name = name if len(layers) == 1 else f"{name}.{index}"
        tensors += conv_norm(layer_name, inputs, outputs, *kernel)
        inputs = outputs
    return tensors


def inception_block(name, inputs, branches):
    tensors = []
    for index, layers in enumerate(branches):
        tensors += inception_branch(f"{name}.branch{index}", inputs, layers)
    return tensors


def inception_c(name, inputs=1536):
    """Branches 1 and 2 each end in two parallel convolutions, 1x3 and 3x1."""
    return (
        conv_norm(f"{name}.branch0", inputs, 256, 1, 1)
        + conv_norm(f"{name}.branch1_0", inputs, 384, 1, 1)
        + conv_norm(f"{name}.branch1_1a", 384, 256, 1, 3)
        + conv_norm(f"{name}.branch1_1b", 384, 256, 3, 1)
        + conv_norm(f"{name}.branch2_0", inputs, 384, 1, 1)
        + conv_norm(f"{name}.branch2_1", 384, 448, 3, 1)
        + conv_norm(f"{name}.branch2_2", 448, 512, 1, 3)
        + conv_norm(f"{name}.branch2_3a", 512, 256, 1, 3)
        + conv_norm(f"{name}.branch2_3b", 512, 256, 3, 1)
        + conv_norm(f"{name}.branch3.1", inputs, 256, 1, 1)
    )


def inception_stem():
    """Blocks 3 and 5 join a convolution with a pooling of their input: 64 + 96 and 192 + 192."""
    return (
        conv_norm("features.0", 3, 32, 3, 3)
        + conv_norm("features.1", 32, 32, 3, 3)
        + conv_norm("features.2", 32, 64, 3, 3)
        + conv_norm("features.3.conv", 64, 96, 3, 3)
        + inception_block("features.4", 64 + 96, INCEPTION_STEM)
        + conv_norm("features.5.conv", 192, 192, 3, 3)
    )


def inception_v4():
    tensors = inception_stem()
    blocks = 4 * [(384, INCEPTION_A)] + [(384, REDUCTION_A)]
    blocks += 7 * [(1024, INCEPTION_B)] + [(1024, REDUCTION_B)]
    for index, (inputs, branches) in enumerate(blocks, start=6):
        tensors += inception_block(f"features.{index}", inputs, branches)
    for index in range(19, 22):
        tensors += inception_c(f"features.{index}")
    return tensors + linear("last_linear", 1536, 1000)


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


def bert(hidden, layers):
    tensors = [
        ("embeddings.word_embeddings.weight", [30522, hidden]),
        ("embeddings.position_embeddings.weight", [512, hidden]),
        ("embeddings.token_type_embeddings.weight", [2, hidden]),
    ] + norm("embeddings.LayerNorm", hidden)
    for layer in range(layers):
        tensors += bert_layer(f"encoder.layer.{layer}", hidden)
    return tensors + linear("pooler.dense", hidden, hidden)


def bert_base():
    return bert(hidden=768, layers=12)


def bert_large():
    return bert(hidden=1024, layers=24)


def conv1d(name, inputs, outputs):
    """GPT-2's linear layer: the weight is stored inputs by outputs."""
    return [(f"{name}.weight", [inputs, outputs]), (f"{name}.bias", [outputs])]


def gpt2_block(name, hidden):
    return (
        norm(f"{name}.ln_1", hidden)
        + conv1d(f"{name}.attn.c_attn", hidden, 3 * hidden)
        + conv1d(f"{name}.attn.c_proj", hidden, hidden)
        + norm(f"{name}.ln_2", hidden)
        + conv1d(f"{name}.mlp.c_fc", hidden, 4 * hidden)
        + conv1d(f"{name}.mlp.c_proj", 4 * hidden, hidden)
    )


def gpt2_of(hidden, blocks, vocabulary=50257, positions=1024):
    """The output layer is the token embedding (wte), so it has no tensor of its own."""
    tensors = [
        ("transformer.wte.weight", [vocabulary, hidden]),
        ("transformer.wpe.weight", [positions, hidden]),
    ]
    for block in range(blocks):
        tensors += gpt2_block(f"transformer.h.{block}", hidden)
    return tensors + norm("transformer.ln_f", hidden)


def gpt2():
    return gpt2_of(hidden=768, blocks=12)


def gpt2_medium():
    return gpt2_of(hidden=1024, blocks=24)


def gpt2_large():
    return gpt2_of(hidden=1280, blocks=36)


def gpt2_xl():
    return gpt2_of(hidden=1600, blocks=48)


def matrix(name, inputs, outputs):
    return [(f"{name}.weight", [outputs, inputs])]


def llama_layer(name, hidden, keys, intermediate):
    """`keys`: outputs of the key and the value projection, fewer than hidden where heads share them."""
    return (
        matrix(f"{name}.self_attn.q_proj", hidden, hidden)
        + matrix(f"{name}.self_attn.k_proj", hidden, keys)
        + matrix(f"{name}.self_attn.v_proj", hidden, keys)
        + matrix(f"{name}.self_attn.o_proj", hidden, hidden)
        + matrix(f"{name}.mlp.gate_proj", hidden, intermediate)
        + matrix(f"{name}.mlp.up_proj", hidden, intermediate)
        + matrix(f"{name}.mlp.down_proj", intermediate, hidden)
        + [(f"{name}.{part}_layernorm.weight", [hidden]) for part in ("input", "post_attention")]
    )


def llama(vocabulary, hidden, layers, keys, intermediate):
    """Without the output layer, which is the token embedding where the two are tied."""
    tensors = [("model.embed_tokens.weight", [vocabulary, hidden])]
    for layer in range(layers):
        tensors += llama_layer(f"model.layers.{layer}", hidden, keys, intermediate)
    return tensors + [("model.norm.weight", [hidden])]


def llama_3_2_1b():
    return llama(vocabulary=128256, hidden=2048, layers=16, keys=512, intermediate=8192)


def llama_2_7b():
    body = llama(vocabulary=32000, hidden=4096, layers=32, keys=4096, intermediate=11008)
    return body + matrix("lm_head", 4096, 32000)


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
    "resnet101": (
        resnet101,
        "torchvision.models.resnet101 (He et al., 2016), 1000 classes",
        44_549_160,
    ),
    "vgg16": (
        vgg16,
        "torchvision.models.vgg16 (Simonyan and Zisserman, 2015), no batch normalisation, 1000 classes",
        138_357_544,
    ),
    "vgg19": (
        vgg19,
        "torchvision.models.vgg19 (Simonyan and Zisserman, 2015), no batch normalisation, "
        "1000 classes",
        143_667_240,
    ),
    "inception-v4": (
        inception_v4,
        "timm inception_v4 (Szegedy et al., 2017; ported by Cadene), no auxiliary classifier, "
        "1000 classes",
        42_679_816,
    ),
    "mask-rcnn-r50-fpn": (
        mask_rcnn_r50_fpn,
        "torchvision.models.detection.maskrcnn_resnet50_fpn (He et al., 2017), 91 classes, made "
        "with pretrained weights, so that batch normalisation is frozen (buffers, not parameters), "
        "and with trainable_backbone_layers=5; the default, 3, leaves conv1 and layer1 fixed: "
        "222400 parameters fewer",
        44_401_393,
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
    "bert-large": (
        bert_large,
        "Hugging Face BertModel, bert-large-uncased (Devlin et al., 2019), with pooler",
        335_141_888,
    ),
    "gpt2": (
        gpt2,
        "Hugging Face GPT2LMHeadModel, gpt2 (Radford et al., 2019), the output layer tied to the "
        "token embedding",
        124_439_808,
    ),
    "gpt2-medium": (
        gpt2_medium,
        "Hugging Face GPT2LMHeadModel, gpt2-medium (Radford et al., 2019), the output layer tied to the token embedding",
        354_823_168,
    ),
    "gpt2-large": (
        gpt2_large,
        "Hugging Face GPT2LMHeadModel, gpt2-large (Radford et al., 2019), the output layer tied to the token embedding",
        774_030_080,
    ),
    "gpt2-xl": (
        gpt2_xl,
        "Hugging Face GPT2LMHeadModel, gpt2-xl (Radford et al., 2019), the output layer tied to the token embedding",
        1_557_611_200,
    ),
    "llama-3.2-1b": (
        llama_3_2_1b,
        "Hugging Face LlamaForCausalLM, Llama-3.2-1B (Grattafiori et al., 2024), the output layer tied to the token "
        "embedding",
        1_235_814_400,
    ),
    "llama-2-7b": (
        llama_2_7b,
        "Hugging Face LlamaForCausalLM, Llama-2-7b-hf (Touvron et al., 2023)",
        6_738_415_616,
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
