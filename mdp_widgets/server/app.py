"""Voila as we serve it: three pages and nothing else reachable. See serve.py for the command.

Import it after `serve.environment()`: Voila reads its search path for templates when imported.
"""

import contextlib
import logging
import shutil
import signal
import webbrowser

import tornado.ioloop
import tornado.web
from jupyter_server.base.handlers import JupyterHandler
from voila.app import Voila
from voila.request_info_handler import RequestInfoSocketHandler
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.static_file_handler import AllowListFileHandler, TemplateStaticFileHandler
from voila.tornado.contentshandler import VoilaContentsHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler
from voila.tornado.treehandler import TornadoVoilaTreeHandler

from ..classroom.desk import Desk
from ..classroom.routes import class_routes
from ..theme.markup import html
from ..theme.plotly_js import plotly_js
from .channel import Channel, Query
from .configuration import configuration
from .kernels import alive, end_all, keep_every_message, spare_warm
from .page import Page, sentence_page
from .secrecy import keep_secret
from .serve import NOTEBOOKS, PAGES, Options

# Handlers of Voila that show folders, sources or files; we serve known pages instead.
LEFT_OUT = (AllowListFileHandler, TornadoVoilaHandler, TornadoVoilaTreeHandler, VoilaContentsHandler)


class ShutDown(VoilaShutdownKernelHandler):
    """A page that is closed gives its kernel back."""

    def check_xsrf_cookie(self):
        """A closing page cannot send the token that is asked for, and Voila would keep its kernel for ever.
        The kernel's id is as good: 122 random bits that only its own page knows."""


class TemplateFiles(TemplateStaticFileHandler):
    """Scripts and styles of the page."""

    async def get(self, *args, **kwargs):
        try:
            await super().get(*args, **kwargs)
        except (AssertionError, ValueError):  # a path that leads out of them is not there, and no accident
            raise tornado.web.HTTPError(404) from None


# Handlers of Voila in whose place stand ours.
REPLACED = {
    VoilaShutdownKernelHandler: ShutDown,
    TemplateStaticFileHandler: TemplateFiles,
    VoilaKernelWebsocketHandler: Channel,
    RequestInfoSocketHandler: Query,
}


class Login(tornado.web.RequestHandler):
    """Where those without the token arrive. The page that it leads to keeps the token as a cookie."""

    def initialize(self, base: str):
        self.base = base

    def get(self):
        asked = self.get_query_argument("next", "")
        known = [self.base + page for page in ("class", *(address[1:] for address in PAGES))]
        self.finish(
            sentence_page(
                html(
                    "<p>This explorer is open to those who know its token.</p>"
                    "<form action='{page}'><label>Token "
                    "<input name='token' type='password' autofocus></label> <button>Open</button></form>",
                    page=asked if asked in known else self.base,
                )
            )
        )


class Library(tornado.web.RequestHandler):
    """One script, asked for anew only when it changed."""

    def initialize(self, script: bytes):
        self.script = script

    def get(self):
        self.set_header("Content-Type", "text/javascript; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        self.finish(self.script)  # tornado answers 304 to the tag of the same script


class Packed(tornado.web.GZipContentEncoding):
    """Scripts and styles go over a room's network in a third of their size; pages stay as they are."""

    # Packed anew for every visitor: higher levels take three times as long and save a tenth.
    GZIP_LEVEL = 1

    def _compressible_type(self, ctype: str) -> bool:
        return ctype in ("text/javascript", "application/javascript", "text/css")


class Alive(JupyterHandler):
    """Whether a page's kernel still runs; the page asks now and again."""

    @tornado.web.authenticated
    async def get(self, kernel_id):
        self.set_header("Cache-Control", "no-store")
        self.finish({"alive": await alive(self.kernel_manager, kernel_id)})


class Server(Voila):
    """A Voila application whose only pages are `PAGES`."""

    options = Options()
    desk: Desk | None = None  # where a class's answers arrive; None without --class

    def initialize(self, argv=None):
        # No command line and no configuration files of the user's: what is served does not depend on them.
        super().initialize(argv=[])

    def load_config_file(self, *args, **kwargs):
        """Leave other configuration alone."""

    def launch_browser(self):
        """Voila calls this once it listens."""
        # Ctrl+C ends it between two things that it does, as SIGTERM does, not in the middle of one.
        loop = tornado.ioloop.IOLoop.current()
        signal.signal(signal.SIGINT, lambda *_: loop.add_callback_from_signal(loop.stop))
        with contextlib.suppress(OSError, ValueError):  # nobody reads it, or the disk is full
            print(f"The explorer is at {self.options.link} (Ctrl+C stops it).", flush=True)
            if self.desk is not None:
                print(class_words(self.options, self.desk), flush=True)
        if self.options.browser:
            webbrowser.open(self.options.link)

    def stop(self):
        """End at once: a page's kernel holds nothing that its address does not, long work is in processes of
        its own, and a kernel that is asked to end while it starts answers with a traceback."""
        self.ioloop.run_sync(lambda: end_all(self.kernel_manager))
        shutil.rmtree(self.connection_dir, ignore_errors=True)

    def init_settings(self):
        # A page of another site whose name was pointed at this machine is refused: by its name where only
        # this machine may visit, by the token everywhere else.
        settings = super().init_settings()
        spare_warm(self.kernel_manager)
        keep_every_message(self.kernel_manager)
        return {
            **settings,
            "transforms": [] if self.options.local else [Packed],
            "allow_remote_access": not self.options.local,
            "local_hostnames": ["localhost", *self.options.hosts],
            **({"allow_origin": self.options.origin} if self.options.url else {}),
        }

    def init_handlers(self):
        kept = [h for h in super().init_handlers() if h[1] not in LEFT_OUT]
        kept = [(h[0], REPLACED.get(h[1], h[1]), *h[2:]) for h in kept]
        base = self.options.base
        shared = {
            "pages": self.options.pages,
            "template_paths": self.template_paths,
            "config": self.config,
            "voila_configuration": self.voila_configuration,
        }
        pages = [
            (base + address.lstrip("/"), Page, {"notebook_path": notebook, **shared})
            for address, notebook in PAGES.items()
            if (NOTEBOOKS / notebook).exists()
        ]
        ours = [
            (base + r"mdp/plotly\.min\.js", Library, {"script": plotly_js().encode()}),
            (base + "login", Login, {"base": base}),
            (base + r"mdp/kernel/([0-9a-f-]{36})", Alive),
        ]
        if base != "/":
            ours.append((base.rstrip("/"), tornado.web.RedirectHandler, {"url": base}))
        ours += class_routes(base, self.options.link_to("class"), self.desk, NOTEBOOKS)
        return [*pages, *ours, *kept]


def class_words(options: Options, desk: Desk) -> str:
    """What is printed for the teacher: the links, and whether a class goes on that was begun before."""
    lines = [
        f"Pupils join the class at {options.link_to('class')}",
        f"The teacher's page is at {options.teacher_link(desk.keys.teacher)} (keep this link to yourself).",
    ]
    if desk.room is not None and desk.room.pupils:
        count = len(desk.room.pupils)
        lines.append(f"The class of before goes on, with {count} in it; end it on the teacher's page.")
    return "\n".join(lines)


def make_server(options: Options, desk: Desk | None = None) -> Server:
    """The server, configured and not started; with a class where there is a `desk`."""
    # jupyter_server waits three intervals of 30 s for the answer to a ping, and tornado warns that its own
    # pings, which it does not send here, may wait for one. One here closes every page's channel after 30 s.
    logging.getLogger("tornado.general").setLevel(logging.ERROR)
    keep_secret(options.token)
    config = configuration(options)
    if desk is not None:
        keep_secret(desk.keys.teacher)
        config.Voila.cookie_secret = desk.keys.cookies  # pages stay open over a restart
    server = Server(config=config)
    server.options, server.desk = options, desk
    server.initialize()
    return server
