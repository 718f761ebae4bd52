"""The glossary in JupyterLab: the way to it from another chapter, its search box, what axe-core says."""

from axe_playwright_python.sync_playwright import Axe

from cnncourse import glossary


def test_from_a_chapter_to_a_word(course, open_notebook, page):
    book = open_notebook(course("03_pooling.ipynb"))
    page.get_by_role("button", name="No", exact=True).click()  # JupyterLab asks whether to send news
    page.get_by_role("link", name="glossary").click()
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.context.path === '00_start_here.ipynb'"
        " && window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.status === 'idle'"
    )

    book.run_all()
    book.show(next(i for i, cell in enumerate(book.cells()) if cell["source"] == "glossary()"))
    table = page.locator(".cnncourse-glossary").last
    cells = len(book.cells())
    search = table.get_by_role("searchbox")
    search.click()
    page.keyboard.type("d")
    page.keyboard.type("d")  # a shortcut of JupyterLab's, which deletes a cell
    assert len(book.cells()) == cells
    for word in ("padding", "패딩", " PADDING "):
        search.fill(word)
        rows = table.locator("tbody tr:visible")
        assert "padding" in rows.all_inner_texts()[0] and rows.count() < 5
        assert table.get_by_role("status").inner_text() == f"{rows.count()} of {len(glossary())} terms"
    search.fill("")
    assert table.locator("tbody tr:visible").count() == len(glossary())


def test_it_is_accessible(page):
    page.set_content(f'<html lang="en"><title>Glossary</title><body>{glossary()._repr_html_()}</body></html>')
    found = Axe().run(page, context=".cnncourse-glossary").response["violations"]
    assert not found, [(violation["id"], violation["help"]) for violation in found]
