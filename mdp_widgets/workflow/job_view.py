"""One job on the page: its title, progress, time left, messages, Cancel, and how it ended."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import ipywidgets as widgets
from traitlets import Instance, Unicode

from mdp import jobs
from mdp.core.errors import MdpError
from mdp.jobs import JobState

from ..theme import ui
from ..theme.markup import Markup, html, joined
from .components import long_work
from .job_facts import JobFacts, job_facts
from .job_poll import Watcher

# How often a view that shows no running job looks for one of its kinds that somebody else has started.
SECONDS_ELSEWHERE = 2.0


class JobView(widgets.VBox):
    """Shows a job of the given kinds, watches it while it runs, and finds it again on a new page. One that
    another page or a terminal starts (`python -m mdp finetune ... --job FOLDER`) appears within seconds.

        view = JobView("finetune")
        view.start(["finetune", "fmnist_vit", "--budget", "40%"], "Fine-tune the ViT")

    Traits:
        job_id: the job shown; "" for none.
        state: its JobState as last seen, or None. Observe it to follow metrics, result and end.
        error: a sentence about a job that could not be started, "" otherwise.
    """

    job_id = Unicode("")
    state = Instance(JobState, allow_none=True)
    error = Unicode("")

    def __init__(
        self,
        *kinds: str,
        idle: str = "",
        resume: Callable[[JobState], bool] = lambda state: True,
        recap: bool = True,
    ):
        """`idle` is shown while there is no job; `resume` says which earlier jobs are shown again; without
        `recap` the messages of a job that is done are left out, where the panel says more than they do."""
        self.kinds = kinds
        self.started_here: str = ""  # the id of the job that this view started last
        self._idle = idle and (jobs.refusal() or idle)
        self._resume, self._recap = resume, recap
        self._seen: set[str] = set()
        self._text = widgets.HTML()
        self._cancel = widgets.Button(description="Cancel", tooltip="Stop; what is finished is kept")
        self._cancel.add_class("mdp-cancel")
        self._cancel.on_click(lambda _: self.cancel())
        self._watcher = Watcher(self.refresh)
        super().__init__([self._text, self._cancel])
        self.add_class("mdp-job")
        self._elsewhere = Watcher(self._look_elsewhere, SECONDS_ELSEWHERE)
        self.find()
        self._elsewhere.start()

    def start(self, arguments: Sequence[str], title: str) -> bool:
        """Start `python -m mdp ARGUMENTS...` and show it; False (and `error`) if it cannot be started."""
        if self.running:
            self.error = f"“{self.state.title}” is still running; cancel it or wait for its end."
            self._draw()
            return False
        try:
            job_id = jobs.start(arguments, title)
        except MdpError as error:
            self.error = str(error)
            self._draw()
            return False
        self.error = ""
        self.started_here = job_id
        self.attach(job_id)
        return True

    def attach(self, job_id: str) -> None:
        """Show a job, wherever it was started."""
        self._seen.add(job_id)
        self.job_id = job_id
        if self.refresh():
            self._watcher.start()

    def refresh(self) -> bool:
        """Look at the job once; True while it runs."""
        if not self.job_id:
            return False
        try:
            self.state = jobs.state(self.job_id)
        except MdpError as error:  # its folder was deleted
            self.job_id, self.state, self.error = "", None, str(error)
        self._draw()
        return self.running

    def cancel(self) -> None:
        """Stop the job; takes at most a second."""
        if not self.running:
            return
        self._cancel.description, self._cancel.disabled = "Stopping …", True  # answers the click at once
        try:
            self.state = jobs.cancel(self.job_id)
        except (MdpError, OSError) as error:
            self.error = str(error)
        self._cancel.description, self._cancel.disabled = "Cancel", False
        self._draw()

    def complain(self, sentence: str) -> None:
        """Show a sentence about what keeps a job from being started ("" takes it away)."""
        self.error = sentence
        self._draw()

    @property
    def running(self) -> bool:
        return self.state is not None and self.state.status == "running"

    def find(self) -> None:
        """Show the job worth showing: one that runs, else the newest that `resume` accepts, else none."""
        earlier = [job for kind in self.kinds for job in jobs.list_jobs(kind) if self._resume(job)]
        self._seen = self._ids()
        if earlier:
            self.attach(max(earlier, key=lambda job: (job.status == "running", job.started)).id)
        else:
            self.job_id, self.state = "", None
            self._draw()

    def look_elsewhere(self) -> None:
        """Show a job that another page or a terminal has started since, unless one of ours runs."""
        new = self._ids() - self._seen
        for job_id in sorted(new):
            try:
                state = jobs.state(job_id)
            except MdpError:  # being made this moment: look again
                continue
            self._seen.add(job_id)
            if state.status == "running" and self._resume(state) and not self.running:
                self.error = ""
                self.attach(job_id)

    def _look_elsewhere(self) -> bool:
        if self.comm is None:  # closed
            return False
        self.look_elsewhere()
        return True

    def _ids(self) -> set[str]:
        return set().union(*(jobs.job_ids(kind) for kind in self.kinds))

    def _draw(self) -> None:
        # On the page's side the same value again is no change: nothing flickers.
        body = html('<p class="mdp-note">{idle}</p>', idle=self._idle)
        if self.state:
            facts = job_facts(self.state)
            told = self._recap or self.state.status != "done"
            body = job_html(facts if told else replace(facts, messages=()))
        self._text.value = body + _error_html(self.error)
        self._cancel.layout.display = "" if self.running else "none"


def job_panel(*kinds: str, idle: str = "") -> widgets.VBox:
    """The newest job of the given kinds alone in a cell. Its part is `job`, the JobView.

    Traits: those of its JobView; observe `state` to follow the job.
    """
    job = JobView(*kinds, idle=idle)
    panel = long_work(ui.card(job))
    panel.job = job
    return panel


def job_html(facts: JobFacts) -> Markup:
    """A job as HTML: heading, bar, one line, last messages, error sentence."""
    share = "" if facts.share is None else html(' aria-valuenow="{now:.0f}"', now=100 * facts.share)
    width = 100 * (facts.share or 0)
    unknown = " mdp-bar-unknown" if facts.running and facts.share is None else ""
    live = "off" if facts.running else "polite"  # nobody wants every percent read aloud
    messages = joined(html("<li>{message}</li>", message=m) for m in facts.messages)
    return html(
        '<div class="mdp-job-{look}" role="group" aria-label="{title}">'
        '<div class="mdp-job-title"><span aria-hidden="true">{sign}</span> {title}</div>'
        '<div class="mdp-bar{unknown}" role="progressbar" aria-valuemin="0" aria-valuemax="100"{share}>'
        '<div style="width:{width:.1f}%"></div></div>'
        '<div class="mdp-job-line" aria-live="{live}">{line}</div>{messages}{error}</div>',
        look="failed" if facts.wrong else facts.status,
        title=facts.title,
        sign=facts.sign,
        unknown=unknown,
        share=share,
        width=width,
        live=live,
        line=facts.line,
        messages=html('<ul class="mdp-job-messages">{items}</ul>', items=messages) if messages else "",
        error=_error_html(facts.error),
    )


def _error_html(sentence: str) -> Markup | str:
    return html('<div class="mdp-error" role="alert">{text}</div>', text=sentence) if sentence else ""
