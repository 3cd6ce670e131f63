"""What a codec's result must fulfil, whatever was drawn at random: checked on the arrays that are timed."""

import torch

from operations import CODECS

ROUNDING = 1e-5  # of fp32 sums
ENOUGH_FOR_MEANS = 1024
MOST_SIGMAS = 8


class LawBroken(Exception):
    """One line: which law."""


def require(holds, law):
    if not bool(holds):
        raise LawBroken(law)


def require_near(a, b, law):
    require((a - b).abs().max() <= ROUNDING * b.abs().max(), law)


def same_signs(decoded, x):
    require(torch.equal(decoded < 0, x < 0), "signs are not those of what was encoded")


def rounded_to_half(x, decoded, _payload, _k):
    require(((decoded - x).abs() <= x.abs() * 2**-11 + 2**-25).all(), "values are not those nearest in fp16")


def distinct(x, payload):
    """The indices, and where they are."""
    indices = payload[0]
    is_sent = torch.zeros(x.numel(), dtype=torch.bool, device=x.device)
    is_sent[indices] = True
    require(is_sent.sum() == indices.numel(), "indices are sent twice")
    return indices, is_sent


def sent_are_largest(x, decoded, payload, _k):
    indices, is_sent = distinct(x, payload)
    if 0 < indices.numel() < x.numel():
        require(x[is_sent].abs().min() >= x[~is_sent].abs().max(), "what is sent is not what is largest")
    require(torch.equal(decoded[~is_sent], torch.zeros_like(decoded[~is_sent])), "zeros are decoded as something")


def k_largest(x, decoded, payload, k):
    require(payload[0].numel() == k, "not K entries are sent")
    sent_are_largest(x, decoded, payload, k)


def largest_values(x, decoded, payload, k):
    k_largest(x, decoded, payload, k)
    require(torch.equal(decoded[payload[0]], x[payload[0]]), "values are not those at the indices")


def largest_signs(x, decoded, payload, k):
    k_largest(x, decoded, payload, k)
    same_signs(decoded[payload[0]], x[payload[0]])
    require((decoded[payload[0]].abs() == 1).all(), "signs are not 1 in magnitude")


def above_threshold(x, decoded, payload, k):
    """How many, the sample decides: where K is small it may be none."""
    sent_are_largest(x, decoded, payload, k)
    require(torch.equal(decoded[payload[0]], x[payload[0]]), "values are not those at the indices")


def k_values(x, decoded, payload, k):
    indices, _ = distinct(x, payload)
    require(indices.numel() == k, "not K entries are sent")
    require(torch.equal(decoded[indices], x[indices]), "values are not those at the indices")


def signs(x, decoded, _payload, _k):
    same_signs(decoded, x)
    require((decoded.abs() == 1).all(), "signs are not 1 in magnitude")


def mean_magnitude(x, decoded, _payload, _k):
    same_signs(decoded, x)
    mean = x.double().abs().mean()
    require_near(decoded.abs(), mean.expand_as(decoded), "magnitudes are not the mean magnitude")


def means_of_both(x, decoded, _payload, _k):
    for part in (x < 0, x >= 0):
        if part.any():
            mean = x[part].double().mean()
            require_near(decoded[part], mean.expand_as(decoded[part]), "values are not the mean of their sign")


def unbiased(decoded, x):
    """The sum of independent errors of mean 0, here of magnitudes, lies within some standard deviations."""
    error = ((decoded - x) * x.sign()).double()
    if x.numel() >= ENOUGH_FOR_MEANS:
        require(error.sum().abs() <= MOST_SIGMAS * error.square().sum().sqrt(), "rounding at random is biased")


def nearest_levels(x, decoded, payload, _k):
    step = payload[1]
    require(((decoded - x).abs() <= step * (1 + ROUNDING)).all(), "levels are not the nearest two")
    unbiased(decoded, x)


def ternary(x, decoded, payload, _k):
    scale = payload[1]
    require(scale <= x.abs().max(), "the scale is above the largest magnitude")
    require(((decoded == 0) | (decoded == scale * x.sign())).all(), "values are not -1, 0 or 1 times the scale")
    unbiased(decoded, x.clamp(-scale, scale))


def nearest_powers(x, decoded, _payload, _k):
    same_signs(decoded, x)
    ratio = decoded.abs() / x.abs()
    is_near = (ratio >= 0.5 * (1 - ROUNDING)) & (ratio <= 2 * (1 + ROUNDING))
    require(is_near.all(), "powers of two are not the nearest two")
    exponents = decoded.abs().log2()
    require((exponents - exponents.round()).abs().max() <= ROUNDING, "values are no powers of two")
    unbiased(decoded, x)


LAWS = {
    "dense16": rounded_to_half,
    "top-k": largest_values,
    "sparse-signs": largest_signs,
    "random-entries": k_values,
    "sampled-pairs": above_threshold,
    "gathered-signs": signs,
    "momentum-signs": signs,
    "scaled-signs": mean_magnitude,
    "two-means": means_of_both,
    "qsgd": nearest_levels,
    "terngrad": ternary,
    "exponents": nearest_powers,
}


def check_law(name, x, payload, decoded, residual, k):
    """`x` was encoded, `decoded` is what the payload adds to zeros, `residual` what is left, if anything is.

    Returns the number of bytes looked at. Throws LawBroken."""
    LAWS[name](x, decoded, payload, k)
    if residual is None:
        return 4 * decoded.numel()
    # Magnitudes that are sent as 1 are taken out whole.
    if name != "sparse-signs":
        require_near(decoded + residual, x, "what is sent and what is left are not what was encoded")
    else:
        left = x.index_fill(0, payload[0], 0)
        require(torch.equal(residual, left), "what is left is not what was encoded but not sent")
    return 8 * decoded.numel()


assert LAWS.keys() == CODECS.keys()
