"""Names of layers and of the functions that do the same, by what they are for."""

from __future__ import annotations

BATCH_NORMS = frozenset({"BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"})
NORMS = BATCH_NORMS | frozenset(
    "InstanceNorm1d InstanceNorm2d InstanceNorm3d LayerNorm GroupNorm RMSNorm batch_norm instance_norm layer_norm"
    " group_norm rms_norm".split()
)
DROPOUTS = frozenset(
    "Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout dropout dropout1d dropout2d dropout3d"
    " alpha_dropout feature_alpha_dropout".split()
)
WEIGHTED_LAYERS = frozenset(
    "Linear Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d".split()
)  # fmt: skip
WEIGHTED = WEIGHTED_LAYERS | frozenset(
    "linear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d".split()
)
RECURRENT = frozenset({"RNN", "LSTM", "GRU"})
SIGMOIDS = frozenset({"Sigmoid", "sigmoid"})
LOG_SOFTMAXES = frozenset({"LogSoftmax", "log_softmax"})
SOFTMAXES = frozenset({"Softmax", "softmax", "Softmax2d"})
