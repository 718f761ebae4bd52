"""What instructors are told and given: manifests that parse, commands that exist, every chapter named."""

import re
import shlex

import pytest
import yaml
from typer.main import get_command

from cnncourse import _course, cli
from cnncourse.grading import commands

ROOT = _course._PACKAGE.parent
FOLDER = ROOT / "instructors"
GUIDE = (FOLDER / "grading.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def manifests():
    return {one["kind"]: one for one in yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text())}


def test_the_job_grades_every_shard_once(manifests):
    job = manifests["Job"]["spec"]
    (container,) = job["template"]["spec"]["containers"]
    shards = {each["name"]: each["value"] for each in container["env"]}["SHARDS"]
    assert job["completionMode"] == "Indexed" and job["completions"] == int(shards)
    line = container["args"][0].replace("$((JOB_COMPLETION_INDEX + 1))", "1")
    line = line.replace("$n", "1").replace("$SHARDS", shards)
    words = shlex.split(line.partition("exec ")[2])
    assert commands.shard(words[words.index("--shard") + 1]) == (1, 8)
    options = {o for p in get_command(cli.app).commands["grade"].params for o in p.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_the_job_has_no_network_no_rights_and_a_kernel_between(manifests):
    pod = manifests["Job"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    policy = manifests["NetworkPolicy"]["spec"]
    assert policy["podSelector"] == {} and policy["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in policy and "egress" not in policy
    assert pod["runtimeClassName"] == "gvisor" and pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] and "limits" in container["resources"]
    rights = container["securityContext"]
    assert rights["readOnlyRootFilesystem"] and not rights["allowPrivilegeEscalation"]
    assert rights["capabilities"] == {"drop": ["ALL"]}
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    assert mounts["submissions"]["readOnly"] and mounts.keys() == {v["name"] for v in pod["volumes"]}
    assert {one["metadata"].get("namespace", "grading") for one in manifests.values()} == {"grading"}


def test_the_image_has_what_it_copies():
    text = (FOLDER / "Containerfile").read_text()
    copied = [path for line in re.findall(r"^COPY (.+) \S+$", text, re.MULTILINE) for path in line.split()]
    assert copied and all((ROOT / path).exists() for path in copied)
    assert re.search(r"^USER 10001$", text, re.MULTILINE)


@pytest.mark.parametrize("page", ["README.md", "grading.md"])
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]*)(?:#[^)]*)?\)", (FOLDER / page).read_text(encoding="utf-8"))
    assert not [link for link in links if link and "://" not in link and not (FOLDER / link).exists()]


def test_every_chapter_has_its_minutes():
    table = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert not [path.stem for path in _course.chapters() if f"| `{path.stem}` | " not in table]


def test_every_command_and_option_of_the_guide_exists():
    known = get_command(cli.app).commands
    lines = [
        line.partition("#")[0]
        for line in GUIDE.splitlines()
        if "cnncourse " in line and not line.startswith("|")
    ]
    used = [
        words
        for line in lines
        for words in re.findall(r"cnncourse ((?:grade|merge|release|nbgrader)\b[^`]*)", line)
    ]
    assert len(used) >= 8
    for line in used:
        name, *words = shlex.split(line)
        options = {option for parameter in known[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


def test_the_guide_tells_of_every_level_and_file():
    from cnncourse.grading import Level
    from cnncourse.grading.gradebook import NAMES

    assert all(f"| `{level}`" in GUIDE for level in Level)
    assert all(name in GUIDE for name in NAMES)
