"""The front door: every public name is there, typed, documented, and its example runs."""

import doctest
import importlib
import inspect

import pytest

import mdp

MODULES = sorted({f"mdp.{home}" for home in mdp._HOMES} | {"mdp.plot", "mdp.plot.public"})


def test_every_public_name_is_there_and_says_what_it_is():
    for name in mdp.__all__:
        thing = getattr(mdp, name)
        assert inspect.getdoc(thing), f"mdp.{name} has no docstring"
    assert set(mdp._HOME) | set(mdp._ROOMS) == set(mdp.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        mdp.nothing  # noqa: B018


@pytest.mark.parametrize("module", MODULES)
def test_examples_run(module, monkeypatch, tmp_path):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    failed, _ = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert not failed


def test_every_function_has_an_example():
    functions = [name for name in mdp.__all__ if inspect.isfunction(getattr(mdp, name))]
    assert len(functions) >= 15
    assert not [name for name in functions if ">>>" not in inspect.getdoc(getattr(mdp, name))]


@pytest.fixture(scope="module")
def own():
    """A stranger's network with its tables and scores: an untrained ConvNeXt of a few channels."""
    import timm
    import torch

    torch.manual_seed(0)
    model = timm.create_model("test_convnext", num_classes=3, drop_path_rate=0.1).train()
    net = mdp.prunable(model, input_size=(3, 64, 64))
    assert model.training, "the model that is given is left as it is"
    tables = mdp.profile(net, mdp.Deployment("cpu", batch_size=1, threads=1), seconds=1, progress=False)
    batches = [(torch.randn(4, 3, 64, 64), torch.tensor([0, 1, 2, 0])) for _ in range(2)]
    return net, tables, batches


def test_from_a_module_to_a_tuned_module_with_a_loss_of_ones_own(own, tmp_path):
    import torch

    net, tables, batches = own
    asked = []

    def loss(outputs, labels):
        asked.append(len(labels))
        return torch.nn.functional.multi_margin_loss(outputs, labels)

    study = mdp.Study(net, tables, mdp.score(net, batches, loss=loss, progress=False), name="Mine")
    assert study.model.weights == "memory" and asked == [4, 4]
    plan = study.solve("70%", pins={study.problem.blocks[0].name: "keep"})
    assert plan.is_optimal and plan.latency <= 0.7 * study.problem.dense_latency
    pruned = net.extract(plan)
    before = {name: tensor.clone() for name, tensor in pruned.state_dict().items()}
    tuned = mdp.finetune(pruned, batches, batches, teacher=net.model, loss=loss, epochs=1, progress=False)
    assert len(tuned.history) == 1 and len(asked) > 2
    assert all(torch.equal(before[n], t) for n, t in pruned.state_dict().items()), "a copy is trained"
    mdp.save(tuned, tmp_path / "out")
    with torch.no_grad():
        assert torch.equal(mdp.load(tmp_path / "out")(batches[0][0]), tuned(batches[0][0]))
    again = mdp.load_study(study.save(tmp_path / "study.json"))
    mdp.save_plan(again.solve("70%"), tmp_path / "plan.json")
    with pytest.raises(mdp.MdpError, match="does not say which units are kept"):
        net.extract(mdp.load_plan(tmp_path / "plan.json"))
    assert net.extract(mdp.load_plan(tmp_path / "plan.json"), again.scores)


def test_what_is_mistaken_is_a_sentence(own, tmp_path):
    net, tables, batches = own
    scores = mdp.score(net, method="magnitude", progress=False)
    study = mdp.Study(net, tables, scores)
    for call, said in (
        (lambda: mdp.prunable("resnet50"), "torch.nn.Module can be pruned, not a str"),
        (lambda: mdp.prunable(net.model.stem, input_size=(5, 8, 8)), "does not take images of 5 x 8 x 8"),
        (lambda: mdp.prunable(net.model, input_size=(5, 64, 64)), "does not take images of 5 x 64 x 64"),
        (lambda: mdp.profile(net.model), "what mdp.prunable"),
        (lambda: mdp.score(net.model, batches), "what mdp.prunable"),
        (lambda: mdp.profile(net, "tpu"), "device 'tpu' is unknown"),
        (lambda: mdp.Study(net, scores, tables), "tables from mdp.profile"),
        (lambda: study.solve("much"), "not a number"),
        (lambda: study.solve("50%", pins={"no": "keep"}), "no block or dim 'no'"),
        (lambda: study.solve("50%", pins={study.problem.blocks[0].name: 3}), '"keep" or "remove"'),
        (lambda: mdp.finetune(net.model, iter(batches), batches), "read anew in every epoch"),
        (lambda: mdp.finetune(net.model, [], batches), "no batches"),
        (lambda: mdp.save(net.model, tmp_path), "Only a pruned network"),
        (lambda: mdp.export_onnx(net.model, tmp_path / "n.onnx"), "input_size="),
    ):
        with pytest.raises(mdp.MdpError) as caught:
            call()
        assert said in str(caught.value)


def test_what_a_notebook_shows_is_short(own):
    net, tables, _ = own
    scores = mdp.score(net, method="magnitude", progress=False)
    study = mdp.Study(net, tables, scores, name="<b>Mine</b>")
    plan = study.solve("80%")
    assert all(len(repr(thing)) < 200 for thing in (net, tables, scores, study))
    assert all(len(thing._repr_html_()) < 20_000 for thing in (net, study, plan))
    assert "<b>Mine" not in study._repr_html_() + plan._repr_html_()
    assert str(plan).startswith("<b>Mine</b>: ") and "proven optimal" in str(plan) and len(str(plan)) < 200
