"""Where this machine gets its distribution's packages from, for nodes to get them from the same place. Pure.

Reads both forms of apt's sources (sources.list(5)) and gives the one-line form. Only what belongs to the distribution's
own release is taken: a site's mirror of it, but not, say, a vendor's repository whose key nodes would not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

TYPES = frozenset({"deb"})
# options of the one-line form that are kept -> their names in the other form
OPTIONS = {"signed-by": "Signed-By", "trusted": "Trusted", "arch": "Architectures"}


def select(files: Mapping[str, str], codename: str) -> str:
    """`files`: names (ending in .list or .sources) and their text. Lines such as
    `deb [signed-by=/usr/share/keyrings/x.gpg] URI SUITE COMPONENT…`, each once, in the order of file names."""
    lines = [line for name in sorted(files) for line in _lines(name, files[name])]
    own = [line for line in lines if _suite(line) == codename or _suite(line).startswith(f"{codename}-")]
    return "".join(f"{line}\n" for line in dict.fromkeys(own))


def _lines(name: str, text: str) -> Iterator[str]:
    if name.endswith(".sources"):
        return (line for block in _stanzas(text) for line in _from_stanza(block))
    return (line for line in map(_from_line, text.splitlines()) if line)


def _from_line(line: str) -> str:
    """A line of the one-line form without its comment; empty when it is not one for binary packages."""
    words = line.split("#", 1)[0].split()
    return " ".join(words) if words and words[0] in TYPES else ""


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    """The fields of each paragraph; a line that begins with a space continues the field above it."""
    for paragraph in _paragraphs(text.splitlines()):
        fields: dict[str, str] = {}
        last = ""
        for line in paragraph:
            if line[0].isspace():
                fields[last] = f"{fields.get(last, '')} {line.strip()}".strip()
            elif ":" in line:
                last, value = line.split(":", 1)
                fields[last] = value.strip()
        yield fields


def _paragraphs(lines: Iterable[str]) -> Iterator[list[str]]:
    found: list[str] = []
    for line in lines:
        if line.strip() and not line.startswith("#"):
            found.append(line)
        elif not line.strip() and found:
            yield found
            found = []
    if found:
        yield found


def _from_stanza(fields: Mapping[str, str]) -> Iterator[str]:
    if fields.get("Enabled", "yes").lower() == "no" or not TYPES & set(fields.get("Types", "").split()):
        return
    options = {key: ",".join(fields[name].split()) for key, name in OPTIONS.items() if name in fields}
    if not options.get("signed-by", "/").startswith("/"):
        del options["signed-by"]  # a key within the file has no one-line form; the distribution's own is known to apt
    said = " ".join(f"{key}={value}" for key, value in options.items())
    for uri in fields.get("URIs", "").split():
        for suite in fields.get("Suites", "").split():
            yield " ".join(filter(None, ("deb", f"[{said}]" if said else "", uri, suite, fields.get("Components", ""))))


def _suite(line: str) -> str:
    """The third word, when options in brackets are not counted."""
    words = line.split("]", 1)[-1].split() if "[" in line else line.split()[1:]
    return words[1] if len(words) > 1 else ""
