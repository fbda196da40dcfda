"""What the test of the whole line believes when it says that a voice was heard."""

from __future__ import annotations

import numpy as np

from tests.line.sounds import likeness


def test_a_sound_is_found_where_it_is_however_loud_and_not_in_another():
    noise = np.random.default_rng(7)
    sound, other = noise.normal(size=4000), noise.normal(size=4000)
    recording = np.concatenate([other, np.zeros(700), 0.1 * sound, np.zeros(300)]) + noise.normal(0, 0.01, 9000)
    assert likeness(sound, recording) > 0.95
    assert likeness(noise.normal(size=4000), recording) < 0.2
    assert likeness(sound, np.zeros(10)) == 0
