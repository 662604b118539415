"""Voila as we serve it: three pages, this machine only, nothing else reachable. See serve.py for the command.

Import it after `serve.environment()`: Voila reads its search path for templates when imported.
"""

import os
import webbrowser

import tornado.web
from traitlets.config import Config
from voila.app import Voila
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.static_file_handler import AllowListFileHandler
from voila.tornado.contentshandler import VoilaContentsHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.treehandler import TornadoVoilaTreeHandler

from .plot import PLOTLY_JS
from .serve import NOTEBOOKS, PAGES

# Handlers of Voila that show folders, sources or files; we serve known pages instead.
LEFT_OUT = (AllowListFileHandler, TornadoVoilaHandler, TornadoVoilaTreeHandler, VoilaContentsHandler)


class ShutDown(VoilaShutdownKernelHandler):
    """A page that is closed gives its kernel back."""

    def check_xsrf_cookie(self):
        """A closing page cannot send the token that is asked for, and Voila would keep its kernel for ever.
        The kernel's id is as good: 122 random bits that only its own page knows."""


class Server(Voila):
    """A Voila application whose only pages are `PAGES`. `show` opens a browser once it listens."""

    show = False

    def initialize(self, argv=None):
        # No command line and no configuration files of the user's: what is served does not depend on them.
        super().initialize(argv=[])

    def load_config_file(self, *args, **kwargs):
        """Leave other configuration alone."""

    def launch_browser(self):
        """Voila calls this once it listens."""
        print(f"The explorer is at {self.address} (Ctrl+C stops it).", flush=True)
        if self.show:
            webbrowser.open(self.address)

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}/"

    def init_settings(self):
        # A page of another site whose name was pointed at this machine is refused.
        return {
            **super().init_settings(),
            "ws_ping_timeout": 30000,
            "allow_remote_access": False,
            "local_hostnames": ["localhost"],
        }

    def init_handlers(self):
        kept = [h for h in super().init_handlers() if h[1] not in LEFT_OUT]
        kept = [(h[0], ShutDown, *h[2:]) if h[1] is VoilaShutdownKernelHandler else h for h in kept]
        shared = {
            "template_paths": self.template_paths,
            "config": self.config,
            "voila_configuration": self.voila_configuration,
        }
        pages = [
            (address, TornadoVoilaHandler, {"notebook_path": notebook, **shared})
            for address, notebook in PAGES.items()
            if (NOTEBOOKS / notebook).exists()
        ]
        library = (r"/mdp/(plotly\.min\.js)", tornado.web.StaticFileHandler, {"path": str(PLOTLY_JS.parent)})
        return [*pages, library, *kept]


def make_server(port: int, *, warm: int, show: bool = False) -> Server:
    """The server, configured and not started. `warm` kernels stand ready for the explorer."""
    config = Config()
    config.Voila.port = port
    config.Voila.port_retries = 0
    config.Voila.open_browser = True  # calls launch_browser
    config.Voila.root_dir = str(NOTEBOOKS)
    config.Voila.log_level = "ERROR"
    settings = config.VoilaConfiguration
    settings.template = "mdp"
    settings.theme = "light"
    settings.allow_template_override = settings.allow_theme_override = "NO"
    settings.strip_sources = True
    settings.show_tracebacks = False
    settings.file_allowlist = []
    settings.preheat_kernel = warm > 0
    settings.default_pool_size = warm
    if os.name == "posix":
        config.KernelManager.transport = "ipc"  # no port that another user of this machine could talk to
    # Lab extensions that the page does not need are not loaded.
    settings.extension_allowlist = [
        "@voila-dashboards/widgets-manager8",
        "@jupyter-widgets/jupyterlab-manager",
        "anywidget",
    ]
    config.VoilaKernelManager.preheat_denylist = [n for a, n in PAGES.items() if a != "/"]
    config.VoilaKernelManager.fill_delay = 2.0
    # A page that vanished without a word, with its machine or its network, gives its kernel back too.
    config.MappingKernelManager.cull_idle_timeout = 2 * 3600
    config.MappingKernelManager.cull_interval = 300
    server = Server(config=config)
    server.show = show
    server.initialize()
    return server
