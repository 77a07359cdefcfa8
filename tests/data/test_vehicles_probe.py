"""The rendered vehicles are neither trivial nor hopeless for a linear probe on ImageNet features."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from gensc.codec import Backbone
from gensc.data.dataset import Dataset
from gensc.data.procedural import Vehicles

ITEMS = 960


@pytest.mark.slow
def test_a_linear_probe_finds_most_classes_and_not_all():
    source = Vehicles(f"{ITEMS}:7", 224)
    dataset = Dataset.all(source)
    codec = Backbone("efficientnet_lite0").eval()
    x = np.concatenate([codec.prepared(dataset.batch(range(i, i + 32))).pixels.numpy() for i in range(0, ITEMS, 32)])
    cut = ITEMS * 4 // 5
    scaler = StandardScaler().fit(x[:cut])
    probe = LogisticRegression(C=0.01, max_iter=500).fit(scaler.transform(x[:cut]), source.labels[:cut])
    assert 0.70 <= probe.score(scaler.transform(x[cut:]), source.labels[cut:]) <= 0.97
