"""What Voila and Jupyter are told."""

import os

from traitlets.config import Config

from .serve import NOTEBOOKS, PAGES, Options

# Minutes until a page that vanished gives its kernel back.
GONE = 15


def configuration(options: Options) -> Config:
    """All that Voila and Jupyter are told."""
    config = Config()
    config.Voila.ip = options.address
    config.Voila.port = options.port
    config.Voila.port_retries = 0
    config.Voila.base_url = options.base
    config.Voila.open_browser = True  # calls launch_browser
    config.Voila.root_dir = str(NOTEBOOKS)
    config.Voila.log_level = "ERROR"
    if options.token:
        config.Voila.token = options.token
    settings = config.VoilaConfiguration
    settings.template = "mdp"
    settings.theme = "light"
    settings.allow_template_override = settings.allow_theme_override = "NO"
    settings.strip_sources = True
    settings.show_tracebacks = False
    settings.file_allowlist = []
    settings.preheat_kernel = options.warm > 0
    settings.default_pool_size = options.warm
    # Lab extensions that the page does not need are not loaded.
    settings.extension_allowlist = [
        "@voila-dashboards/widgets-manager8",
        "@jupyter-widgets/jupyterlab-manager",
        "anywidget",
    ]
    # Of all notebooks in the folder only the explorer's stands ready.
    others = [path.name for path in NOTEBOOKS.rglob("*.ipynb") if path.name != PAGES["/"]]
    config.VoilaKernelManager.preheat_denylist = others
    config.VoilaKernelManager.fill_delay = 2.0
    # What a cell shows comes on another channel than the word that it is done, on a busy machine seconds
    # later. After four, the default, a page would be sent without it: blank, and no error anywhere.
    config.VoilaExecutor.iopub_timeout = 120
    config.VoilaExecutor.cell_error_instruction = "Open this notebook with `make lab`: it says why."
    _kernels(config, options.idle)
    return config


def _kernels(config: Config, idle: float | None) -> None:
    """How kernels live and end."""
    if os.name == "posix":
        config.KernelManager.transport = "ipc"  # no port that another user of this machine could talk to
    # A kernel that died is not started again: an empty one is of no use to its page, which offers a new one.
    config.KernelRestarter.restart_limit = 0
    config.KernelRestarter.time_to_dead = 1.0
    # A page that vanished without a word, with its machine or its network, gives its kernel back too.
    config.MappingKernelManager.cull_idle_timeout = int(60 * (idle or GONE))
    config.MappingKernelManager.cull_connected = idle is not None
    config.MappingKernelManager.cull_interval = 60 if idle is None or idle >= 3 else max(1, int(20 * idle))
