"""Widgets in a page without a kernel: the same module, run on the state that the notebook stored.

Works from a file, with no network: the page holds the widget's code, its state and a model of a few lines.
"""

import base64
import json
import uuid

from nbconvert.preprocessors import Preprocessor
from nbformat.v4 import new_output

_VIEW = "application/vnd.jupyter.widget-view+json"
_STATE = "application/vnd.jupyter.widget-state+json"

# Views of one model share it through `window.cnncourse`, so that they stay in step as they do in Jupyter.
_PAGE = """<style>%(css)s</style><div id="%(id)s"></div>
<script type="module">
const models = (window.cnncourse ??= {});
function makeModel(state, buffers) {
  const heard = {};
  for (const { path, data } of buffers)
    state[path[0]] = new DataView(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)).buffer);
  const tell = (event) => [...(heard[event] ?? [])].forEach((f) => f());
  return {
    get: (name) => state[name],
    set(name, value) {
      if (JSON.stringify(state[name]) === JSON.stringify(value)) return;
      state[name] = value;
      tell(`change:${name}`);
      tell("change");
    },
    save_changes() {},
    send() {},
    on(event, f) { (heard[event] ??= []).push(f); },
    off(event, f) { heard[event] = (heard[event] ?? []).filter((g) => f && g !== f); },
  };
}
const model = (models[%(model)s] ??= makeModel(%(state)s, %(buffers)s));
const url = URL.createObjectURL(new Blob([%(esm)s], { type: "text/javascript" }));
const { default: widget } = await import(url);
await widget.render({ model, el: document.getElementById("%(id)s") });
</script>"""


def to_html(widget):
    """Return a piece of HTML in which `widget` (an Explorer) is alive."""
    state = widget.get_state()
    buffers = [
        {"path": [name], "data": base64.b64encode(value).decode()}
        for name, value in state.items()
        if isinstance(value, (bytes, memoryview))
    ]
    plain = {name: value for name, value in state.items() if not isinstance(value, (bytes, memoryview))}
    return _html(widget.model_id, plain, buffers)


class StaticWidgets(Preprocessor):
    """nbconvert preprocessor: each widget of an executed notebook becomes HTML that needs no kernel."""

    def preprocess(self, nb, resources):
        self._models = nb.metadata.get("widgets", {}).get(_STATE, {}).get("state", {})
        return super().preprocess(nb, resources)

    def preprocess_cell(self, cell, resources, index):
        cell_outputs = cell.get("outputs", [])
        for at, output in enumerate(cell_outputs):
            model_id = output.get("data", {}).get(_VIEW, {}).get("model_id")
            model = self._models.get(model_id, {"state": {}})
            if "_esm" in model["state"]:
                html = _html(model_id, model["state"], model.get("buffers", []))
                cell_outputs[at] = new_output("display_data", {"text/html": html})
        return cell, resources


def _html(model_id, state, buffers):
    own = {name: value for name, value in state.items() if not name.startswith("_") and name != "layout"}
    return _PAGE % {
        "id": f"cnn-{uuid.uuid4().hex}",
        "model": _script(model_id),
        "state": _script(own),
        "buffers": _script(list(buffers)),
        "esm": _script(state["_esm"]),
        "css": state.get("_css", ""),
    }


def _script(value):
    """JSON that cannot end the script element it is written into."""
    return json.dumps(value).replace("</", "<\\/").replace("<!--", "<\\!--")
