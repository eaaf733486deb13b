"""The memory and the operations that a plan states are those of a real step."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

import tnet
from tnet.catalog.models import without_weights
from tnet.parameters import groups
from tnet.parameters.choice import optimizer_classes
from tnet.render.cost import cost
from tnet.render.sizes import example_inputs, sizes

ROOT = Path(__file__).parent.parent.parent
TRAINED = [path for path in sorted((ROOT / "specs").glob("*.tnet")) if "\ntrain {" in path.read_text(encoding="utf-8")]
TRAINED = [path for path in TRAINED if path.stem != "dynamic"]
"""All that train but the one whose depth is drawn at each pass."""
QUICK = ("digits", "gpt", "lstm", "mlp", "vae")
CLOSE = 0.05
"""What the figure for activations may be off by: a kernel may keep buffers of its own."""

VISION = """
net Net(image: float[N, 3, 224, 224]) -> logits: float[N, 10] { body: models.NAME(num_classes=10) }
train { epochs = 1; batch = 2; loss = CrossEntropyLoss(); optimizer = SGD(lr=0.1, momentum=0.9); SETTING }
"""

SMALL = """
net A(x: float[N, 8]) -> float[N, 4] { first: Linear(16); relu; Dropout(0.5); head: Linear(4) }
parameters { RULES }
train { epochs = 1; batch = 12; loss = cross_entropy(output, target); optimizer = AdamW(lr=0.01); SETTING }
"""


def stated(spec, samples=None):
    return cost(spec.net, spec.model_class(), spec.recipe, spec.table, samples)


def small(rules="", setting=""):
    return tnet.loads(SMALL.replace("RULES", rules).replace("SETTING", setting))


def real_step(spec):
    """The bytes that autograd keeps of a real step, each storage once, those of the model not; and its operations."""
    with without_weights():
        model, loss = spec.model().train(), spec.loss()
    inputs = example_inputs(spec.net, "cpu", sizes(spec.net) | {"N": spec.recipe.batch})
    classes = inputs[0] if spec.name == "gpt" else torch.zeros(spec.recipe.batch, dtype=torch.int64)
    own = {each.untyped_storage().data_ptr() for each in (*model.parameters(), *model.buffers())}
    kept = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage
        return tensor

    counter = FlopCounterMode(display=False)
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=spec.recipe.precision == "bf16")
    with counter, saved_tensors_hooks(pack, lambda tensor: tensor):
        with autocast:
            names = [each.name for each in spec.net.root.inputs]
            value = loss(model(*inputs), {**dict(zip(names, inputs, strict=True)), "target": classes})
        value.backward()
    return sum(storage.nbytes() for storage in kept.values()), counter.get_total_flops()


def assert_as_real(spec):
    found = stated(spec)
    activations, flops = real_step(spec)
    assert found.missing is None and found.flops == flops
    assert found.activations == pytest.approx(activations, rel=CLOSE)


@pytest.mark.parametrize("path", [each for each in TRAINED if each.stem in QUICK], ids=lambda path: path.stem)
def test_the_gallery(path):
    assert_as_real(tnet.load(path, overrides={"train.batch": 16}))


@pytest.mark.slow
@pytest.mark.parametrize("path", [each for each in TRAINED if each.stem not in QUICK], ids=lambda path: path.stem)
def test_the_rest_of_the_gallery(path):
    assert_as_real(tnet.load(path, overrides={"train.batch": 2}))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "vit_b_32", "densenet121", "shufflenet_v2_x1_0"])
def test_torchvision(name):
    assert_as_real(tnet.loads(VISION.replace("NAME", name).replace("SETTING", "")))


@pytest.mark.slow
def test_half_precision():
    assert_as_real(tnet.loads(VISION.replace("NAME", "resnet18").replace("SETTING", 'precision = "bf16"')))


def test_parameters_gradients_and_copies():
    whole, frozen = stated(small()), stated(small("first { freeze = true }"))
    assert frozen.parameters == whole.parameters and frozen.gradients == 4 * (16 * 4 + 4)
    assert frozen.activations < whole.activations
    assert whole.parameters == whole.gradients == 4 * (8 * 16 + 16 + 16 * 4 + 4)
    assert whole.optimizer == 2 * whole.parameters + 4 * 4, "two moments, and a count of steps for each parameter"
    assert (whole.average, stated(small(setting="ema = 0.9")).average) == (0, whole.parameters)
    assert whole.total == sum((whole.parameters, whole.gradients, whole.optimizer, whole.activations))


def test_what_is_computed_again_is_not_kept():
    deep = "first: Linear(16); relu; inner: { Linear(16); relu; Linear(16); relu; Linear(16) }"
    text = SMALL.replace("first: Linear(16); relu", deep).replace("SETTING", "")
    whole, again = (stated(tnet.loads(text.replace("RULES", rules))) for rules in ("", "inner { recompute = true }"))
    assert again.activations < whole.activations and again.flops > whole.flops


def test_a_part_of_a_batch_is_kept_and_all_of_it_computed():
    whole, parts, few = stated(small()), stated(small(setting="accumulate = 3")), stated(small(), samples=6)
    assert parts.flops == whole.flops and few.flops == whole.flops / 2
    assert parts.activations == pytest.approx(whole.activations / 3, rel=0.1)
    assert (whole.inputs, parts.inputs, few.inputs) == ("x: float32[12, 8]", "x: float32[4, 8]", "x: float32[6, 8]")


@pytest.mark.parametrize("name", sorted(optimizer_classes().keys() - {"LBFGS", "SparseAdam"}))
def test_the_state_of_an_optimizer_is_what_it_has_after_a_step(name):
    net = "net A(x: float[N, 4]) -> float[N, 3] { Linear(3, bias=false) }"
    train = f"train {{ epochs = 1; batch = 4; loss = MSELoss(); optimizer = {name}(lr=0.01) }}"
    spec = tnet.loads(f"{net}\n{train}")
    model = spec.model()
    optimizer = spec.optimizer(model)
    model(torch.ones(2, 4)).sum().backward()
    optimizer.step()
    tensors = [each for state in optimizer.state.values() for each in state.values() if isinstance(each, torch.Tensor)]
    assert stated(spec).optimizer == sum(each.numel() * each.element_size() for each in tensors)
    assert len(groups(spec.table)) == 1


def test_what_cannot_be_told_is_said():
    depth = tnet.load(ROOT / "tests/golden/codegen/depth.tnet").source_text
    train = "train { epochs = 1; batch = 4; loss = MSELoss(); optimizer = LBFGS() }"
    found = stated(tnet.loads(f"{depth}\n{train}"))
    assert found.missing == "the depth of the net is drawn at each pass"
    assert found.optimizer is found.activations is found.flops is found.total is None and found.parameters > 0
