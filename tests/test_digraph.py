"""DOT as text; `test_draw.py` has Graphviz read it, with hostile labels too."""

import pytest

from scalargrad.views.digraph import Digraph

# The grammar: letters, digits and underscores, not beginning with a digit, or a number; anything else in quotes.
AS_IT_IS = ["x", "_x1", "Courier", "12", "-4.2", ".5", "3."]
IN_QUOTES = ["", "a b", "1e5", "x-1", "#fff", "<b>", "node", "Edge", "digraph", "é", "½", "12\n", "a\\n"]


@pytest.mark.parametrize("text", AS_IT_IS)
def test_a_word_needs_no_quotes(text):
    assert labelled(text) == f"\tn0 [label={text}]"


@pytest.mark.parametrize("text", IN_QUOTES)
def test_everything_else_has_quotes(text):
    assert labelled(text) == f'\tn0 [label="{text}"]'


def test_quotes_in_a_text_do_not_end_it():
    assert labelled('say "x"') == '\tn0 [label="say \\"x\\""]'


def test_statements_stand_in_order_each_on_its_line():
    graph, row = Digraph(), Digraph()
    graph.defaults("node", fontsize="11")
    row.node("n0", "x", {"id": "n0"})
    graph.part("row0", row)
    graph.edge("n0", "n1-2", {"label": "3", "class": "wire"})
    assert graph.source == (
        "digraph {\n"
        "\tnode [fontsize=11]\n"
        "\tsubgraph row0 {\n"
        "\t\tn0 [label=x id=n0]\n"
        "\t}\n"
        '\tn0 -> "n1-2" [label=3 class=wire]\n'
        "}\n"
    )


def labelled(text):
    graph = Digraph()
    graph.node("n0", text, {})
    return graph.source.removeprefix("digraph {\n").removesuffix("\n}\n")
