"""Public functions that are given something else than they take: a sentence, and nothing is done."""

import pytest
import torch

import mdp
from mdp.core.errors import MdpError

STUDY = "fmnist-vit-cpu"


@pytest.fixture(scope="module")
def study():
    return mdp.load_study(STUDY)


@pytest.fixture(scope="module")
def small():
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 16, 3), torch.nn.BatchNorm2d(16), torch.nn.Flatten(), torch.nn.Linear(16 * 36, 10)
    )


def said(call):
    with pytest.raises(MdpError) as wrong:
        call()
    return str(wrong.value)


def test_what_is_no_plan(study, small, tmp_path):
    net = mdp.prunable(small, torch.randn(1, 1, 8, 8))
    for call in (
        lambda: net.extract("40%"),
        lambda: net.mask("40%"),
        lambda: study.what_if("40%"),
        lambda: mdp.save_plan("40%", tmp_path / "plan.json"),
    ):
        assert said(call) == "Give a plan, as study.solve returns it, not a str."


def test_what_is_no_study(study, tmp_path):
    plan = study.solve("40%")
    for call in (
        lambda: mdp.plot.pareto_front(plan),
        lambda: mdp.plot.survivors(plan, plan),
        lambda: mdp.plot.importance_curve(plan, "embedding"),
        lambda: mdp.plot.latency_surface(plan, "blocks.0"),
        lambda: mdp.plot.methods(plan),
        lambda: mdp.save_study(plan, tmp_path / "study.json"),
    ):
        assert said(call).endswith("as mdp.Study or mdp.load_study returns it, not a Plan.")
    assert not list(tmp_path.iterdir())


def test_what_is_no_network(study, small, tmp_path):
    batches = [(torch.randn(2, 1, 8, 8), torch.zeros(2, dtype=torch.int64))]
    assert "the network to train" in said(lambda: mdp.finetune(study, batches, batches))
    assert "the teacher" in said(lambda: mdp.finetune(small, batches, batches, teacher=study))
    assert "the network to evaluate" in said(lambda: mdp.evaluate(study, batches))
    assert "from net.extract(plan)" in said(lambda: mdp.save(small, tmp_path / "out"))


@pytest.mark.parametrize("size", [28, "28x28", (1, "a", 8)])
def test_what_is_no_size(small, size):
    assert "input_size=(channels, height, width)" in said(lambda: mdp.prunable(small, input_size=size))


@pytest.mark.parametrize("batch", [torch.randn(2, 1, 8, 8), [torch.randn(2, 1, 8, 8)]])
def test_what_is_no_pair(small, batch):
    assert "(images, labels)" in said(lambda: mdp.evaluate(small, [batch]))


@pytest.mark.parametrize("budgets", ["20", 0, -3, 20.0, True])
def test_what_is_no_number_of_budgets(study, budgets):
    assert "Give budgets as a list" in said(lambda: study.front(budgets))


def test_what_is_no_budget_and_no_problem(study):
    assert "finite number, not 40%" in said(lambda: mdp.solve.solve(study.problem, "40%"))
    assert "such as study.problem, not a Study" in said(lambda: mdp.solve.solve(study, 10.0))


def test_pins_as_text_and_as_nothing_of_the_kind(study):
    assert "blocks.3" in study.solve("40%", pins="blocks.3=remove").removed_blocks
    assert 'pins as {"blocks.3": "remove"' in said(lambda: study.solve("40%", pins=["blocks.3"]))
