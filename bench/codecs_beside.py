"""Codecs beside what papers' code does with PyTorch on the same data: encoding, with residual and momentum."""

import sys

import torch

from operations import CODECS, MOMENTUM

# Of the name that simrun and the operations of PyTorch have in common: what that is.
BESIDE = {
    "scaled-signs": "ef-signsgd",
    "two-means": "onebit",
    "momentum-signs": "signum",
    "qsgd": "qsgd, a byte a level, one norm",
    "terngrad": "terngrad, a byte a level",
    "exponents": "natural compression, 9 bits",
    "random-entries": "rand-k by randperm",
    "sampled-pairs": "dgc's threshold",
}


def is_right(name, before, decoded, residual, theirs):
    """True if what our codec sent and kept fits the values that it encoded; theirs is the counterpart's residual."""
    if name in ("scaled-signs", "two-means"):
        return torch.allclose(residual, theirs, atol=1e-4)
    if name == "momentum-signs":
        return torch.equal(decoded < 0, before < 0)
    if name in ("random-entries", "sampled-pairs"):
        sent = decoded != 0
        return torch.equal(decoded[sent], before[sent]) and torch.equal(residual, before.masked_fill(sent, 0))
    # Rounded at random: right on the average, but for what terngrad clips.
    mean = before.abs().mean().item()
    return abs((decoded * before.sign()).mean().item() - mean) < 0.05 * mean


def compare(library, timer, attempt, gradient, before, k, threads, repeats):
    """Checks and times our codecs' encoding on the processor, and the counterparts in PyTorch."""
    size = gradient.numel()
    for name, what in BESIDE.items():
        codec = CODECS[name]
        residual, velocity, decoded = before.clone(), before.clone(), torch.zeros_like(before)
        has_residual, has_velocity = codec.feeds_back, codec.states > codec.feeds_back
        states = [velocity] * has_velocity + [residual] * has_residual

        def ours(decoded=None):
            library("simrun_cpu_encode", name.encode(), gradient, residual if has_residual else None,
                    velocity if has_velocity else None, size, k, threads, decoded)

        def theirs():
            codec.encode(gradient, *states, *([k] if codec.sparsifies else []))

        def reset():
            residual.copy_(before)
            velocity.copy_(before)

        ours(decoded)
        encoded = MOMENTUM * before + gradient if has_velocity else gradient
        encoded = before + encoded if has_residual else encoded
        kept = residual.clone()
        reset()
        theirs()
        if not is_right(name, encoded, decoded, kept, residual):
            sys.exit(f"what {name} encodes is wrong")
        attempt(f"PyTorch: {what}", size, timer.seconds(ours, reset, repeats),
                lambda: timer.seconds(theirs, reset, max(3, repeats // 4)))
