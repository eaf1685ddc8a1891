"""Sets up everything that the commands need, on a machine with nothing but Python, make and git.

Standard library only, since it runs before anything is installed:

    python3 deploy/local/bootstrap.py                     .venv with all blocks and tools
    python3 deploy/local/bootstrap.py --service intake    .venv-intake with one block only
    python3 deploy/local/bootstrap.py --system-packages   also Debian packages that tests use, when we are root

A second run takes no time: it stops when the lock file and all pyproject.toml files are what they were.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
LOCK = PROJECT / "requirements.lock"
INSTALLER = PROJECT / "deploy" / "local" / "uv.txt"
OLDEST_PYTHON = (3, 11)
OLDEST_JAVA = 17
APT = ("apt-get", "-o", "DPkg::Lock::Timeout=300")


class SetupError(Exception):
    """Something that the set-up cannot do by itself; the message says what to do."""


def main() -> int:
    """Set up what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--service", help="only this block, in an environment of its own")
    parser.add_argument("--system-packages", action="store_true", help="install missing Debian packages for the tests")
    given = parser.parse_args()
    if sys.version_info[:2] < OLDEST_PYTHON:
        sys.exit(
            f"Meldstroom needs Python 3.11 or newer; this is {sys.version.split()[0]}. Choose with PYTHON=python3.12"
        )
    try:
        if given.system_packages:
            system_packages()
        environment(given.service)
    except SetupError as error:
        print(f"\nSet-up stopped: {error}", file=sys.stderr)
        return 1
    return 0


def environment(service: str | None) -> None:
    """Make the virtual environment and install into it what the lock file says, when anything changed."""
    folder = PROJECT / (f".venv-{service}" if service else ".venv")
    members = _members(service)
    stamp = folder / "meldstroom-stamp"
    wanted = _stamp(members)
    if stamp.exists() and stamp.read_text() == wanted and _works(folder):
        return
    began = time.monotonic()
    _make(folder)
    install = _installer(folder)
    if service:
        # Versions come from the lock file; which packages, from the block and `commonground` themselves.
        constraints = ("--constraint", str(LOCK))
        run([*install, *constraints, "hatchling", "editables"], "Installing the build tool")
        editable = [part for member in map(_with_test_tools, members) for part in ("--editable", member)]
        run([*install, *constraints, "--no-build-isolation", *editable], f"Installing {service} and what it needs")
    else:
        run([*install, "--require-hashes", "--requirement", str(LOCK)], "Installing what the lock file names")
        editable = [part for member in members for part in ("--editable", str(member))]
        run([*install, "--no-deps", "--no-build-isolation", *editable], "Installing the blocks")
    _compile(folder)
    stamp.write_text(wanted)
    say(f"Set up in {time.monotonic() - began:.0f} s")


def _compile(folder: Path) -> None:
    """Compile every package that is not compiled yet: starting a block takes half the time with it.

    The installer compiles only what it installs itself, and Python writes nothing where PYTHONDONTWRITEBYTECODE is set.
    """
    say("Compiling what is not compiled yet")
    compiler = [str(folder / "bin" / "python"), "-m", "compileall", "-qq", "-j", "0", str(folder / "lib")]
    # Some packages carry files that are no valid Python, as templates or for tests; that is no reason to stop.
    subprocess.run(compiler, check=False, stdout=subprocess.DEVNULL)


def _with_test_tools(member: Path) -> str:
    """Return what to install of a member: with the extra `testing` where it has one."""
    return f"{member}[testing]" if "\ntesting = [" in (member / "pyproject.toml").read_text() else str(member)


def _members(service: str | None) -> list[Path]:
    shared = PROJECT / "shared"
    services = sorted(file.parent for file in (PROJECT / "services").glob("*/pyproject.toml"))
    if service is None:
        return [shared, *services]
    chosen = [folder for folder in services if folder.name == service]
    if not chosen:
        raise SetupError(f"there is no block {service!r}; there are: {', '.join(folder.name for folder in services)}")
    return [shared, *chosen]


def _stamp(members: Sequence[Path]) -> str:
    digest = hashlib.sha256(f"{sys.version} compiled".encode())
    for file in (LOCK, INSTALLER, PROJECT / "pyproject.toml", *(member / "pyproject.toml" for member in members)):
        # Of the root file only the dependencies matter; tools are configured there too, and change often.
        content = file.read_text()
        digest.update((content.split("# --- Checks")[0] if file.parent == PROJECT else content).encode())
    return f"{digest.hexdigest()} {PROJECT}\n"


def _works(folder: Path) -> bool:
    python = folder / "bin" / "python"
    return python.exists() and not subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode


def _make(folder: Path) -> None:
    """Make the virtual environment with pip in it."""
    if _works(folder):
        if _has_pip(folder) or (folder / "bin" / "uv").exists():
            return
        subprocess.run([folder / "bin" / "python", "-m", "ensurepip"], check=False, capture_output=True)
        if _has_pip(folder):
            return
    shutil.rmtree(folder, ignore_errors=True)
    say(f"Making {folder.name} with Python {sys.version.split()[0]}")
    make = [sys.executable, "-m", "venv", str(folder)]
    if not subprocess.run(make, check=False, capture_output=True).returncode:
        return
    # Debian packs venv's own pip apart from Python.
    shutil.rmtree(folder, ignore_errors=True)
    if os.geteuid() == 0 and shutil.which("apt-get"):
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        _apt_update()
        if apt_install([package]) or apt_install(["python3-venv"]):
            run(make, "Making the environment again")
            return
    if not subprocess.run([*make, "--without-pip"], check=False, capture_output=True).returncode:
        command = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "pip"]
        if not subprocess.run(command, check=False, capture_output=True).returncode:
            return
    shutil.rmtree(folder, ignore_errors=True)
    raise SetupError("Python's venv module is not complete. On Debian and Ubuntu: sudo apt-get install python3-venv")


def _has_pip(folder: Path) -> bool:
    command = [str(folder / "bin" / "python"), "-m", "pip", "--version"]
    return not subprocess.run(command, check=False, capture_output=True).returncode


def _installer(folder: Path) -> list[str]:
    """Return the command that installs into the environment: uv, or pip where uv cannot be had."""
    python = str(folder / "bin" / "python")
    uv = folder / "bin" / "uv"
    if not uv.exists():
        command = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        try:
            run([*command, "--require-hashes", "--requirement", str(INSTALLER)], "Installing uv")
        except SetupError as error:
            say(f"{error}\nGoing on with pip, which takes longer")
    if not uv.exists():
        return [python, "-m", "pip", "--disable-pip-version-check", "install"]
    for name, value in _as_uv_reads_it().items():
        os.environ.setdefault(name, value)
    return [str(uv), "pip", "install", "--python", python]


def _as_uv_reads_it() -> dict[str, str]:
    """Return this machine's settings for pip under the names that uv reads, so that one mirror serves both."""
    settings = {"UV_PYTHON_DOWNLOADS": "never"}
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=False, capture_output=True, text=True
    ).stdout
    found = dict(line.split("=", 1) for line in listed.splitlines() if "=" in line)
    names = {
        "index-url": "UV_DEFAULT_INDEX",
        "extra-index-url": "UV_INDEX",
        "find-links": "UV_FIND_LINKS",
        "cert": "SSL_CERT_FILE",
    }
    for ours, theirs in names.items():
        for section in ("global", "install", ":env:"):
            value = found.get(f"{section}.{ours}", "").strip("'\"")
            if value and value != "/dev/null":
                settings[theirs] = value.split()[0] if ours == "index-url" else value
    return settings


def system_packages() -> None:
    """Install the Debian packages that the tests use and that are missing, when we may."""
    wanted = {
        "chromium": any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
        "kcat": bool(shutil.which("kcat")),
        "default-jdk-headless": _java_version() >= OLDEST_JAVA,
        "maven": bool(shutil.which("mvn")),
        "nodejs": bool(shutil.which("node")),
        "npm": bool(shutil.which("npm")),
    }
    missing = [package for package, there in wanted.items() if not there]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        say(f"Missing, so tests that need them are skipped: {', '.join(missing)}")
        return
    say(f"Installing Debian packages: {', '.join(missing)}")
    _apt_update()
    if not apt_install(missing):
        # One that does not exist here must not keep the others away.
        failed = [package for package in missing if not apt_install([package])]
        say(f"Could not be installed, so tests that need them are skipped: {', '.join(failed)}")


def _java_version() -> int:
    java = shutil.which("java")
    if java is None:
        return 0
    told = subprocess.run([java, "-version"], check=False, capture_output=True, text=True).stderr
    try:
        return int(told.split('"')[1].split(".")[0])
    except (IndexError, ValueError):
        return 0


def _apt_update() -> None:
    subprocess.run([*APT, "-qq", "update"], check=False)


def apt_install(packages: Sequence[str]) -> bool:
    """Install Debian packages without questions; say whether that worked."""
    settings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = [*APT, "-qq", "install", "-y", "--no-install-recommends", *packages]
    return not subprocess.run(command, check=False, env=settings, stdout=subprocess.DEVNULL).returncode


def run(command: Sequence[str], what: str) -> None:
    """Run a step and show what it says; raise ``SetupError`` when it fails."""
    say(what)
    if code := subprocess.run(list(command), check=False, cwd=PROJECT).returncode:
        raise SetupError(f"{what.lower()} failed with code {code}")


def say(text: str) -> None:
    """Show one line of progress, apart from what commands print as their answer."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
