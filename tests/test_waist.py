"""Right of the waist nothing imports torch: that is what makes the page open in seconds."""

import subprocess
import sys

import pytest

OPEN_AND_SOLVE = """
import mdp, mdp.cli, mdp.solve
studies = [s for s in mdp.list_studies() if "error" not in s]
for s in studies:
    study = mdp.load_study(s["path"])
    mdp.solve.solve(study.problem, 0.5 * study.problem.dense_latency)
"""


@pytest.mark.parametrize("code", ["import mdp", OPEN_AND_SOLVE])
def test_no_torch(code):
    check = (
        f"import sys\n{code}\nheavy = {{'torch', 'timm', 'accelerate', 'torchvision'}} & set(sys.modules)\n"
    )
    check += "assert not heavy, heavy"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
