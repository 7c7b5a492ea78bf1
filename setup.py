"""What an index shows of the README, where a relative link leads nowhere.  All else stands in setup.cfg."""

import re
import tomllib
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent
RELATIVE = re.compile(r"(!?)\[([^]]*)\]\((?![a-z]+:|#)([^)]*)\)")  # a picture, if it begins with !, or a link


def for_an_index(readme: str, source: str | None) -> str:
    """The README with links to the files at `source`, or, where there is none, with no pictures and no links."""
    if source:
        return RELATIVE.sub(
            lambda link: f"{link[1]}[{link[2]}]({source}/{'raw' if link[1] else 'blob'}/HEAD/{link[3]})", readme
        )
    return RELATIVE.sub(lambda link: "" if link[1] else link[2], readme)


project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
setup(
    long_description=for_an_index(
        (HERE / "README.md").read_text(encoding="utf-8"), project.get("urls", {}).get("Source")
    ),
    long_description_content_type="text/markdown",
)
