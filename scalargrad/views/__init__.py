"""People looking at a graph.

`story` is what there is to tell about one: its order, names, source lines, gradients and spellings, each computed once.
Every view is a function of a story, and none imports another, but for the page, which shows several:

    steps, tree           words
    draw, page            pictures
    code, latex           text for a machine, and for a paper
    ledger, explain       answers to a question about one value

What they share stands above them: every sentence in `phrases`, a file for each language; names, source lines, spelled
formulas, what a gate does to the gradient (`patterns`), DOT text, and the ways from the root to one value.

A new view is one file:

    def leaves(root, names=None, lang=None):
        story = Story(root, names, lang=lang)
        return story.listed([story.data_and_name(leaf) for leaf in story.leaves])
"""
