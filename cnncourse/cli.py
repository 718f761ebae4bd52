"""The command line: `cnncourse start | update | solve | grade | merge | release | nbgrader | doctor`."""

import contextlib
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from . import __version__, workspace
from .notebooks import NotebookError, solve

app = typer.Typer(
    name="cnncourse",
    help="An interactive course on convolutional neural networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)

Folder = Annotated[Path, typer.Argument(metavar="[DIR]", help="Your own folder, with your copies.")]


def main():
    """Run the command line; what a user can mend is one sentence, not a traceback."""
    try:
        app()
    except (NotebookError, workspace.WorkspaceError) as error:
        _fail(str(error))
    except OSError as error:
        _fail(_os_sentence(error))


def _fail(sentence):
    err.print(f"[bold red]Error:[/] {escape(sentence)}")
    raise SystemExit(1)


def _os_sentence(error):
    where = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or error}{where}: nothing of yours was changed."


@app.command()
def start(
    folder: Folder = Path("my-course"),
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
    open_lab: Annotated[bool, typer.Option("--open/--no-open", help="Open JupyterLab.")] = True,
):
    """Copy the chapters to DIR and open JupyterLab there; files that you have are never touched."""
    started = workspace.start(folder)
    _report_start(folder, started)
    if open_lab:
        _jupyterlab(folder.expanduser().resolve(), browser)


def _report_start(folder, started):
    copied, kept = len(started.copied), len(started.kept)
    had = f", {kept} already there and left as they are" if kept else ""
    place = escape(str(folder.expanduser().resolve()))
    out.print(f"Your chapters are in [bold]{place}[/] ({copied} copied{had}).")
    if started.outdated:
        out.print(
            f"{len(started.outdated)} of them differ from cnncourse {__version__}: "
            f"[bold]cnncourse update {escape(str(folder))}[/] brings the new version and keeps your answers."
        )
    for name in started.unreadable:
        out.print(f"{name} cannot be read: `cnncourse update` moves it to a backup and brings a fresh copy.")


def _jupyterlab(folder, browser):
    """Become JupyterLab; port, token and the rest are its own settings (JUPYTER_PORT, JUPYTER_TOKEN)."""
    from jupyterlab.labapp import LabApp

    options = [f"--ServerApp.root_dir={folder}", f"--LabApp.default_url=/lab/tree/{workspace.FIRST}"]
    options += [] if browser else ["--no-browser"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")  # a container's only user, who would be refused
    LabApp.launch_instance(options)


@app.command()
def update(folder: Folder = Path("my-course")):
    """Bring new and changed chapters to DIR; your answers and your own cells stay, with a backup."""
    backups = set()
    for change in workspace.update(folder):
        out.print(_change_sentence(change))
        backups |= {change.backup.parent} if change.backup else set()
    for backup in backups:
        out.print(f"What was there before is in [bold]{escape(str(backup))}[/].")


def _change_sentence(change):
    return {
        "new": f"{change.name}: new",
        "current": f"{change.name}: up to date",
        "updated": f"{change.name}: updated; kept answers: {change.answers}, own cells: {change.added}",
        "set aside": f"{escape(change.reason)} It is in the backup now, and a fresh copy in its place.",
    }[change.what]


@app.command("solve")
def solve_chapters(
    chapters: Annotated[Path, typer.Argument(help="A chapter, or the folder that has them.")],
    destination: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write to.")],
):
    """Write chapters with the reference solutions swapped in."""
    for path in solve(chapters, destination):
        out.print(escape(str(path)))


Private = Annotated[
    Path | None, typer.Option("--private", metavar="DIR", help="A folder with exercises of your own.")
]
Chapters = Annotated[str | None, typer.Option("--chapter", help="Only these: 01, 01-03 or 01,05.")]


@app.command()
def grade(
    submissions: Annotated[Path, typer.Argument(help="The folder or zip that the class handed in.")],
    out_folder: Annotated[Path, typer.Option("--out", metavar="RESULTS", help="The folder for the results.")],
    chapter: Chapters = None,
    students: Annotated[Path | None, typer.Option("--students", metavar="CSV", help="The class.")] = None,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes; 0: one a core.")] = 0,
    shard: Annotated[str, typer.Option("--shard", metavar="i/n", help="Grade one part of n.")] = "1/1",
    private: Private = None,
    container: Annotated[
        bool, typer.Option("--container", help="The container around this run isolates it.")
    ] = False,
    unsafe_local: Annotated[
        bool, typer.Option("--unsafe-local", help="Grade without a sandbox where none starts.")
    ] = False,
):
    """Grade what a class handed in; run again after an interruption, it goes on where it was."""
    with _grading() as commands:
        level = commands.choose_level(container, unsafe_local)
        order = commands.classroom.Order(
            submissions, commands.absolute(out_folder), commands.chapter_stems(chapter, private),
            students, commands.shard(shard), private,
        )  # fmt: skip
        outcome = commands.grade(order, level, workers, err)
    for sentence in commands.summary(order, outcome):
        out.print(escape(sentence))
    if outcome.ungraded:
        raise typer.Exit(1)


@app.command()
def merge(
    shards: Annotated[list[Path], typer.Argument(help="The results of every shard.")],
    out_folder: Annotated[Path, typer.Option("--out", metavar="RESULTS", help="The folder for the whole.")],
    private: Private = None,
):
    """Join the results of all shards; duplicates, gaps and mixed versions are errors."""
    with _grading() as commands:
        count = commands.classroom.merge(shards, commands.absolute(out_folder), private)
    out.print(f"{count} grades of {len(shards)} shards are in {escape(str(out_folder))}.")


@app.command()
def release(
    chapters: Annotated[str, typer.Argument(help="Which chapters: 01, 01-03 or 01,05.")],
    out_file: Annotated[Path, typer.Option("--out", metavar="ZIP", help="The zip to write.")],
    private: Private = None,
    with_checks: Annotated[
        bool, typer.Option("--with-checks", help="Ship the checks of your own exercises, answers included.")
    ] = False,
    wheel: Annotated[Path | None, typer.Option(help="The package, if it cannot be built here.")] = None,
):
    """Make what students get: chapters, environment and a page that says how to begin."""
    with _grading() as commands:
        from .grading.release import release as make_release

        stems = commands.chapter_stems(chapters, private)
        names = make_release(stems, commands.absolute(out_file), private, with_checks, wheel)
    out.print(f"{escape(str(out_file))}: {', '.join(map(escape, names))}.")
    if not any(name.endswith(".whl") for name in names):
        out.print("The package is not in it: students install it from where you publish it, or give --wheel.")


@app.command()
def nbgrader(
    chapter: Annotated[str, typer.Argument(help="Which chapter: 01.")],
    out_folder: Annotated[Path, typer.Option("--out", metavar="DIR", help="The nbgrader course.")],
    private: Private = None,
):
    """Export a chapter as an assignment of nbgrader."""
    with _grading() as commands:
        from .grading.nbgrader_bridge import export

        paths = commands.known(private)
        for stem in commands.chapter_stems(chapter, private):
            out.print(escape(str(export(paths[stem], commands.absolute(out_folder)))))


@contextlib.contextmanager
def _grading():
    """The grading commands, imported when they are wanted; what a user can mend is one sentence."""
    from .grading import commands

    try:
        yield commands
    except (*commands.ERRORS, commands.Refused) as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("Stopped. Every grade so far is safe: run the same command again to go on.")


@app.command()
def doctor():
    """Say what this machine has for the course, what is missing, and what to do."""
    from . import doctor

    findings = doctor.examine()
    out.print(doctor.table(findings))
    if any(finding.essential and not finding.good for finding in findings):
        raise typer.Exit(1)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False):
    if version:
        out.print(f"cnncourse {__version__}")
        raise typer.Exit()
