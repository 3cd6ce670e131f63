"""What users of compression in PyTorch run: every codec by PyTorch's own operations.

Each is a function as short as the published code that it follows: GRACE (Xu et al., ICDCS 2021), Horovod, the hooks of
DistributedDataParallel, the gTop-k group's code. Bits and bytes are packed as far as payloads of simrun are, by
PyTorch's operations; GRACE sends a byte for a sign. Gradients are flat tensors of fp32; what is encoded is a tuple of
tensors; decoding adds it to a sum. Residuals and momenta are changed in place.
"""

import dataclasses
import typing

import torch

MOMENTUM = 0.9
LEVELS = 7  # of qsgd, above zero
FROM_TOO_MANY, TO_TOO_FEW, CORRECTIONS = 1.3, 0.7, 10  # of dgc's threshold
SAMPLED = 0.01  # of the elements


# Signs, eight to a byte.


def pack_signs(x):
    """One bit an element, 1 = negative: compare, shift, sum eight to a byte."""
    bits = torch.nn.functional.pad((x < 0).to(torch.uint8), (0, -x.numel() % 8))
    weights = (1 << torch.arange(8, device=x.device)).to(torch.uint8)
    return (bits.view(-1, 8) * weights).sum(1, dtype=torch.uint8)


def unpack_signs(packed, size):
    """-1 and 1 as fp32."""
    places = torch.arange(8, dtype=torch.uint8, device=packed.device)
    bits = packed.unsqueeze(1).bitwise_right_shift(places).bitwise_and_(1)
    return bits.view(-1)[:size].to(torch.float32).mul_(-2).add_(1)


# Encoding.


def dense16(gradient):
    """Horovod's Compression.fp16, DDP's fp16_compress_hook."""
    return (gradient.to(torch.float16),)


def top_k(gradient, residual, k):
    """GRACE's topk and the gTop-k group's code: add, topk of the magnitudes, gather, index_fill."""
    residual.add_(gradient)
    _, indices = torch.topk(residual.abs(), k, sorted=False)
    values = residual.gather(0, indices)
    residual.index_fill_(0, indices, 0)
    return indices, values


def sparse_signs(gradient, residual, k):
    """The same selection, of which only signs are sent (Park and Lee, arXiv 2302.07475)."""
    indices, values = top_k(gradient, residual, k)
    return indices, pack_signs(values)


def random_entries(gradient, residual, k):
    """GRACE's randomk: the first k of a random permutation."""
    residual.add_(gradient)
    indices = torch.randperm(residual.numel(), device=residual.device)[:k]
    values = residual.gather(0, indices)
    residual.index_fill_(0, indices, 0)
    return indices, values


def sampled_pairs(gradient, momentum, residual, k):
    """GRACE's dgc: momentum correction, the threshold of a sample of 1 %, corrected while it keeps too many or few."""
    momentum.mul_(MOMENTUM).add_(gradient)
    residual.add_(momentum)
    size = residual.numel()
    sample = residual[torch.randint(size, (max(1, int(SAMPLED * size)),), device=residual.device)]
    share = max(1, round(k / size * sample.numel()))
    threshold = torch.topk(sample.abs(), share, sorted=False).values.min()
    magnitudes = residual.abs()
    for _ in range(CORRECTIONS):
        mask = magnitudes >= threshold
        kept = int(mask.sum())
        if FROM_TOO_MANY * k >= kept >= TO_TOO_FEW * k:
            break
        threshold = threshold * (FROM_TOO_MANY if kept > k else TO_TOO_FEW)
    (indices,) = torch.where(mask)
    values = residual[indices]
    residual.index_fill_(0, indices, 0)
    momentum.index_fill_(0, indices, 0)
    return indices, values


def gathered_signs(gradient):
    """GRACE's signsgd."""
    return (pack_signs(gradient),)


def momentum_signs(gradient, momentum):
    """GRACE's signum."""
    momentum.mul_(MOMENTUM).add_(gradient, alpha=1 - MOMENTUM)
    return (pack_signs(momentum),)


def scaled_signs(gradient, residual):
    """GRACE's efsignsgd: mean of the magnitudes, signs, what they stand for taken out of the residual."""
    residual.add_(gradient)
    mean = residual.abs().mean()
    packed = pack_signs(residual)
    residual.sub_(torch.where(residual < 0, -mean, mean))
    return packed, mean


def two_means(gradient, residual):
    """GRACE's onebit: means of the elements below 0 and of the others, which stand for them."""
    residual.add_(gradient)
    is_negative = residual < 0
    count = is_negative.sum()
    below = residual.clamp(max=0).sum() / count.clamp(min=1)
    above = residual.clamp(min=0).sum() / (residual.numel() - count).clamp(min=1)
    packed = pack_signs(residual)
    residual.sub_(torch.where(is_negative, below, above))
    return packed, below, above


def round_at_random(x):
    """Up with a probability of what is beyond the whole number below."""
    below = x.floor()
    return below.add_(torch.rand_like(x) < x - below)


def qsgd(gradient):
    """GRACE's qsgd: multiples of the norm of all over the number of levels, a byte each."""
    norm = gradient.norm()
    levels = round_at_random(gradient.abs() * (LEVELS / norm))
    return levels.mul_(gradient.sign()).to(torch.int8), norm / LEVELS


def terngrad(gradient):
    """GRACE's terngrad: clipped at 2.5 sigma, then -1, 0 or 1 times the largest magnitude, a byte each."""
    bound = 2.5 * gradient.std(unbiased=False)
    clipped = gradient.clamp(-bound, bound)
    magnitudes = clipped.abs()
    scale = magnitudes.max()
    signs = clipped.sign().mul_(torch.rand_like(clipped) * scale < magnitudes)
    return signs.to(torch.int8), scale


def exponents(gradient):
    """Natural compression (Horvath et al., arXiv 1905.10988): powers of two, a byte for the exponent, and signs."""
    mantissas, powers = torch.frexp(gradient.abs())  # from 0.5 to 1, or 0
    is_up = torch.rand_like(mantissas) < 2 * mantissas - 1
    biased = (powers + is_up + 126).clamp_(0, 254)
    return torch.where(mantissas == 0, torch.zeros_like(biased), biased).to(torch.uint8), pack_signs(gradient)


# Decoding: adds what a payload stands for to a sum.


def add_dense16(total, values):
    """Horovod's Compression.fp16: to fp32, then added."""
    total.add_(values.to(torch.float32))


def add_pairs(total, indices, values):
    """Values scattered onto the sum. (GRACE scatters them onto zeros, and adds all.)"""
    total.scatter_add_(0, indices, values)


def add_sparse_signs(total, indices, packed):
    """Signs scattered onto the sum."""
    total.scatter_add_(0, indices, unpack_signs(packed, indices.numel()))


def add_signs(total, packed):
    """Unpacked and added."""
    total.add_(unpack_signs(packed, total.numel()))


def add_scaled_signs(total, packed, mean):
    """Unpacked, times the mean magnitude, added."""
    total.add_(unpack_signs(packed, total.numel()).mul_(mean))


def add_two_means(total, packed, below, above):
    """Unpacked, each sign's mean put in its place, added."""
    total.add_(torch.where(unpack_signs(packed, total.numel()) < 0, below, above))


def add_levels(total, levels, step):
    """To fp32, times the step from level to level, added."""
    total.add_(levels.to(torch.float32).mul_(step))


def add_exponents(total, biased, packed):
    """Powers of two, with their signs, added; 0 stands for 0."""
    powers = torch.ldexp(unpack_signs(packed, total.numel()), biased.to(torch.int32) - 127)
    total.add_(torch.where(biased == 0, torch.zeros_like(powers), powers))


# What is encoded of a gradient and the states before, in the order in which a codec takes these.


def gradient_alone(gradient):
    return gradient


def with_residual(gradient, residual):
    return residual + gradient


def averaged(gradient, momentum):
    return MOMENTUM * momentum + (1 - MOMENTUM) * gradient


def with_momentum_and_residual(gradient, momentum, residual):
    return residual + (MOMENTUM * momentum + gradient)


@dataclasses.dataclass(frozen=True)
class Codec:
    """`encode` takes the gradient, then as many states as `encoded_of` has, then the number of entries to keep."""

    encode: typing.Callable
    decode: typing.Callable
    encoded_of: typing.Callable = gradient_alone
    sparsifies: bool = False
    also: tuple = ()  # other codecs that encode alike, by the names of simrun's operations
    decodes_also: tuple = ()

    @property
    def states(self):
        """How many vectors it keeps between steps; the last is the residual, where there is one."""
        return self.encoded_of.__code__.co_argcount - 1

    @property
    def feeds_back(self):
        return self.encoded_of in (with_residual, with_momentum_and_residual)


CODECS = {
    "dense16": Codec(dense16, add_dense16),
    "top-k": Codec(top_k, add_pairs, with_residual, True, also=("gtop-k", "pairs"), decodes_also=("gtop-k", "random-entries")),
    "sparse-signs": Codec(sparse_signs, add_sparse_signs, with_residual, True),
    "random-entries": Codec(random_entries, add_pairs, with_residual, True),
    "sampled-pairs": Codec(sampled_pairs, add_pairs, with_momentum_and_residual, True),
    "gathered-signs": Codec(gathered_signs, add_signs, also=("signs",), decodes_also=("signs", "momentum-signs")),
    "momentum-signs": Codec(momentum_signs, add_signs, averaged),
    "scaled-signs": Codec(scaled_signs, add_scaled_signs, with_residual),
    "two-means": Codec(two_means, add_two_means, with_residual),
    "qsgd": Codec(qsgd, add_levels, decodes_also=("terngrad",)),
    "terngrad": Codec(terngrad, add_levels),
    "exponents": Codec(exponents, add_exponents),
}
