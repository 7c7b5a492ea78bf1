"""The lecture in one file: every chapter is there, in both languages, small, and the same at every run."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from scalargrad import language, page
from scalargrad.__main__ import main
from scalargrad.lecture import CIRCUITS
from scalargrad.lecture.page import MOST_VALUES, TEXTS, lecture_html, save_lecture
from scalargrad.views.html_file import filled
from scalargrad.views.phrases import LANGUAGES

CHAPTERS = [*CIRCUITS, "network"]
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


@pytest.fixture(scope="module")
def lectures():
    return {lang: lecture_html(lang) for lang in LANGUAGES}


class Reader(HTMLParser):
    """All tags with their attributes, and all text outside of scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] not in ("script", "style"):
            self.words.append(data.strip())


def data_of(text):
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_chapter_has_a_link_a_place_and_its_texts(lectures, lang):
    read = Reader(lectures[lang])
    assert [at["href"][1:] for tag, at in read.tags if tag == "a"] == CHAPTERS
    assert [at["id"] for tag, at in read.tags if tag == "article"] == CHAPTERS
    said = {LANGUAGES[lang][f"lecture {name} {text}"] for name in CHAPTERS for text in TEXTS}
    assert said <= set(read.words)


def test_its_own_words_are_phrases(lectures):
    """In the Chinese file stands no English sentence: all words of the English one come from the phrases."""
    english = {text for text in LANGUAGES["en"].values() if " " in text}
    assert english.isdisjoint(Reader(lectures["zh"]).words)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_script_puts_together_is_the_page_of_the_circuit(lectures, lang):
    data = data_of(lectures[lang])
    for name in CIRCUITS:
        text = filled(data["template"], data["chapters"][name])
        own = page(CIRCUITS[name].root(), limit=MOST_VALUES, lang=lang).html
        assert text == re.sub("<tr><td>.*</tr>\n", "", own), name


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_comes_from_elsewhere(lectures, lang):
    text = lectures[lang]
    inside = [data_of(text)["template"], data_of(text)["chapters"]["network"]["page"]]
    assert all(POLICY in page for page in (text, *inside))
    addresses = {value for _, at in Reader(text).tags for key, value in at.items() if key in ("src", "href")}
    assert all(address.startswith(("#", "data:")) for address in addresses)
    assert re.findall(r"https?://(?!www\.w3\.org/)", text) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_is_small(lectures, lang):
    assert len(lectures[lang].encode()) < 1_000_000


def test_the_same_at_every_run(lectures):
    with language("zh"):
        assert lecture_html() == lectures["zh"]
        assert lecture_html("en") == lectures["en"]


def test_saving(tmp_path, lectures):
    path = save_lecture(tmp_path / "lecture4.html", "zh")
    assert path == tmp_path / "lecture4.html" and path.read_text("utf-8") == lectures["zh"]
    with pytest.raises(ValueError, match=r"^the lecture can be saved as \.html, not as 'lecture4\.pdf'$"):
        save_lecture("lecture4.pdf")
    with pytest.raises(ValueError, match="sentences in 'en' and 'zh'"):
        save_lecture(tmp_path / "french.html", "fr")
    assert [file.name for file in tmp_path.iterdir()] == ["lecture4.html"]


def test_the_command(tmp_path, capsys, monkeypatch, lectures):
    monkeypatch.chdir(tmp_path)
    assert main(["--lecture", "lecture4.html", "--lang", "zh"]) == 0
    assert capsys.readouterr().out == "讲义      lecture4.html，用浏览器打开\n"
    assert (tmp_path / "lecture4.html").read_text("utf-8") == lectures["zh"]
    monkeypatch.setattr("webbrowser.open", lambda address: address == (tmp_path / "b.html").as_uri())
    assert main(["--lecture", "b.html", "--open", "--lang", "en"]) == 0
    assert main(["x * y", "x=2", "y=3", "--lecture", "c.html", "--lang", "en"]) == 2
    assert "--lecture does not go with 'x * y'" in capsys.readouterr().err and not (tmp_path / "c.html").exists()
