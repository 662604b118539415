"""The class through HTTP: who may ask what, floods, markup, and a kill in the middle."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import mdp
from mdp_widgets.classroom.lesson import lesson_of

from .served import Served

MARK = "<img src=x onerror=a()>"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    server = Served(tmp_path_factory.mktemp("class"))
    yield server
    server.process.terminate()
    server.process.wait(timeout=30)
    log = (server.folder / "log.txt").read_text()
    assert server.key not in log and "a-token-for-tests" not in log and "Traceback" not in log


def test_two_links_are_printed_and_the_pupils_token_does_not_open_the_teachers_page(served):
    assert "/class?token=" in served.said[1] and "/teacher?key=" in served.said[2]
    for path in ("teacher", "teacher/answers", "class/teacher", "class/results.csv", "class/results.json"):
        assert served.ask(path)[0] == 403
        assert served.ask(path, key="wrong")[0] == 403
        assert served.ask(path, key=served.key, token="")[0] == 200
    assert served.ask("class/teacher", {"action": "end"})[0] == 403
    status, _, headers = served.ask(f"teacher?key={served.key}", token="")
    assert status == 302 and served.key not in headers["Location"]  # which a projector may show
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert served.ask("teacher", token="", Cookie=cookie.partition(";")[0])[0] == 200


def test_without_the_token_nobody_is_in_the_class(served):
    for path, body in (("class/join", {"nickname": "x"}), ("class/answer", {}), ("class/state", None)):
        status, told, _ = served.ask(path, body, token="")
        assert status == 403 and "token" in told["message"]
    for path in ("class", "class/handout", "class/worksheet", "class/exercises.ipynb"):
        assert served.ask(path, token="")[0] in (302, 403)


def test_another_sites_page_cannot_act_for_a_pupil_or_the_teacher(served):
    _, _, headers = served.ask("class?token=a-token-for-tests", token="")
    cookie = "; ".join(part.partition(";")[0] for part in headers["Set-Cookie"].split("\n"))
    one = {"Cookie": cookie, "Origin": f"http://localhost:{served.port}"}
    assert served.ask("class/join", {"nickname": "mine"}, token="", **one)[0] == 200
    for origin in ("http://evil.example", "null"):
        assert served.ask("class/join", {"nickname": "x"}, token="", Cookie=cookie, Origin=origin)[0] == 403
        told = served.ask("class/teacher", {"action": "end"}, token="", key=served.key, Origin=origin)
        assert told[0] == 403


def test_forged_requests_are_sentences(served):
    pupil = served.join("Forger")
    bad = [b"", b"{", b"[]", b"\xff", b"[" * 20000, b'{"nickname": NaN}', b"x" * 40_000, {"nickname": 3}]
    for body in bad:
        for path in ("class/join", "class/answer"):
            status, told, _ = served.ask(path, body)
            assert 400 <= status < 500 and told["message"].endswith("."), (path, body)
    for method in ("PUT", "DELETE", "PATCH"):
        assert served.ask("class/answer", {}, method=method)[0] in (403, 405)
    assert served.answer("nobody", "x")[0] == 410
    assert served.answer(pupil, {"study": "../x", "choices": {}}, "contest", "contest-1")[0] == 404
    assert served.ask("class/state?pupil=nobody")[1]["joined"] is False
    status, told, _ = served.ask("class/join", {"nickname": "Forger", "pupil": pupil})
    assert (status, told) == (200, {"pupil": pupil, "nickname": "Forger"})  # asked twice, in once


def test_markup_is_text_wherever_it_is_shown(served):
    pupil = served.join(MARK)
    served.answer(pupil, MARK, key=MARK)
    for path in ("class", "class/handout", "class/worksheet", "teacher", "teacher/answers"):
        status, page, headers = served.ask(path, key=served.key)
        assert status == 200 and MARK not in page
        assert "script-src 'self'" in headers["Content-Security-Policy"]
        scripts = re.findall(r"<script([^>]*)>", page)
        assert all("src=" in s or 'type="application/json"' in s for s in scripts)
    status, told, headers = served.ask("class/state")
    assert "application/json" in headers["Content-Type"] and MARK in str(told)
    served.ask("class/teacher", {"action": "remove", "pupil": pupil}, key=served.key)
    assert MARK not in str(served.ask("class/state")[1])


def test_a_flood_from_one_is_refused_and_the_others_are_answered(served):
    flood, other = served.join("Flood"), served.join("Other")
    with ThreadPoolExecutor(16) as pool:
        sent = [pool.submit(served.answer, flood, str(n), key=f"k{n}") for n in range(200)]
        statuses = [served.answer(other, "1", key="calm")[0] for _ in range(3)]
        found = [future.result() for future in sent]
    assert statuses == [204] * 3
    refused = [told for status, told in found if status == 429]
    assert len(refused) > 100 and all(told["message"].endswith(".") for told in refused)
    assert {status for status, _ in found} == {204, 429}


def test_the_exercises_are_a_file_and_no_page_that_runs(served):
    status, told, headers = served.ask("class/exercises.ipynb")
    assert status == 200 and told["nbformat"] == 4 and "attachment" in headers["Content-Disposition"]
    for path in ("exercises", "solutions/exercises.ipynb", "class/solutions/exercises.ipynb",
                 "voila/render/exercises.ipynb", "voila/render/solutions/exercises.ipynb"):  # fmt: skip
        assert served.ask(path)[0] == 404


def test_answers_about_another_network_do_not_count_and_say_so(served):
    pupil = served.join("Wanderer")
    status, told = served.answer(pupil, "1", study="fmnist-resnet-cpu")
    assert status == 422 and mdp.load_study("fmnist-vit-cpu").name in told["message"]
    assert served.answer(pupil, "1", key="another", study="fmnist-vit-cpu") == (204, "")
    assert served.answer(pupil, "1", study=["x"])[0] == 400
    assert served.answer(pupil, "0", "contest", "contest-3", step=7, study="../x")[0] == 404


def test_solutions_and_the_contests_answers_are_the_teachers_alone(served):
    assert served.ask("teacher/solutions.ipynb")[0] == 403
    status, told, headers = served.ask("teacher/solutions.ipynb", key=served.key, token="")
    assert status == 200 and "attachment" in headers["Content-Disposition"] and told["nbformat"] == 4
    for path in ("teacher", "teacher/answers"):
        page = served.ask(path, key=served.key, token="")[1]
        assert "Round 1" in page and "The solver keeps" in page and "Without " in page
    assert "The solver keeps" not in served.ask("class")[1] + served.ask("class/worksheet")[1]


def test_a_kill_in_the_middle_loses_nothing_and_links_go_on_working(served):
    study = mdp.load_study("fmnist-vit-cpu")
    quiz, check = (lambda s: (s.prediction, s.check))(lesson_of(study).parts[0].step)
    plan, direct = study.solve("40%"), lambda **body: served.ask("class/teacher", body, key=served.key)[0]
    ada, bob = served.join("Ada"), served.join("Ada")
    for pupil, value in ((ada, "0"), (ada, "1"), (ada, "1"), (bob, "1")):
        assert served.answer(pupil, value) == (204, "")
    assert served.answer(ada, check.right, "check", check.key, score=1e9)[0] == 204
    handed = {"study": "fmnist-vit-cpu", "choices": dict(plan.choices), "removed": list(plan.removed_blocks)}
    assert served.answer(bob, handed, "contest", "contest-1", step=7, score=1e9)[0] == 204
    assert [direct(action="clock"), direct(action="pace", step=4), direct(action="reveal", step=1)] == [
        204
    ] * 3
    before, key = served.ask("class/state")[1], served.key
    assert before["step"] == 4 and before["spread"][quiz.key] == {"1": 2}
    board = {row["nickname"]: row["score"] for row in before["scoreboard"]}
    assert (board["Ada"], board["Ada 2"]) == (10, 100)
    assert before["answers"][quiz.key]["right"] == quiz.right
    _, _, headers = served.ask("class?token=a-token-for-tests", token="")
    cookie = headers["Set-Cookie"].partition(";")[0]
    time.sleep(1)
    served.kill()
    served.start()
    assert served.key == key
    status, after, _ = served.ask("class/state", token="", Cookie=cookie)  # pages stay open
    assert (status, after) == (200, before)
    assert served.answer(ada, "2", key="another")[0] == 204
    assert direct(action="end") == 204
    assert served.ask("class/results.csv", key=served.key)[0] == 404
    for path in ("class/state", "class/teacher"):
        assert served.ask(path, key=served.key)[1] == {"running": False}
    assert not list((served.folder / "user" / "class").iterdir())
    assert direct(action="begin") == 204 and served.ask("class/state")[1]["scoreboard"] == []
