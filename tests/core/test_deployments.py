"""Several deployments of one network in one study: held together, switched, saved, proven for all."""

import dataclasses
import json

import numpy as np
import pytest

import mdp
from mdp.cli import main
from mdp.core.deployments import as_saved, common_options, deployed, narrowed, usual_name, with_deployments
from mdp.core.errors import BadFile, Infeasible, MdpError
from mdp.core.study import Tables, save_study
from mdp.core.study_json import study_from_json, study_to_json

STUDY = "fmnist-vit-cpu"


def slower(tables, seed=0) -> Tables:
    """Tables of a made-up device: about three times as slow, and otherwise weighted."""
    rng = np.random.default_rng(seed)
    terms = tuple(dataclasses.replace(t, values=t.values * rng.uniform(2, 4)) for t in tables.terms)
    facts = {"device": "test laptop", "batch": 1, "dtype": "float32", "launch": "onnxruntime"}
    return Tables(terms, facts)


@pytest.fixture(scope="module")
def study():
    one = mdp.load_study(STUDY)
    return mdp.Study.of(with_deployments(one, "server", {"laptop": slower(one.tables)}))


@pytest.fixture
def path(study, tmp_path):
    return save_study(study, tmp_path / "two.json")


def test_one_plan_is_proven_for_both(study):
    free = study.solve("40%")
    most = 0.8 * study.problem.uses(free.choices, free.removed_blocks)["laptop"]
    plan = study.solve("40%", limits={"laptop": f"{most!r}ms"})
    assert plan.is_optimal and plan.limits["laptop"].used <= most and plan.importance < free.importance
    by_milp = study.solve("40%", limits={"laptop": most}, solver="milp")
    assert by_milp.importance == pytest.approx(plan.importance, rel=1e-6)
    with pytest.raises(Infeasible, match="laptop"):
        study.solve("40%", limits={"laptop": "0.001ms"})


def test_another_deployment_can_be_the_budget(study):
    other = study.on("laptop")
    assert other.deployments == ("laptop", "server") and study.deployments == ("server", "laptop")
    assert other.problem.dense_latency == study.problem.dense_use("laptop")
    assert other.problem.dense_use("server") == study.problem.dense_latency
    assert other.tables.provenance["device"] == "test laptop"
    there = other.solve("50%", limits={"server": "45%"})
    here = study.solve("45%", limits={"laptop": "50%"})
    assert there.importance == pytest.approx(here.importance)
    assert other.on("server").problem.fingerprint == study.problem.fingerprint
    with pytest.raises(MdpError, match="has no deployment 'phone'"):
        study.on("phone")


def test_files_hold_all_and_read_old_ones(study, path):
    data = json.loads(path.read_text())
    assert data["problem"]["format"] == "mdp-problem/2" and data["deployments"]["name"] == "server"
    read = mdp.load_study(path)
    assert read.deployments == study.deployments and read.problem.fingerprint == study.problem.fingerprint
    assert "deployments" not in study_to_json(mdp.load_study(STUDY))
    at = mdp.load_study(f"{path}@laptop")
    assert at.place == f"{path}@laptop" and at.deployment == "laptop"
    # What is known of the other is saved without another one leading the file.
    save_study(dataclasses.replace(at, verification={"median_error": 0.03}), path)
    again = mdp.load_study(path)
    assert again.deployment == "server" and again.on("laptop").verification == {"median_error": 0.03}
    assert again.verification == study.verification and as_saved(at).deployment == "server"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["deployments"]["others"][0].update(name="phone"), "has no tables of times"),
        (lambda d: d["problem"]["resources"][0].update(unit="params"), "has no tables of times"),
        (lambda d: d["deployments"].update(name="laptop"), "Two deployments"),
        (lambda d: d["deployments"]["others"][0]["latency"].update(provenance={}), "does not say its device"),
        (lambda d: d["deployments"].pop("others"), "damaged"),
        (lambda d: d["deployments"]["others"][0].update(verification="good"), "odd verification"),
        (lambda d: d["deployments"]["others"][0]["latency"].update(details=[1]), "damaged"),
        (lambda d: d["problem"]["resources"][0]["terms"].__delitem__(slice(1, None)), "lacks the latency"),
        (lambda d: d["problem"]["resources"][0]["terms"][0].update(values=-1.0), "damaged|negative"),
    ],
)
def test_damaged_files_are_refused(study, change, said):
    data = json.loads(json.dumps(study_to_json(study)))
    change(data)
    with pytest.raises(MdpError, match=said):
        study_from_json(data)


def test_seconds_become_milliseconds(study):
    data = json.loads(json.dumps(study_to_json(study)))
    resource = data["problem"]["resources"][0]
    for term in resource["terms"]:
        term["values"] = (np.array(term["values"]) / 1000).tolist()
    resource["unit"] = "s"
    read = study_from_json(data)
    assert read.problem.resource["laptop"].unit == "ms"
    assert read.problem.dense_use("laptop") == pytest.approx(study.problem.dense_use("laptop"))


def test_a_counted_study_has_no_deployments(study, path):
    own = study.problem.resource["parameters"]
    facts = {**study.tables.provenance, "counted": "parameters"}
    counted = dataclasses.replace(mdp.load_study(STUDY), tables=Tables(own.terms, facts))
    with pytest.raises(BadFile, match="counted, not timed"):  # its parameters would become milliseconds
        with_deployments(counted, "server", {"laptop": slower(study.tables)})


def test_at_signs_name_one_deployment_of_what_is_there(path, tmp_path):
    with pytest.raises(BadFile, match="File name too long"):  # said, not followed to the last at sign
        mdp.load_study("a" + "@b" * 3000)
    with pytest.raises(BadFile, match=r"no study at .*me@work/two\.json"):
        mdp.load_study("/home/me@work/two.json")
    with pytest.raises(BadFile, match=r"no study at '?@laptop"):
        mdp.load_study("@laptop")
    folder = tmp_path / "me@work"
    folder.mkdir()
    path.rename(folder / "two.json")
    assert mdp.load_study(f"{folder}/two.json@laptop").deployment == "laptop"


def test_names_can_stand_in_addresses():
    one = mdp.load_study(STUDY)
    for name in ("a=b", "parameters", "", "x@y", "a b", "latency"):
        with pytest.raises(MdpError, match="cannot be called"):
            with_deployments(one, "server", {name: one.tables})
    assert usual_name(slower(one.tables)) == "onnxruntime"
    assert usual_name(one.tables, ("eager",)) == "eager-2"


def test_only_widths_that_all_have_are_kept(study):
    dims = {d.name: d.options for d in study.problem.dims}
    name = next(iter(dims))
    fewer = {**dims, name: (*dims[name][:3], dims[name][-1])}
    keep = common_options([dims, fewer])
    assert keep == fewer
    for term in narrowed(study.tables.terms, dims, keep):
        assert term.values.shape == tuple(len(keep[d]) for d in term.dims)
    with pytest.raises(MdpError, match="no width of"):
        common_options([dims, {**dims, name: dims[name][-1:]}])
    with pytest.raises(MdpError, match="of other networks"):
        common_options([dims, {"x": (1,)}])


def test_the_command_line_limits_and_switches(capsys, path, study):
    assert main(["solve", str(path), "--budget", "9ms", "--deployment", "laptop=20ms", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["optimal"] is True and data["limits"]["laptop"]["used"] <= 20 and data["latency"] <= 9
    assert main(["solve", str(path), "--budget", "50%", "--deployment", "laptop", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["budget"] == pytest.approx(0.5 * study.problem.dense_use("laptop"))
    for words, said in (
        (["--deployment", "phone"], "has no deployment"),
        (["--deployment", "phone=3ms"], "holds no 'phone' to limit"),
        (["--deployment", "laptop", "--deployment", "server"], "of one deployment"),
        (["--deployment", "laptop=3MB"], "cannot be used"),
    ):
        assert main(["solve", str(path), "--budget", "50%", *words]) == 2
        assert said in capsys.readouterr().err


def test_deployments_are_not_those_of_another_network(study):
    with pytest.raises(BadFile, match="lacks the latency"):
        with_deployments(
            mdp.load_study(STUDY), "server", {"laptop": Tables((), slower(study.tables).provenance)}
        )
    assert deployed(study, "server") is study
