"""Synthetic studies, made once: see synthetic.py."""

import pytest

from .synthetic import synthetic_resnet, synthetic_vit


@pytest.fixture(scope="session")
def vit():
    return synthetic_vit(blocks=4, embed=192, heads=3)


@pytest.fixture(scope="session")
def resnet():
    return synthetic_resnet(stages=(2, 2))
