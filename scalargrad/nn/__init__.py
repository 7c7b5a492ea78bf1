"""Networks: from a neuron to a trained classifier, everything made of values and gates.

>>> from scalargrad import nn
>>> X, y = nn.moons(40, seed=1)
>>> model = nn.MLP(2, [8, 8, 1], "tanh", seed=1)
>>> history = nn.fit(model, X, y, "max_margin", "adam", epochs=50, learning_rate=0.05)
>>> nn.accuracy([model(x) for x in X], y)
1.0
"""

# The names in reading order: what a network is made of, what it should learn, and how.
# ruff: isort: skip_file
from .module import Module
from .neurons import Neuron, Maxout, Layer
from .embedding import Embedding
from .mlp import MLP
from .activations import ACTIVATIONS
from .starts import STARTS, normal
from .losses import LOSSES, svm_loss, softmax_loss, max_margin_loss, binary_cross_entropy_loss, mse_loss
from .losses import l1, l2, logsumexp, softmax, accuracy
from .optimisers import Optimiser, SGD, RMSProp, Adam
from .schedules import constant_rate, step_decay, exponential_decay, inverse_decay
from .schedules import linear_decay, cosine_decay, warm_up
from .training import fit
from .history import History, Diverged
from .two_layer_net import TwoLayerNet
from .models import save, load
from .data import quadrants, ring, islands, moons, spiral, read_csv
from .health import LayerHealth, layer_health
from .drawing import draw_network
from .pictures import Picture, plot_boundary, plot_history, plot_activations, plot_health

# fmt: off
__all__ = [
    "Module", "Neuron", "Maxout", "Layer", "Embedding", "MLP", "ACTIVATIONS", "STARTS", "normal",
    "LOSSES", "svm_loss", "softmax_loss", "max_margin_loss", "binary_cross_entropy_loss", "mse_loss",
    "l1", "l2", "logsumexp", "softmax", "accuracy",
    "Optimiser", "SGD", "RMSProp", "Adam",
    "constant_rate", "step_decay", "exponential_decay", "inverse_decay", "linear_decay", "cosine_decay", "warm_up",
    "fit", "History", "Diverged", "TwoLayerNet", "save", "load",
    "quadrants", "ring", "islands", "moons", "spiral", "read_csv",
    "LayerHealth", "layer_health", "draw_network",
    "Picture", "plot_boundary", "plot_history", "plot_activations", "plot_health",
]
