"""A multiple-choice question as radio buttons, with a reply to every choice."""


def ask(exercise, answer):
    """Show the choices below the cell; `answer(letter)` returns the verdict on each one picked."""
    import ipywidgets as widgets
    from IPython.display import display

    options = [(f"{key}  {text}", key) for key, (text, _) in exercise.replies.items()]
    buttons = widgets.RadioButtons(options=options, index=None, layout={"width": "auto"})
    reply = widgets.HTML()

    def show(change):
        reply.value = answer(change.new)._repr_html_()

    buttons.observe(show, "value")
    display(widgets.VBox([buttons, reply]))


def in_notebook():
    """Whether there is a notebook to show widgets in."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")
