"""The loss of differentiable binarisation (Liao et al. 2020, 2022).

    5 · cross entropy of text + 10 · L1 of the threshold + dice loss of both together

with the weights of the authors' own code, which PaddleOCR has too; there text has a dice loss as
well, which takes no part of a crop to be harder than another.
"""

import paddle
from paddle.nn import functional

OF_TEXT, OF_THRESHOLD = 5.0, 10.0
STEEPNESS = 50.0  # k: how near a step is what stands for one
BACKGROUND = (
    3  # pixels without text, the hardest ones, for each with text (Shrivastava et al. 2016)
)
LEAST_BACKGROUND = 1_000  # pixels, where a batch has hardly any text
TINY = 1e-6


def db_loss(
    logits: paddle.Tensor,
    threshold: paddle.Tensor,
    text: paddle.Tensor,
    counts: paddle.Tensor,
    wanted: paddle.Tensor,
    border: paddle.Tensor,
) -> paddle.Tensor:
    """The loss of a batch, all maps (n, 1, height, width).

    ``logits`` are of text and ``threshold`` is 0 to 1, as the network puts them out; ``text``, with
    where it ``counts``, and the ``wanted`` threshold, with the ``border`` where it is known, are as
    Targets has them.
    """
    probability = functional.sigmoid(logits)
    binary = functional.sigmoid(STEEPNESS * (probability - threshold))
    return (
        OF_TEXT * balanced_cross_entropy(logits, text, counts)
        + OF_THRESHOLD * masked_l1(threshold, wanted, border)
        + dice_loss(binary, text, counts)
    )


def balanced_cross_entropy(
    logits: paddle.Tensor, text: paddle.Tensor, counts: paddle.Tensor
) -> paddle.Tensor:
    """The mean over all text and BACKGROUND times as many pixels of the rest, the worst of them."""
    losses = functional.binary_cross_entropy_with_logits(logits, text, reduction="none")
    of_text, of_rest = losses * text * counts, losses * (1 - text) * counts
    positives = int((text * counts).sum())
    negatives = int(((1 - text) * counts).sum())
    taken = min(negatives, max(BACKGROUND * positives, LEAST_BACKGROUND))
    total = of_text.sum()
    if taken:
        total = total + paddle.topk(of_rest.flatten(), taken, sorted=False)[0].sum()
    return total / max(1, positives + taken)


def masked_l1(found: paddle.Tensor, wanted: paddle.Tensor, mask: paddle.Tensor) -> paddle.Tensor:
    """The mean absolute difference where ``mask`` is 1; 0 where it is so nowhere."""
    return ((found - wanted).abs() * mask).sum() / (mask.sum() + TINY)


def dice_loss(found: paddle.Tensor, wanted: paddle.Tensor, mask: paddle.Tensor) -> paddle.Tensor:
    """1 less twice the intersection over the sum of both (Milletari et al. 2016), under a mask."""
    common = (found * wanted * mask).sum()
    return 1 - 2 * common / ((found * mask).sum() + (wanted * mask).sum() + TINY)
