"""What a network gets right: first answer, first five, per class."""

import pytest
import torch
from torch.utils.data import DataLoader

from mdp.training.batches import as_loader
from mdp.training.evaluation import Evaluation, accuracy, evaluation


class Says(torch.nn.Module):
    """Answers with the images themselves."""

    def __init__(self):
        super().__init__()
        self.nothing = torch.nn.Parameter(torch.zeros(1))

    def forward(self, images):
        return images.flatten(1) + self.nothing


def test_first_answer_first_five_and_classes():
    answers = torch.zeros(3, 7)
    answers[0, 2] = 1.0  # right
    answers[1] = torch.tensor([7.0, 6, 5, 4, 3, 2, 1])  # its class 4 is fifth
    answers[2] = torch.tensor([7.0, 6, 5, 4, 3, 2, 1])  # its class 6 is seventh
    batches = [(answers[:2], torch.tensor([2, 4])), (answers[2:], torch.tensor([6]))]
    found = evaluation(Says(), as_loader(batches))
    assert (found.images, found.top1, found.top5) == (3, pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert found.of_class == ((0, 0), (0, 0), (1, 1), (0, 0), (0, 1), (0, 0), (0, 1))
    told = found.to_json()["classes"]
    assert told[0] is None and told[2]["right"] == 1.0 and told[4]["interval"][0] == 0.0


def test_fewer_than_five_classes_and_no_images():
    found = evaluation(Says(), as_loader([(torch.eye(2), torch.tensor([0, 0]))]))
    assert (found.top1, found.top5) == (0.5, 1.0)
    nothing = DataLoader(torch.utils.data.TensorDataset(torch.zeros(0, 2), torch.zeros(0, dtype=torch.long)))
    assert evaluation(Says(), nothing) == Evaluation(0, 0.0, 0.0, ()) and accuracy(Says(), nothing) == 0.0
