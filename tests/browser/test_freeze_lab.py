"""FreezeLab in JupyterLab: the keyboard moves its sliders, the kernel answers with picture and words."""

LAB = ["from cnncourse.widgets import FreezeLab", "lab = FreezeLab(frozen=2, labels=10); lab"]


def test_keys_move_the_sliders_and_the_task_is_chosen(run_notebook):
    book = run_notebook(LAB)
    book.show(1)
    page = book.page
    stages = page.get_by_role("slider").first
    stages.wait_for()
    status = page.locator("div[role=status]", has_text="parameters learn")
    assert "2 of 4 stages frozen: 56,202 of 61,050" in status.inner_text()
    stages.focus()
    page.keyboard.press("ArrowRight")
    book.wait_until("lab.setting['frozen'] == 3")
    page.get_by_role("slider").nth(1).focus()
    page.keyboard.press("ArrowLeft")
    book.wait_until("lab.setting['labels'] == 3")
    page.locator("img[alt^='3 of 4 stages frozen: 37,642'][alt*='from 3 labels']").wait_for()
    page.get_by_label("task").select_option("drawn shapes (far)")
    book.wait_until("lab.setting == {'task': 'drawn shapes (far)', 'frozen': 2, 'labels': 3}")
    page.locator("img[alt*='60,790 parameters learn']").wait_for()
    assert f"{book.evaluate('str(lab.accuracy)')}" in status.inner_text()
