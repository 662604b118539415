"""Long work from the page, for real: it starts, is found again after a reload, stops, ends with numbers."""

import dataclasses
import json
import re
import zipfile

import pytest
from playwright.sync_api import expect

from mdp.core.study import load_study, save_study
from mdp.latency.device import deployment

STUDY = "fmnist-vit-cpu"


def open_tab(page, address, tab, study=STUDY):
    page.goto(f"{address}/#study={study}", wait_until="commit")
    expect(page.get_by_role("grid")).to_be_visible()
    page.get_by_role("tab", name=tab, exact=True).click()


def job(page, title):
    return page.locator(".mdp-job").filter(has_text=title)


def test_profile_refuses_nonsense_survives_a_reload_and_stops(quiet, address):
    page = quiet
    open_tab(page, address, "New study")
    page.get_by_role("textbox", name="Batch size").fill("0")
    page.get_by_role("textbox", name="Batch size").press("Tab")
    expect(
        page.get_by_role("alert").filter(has_text="Batch size 0 cannot be used; give 1 or more")
    ).to_be_visible()
    expect(page.get_by_role("button", name="Measure", exact=True)).to_be_disabled()
    page.get_by_role("textbox", name="Batch size").fill("2")
    page.get_by_role("textbox", name="Batch size").press("Tab")
    page.get_by_role("button", name="Measure", exact=True).click()
    running = job(page, "Latency of fmnist_vit, batch 2")
    expect(running.locator(".mdp-job-running")).to_be_visible()
    # Percent and time left, or, while another profiler has the device, that it waits.
    expect(running).to_contain_text(re.compile(r"\d+ %|so far"))
    page.goto("about:blank")
    open_tab(page, address, "New study")
    again = job(page, "Latency of fmnist_vit, batch 2")
    expect(again.locator(".mdp-job-running")).to_be_visible()
    again.get_by_role("button", name="Cancel").click()
    expect(again).to_contain_text("cancelled; what was finished is kept")
    expect(again.get_by_role("button", name="Cancel")).to_be_hidden()


def test_finetune_on_real_images_to_a_measured_network(quiet, address):
    page = quiet
    open_tab(page, address, "Fine-tune")
    page.get_by_role("textbox", name="Train on").fill("128")
    page.get_by_role("textbox", name="Epochs").fill("1")
    page.get_by_role("textbox", name="Epochs").press("Tab")
    page.get_by_role("button", name="Fine-tune", exact=True).click()
    done = job(page, "Fine-tuning").locator(".mdp-job-done")
    expect(done).to_be_visible(timeout=240_000)
    outcome = page.locator(".mdp-card").filter(has=page.get_by_role("heading", name="What it is worth"))
    for line in ("pruned", "fine-tuned"):
        expect(outcome.get_by_role("row").filter(has_text=line).first).to_contain_text(
            re.compile(r"\d\d\.\d %")
        )
    expect(outcome).to_contain_text(re.compile(r"than predicted, and \d+\.\d\d times as fast"))


@pytest.fixture
def slow_tables(data):
    """The demo ResNet with tables that call themselves this machine's, and are ten times too slow: whatever
    machine this is, the first plan is measured within its budget."""
    study = load_study("fmnist-resnet-cpu")
    where = deployment("cpu", batch=1, memory_format="channels_last", threads=1)
    facts = {**study.tables.provenance, **where.to_json(), "anchor_ms": None}
    terms = tuple(dataclasses.replace(term, values=10 * term.values) for term in study.problem.latency)
    study = dataclasses.replace(
        study,
        name="Ten times too slow",
        problem=dataclasses.replace(study.problem, latency=terms),
        tables=dataclasses.replace(study.tables, terms=terms, provenance=facts),
        verification=None,
    )
    folder = data / "user" / "studies"
    before = set(folder.iterdir())
    save_study(study, folder / "slow.json")
    yield
    for path in set(folder.iterdir()) - before:
        path.unlink()


def test_the_budget_is_kept_by_what_is_measured(quiet, address, slow_tables):
    page = quiet
    open_tab(page, address, "Take away", study="slow")
    page.get_by_role("button", name="Keep the budget on this device").click()
    expect(job(page, "Keeping").locator(".mdp-job-done")).to_be_visible(timeout=120_000)
    card = page.locator(".mdp-card").filter(has=page.get_by_role("heading", name="The measured budget"))
    expect(card.get_by_text("measured: within the budget of")).to_be_visible()
    expect(card.get_by_role("row").filter(has_text="✓ met, kept")).to_have_count(1)
    card.get_by_role("button", name="Show the plan that was kept").click()
    picked = page.get_by_role("combobox", name="Study").locator("option:checked")
    expect(picked).to_have_text(re.compile(r"Ten times too slow · kept at .* ms"))
    expect(card.get_by_text("Shown above: the plan that was kept")).to_be_visible()


def test_plan_picture_and_report_arrive_as_files(quiet, address, tmp_path):
    page = quiet
    open_tab(page, address, "Take away", study="a-vit")

    def take(button):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=button, exact=True).click()
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path

    plan = json.loads(take("Plan (JSON)").read_text())
    assert plan["format"] == "mdp-plan/1" and plan["optimal"] is True
    assert take("PNG").read_bytes().startswith(b"\x89PNG")
    assert take("SVG").read_text().startswith("<svg")
    assert "What survives" in take("Report (HTML)").read_text()
    page.get_by_role("button", name="Keep the budget on this device").click()
    said = page.get_by_role("alert").filter(has_text="were measured on synthetic (not measured)")
    expect(said).to_be_visible()
    with zipfile.ZipFile(take("Tables (CSV)")) as tables:
        assert tables.read("plan.csv").startswith(b"what,name,kind,kept,dense,blocks")
