"""Words are as far apart as theory allows, and are told apart as often."""

import math

import numpy as np
import pytest
import torch

from gensc.errors import InputError
from gensc.phy.codebook import codebook


def distances(book):
    apart = (book[:, None] - book).abs().square().sum(dim=2)
    return apart[~torch.eye(len(book), dtype=torch.bool)]


@pytest.mark.parametrize(("words", "symbols", "least"), [
    # simplex: 2 d M / (M - 1) squared distance at full cycles, d = real dimensions / 2
    (16, 15, 2 * 15 * 16 / 15), (2, 1, 4.0), (4, 3, 2 * 3 * 4 / 3),
    # first-order Reed-Muller (biorthogonal): 2 n
    (16, 4, 2 * 4.0), (15, 4, 2 * 4.0), (64, 16, 2 * 16.0),
    # binary codes of 8, 10 bits: d_min at least that of a good random code; the best known are 13 of 32 and 12 of 32
    (256, 16, 2 * 10.0), (1000, 16, 2 * 9.0),
    # uncoded QPSK and 16-QAM
    (16, 2, 2.0), (16, 1, 0.4),
])
def test_words_are_far_apart_and_have_unit_power(words, symbols, least):
    book = codebook(words, symbols)
    assert book.shape == (words, symbols)
    assert float(distances(book).min()) >= least - 1e-4
    assert float(book.abs().square().mean()) == pytest.approx(1, abs=0.05)


def test_sixteen_simplex_words_are_lost_as_theory_says():
    """P(error) of M equidistant words (Proakis, Digital Communications, 4.4-10): 15 symbols at -8 dB."""
    from scipy.integrate import quad
    from scipy.stats import norm

    book, snr, trials = codebook(16, 15), 10 ** -0.8, 20_000
    torch.manual_seed(0)
    sent = torch.randint(16, (trials,))
    noise = torch.view_as_complex(torch.randn(trials, 15, 2))
    heard = book[sent] + noise * math.sqrt(1 / snr / 2)
    wrong = ((heard @ book.conj().T).real.argmax(dim=1) != sent).double().mean().item()
    # A simplex of energy E is an orthogonal set of E M/(M-1).
    root = math.sqrt(2 * snr * 15 * 16 / 15)
    right = quad(lambda x: norm.pdf(x - root) * norm.cdf(x) ** 15, -8, 20)[0]
    assert wrong == pytest.approx(1 - right, abs=4 * math.sqrt(right * (1 - right) / trials))


def test_the_same_words_everywhere():
    assert torch.equal(codebook(300, 20), codebook(300, 20))
    assert len(np.unique(codebook(4096, 7).numpy(), axis=0)) == 4096


@pytest.mark.parametrize(("words", "symbols", "said"), [(1, 5, "2 to 4096"), (5000, 5, "2 to 4096"),
                                                        (16, 0, "give 1 or more"), (4096, 0, "give 1")])
def test_what_has_no_words_is_refused(words, symbols, said):
    with pytest.raises(InputError, match=said):
        codebook(words, symbols)
