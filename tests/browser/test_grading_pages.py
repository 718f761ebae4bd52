"""The pages of a graded class in Chromium: no script runs, nothing is fetched, and anybody can read them."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from cnncourse.grading import reports
from tests.grading.fake import entry
from tests.grading.test_pages import hostile
from tests.grading.test_tables import book, person, record


def opened(page, path, scheme):
    """The page, opened with every door that a script would come through watched."""
    page.dialogs, page.asked = [], []
    page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: page.asked.append(request.url))
    page.emulate_media(color_scheme=scheme)
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    return page


def test_nothing_that_a_student_writes_runs(page, tmp_path):
    for path in hostile(tmp_path):
        seen = opened(page, path, "light")
        title = "The class" if path.name == "class.html" else "Feedback for"
        assert seen.title().startswith(title) and not seen.dialogs
        assert [url for url in seen.asked if url != path.as_uri()] == []
        assert seen.evaluate("document.querySelectorAll('script, img, iframe, object, a').length") == 0


def test_even_a_script_that_came_in_would_not_run(page, tmp_path):
    """The policy of the page itself holds, not only the escaping."""
    (path, *_) = hostile(tmp_path)
    evil = tmp_path / "evil.html"
    inside = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"
    evil.write_text(path.read_text(encoding="utf-8").replace("<main>", f"<main>{inside}"), encoding="utf-8")
    assert opened(page, evil, "light").title() == "The class"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_anybody_can_read_them(page, tmp_path, scheme):
    records = [record("alice", 1.0, 0.0), record("bob", 0.0, 0.0)]
    records[0]["grade"]["exercises"]["impulse"] = entry(
        outcome="wrong", message="Look at `kernel`.", mistake=1, flags=["calls `F.conv2d`"]
    )
    book(tmp_path, records, [person("alice"), person("bob"), person("cy")], ["cy.pdf is no notebook."])
    reports.write(tmp_path)
    for path in (tmp_path / "class.html", *(tmp_path / "feedback").iterdir()):
        found = Axe().run(opened(page, path, scheme)).response["violations"]
        assert not found, [(v["id"], [node["html"][:120] for node in v["nodes"][:3]]) for v in found]
