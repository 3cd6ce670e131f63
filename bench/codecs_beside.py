"""Codecs beside what papers' code does with PyTorch on the same data: encoding, with residual and momentum."""

import sys

import torch

QSGD_LEVELS, QSGD_BUCKET = 7, 512
MOMENTUM = 0.9


def pack_signs(x):
    """One bit an element by PyTorch's own operations: compare, shift, sum eight to a byte."""
    weights = (1 << torch.arange(8, device=x.device)).to(torch.uint8)
    return ((x < 0).view(-1, 8).to(torch.uint8) * weights).sum(1, dtype=torch.uint8)


def scaled_signs(gradient, residual, velocity, k):
    residual.add_(gradient)
    scale = residual.abs().mean()
    packed = pack_signs(residual)
    residual.sub_(scale * torch.where(residual < 0, -1.0, 1.0))
    return packed


def two_means(gradient, residual, velocity, k):
    residual.add_(gradient)
    negative = residual < 0
    count = negative.sum()
    below = residual.clamp(max=0).sum() / count
    above = residual.clamp(min=0).sum() / (residual.numel() - count)
    packed = pack_signs(residual)
    residual.sub_(torch.where(negative, below, above))
    return packed


def momentum_signs(gradient, residual, velocity, k):
    velocity.mul_(MOMENTUM).add_(gradient)
    return pack_signs(velocity)


def qsgd(gradient, residual, velocity, k):
    x = gradient.view(-1, QSGD_BUCKET)
    level = x.abs() / x.norm(dim=1, keepdim=True) * QSGD_LEVELS
    low = level.floor()
    return ((low + (torch.rand_like(x) < level - low)) * x.sign()).to(torch.int8)


def terngrad(gradient, residual, velocity, k):
    limit = 2.5 * gradient.square().mean().sqrt()
    x = gradient.clamp(-limit, limit)
    return ((torch.rand_like(x) < x.abs() / x.abs().max()) * x.sign()).to(torch.int8)


def exponents(gradient, residual, velocity, k):
    words = torch.randint(0, 1 << 23, gradient.shape, dtype=torch.int32, device=gradient.device)
    return ((gradient.view(torch.int32) + words) >> 23).to(torch.int16)


def random_entries(gradient, residual, velocity, k):
    residual.add_(gradient)
    indices = torch.randperm(residual.numel(), device=residual.device)[:k]
    values = residual.gather(0, indices)
    residual.index_fill_(0, indices, 0)
    return values


def sampled_pairs(gradient, residual, velocity, k):
    velocity.mul_(MOMENTUM).add_(gradient)
    residual.add_(velocity)
    magnitudes = residual.abs()
    sample = magnitudes[::1000]
    threshold = torch.topk(sample, max(1, round(k / 1000)), sorted=False).values.min()
    indices = (magnitudes >= threshold).nonzero().view(-1)
    values = residual.gather(0, indices)
    residual.index_fill_(0, indices, 0)
    velocity.index_fill_(0, indices, 0)
    return values


# Of simrun's name: its counterpart, what that is, and whether there are a residual and a momentum.
CODECS = {
    "scaled-signs": (scaled_signs, "ef-signsgd", True, False),
    "two-means": (two_means, "onebit", True, False),
    "momentum-signs": (momentum_signs, "signum", False, True),
    "qsgd": (qsgd, "qsgd, a byte a level", False, False),
    "terngrad": (terngrad, "terngrad, a byte a level", False, False),
    "exponents": (exponents, "natural compression, 16 bits", False, False),
    "random-entries": (random_entries, "rand-k by randperm", True, False),
    "sampled-pairs": (sampled_pairs, "dgc's threshold", True, True),
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
    for name, (theirs, what, has_residual, has_velocity) in CODECS.items():
        residual, velocity, decoded = before.clone(), before.clone(), torch.zeros_like(before)

        def ours(decoded=None):
            library("simrun_cpu_encode", name.encode(), gradient, residual if has_residual else None,
                    velocity if has_velocity else None, size, k, threads, decoded)

        def reset():
            residual.copy_(before)
            velocity.copy_(before)

        ours(decoded)
        encoded = MOMENTUM * before + gradient if has_velocity else gradient
        encoded = before + encoded if has_residual else encoded
        kept = residual.clone()
        reset()
        theirs(gradient, residual, velocity, k)
        if not is_right(name, encoded, decoded, kept, residual):
            sys.exit(f"what {name} encodes is wrong")
        attempt(f"PyTorch: {what}", size, timer.seconds(ours, reset, repeats),
                lambda: timer.seconds(lambda: theirs(gradient, residual, velocity, k), reset, max(3, repeats // 4)))
