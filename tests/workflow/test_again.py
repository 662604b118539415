"""Beside a measurement that came to nothing stands the button that measures again."""

from mdp.jobs import JobState
from mdp_widgets.workflow.job_facts import job_facts
from mdp_widgets.workflow.job_view import job_html
from mdp_widgets.workflow.profile import profile_card, wrong_html
from mdp_widgets.workflow.study_draft import StudyDraft

from ..synthetic import synthetic_vit


def done(**result) -> JobState:
    return JobState(
        "1",
        "Latency of toy",
        "profile",
        "done",
        0.0,
        messages=("some", "These tables are bad."),
        result=result,
        arguments=("profile", "toy"),
    )


def test_a_job_that_made_something_worthless_has_no_green_tick():
    good, bad = job_facts(done()), job_facts(done(wrong="These tables are bad."))
    assert (good.sign, good.wrong, good.error) == ("✓", False, "")
    assert (bad.sign, bad.error) == ("!", "These tables are bad.")
    assert "mdp-job-failed" in job_html(bad) and "mdp-job-failed" not in job_html(good)
    assert bad.messages == ("some",)  # it is said once


def test_measure_again_stands_beside_it_and_starts_the_same_again(monkeypatch):
    card, started = profile_card(StudyDraft()), []
    monkeypatch.setattr(
        type(card.job), "start", lambda self, words, title: started.append((list(words), title))
    )
    assert card.again.layout.display == "none"
    card.job.state = done()
    assert card.again.layout.display == "none"
    card.job.state = done(wrong="These tables are bad.")
    assert card.again.layout.display is None
    card.again.click()
    assert started == [(["profile", "toy", "--again"], "Latency of toy, measured again")]


def test_tables_measured_before_that_are_worthless_are_red():
    vit = synthetic_vit(2)
    provenance = {**vit.tables.provenance, "spread": 0.9}
    bad = type(vit.tables)(vit.tables.terms, provenance)
    assert "mdp-error" in wrong_html(bad) and "90 %" in wrong_html(bad)
    assert wrong_html(vit.tables) == ""
