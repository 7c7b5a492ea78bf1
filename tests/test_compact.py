"""Scripts and styles as a page carries them: what is taken out of them, and what is not."""

import re
from pathlib import Path

import pytest

import scalargrad
from scalargrad.views import compact

PACKAGE = Path(scalargrad.__file__).parent
SCRIPTS = [*sorted(PACKAGE.glob("views/page*.js")), *sorted(PACKAGE.glob("practice/*.js"))]
REGULAR = re.compile(r"(?<=[(=] )/(?![/*])[^/\n]+/|(?<=\()/(?![/*])[^/\n]+/")  # after an opening parenthesis or `= `


@pytest.mark.parametrize(
    "text, left",
    [
        ('f("a, b // c", `d = ${e}`);', 'f("a, b // c",`d = ${e}`);'),
        (r'f("a \" // b") // c', r'f("a \" // b")'),
        ("if (a) {\n  // why\n  b();\n}\n", "if(a){b();}"),
        ("a /* why\nnot */ = 1;", "a=1;"),
        ("return a - -b + c;", "return a - -b + c;"),
        ("x = a ? .5 : b >= c;", "x=a?.5:b>=c;"),
        ('see("http://a"); // b', 'see("http://a");'),
    ],
)
def test_a_script_without_what_is_for_its_readers(text, left):
    assert compact.script(text) == left


@pytest.mark.parametrize(
    "text, left",
    [
        ("a > b { margin: calc(1px + 2px) ; /* why */ }\nc { d: e }", "a>b{margin:calc(1px + 2px)}c{d:e}"),
        ("@media screen and (max-width: 1px) { a { b: c } }", "@media screen and (max-width:1px){a{b:c}}"),
        ('a { font: 1px "B, C"; }', 'a{font:1px "B, C"}'),
        ("a :hover, b:hover { c: d }", "a :hover,b:hover{c:d}"),
    ],
)
def test_styles_without_what_is_for_their_readers(text, left):
    assert compact.style(text) == left


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_the_scripts_of_the_page_can_be_read_as_they_are_told_to_be(path):
    text = path.read_text(encoding="utf-8")
    assert "'" not in re.sub(r'"[^"\n]*"|`[^`]*`|//.*', "", text)
    assert all(
        template.count("${") == len(re.findall(r"\$\{[^`]*?\}", template)) for template in re.findall(r"`[^`]*`", text)
    )
    for regular in REGULAR.findall(text):
        assert not re.search(r"""["`]| [=<>!&|?:;,(){}[\]]|[=<>!&|?:;,(){}[\]] """, regular), regular
