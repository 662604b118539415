"""Classifiers that do not take one batch of images: several inputs, or signals."""

import pytest
import torch
from torch import nn

import mdp
from mdp.core.errors import MdpError
from mdp.tasks.classification import Classification

CLASSES = 5


class ImageAndVector(nn.Module):
    """Classes from an image and a vector, with a residual branch of two convolutions beside each other."""

    def __init__(self):
        super().__init__()
        self.stem, self.of_vector = nn.Conv2d(3, 16, 3, 2, 1), nn.Linear(5, 16)
        self.a, self.b = nn.Conv2d(16, 16, 3, padding=1), nn.Conv2d(16, 16, 3, padding=1)
        self.head = nn.Linear(32, CLASSES)

    def forward(self, image, vector):
        x = torch.relu(self.stem(image))
        x = x + self.b(torch.relu(self.a(x)))
        return self.head(torch.cat([x.mean((2, 3)), torch.relu(self.of_vector(vector))], 1))


def signals():
    """Classes from one channel of numbers over time."""
    convolutions = (nn.Conv1d(1, 16, 9, 4), nn.ReLU(), nn.Conv1d(16, 16, 9, 4), nn.ReLU())
    return nn.Sequential(*convolutions, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(16, CLASSES))


CASES = {
    "image and vector": (ImageAndVector, ((3, 8, 8), (5,))),
    "signals": (signals, ((1, 200),)),
}


def batches(shapes, count=4, size=16):
    random = torch.Generator().manual_seed(0)
    return [
        (
            *(torch.randn(size, *shape, generator=random) for shape in shapes),
            torch.randint(CLASSES, (size,), generator=random),
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("method", ["auto", "measured"])
def test_a_classifier_of_other_inputs_is_scored_with_labels(case, method):
    make, shapes = CASES[case]
    torch.manual_seed(0)
    given = batches(shapes)
    net = mdp.prunable(make().eval(), given[0][:-1])
    scores = mdp.score(net, given, method=method, progress=False)
    assert scores.provenance["measured"] > 0 and scores.provenance["measured_images"] == 64


def test_a_classifier_of_two_inputs_is_repaired_tuned_and_judged_by_accuracy():
    torch.manual_seed(0)
    given = batches(CASES["image and vector"][1])
    module = ImageAndVector().eval()
    net = mdp.prunable(module, given[0][:-1])
    study = mdp.Study(net, scores=mdp.score(net, given, progress=False), budget_in="parameters")
    pruned = mdp.repair(net.extract(study.solve("60%")), given, progress=False)
    tuned = mdp.finetune(pruned, given, given[:2], teacher=module, epochs=1, progress=False)
    assert 0 <= mdp.evaluate(tuned, given[:2]) <= 1


def test_without_labels_the_sentence_names_the_task_that_needs_none():
    given = [parts[:-1] for parts in batches(CASES["image and vector"][1])]
    net = mdp.prunable(ImageAndVector().eval(), given[0])
    with pytest.raises(MdpError, match='task="match"'):
        mdp.score(net, given, progress=False)
    assert mdp.score(net, given, method="taylor", task="match", progress=False)


def test_a_block_has_the_same_name_on_every_trace():
    """Or what one process saved would not fit the network that another one finds."""
    example = batches(CASES["image and vector"][1])[0][:-1]
    module = ImageAndVector().eval()
    names = {tuple(b.name for b in mdp.prunable(module, example).space.blocks) for _ in range(8)}
    assert names == {("a",)}


def test_the_dense_classifier_of_two_inputs_is_judged_without_any_other_network():
    torch.manual_seed(0)
    given = batches(CASES["image and vector"][1])
    module = ImageAndVector().eval()
    right = mdp.evaluate(module, given)
    assert right == mdp.evaluate(module, iter(given))  # each batch counts, also of what is read only once
    assert right == sum(int((module(*b[:-1]).argmax(1) == b[-1]).sum()) for b in given) / sum(
        len(b[-1]) for b in given
    )


@pytest.mark.parametrize("kind", [torch.int32, torch.uint8, torch.int64])
def test_class_numbers_of_any_width_are_taken_and_fractions_refused_in_words(kind):
    loss, outputs = Classification().score_loss(), torch.eye(3)
    assert loss(outputs, torch.tensor([0, 1, 2], dtype=kind)) == loss(outputs, torch.eye(3))
    with pytest.raises(MdpError, match=r"Labels are float32.*labels\.long\(\)"):
        loss(outputs, torch.tensor([0.0, 1.0, 2.0]))


@pytest.mark.parametrize("method", ["taylor", "measured"])
def test_what_gives_no_batches_is_refused_in_words(method):
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    net = mdp.prunable(net, input_size=(1, 28, 28))
    for batches in (5, None, torch.zeros(4, 1, 28, 28)):
        with pytest.raises(MdpError, match="Give batches, such as a DataLoader or a list, not a"):
            mdp.score(net, batches, method=method, progress=False)
