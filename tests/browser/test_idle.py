"""`--idle`: a page that nobody uses gives its kernel back, says so, and opens the same view again."""

import contextlib
import os
import socket
import subprocess
import sys

import psutil
import pytest
from playwright.sync_api import expect

from mdp.core.study import save_study

from ..synthetic import synthetic_vit
from .conftest import REPO
from .test_kernels import kernels


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """A server that ends what was idle for eighteen seconds."""
    data = tmp_path_factory.mktemp("idle")
    save_study(synthetic_vit(blocks=6, embed=192), data / "user" / "studies" / "a-vit.json")
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--port", str(port), "--warm", "0", "--idle", "0.3", "--no-long-work"]
    server = subprocess.Popen(
        [sys.executable, "-m", "mdp_widgets", *words],
        cwd=REPO, env={**os.environ, "MDP_DATA": str(data)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert f"http://localhost:{port}/" in server.stdout.readline()
    yield f"http://localhost:{port}"
    server.terminate()
    server.wait(timeout=30)


def test_an_idle_page_gives_its_kernel_back_and_opens_the_same_view_again(page, impatient):
    page.set_default_timeout(60_000)
    page.goto(f"{impatient}/#study=a-vit&budget=6.0&block=blocks.3", wait_until="commit")
    expect(page.locator(".mdp-why")).to_contain_text("blocks.3")
    (kernel,) = kernels(impatient.rpartition(":")[2])
    notice = page.get_by_role("alert").filter(has_text="was idle for long")
    expect(notice).to_be_visible()
    _, alive = psutil.wait_procs([kernel], timeout=20)
    assert not alive
    notice.get_by_role("button", name="Open this view again").click()
    expect(page.locator(".mdp-why")).to_contain_text("blocks.3")
    expect(page.get_by_role("textbox", name="Budget", exact=True)).to_have_value("6.00")
