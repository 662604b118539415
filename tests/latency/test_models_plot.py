"""The plot of what simpler latency models predict."""

from xml.etree import ElementTree

from benchmarks.latency_plot import models_svg


def test_every_network_of_every_model_has_its_mark():
    rows = [
        {
            "study": "A & B",
            "measured": [2.0, 4.0],
            "predicted": {"(a) linear": [3.0, 4.0], "(c) ours": [2, 4]},
        },
        {"study": "C", "measured": [5.0], "predicted": {"(b') split": [1.0]}},
    ]
    root = ElementTree.fromstring(models_svg(rows))
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert tags.count("circle") == 2 + 1 and tags.count("polygon") == 3 + 2  # the legend has one of each
    assert "A & B" in "".join(root.itertext())
