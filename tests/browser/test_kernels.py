"""Kernels that die: the warm one before anybody came, and the one behind an open page."""

import contextlib
import time

import psutil
from playwright.sync_api import expect


def kernels(port: str) -> list[psutil.Process]:
    """The kernels of the server that listens on the port."""
    server = next(
        p for p in psutil.process_iter(["cmdline"]) if {"mdp_widgets", port} <= set(p.info["cmdline"] or ())
    )
    found = []
    for process in server.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # ended while we looked; a zombie is one, too
            if "ipykernel_launcher" in " ".join(process.cmdline()):
                found.append(process)
    return found


def end(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=20)


def warm(port: str, seconds: float = 60.0) -> list[psutil.Process]:
    """The kernels of a server on which nobody has a page open, as soon as one stands ready."""
    until = time.monotonic() + seconds
    while not kernels(port):
        assert time.monotonic() < until, "no kernel stands ready"
        time.sleep(0.2)
    return kernels(port)


def open_explorer(page, address):
    page.goto("about:blank")  # the same address again would be no new page
    page.goto(f"{address}/#study=a-vit&budget=6.0&block=blocks.3", wait_until="commit")
    expect(page.get_by_role("grid")).to_be_visible()


def test_a_dead_warm_kernel_keeps_nobody_waiting(quiet, address):
    port = address.rpartition(":")[2]
    for _ in range(2):  # also the one that was started in its place
        end(warm(port))
        open_explorer(quiet, address)
        expect(quiet.locator(".mdp-h-facts")).to_contain_text("synthetic (not measured)")
        expect(quiet.locator("#mdp-notice")).to_have_count(0)


def test_a_kernel_that_dies_is_said_and_the_same_view_comes_back(page, address):
    page.set_default_timeout(60_000)
    open_explorer(page, address)
    expect(page.locator(".mdp-why")).to_contain_text("blocks.3")
    end(kernels(address.rpartition(":")[2]))
    notice = page.get_by_role("alert").filter(has_text="The process behind this page has ended")
    expect(notice).to_be_visible()
    notice.get_by_role("button", name="Open this view again").click()
    expect(page.locator(".mdp-why")).to_contain_text("blocks.3")
    expect(page.get_by_role("textbox", name="Budget", exact=True)).to_have_value("6.00")
    expect(page.locator("#mdp-notice")).to_have_count(0)


def test_a_page_that_is_left_alone_keeps_its_channel(quiet, address):
    """The server's pings once closed every channel after 30 s; what was sent meanwhile was lost."""
    channels = []
    quiet.on("websocket", lambda socket: channels.append(socket))
    open_explorer(quiet, address)
    quiet.wait_for_timeout(33_000)
    assert not any(socket.is_closed() for socket in channels)
    budget = quiet.get_by_role("textbox", name="Budget", exact=True)
    quiet.get_by_role("slider", name="Latency budget").press("PageUp")
    expect(budget).not_to_have_value("6.00")
