"""Processes that read images: bytes from them, no more than there is room for, and no wait without end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from mdp import datasets
from mdp.core.errors import BadFile, MdpError
from mdp.core.study import ModelRef
from mdp.datasets.batches import feed
from mdp.datasets.loader import as_it_is, loader
from mdp.datasets.normalize import Normalize
from mdp.datasets.workers import Crew, crew_for
from mdp.networks.models import DataConfig

REF = ModelRef("resnet10t", "none", (3, 32, 32), 2)


@pytest.fixture
def pictures(tmp_path):
    random = np.random.default_rng(0)
    for name in "ab":
        (tmp_path / name).mkdir()
        for i in range(20):
            pixels = random.integers(0, 256, (40, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{i}.png")
    return datasets.find(tmp_path)


def test_workers_send_bytes_and_the_feed_makes_floats(pictures):
    batches = loader(pictures.train, pictures, REF, 8, workers=2)
    raw = torch.cat([images for images, _ in batches])
    fed = torch.cat([images for images, _ in feed(batches, "cpu")])
    assert raw.dtype == torch.uint8 and fed.dtype == torch.float32
    assert torch.allclose(fed, Normalize(batches.dataset.config)(raw))


def test_floats_of_anybody_pass_and_bytes_of_nobody_do_not():
    images = torch.randn(2, 3, 4, 4)
    normalize = Normalize(DataConfig((3, 4, 4), (0.5,) * 3, (0.25,) * 3))
    assert normalize(images) is images
    white = torch.full((1, 3, 2, 2), 255, dtype=torch.uint8)
    assert torch.equal(normalize(white), torch.full((1, 3, 2, 2), 2.0))
    assert next(feed([(images, torch.zeros(2))]))[0] is images
    with pytest.raises(MdpError, match="does not say how to normalise"):
        next(feed([(images.byte(), torch.zeros(2))]))


@pytest.mark.parametrize("free", [0, 1, 16e6, 64e6, 128e6, 1e9, 8e9, float("inf")])
@pytest.mark.parametrize("batch", [16, 128, 250, 4096])
@pytest.mark.parametrize("cores", [1, 2, 64])
@pytest.mark.parametrize("processes", ["1", "4"])
def test_a_crew_fits_its_memory(free, batch, cores, processes, monkeypatch):
    monkeypatch.setenv("LOCAL_WORLD_SIZE", processes)
    crew = crew_for(10**6, batch, (3, 224, 224), lambda: free, lambda most: min(most, cores))
    assert crew.workers <= min(8, cores) and crew.threads <= 8
    if crew.workers:
        assert (crew.workers * crew.ahead + 2) * batch * 3 * 224 * 224 * int(processes) <= free / 2
    else:
        assert crew.threads == min(8, cores)
    if free > 1e12:
        assert crew == Crew(max(1, min(8, cores // int(processes))))


def test_no_more_workers_than_batches():
    assert crew_for(20, 16, (3, 224, 224), lambda: 1e12, lambda most: 8).workers == 2


def test_without_room_the_main_process_reads(pictures, monkeypatch):
    monkeypatch.setattr("mdp.datasets.loader.crew_for", lambda *_: Crew(0, threads=4))
    batches = loader(pictures.train, pictures, REF, 8)
    again = loader(pictures.train, pictures, REF, 8, workers=0)
    assert batches.num_workers == 0 and batches.dataset.threads == 4
    assert all(torch.equal(a, b) for (a, _), (b, _) in zip(batches, again, strict=True))


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts a small /dev/shm")
def test_64_mb_are_enough_and_too_few_is_a_sentence(pictures):
    code = (
        "import sys\nfrom mdp import datasets\nfrom mdp.datasets.batches import feed\n"
        "from mdp.datasets.loader import loader\nfrom mdp.core.study import ModelRef\n"
        "source = datasets.find(sys.argv[1])\nref = ModelRef('resnet10t', 'none', (3, 1024, 1024), 2)\n"
        "print(sum(len(y) for _, y in feed(loader(source.train, source, ref, 32))))\n"
        "try:\n    list(feed(loader(source.train, source, ref, 32, workers=2)))\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
    )
    mount = 'mount -t tmpfs -o size=64m tmpfs /dev/shm && exec "$@"'
    root = pictures.train.files[0].parent.parent
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", mount, "sh", sys.executable, "-c", code, str(root)],
        capture_output=True, text=True, timeout=200, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        pytest.skip("no mounts here")
    first, second = done.stdout.splitlines()
    assert first == "32" and second.startswith("MdpError") and "--shm-size" in second, done.stderr


class Failing:
    """A data set whose worker does something instead of reading."""

    def __init__(self, do):
        self.do = do

    def __len__(self):
        return 4

    def __getitems__(self, indices):
        self.do()


def stall():
    time.sleep(60)


def die():
    os.kill(os.getpid(), signal.SIGBUS)


def refuse():
    raise BadFile("The image x.png cannot be read (cut off). Remove it or replace it.")


def fill():
    raise RuntimeError("unable to allocate shared memory(shm) for file </t>: No space left on device (28)")


@pytest.mark.parametrize(
    ("do", "kind", "said"),
    [
        (stall, MdpError, "did not answer .*shm-size"),
        (die, MdpError, "shm-size"),
        (fill, MdpError, "shares with this one .unable|RuntimeError: unable.*shm-size"),
        (refuse, BadFile, r"^The image x\.png cannot be read \(cut off\)\. Remove it or replace it\.$"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_worker_that_fails_is_a_sentence(do, kind, said):
    # Only a worker that stalls is waited for in vain; a busy machine takes seconds to start any.
    wait = 2 if do is stall else 100
    batches = DataLoader(Failing(do), batch_size=2, num_workers=1, collate_fn=as_it_is, timeout=wait)
    with pytest.raises(kind, match=said) as caught:
        list(feed(batches))
    assert "Traceback" not in str(caught.value) and "\n" not in str(caught.value)


def test_every_loader_with_workers_waits_with_an_end(pictures):
    assert loader(pictures.train, pictures, REF, 8, workers=1).timeout > 0


def test_an_epoch_is_the_same_whether_or_not_the_workers_did_one_before(pictures):
    def epoch(batches, number):
        batches.sampler.epoch = number
        torch.manual_seed(number)
        return torch.cat([images for images, _ in feed(batches)])

    one = loader(pictures.train, pictures, REF, 8, train=True, workers=2)
    assert one.persistent_workers
    epoch(one, 0)
    other = loader(pictures.train, pictures, REF, 8, train=True, workers=0)
    assert torch.equal(epoch(one, 1), epoch(other, 1))
