"""Following a network's forward, wherever its weights are."""

from mdp.networks.counts import run_shapes
from mdp.networks.models import create
from mdp.networks.trace import trace
from tests.training.tiny import RESNET


def test_a_network_is_followed_on_its_own_device():
    """A repair on a GPU was given up: the image was on the CPU. The meta device stands for it here."""
    model = create(RESNET).to("meta")
    graph = trace(model, RESNET.input_size)
    assert [node.meta["shape"] for node in graph.graph.nodes][-1] == (1, 10)
    assert run_shapes(model, RESNET.input_size)
