"""A multiple-choice question as radio buttons, with a reply to every choice."""


def ask(exercise, answer):
    """Show the choices below the cell; `answer(letter)` returns the verdict on each one picked.

    A choice that was only clicked is in no file: nobody else can see it, so it is said how to write it down.
    """
    import ipywidgets as widgets
    from IPython.display import display

    plain = {key: text.replace("`", "") for key, (text, _) in exercise.replies.items()}  # labels: no markup
    options = [(f"{key}  {text}", key) for key, text in plain.items()]
    buttons = widgets.RadioButtons(options=options, index=None, layout={"width": "auto"})
    reply = widgets.HTML()

    def show(change):
        keep = f"To hand it in, write <code>{exercise.name} = &quot;{change.new}&quot;</code> in the cell."
        reply.value = f"{answer(change.new)._repr_html_()}<div>{keep}</div>"

    buttons.observe(show, "value")
    display(widgets.VBox([buttons, reply]))


def in_notebook():
    """Whether there is a notebook to show widgets in."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")
