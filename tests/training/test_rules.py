"""What rules do while training is what one would write by hand in PyTorch, to the bit."""

import json
from pathlib import Path

import pytest
import torch
from rules_by_hand import by_hand, by_spec, same, tensors, with_rules
from small_specs import spec
from torch import nn
from torch.nn.utils import clip_grad_norm_, parametrizations
from torch.utils.checkpoint import checkpoint
from trained_by_hand import PLAIN, plain_loss, seed_model

import tnet
from tnet.diagnostics import SpecError

GAN = Path(__file__).parents[2] / "specs" / "gan.tnet"


def test_freeze_for_a_time_is_a_group_added_later(tmp_path):
    """O2: the optimizer's state starts when the parameters thaw; O4."""
    ours = by_spec(with_rules("conv, norm { freeze = 5 steps }"), tmp_path)

    def freeze(model):
        for parameter in (model.conv.weight, *model.norm.parameters()):
            parameter.requires_grad_(False)

    def thaw(model, step, optimizers):
        if step == 5:
            late = [model.conv.weight, *model.norm.parameters()]
            for parameter in late:
                parameter.requires_grad_(True)
            optimizers[0].add_param_group({"params": late})

    head = lambda model: torch.optim.SGD(model.head.parameters(), lr=0.1, momentum=0.9)  # noqa: E731
    assert same(ours, by_hand(PLAIN, head, freeze, thaw))
    assert not same(ours, by_hand(PLAIN))


def test_frozen_for_good_in_eval_mode(tmp_path):
    """O4: no gradient, ever, and statistics that stay."""
    ours = by_spec(with_rules("conv, norm { freeze = true }\nnorm { eval = true }"), tmp_path)

    def freeze(model):
        for parameter in (model.conv.weight, *model.norm.parameters()):
            parameter.requires_grad_(False)
        model.norm.eval()

    theirs = by_hand(PLAIN, lambda model: torch.optim.SGD(model.head.parameters(), lr=0.1, momentum=0.9), freeze)
    assert same(ours, theirs)
    assert int(ours["norm.num_batches_tracked"]) == 0


def test_eval_mode_outlasts_evaluations_and_epochs(tmp_path):
    text = with_rules("norm { eval = true }", "evaluate = 5 steps")
    assert same(by_spec(text, tmp_path, 70), by_hand(PLAIN, prepare=lambda model: model.norm.eval(), steps=70))


def test_l1_and_l2_are_added_to_the_loss_and_logged_apart(tmp_path):
    """L6: l1 and l2 on parameters, each rule's own."""
    text = with_rules("* { l2 = 1e-2 }\nhead { l1 = 1e-3; l2 = 0 }")
    penalties = []

    def loss(model, batch, step):
        l1 = 1e-3 * sum(each.abs().sum() for each in model.head.parameters())
        l2 = 1e-2 * sum(each.square().sum() for each in (model.conv.weight, *model.norm.parameters()))
        value = plain_loss(model, batch, step)
        penalties.append((value.item(), l1.item(), l2.item()))
        return value + (l1 + l2)

    assert same(by_spec(text, tmp_path), by_hand(PLAIN, loss=loss))
    events = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    steps = [each for each in events if each["event"] == "step"]
    assert [(each["train.loss"], each["train.l1"], each["train.l2"]) for each in steps] == penalties


def test_penalties_count_once_where_a_batch_is_computed_in_parts(tmp_path):
    text = with_rules("head { l2 = 0.1 }", "accumulate = 4")
    ours = by_spec(text, tmp_path)

    def backward(model, batch, step):
        seed_model(step)
        for part in range(4):
            piece = {name: value.tensor_split(4)[part] for name, value in batch.items()}
            share = len(piece["image"]) / len(batch["image"])
            value = nn.functional.cross_entropy(model(piece["image"]), piece["target"], label_smoothing=0.05) * share
            if part == 0:
                value = value + 0.1 * sum(each.square().sum() for each in model.head.parameters())
            value.backward()

    assert same(ours, by_hand(PLAIN, backward=backward))


@pytest.mark.parametrize(("value", "largest", "kind"), [("0.1", 0.1, 2.0), ("Norm(0.5, type=1)", 0.5, 1.0)])
def test_clip_norm_of_a_rule_is_of_all_that_it_holds_for(value, largest, kind, tmp_path):
    text = with_rules(f"conv, head {{ clip_norm = {value} }}\nhead.bias {{ clip_norm = 0.01 }}", "clip_norm = 0.2")

    def clip(model):
        clip_grad_norm_([model.conv.weight, model.head.weight], largest, kind)
        clip_grad_norm_([model.head.bias], 0.01)
        clip_grad_norm_(model.parameters(), 0.2)

    assert same(by_spec(text, tmp_path), by_hand(PLAIN, before_update=clip))


def test_max_norm_scales_each_slice(tmp_path):
    ours = by_spec(with_rules("*.weight :matrix, conv { max_norm = 0.3 }"), tmp_path)

    def limit(model):
        with torch.no_grad():
            for weight in (model.conv.weight, model.head.weight):
                weight.copy_(torch.renorm(weight, 2, 0, 0.3))

    assert same(ours, by_hand(PLAIN, after_update=limit))
    assert ours["head.weight"].norm(dim=1).max() <= 0.3 + 1e-6


@pytest.mark.parametrize(
    ("text", "apply"),
    [
        ("weight_norm", parametrizations.weight_norm),
        ("orthogonal", parametrizations.orthogonal),
        ("orthogonal(orthogonal_map=\"cayley\")", lambda m: parametrizations.orthogonal(m, orthogonal_map="cayley")),
        ("spectral_norm(n_power_iterations=2)", lambda m: parametrizations.spectral_norm(m, n_power_iterations=2)),
    ],
)  # fmt: skip
def test_parametrize(text, apply, tmp_path):
    from tnet.parameters.streams import global_stream

    rules = f"head {{ parametrize = {text} }}"
    ours = by_spec(with_rules(rules), tmp_path)

    def prepare(model):
        with global_stream(42, "head.weight.parametrize"):
            apply(model.head)

    assert same(ours, by_hand(PLAIN, prepare=prepare))
    assert same(tensors(spec(with_rules(rules)).train(out=tmp_path / "again").model), ours)


def test_recompute_changes_nothing_but_memory(tmp_path):
    """Also not the statistics of a batch norm, which its forward pass moves; dropout draws the same again."""
    plain = by_hand(PLAIN)
    assert same(by_spec(with_rules("conv, norm, Dropout, head { recompute = true }"), tmp_path), plain)

    calls = []
    it = spec(with_rules("conv { recompute = true }"))
    model = it.model()
    model.conv.register_forward_pre_hook(lambda *_: calls.append(1))
    from tnet.training.rules.recomputing import recomputing

    batch = next(iter(it.data().train))
    with recomputing([model.get_submodule(path) for path in it.table.outermost("recompute")]):
        model(batch["image"]).sum().backward()
    assert "forward" not in vars(model.conv)

    by_torch = it.model()
    norm_before = by_torch.norm.running_mean.clone()
    checkpoint(by_torch.conv, batch["image"], use_reentrant=False).sum().backward()
    assert torch.equal(by_torch.norm.running_mean, norm_before)


def test_histograms_are_logged_and_change_nothing(tmp_path):
    """M15, R2: outputs, parameters and gradients of the outermost modules, at the steps that are logged."""
    text = with_rules("conv, MaxPool2d { histogram = true }", "log_every = 10").replace("  log_every = 1\n", "")
    assert same(by_spec(text, tmp_path), by_hand(PLAIN))
    events = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    found = [each for each in events if each["event"] == "histogram"]
    assert [each["step"] for each in found] == [10, 20]
    assert set(found[0]) == {"event", "step", "conv", "maxpool2d", "conv.weight", "conv.weight.grad"}
    weights = {}

    def look(model, step, optimizers):
        if step == 9:
            weights["conv.weight"] = model.conv.weight.detach().clone()

    by_hand(PLAIN, before_step=look)
    weight, logged = weights["conv.weight"], found[0]["conv.weight"]
    assert (logged["min"], logged["max"]) == (weight.min().item(), weight.max().item())
    assert sum(logged["counts"]) == logged["number"] == weight.numel()
    assert logged["mean"] == pytest.approx(weight.mean().item())  # summed in another order


def test_histograms_in_tensorboard(tmp_path):
    """R2"""
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    text = with_rules("head { histogram = true }", "log_every = 10", "log = [tensorboard]")
    by_spec(text.replace("  log_every = 1\n", ""), tmp_path)
    events = event_accumulator.EventAccumulator(str(tmp_path / "run"), {"histograms": 0}).Reload()
    of_the_rule = {"head", "head/weight", "head/weight/grad", "head/bias", "head/bias/grad"}
    assert set(events.Tags()["histograms"]) == of_the_rule | {"conv/weight", "conv/weight/grad"}
    assert [(each.step, each.histogram_value.num) for each in events.Histograms("head/bias")] == [(10, 10), (20, 10)]


def test_layer_decay_and_rates_are_groups_as_by_hand(tmp_path):
    """O2, O3: rates by sub-network."""
    rules = 'conv { lr = 0.5 * lr }\n* { layer_decay = LayerDecay(0.5, "norm") }'
    ours = by_spec(with_rules(rules), tmp_path)

    def optimizer(model):
        return torch.optim.SGD(
            [
                {"params": [model.conv.weight], "lr": 0.1 * 0.5 * 0.5**2},
                {"params": list(model.norm.parameters()), "lr": 0.1 * 0.5},
                {"params": list(model.head.parameters())},
            ],
            lr=0.1,
            momentum=0.9,
        )

    assert same(ours, by_hand(PLAIN, optimizer))


SEVERAL = "head.weight { optimizer = Muon(lr=0.02) }\nnorm { optimizer = RMSprop(lr=1e-3); momentum = 0.5 }"


def test_several_optimizers_in_one_run(tmp_path):
    """O1, O2: each parameter by its own rule's optimizer, options read against that."""

    def optimizers(model):
        rest = [model.conv.weight, model.head.bias]
        return [
            torch.optim.SGD(rest, lr=0.1, momentum=0.9),
            torch.optim.RMSprop(model.norm.parameters(), lr=1e-3, momentum=0.5),
            torch.optim.Muon([model.head.weight], lr=0.02),
        ]

    assert same(by_spec(with_rules(SEVERAL), tmp_path), by_hand(PLAIN, optimizers))


def test_several_optimizers_have_the_methods_of_one():
    it = spec(with_rules(SEVERAL))
    model = it.model()
    optimizer = it.optimizer(model)
    assert [type(each).__name__ for each in optimizer.optimizers] == ["SGD", "RMSprop", "Muon"]
    assert [group["name"] for group in optimizer.param_groups] == ["default", "norm", "head.weight"]
    model(torch.randn(4, 1, 8, 8)).sum().backward()
    optimizer.step()
    assert len(optimizer.state) == 5
    saved = optimizer.state_dict()
    again = it.optimizer(model)
    again.load_state_dict(saved)
    assert len(again.state) == 5
    optimizer.zero_grad()
    assert all(parameter.grad is None for parameter in model.parameters())


def test_lbfgs_gets_its_closure(tmp_path):
    """O13"""
    text = PLAIN.replace("SGD(lr=0.1, momentum=0.9)", 'LBFGS(lr=0.5, max_iter=4, line_search_fn="strong_wolfe")')
    ours = by_spec(text, tmp_path)
    it = spec(text)
    model = it.model()
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=4, line_search_fn="strong_wolfe")
    for step, batch in zip(range(20), it.data().train.epoch(0), strict=False):

        def closure(batch=batch, step=step):
            optimizer.zero_grad()
            value = plain_loss(model, batch, step)
            value.backward()
            return value

        optimizer.step(closure)
    assert same(ours, tensors(model))


WORDS = """
net Words(tokens: int[N, 5]) -> logits: float[N, 3] {
  table: Embedding(50, 8, sparse=true)
  x = x.mean(dim=1)
  head: Linear(3)
}

parameters {
  :embedding { optimizer = SparseAdam(lr=0.05) }
}

train {
  steps = 10
  batch = 16
  loss = CrossEntropyLoss()
  optimizer = SGD(lr=0.1)
  compile = false
  log_every = 1
}
"""


def test_sparse_adam_trains_sparse_embeddings(tmp_path):
    generator = torch.Generator().manual_seed(0)
    tokens, labels = torch.randint(50, (160, 5), generator=generator), torch.randint(3, (160,), generator=generator)
    it = spec(WORDS)
    ours = tensors(it.train(out=tmp_path / "run", data=(tokens, labels)).model)
    model = it.model()
    optimizers = [torch.optim.SparseAdam([model.table.weight], lr=0.05), torch.optim.SGD(model.head.parameters(), 0.1)]
    for batch in it.data_recipe.load(0, 16, data=(tokens, labels)).train.epoch(0):
        model.zero_grad()
        nn.functional.cross_entropy(model(batch["tokens"]), batch["target"]).backward()
        for optimizer in optimizers:
            optimizer.step()
    assert same(ours, tensors(model))


FOLLOWING = """
block Encoder() { flatten(1); a: Linear(8) -> relu; b: Linear(4) }

net Pair(image: float[N, 1, 8, 8]) -> logits: float[N, 10] {
  y = x -> target: Encoder
  x = x -> online: Encoder
  x = x + y.detach()
  head: Linear(10)
}

parameters {
  target { follow = Ema("online", 0.9) }
}

data {
  train = Digits()
  split = [0.9, 0.1]
}

train {
  steps = 20
  batch = 32
  loss = CrossEntropyLoss()
  optimizer = SGD(lr=0.1, momentum=0.9)
  compile = false
}
"""


def test_follow_moves_towards_another_module(tmp_path):
    ours = by_spec(FOLLOWING, tmp_path)

    def prepare(model):
        model.target.load_state_dict(model.online.state_dict())
        model.target.requires_grad_(False)

    def follow(model):
        with torch.no_grad():
            for target, online in zip(model.target.parameters(), model.online.parameters(), strict=True):
                target.lerp_(online, 1 - 0.9)

    def loss(model, batch, step):
        return nn.functional.cross_entropy(model(batch["image"]), batch["target"])

    def sgd(model):
        trained = [*model.online.parameters(), *model.head.parameters()]
        return torch.optim.SGD(trained, lr=0.1, momentum=0.9)

    plain = FOLLOWING.replace('target { follow = Ema("online", 0.9) }', "")
    assert same(ours, by_hand(plain, sgd, prepare, loss=loss, after_update=follow))


PLAYERS = """
net Two(image: float[N, 1, 8, 8]) -> real: float[N, 1], fake: float[N, 1] {
  given = x.flatten(1)
  noise = randn(given.shape[0], 6)
  made = noise -> generator: { Linear(16) -> relu; Linear(64) -> sigmoid }
  x = given -> critic: { Linear(16); relu; Linear(1) }
  y = made -> critic
  return x, y
}

parameters {
  generator { loss = binary_cross_entropy_with_logits(fake, ones_like(fake)); lr = 0.1 }
}

data {
  train = Digits()
}

train {
  steps = 20
  batch = 32
  loss = binary_cross_entropy_with_logits(real, ones_like(real)) +
    binary_cross_entropy_with_logits(fake, zeros_like(fake))
  optimizer = SGD(lr=0.05)
  seed = 42
  compile = false
}
"""


def players_by_hand(text=PLAYERS):
    def backward(model, batch, step):
        seed_model(step)
        real, fake = model(batch["image"])
        bce = nn.functional.binary_cross_entropy_with_logits
        critic = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
        generator = bce(fake, torch.ones_like(fake))
        ours, theirs = list(model.critic.parameters()), list(model.generator.parameters())
        for loss, parameters in ((critic, ours), (generator, theirs)):
            for parameter, gradient in zip(
                parameters, torch.autograd.grad(loss, parameters, retain_graph=True), strict=True
            ):
                parameter.grad = gradient

    def optimizer(model):
        groups = [{"params": model.critic.parameters()}, {"params": model.generator.parameters(), "lr": 0.1}]
        return torch.optim.SGD(groups, lr=0.05)

    return by_hand(text, optimizer, backward=backward)


def test_two_players_are_each_trained_by_their_own_loss(tmp_path):
    """L8: independent losses, each with its own backward."""
    assert same(by_spec(PLAYERS, tmp_path), players_by_hand())


@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_losses_of_rules_are_logged_too(tmp_path, accumulate):
    """By their selectors. Parts add up in another order, so there equality is to rounding."""
    changes = {"train.accumulate": accumulate, "train.steps": 1, "train.log_every": 1}
    it = spec(PLAYERS.replace("randn(given.shape[0], 6)", "given[:, 20:26]"), changes)
    batch = next(iter(it.data().train))
    fake = it.model()(batch["image"])[1]
    expected = nn.functional.binary_cross_entropy_with_logits(fake, torch.ones_like(fake)).item()
    it.train(out=tmp_path / "run")
    event = json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[0])
    assert event["train.loss.generator"] == (expected if accumulate == 1 else pytest.approx(expected))
    assert event["train.loss"] != event["train.loss.generator"]


def test_the_gan_of_the_gallery_draws_digits(tmp_path):
    """What is drawn comes nearer to real digits, and is not one digit only."""
    it = tnet.load(GAN, overrides={"train.compile": False, "train.epochs": 8})
    real = torch.cat([batch["image"] for batch in it.data().train])

    def drawn(model):
        torch.manual_seed(0)
        with torch.no_grad():
            return model.eval()(real[:200])[2].flatten(1)

    def distance(images):
        return torch.cdist(images, real.flatten(1)).min(1).values.mean().item()

    before, after = drawn(it.model()), drawn(it.train(out=tmp_path / "run").model)
    assert distance(after) < 0.8 * distance(before)
    assert torch.pdist(after).mean() > 1


@pytest.mark.slow
def test_two_players_compiled(tmp_path):
    """Compiled code adds up in another order and has draws of its own: without draws, equality is to rounding."""
    text = PLAYERS.replace("randn(given.shape[0], 6)", "given[:, 20:26]")
    ours = by_spec(text.replace("compile = false", "compile = true"), tmp_path)
    for name, value in players_by_hand(text).items():
        assert torch.allclose(ours[name], value, atol=1e-5), name


@pytest.mark.slow
def test_thawed_parameters_train_in_compiled_code(tmp_path):
    text = with_rules("conv, norm { freeze = 5 steps }").replace("  Dropout(0.2)\n", "")
    compiled = by_spec(text.replace("compile   = false", "compile   = true"), tmp_path / "compiled")
    for name, value in by_spec(text, tmp_path / "plain").items():
        assert torch.allclose(compiled[name], value, atol=1e-4), name  # as above


def test_a_freeze_longer_than_the_run_is_found_when_the_steps_are_known(tmp_path):
    with pytest.raises(SpecError) as raised:
        by_spec(with_rules("conv { freeze = 2 epochs }"), tmp_path)
    (found,) = raised.value.diagnostics
    assert (found.code, found.span.text) == ("TN0803", "2 epochs")
