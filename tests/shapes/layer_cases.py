"""Every layer class of the three libraries: a step that builds it, and the same in Python where tnet writes less.

Inputs of a net, and the steps for them; `step | Python` where arguments are read off the input, which Python writes.
"""

from __future__ import annotations

IMAGE, SIGNAL, VOLUME = "v: float[N, 8, H=16, W=16]", "v: float[N, 8, L=16]", "v: float[N, 8, 8, 8, 8]"
ROW, SEQUENCE, INDICES = "v: float[N, 16]", "v: float[N, T=10, 16]", "v: int[N, T=10]"
PAIR, CLASSES = "v: float[N, 16], w: float[N, 16]", "v: float[N, 16], w: int[N]"
ENCODED = "v: float[N, T=10, 16], w: float[N, S=6, 16]"

CASES = {
    IMAGE: """
        Conv2d(4, 3) | Conv2d(8, 4, 3)
        Conv2d(4, 3, stride=2, padding=1) | Conv2d(8, 4, 3, stride=2, padding=1)
        Conv2d(8, 3, padding="same", groups=8) | Conv2d(8, 8, 3, padding="same", groups=8)
        ConvTranspose2d(4, 2, stride=2) | ConvTranspose2d(8, 4, 2, stride=2)
        BatchNorm2d | BatchNorm2d(8)
        SyncBatchNorm | SyncBatchNorm(8)
        InstanceNorm2d(affine=true) | InstanceNorm2d(8, affine=True)
        GroupNorm(2) | GroupNorm(2, 8)
        LocalResponseNorm(2)
        CrossMapLRN2d(2)
        MaxPool2d(3, stride=2, padding=1)
        MaxPool2d(2, ceil_mode=true)
        FractionalMaxPool2d(2, output_size=[8, 8])
        AvgPool2d(2)
        LPPool2d(2, 2)
        AdaptiveAvgPool2d(1)
        AdaptiveMaxPool2d([4, 4])
        ReflectionPad2d(1)
        ReplicationPad2d(1)
        ZeroPad2d(1)
        ConstantPad2d(1, 0.5)
        CircularPad2d(1)
        Dropout2d(0.1)
        PixelShuffle(2)
        PixelUnshuffle(2)
        Upsample(scale_factor=2)
        UpsamplingBilinear2d(scale_factor=2)
        UpsamplingNearest2d(scale_factor=2)
        ChannelShuffle(2)
        Softmax2d
        Unfold(3)
        Flatten(2)
        PReLU(8)
        Identity
        Conv2dNormActivation(4) | Conv2dNormActivation(8, 4)
        Conv2dNormActivation(4, norm_layer=InstanceNorm2d, activation_layer=SiLU) |
            Conv2dNormActivation(8, 4, norm_layer=InstanceNorm2d, activation_layer=SiLU)
        SqueezeExcitation(2) | SqueezeExcitation(8, 2)
        StochasticDepth(0.1, "row")
        DropBlock2d(0.1, 3)
        FrozenBatchNorm2d | FrozenBatchNorm2d(8)
        Permute([0, 2, 3, 1])
        Rearrange("b c (h p) w -> b (c p) h w", p=2)
        Reduce("b c (h p) w -> b c h w", "max", p=2)
        EinMix("b c h w -> b h w d", weight_shape="c d", bias_shape="d", c=8, d=4)
    """,
    SIGNAL: """
        Conv1d(4, 3) | Conv1d(8, 4, 3)
        ConvTranspose1d(4, 2) | ConvTranspose1d(8, 4, 2)
        BatchNorm1d | BatchNorm1d(8)
        InstanceNorm1d | InstanceNorm1d(8)
        MaxPool1d(2)
        AvgPool1d(2)
        LPPool1d(2, 2)
        AdaptiveAvgPool1d(1)
        AdaptiveMaxPool1d(1)
        ReflectionPad1d(1)
        ReplicationPad1d(1)
        ZeroPad1d(1)
        ConstantPad1d(1, 0.5)
        CircularPad1d(1)
        Dropout1d
        FeatureAlphaDropout(0.2)
    """,
    VOLUME: """
        Conv3d(4, 3) | Conv3d(8, 4, 3)
        ConvTranspose3d(4, 2) | ConvTranspose3d(8, 4, 2)
        BatchNorm3d | BatchNorm3d(8)
        InstanceNorm3d | InstanceNorm3d(8)
        MaxPool3d(2)
        FractionalMaxPool3d(2, output_size=[4, 4, 4])
        AvgPool3d(2)
        LPPool3d(2, 2)
        AdaptiveAvgPool3d(1)
        AdaptiveMaxPool3d(2)
        ReplicationPad3d(1)
        ReflectionPad3d(1)
        ZeroPad3d(1)
        ConstantPad3d(1, 0.5)
        CircularPad3d(1)
        Dropout3d
        DropBlock3d(0.1, 3)
        Conv3dNormActivation(4) | Conv3dNormActivation(8, 4)
    """,
    ROW: """
        Linear(4) | Linear(16, 4)
        ReLU
        ReLU6
        GELU
        SiLU
        Mish
        ELU
        CELU
        SELU
        LeakyReLU(0.1)
        PReLU
        RReLU
        Sigmoid
        Tanh
        Softmax(dim=1)
        LogSoftmax(dim=1)
        Softmin(dim=1)
        Softplus
        Softsign
        Softshrink
        Hardtanh
        Hardswish
        Hardsigmoid
        Hardshrink
        Tanhshrink
        Threshold(0.1, 20.0)
        LogSigmoid
        GLU
        Dropout
        AlphaDropout
        LayerNorm | LayerNorm(16)
        RMSNorm | RMSNorm(16)
        Unflatten(1, [4, 4])
        MLP([8, 4]) | MLP(16, [8, 4])
        RNNCell(4) | RNNCell(16, 4)
        GRUCell(4) | GRUCell(16, 4)
        LSTMCell(4) | LSTMCell(16, 4)
    """,
    SEQUENCE: """
        LSTM(4, batch_first=true) | LSTM(16, 4, batch_first=True)
        GRU(4, num_layers=2, batch_first=true) | GRU(16, 4, num_layers=2, batch_first=True)
        RNN(4, bidirectional=true) | RNN(16, 4, bidirectional=True)
        TransformerEncoderLayer(4, 32, batch_first=true) | TransformerEncoderLayer(16, 4, 32, batch_first=True)
        TransformerEncoder(TransformerEncoderLayer(4, 32, batch_first=true), num_layers=2) |
            TransformerEncoder(TransformerEncoderLayer(16, 4, 32, batch_first=True), num_layers=2)
        Linear(3) | Linear(16, 3)
        LayerNorm | LayerNorm(16)
    """,
    INDICES: """
        Embedding(10, 4)
        EmbeddingBag(10, 4)
    """,
    "v: float[N, 32, L=9]": "Fold([4, 4], 2)",
    "v: float[N, 8, 6, 6]": "LayerNorm(normalized_shape=[8, 6, 6])",
    PAIR: """
        Bilinear(4) | Bilinear(16, 16, 4)
        CosineSimilarity
        PairwiseDistance
        MSELoss
        L1Loss
        SmoothL1Loss
        HuberLoss
        BCELoss
        BCEWithLogitsLoss
        KLDivLoss(reduction="batchmean")
        PoissonNLLLoss
        HingeEmbeddingLoss
        SoftMarginLoss
        MultiLabelSoftMarginLoss
        CrossEntropyLoss(label_smoothing=0.1)
    """,
    CLASSES: """
        CrossEntropyLoss(weight=none)
        NLLLoss
        MultiMarginLoss
        AdaptiveLogSoftmaxWithLoss(20, [4, 10]) | AdaptiveLogSoftmaxWithLoss(16, 20, [4, 10])
        LinearCrossEntropyLoss(5) | LinearCrossEntropyLoss(16, 5)
    """,
    "v: float[N, 16], w: int[N, 16]": "MultiLabelMarginLoss",
    "v: float[N, 4, H=6, W=6], w: int[N, H, W]": "NLLLoss2d",
    "v: float[N, 16], w: float[N, 16], u: float[N, 16]": """
        TripletMarginLoss
        TripletMarginWithDistanceLoss
        GaussianNLLLoss
    """,
    "v: float[N, 16], w: float[N, 16], u: int[N]": "CosineEmbeddingLoss",
    "v: float[N], w: float[N], u: float[N]": "MarginRankingLoss",
    "v: float[T=10, N, 6], w: int[N, 2], u: int[N], t: int[N]": "CTCLoss",
    "v: float[N, 3, L=8], w: int[N, 3, L]": "MaxUnpool1d(2)",
    "v: float[N, 3, H=8, W=8], w: int[N, 3, H, W]": "MaxUnpool2d(2)",
    "v: float[N, 3, 4, 4, 4], w: int[N, 3, 4, 4, 4]": "MaxUnpool3d(2)",
    "v: float[N, T=10, 16], w: float[N, S=6, 12], u: float[N, S, 20]": """
        MultiheadAttention(4, batch_first=true) | MultiheadAttention(16, 4, batch_first=True, kdim=12, vdim=20)
    """,
    ENCODED: """
        Transformer(4, 1, 1, 32, batch_first=true) | Transformer(16, 4, 1, 1, 32, batch_first=True)
        TransformerDecoderLayer(4, 32, batch_first=true) | TransformerDecoderLayer(16, 4, 32, batch_first=True)
        TransformerDecoder(TransformerDecoderLayer(4, 32, batch_first=true), num_layers=2) |
            TransformerDecoder(TransformerDecoderLayer(16, 4, 32, batch_first=True), num_layers=2)
    """,
    "v: float[N, 8, H=16, W=16], w: float[N, 18, H, W]": """
        DeformConv2d(4, 3, padding=1) |
            DeformConv2d(8, 4, 3, padding=1)
    """,
    "v: float[N, 8, H=16, W=16], w: float[K, 5]": """
        RoIAlign(4, 1.0, 2)
        RoIPool(4, 1.0)
        PSRoIAlign(2, 1.0, 2)
        PSRoIPool(2, 1.0)
    """,
}  # fmt: skip

STEPS = [
    (inputs, *(part.strip() for part in f"{line} | {line}".split("|")[:2]))
    for inputs, lines in CASES.items()
    for line in lines.replace("|\n", "|").splitlines()
    if line.strip()
]
"""(inputs, step, Python), the step standing for both where nothing is left out."""

WITHOUT = {
    "RNNBase": "the common part of LSTM, GRU and RNN, with a case each",
    "RNNCellBase": "abstract: it has no forward",
    "MultiScaleRoIAlign": "takes a map, a list and sizes of images: tested apart",
    "FeaturePyramidNetwork": "takes a map of features: tested apart",
}
"""Classes that have no case here, with the reason; those that no spec builds say why themselves."""
