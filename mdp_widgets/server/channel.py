"""The channels between a page and its kernel, each frame looked at before Jupyter reads it."""

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.websocket import WebSocketHandler
from voila.request_info_handler import RequestInfoSocketHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from .frames import BadFrame, Held, read_frame

# "Message violates policy", as a page's script reads it (RFC 6455, 7.4.1).
REFUSED = 1008
# "Going away".
GONE = 1001


class Channel(VoilaKernelWebsocketHandler):
    """What a page and its kernel say to each other. A bad frame closes it; the server and others go on."""

    def on_message(self, ws_message):
        if self.kernel_id not in self.kernel_manager:  # ended since, by its page or because it was idle
            self.close(GONE, "The kernel of this page has ended.")
            return
        try:
            message = read_frame(ws_message, self.selected_subprotocol)
            self._held().take(message, len(ws_message))
        except BadFrame as error:
            self.log.error("A channel was closed: it brought %s.", error)
            self.close(REFUSED, "This message is none of the page's.")
            return
        super().on_message(ws_message)

    def _held(self) -> Held:
        """Of the kernel, not of this channel: a page may open several."""
        kernel = self.kernel_manager.get_kernel(self.kernel_id)
        if not hasattr(kernel, "mdp_held"):
            kernel.mdp_held = Held()
        return kernel.mdp_held

    def write_error(self, status_code, **how):
        """Scripts ask here, such as a page's whose kernel has ended: they need no page that says so."""
        self.finish()

    def on_close(self):
        if getattr(self, "connection", None) is not None:  # it may have been refused before it was there
            super().on_close()


class Query(WebSocketMixin, RequestInfoSocketHandler, JupyterHandler):
    """What the request for a page was, for its kernel: asked with the token, under this server's name."""

    def set_default_headers(self):
        """Those of a page make no sense here."""

    @ws_authenticated
    async def get(self, *args, **kwargs):
        await WebSocketHandler.get(self, *args, **kwargs)
