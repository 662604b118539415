"""What somebody types as an address of the server: it works as a browser sees it, or it is a sentence."""

import socket

import pytest

from mdp_widgets.server.configuration import configuration
from mdp_widgets.server.serve import Options, main, refusal


@pytest.mark.parametrize(
    ("url", "link", "host"),
    [
        ("https://lab.example/", "https://lab.example/", "lab.example"),
        ("HTTPS://Lab.Example:443/Pruning", "https://lab.example/Pruning/", "lab.example"),
        ("http://lab.example:80", "http://lab.example/", "lab.example"),
        ("http://lab.example:8080/a/b/", "http://lab.example:8080/a/b/", "lab.example"),
        ("https://lab.example:/", "https://lab.example/", "lab.example"),
        ("https://müller.example/", "https://xn--mller-kva.example/", "xn--mller-kva.example"),
        ("https://[::1]:8443/x/", "https://[::1]:8443/x/", "::1"),
        ("https://10.0.0.7/user/me@x/%7Ea/", "https://10.0.0.7/user/me@x/%7Ea/", "10.0.0.7"),
    ],
)
def test_an_address_as_browsers_know_it(url, link, host):
    """The origin that a browser sends has no port that is its scheme's own, and no capital letter."""
    options = Options(url=url, port=_free())
    assert refusal(options) == ""
    assert (options.link, options.hosts) == (link, [host])
    assert options.link.startswith(options.origin + "/") and options.origin.count("/") == 2
    assert configuration(options).Voila.base_url == options.base


@pytest.mark.parametrize(
    "url",
    [
        "https://[::1", "https://h:0/", "https://h:99999/", "https://h/a//b", "https://h/../x", "https://h/%2e%2E/x",
        "https://h/./", "https://h/%00", "https://h/%2fx", "https://h/%5c", "https://ho st/", "https://h\x1b[2J/",
        "https://a,b/", 'https://h"x/', "https://<b>/", "https://h/\n", "https://*.x/", "https://h\\x/",
        "//h/", "https://" + "a" * 300 + ".x/", "https://h/" + "a" * 5000, "https://@h/", "https://.../", "https://-a/",
        "https://\ud800/",
    ],
)  # fmt: skip
def test_what_no_browser_can_open_is_a_sentence(url):
    said = refusal(Options(url=url))
    assert "no address of a site" in said and said.isprintable() and len(said) < 300


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--address", "300.1.1.1"], "Nothing can listen at --address 300.1.1.1"),
        (["--address", "no host"], "Nothing can listen"),
        (["--address", "\x1b[2J"], "Nothing can listen"),
        (["--address", "a" * 300], "Nothing can listen"),
        (["--address", "192.0.2.1"], "Use localhost"),
        (["--idle", "inf"], "idle minutes"),
        (["--idle", "1e300"], "idle minutes"),
        (["--warm", "999999999"], "stand ready"),
        (["--pages", "9" * 30], "takes up to"),
        (["--token", "a\nb"], "not printable"),
        (["--token", "x" * 9000], "longer than"),
    ],
)
def test_what_cannot_be_served_is_a_sentence(words, said, capsys):
    assert main(["--port", str(_free()), *words]) == 2
    err = capsys.readouterr().err
    assert said in err and "Traceback" not in err and err.strip().isprintable()


def test_a_port_that_is_taken_elsewhere_than_on_this_machines_own_name():
    with socket.socket() as taken:
        taken.bind(("127.0.0.2", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"Port {port} is in use at 127.0.0.2" in refusal(Options(address="127.0.0.2", port=port))


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
