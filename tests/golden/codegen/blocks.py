"""Mix, generated from a spec. Shapes are at H=32, W=32."""

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.ops import StochasticDepth


class Inception(nn.Module):
    """Inception: branches are pipes from the same value."""

    def __init__(self, in_channels, a, b, c):
        super().__init__()
        self.branch1 = nn.Conv2d(in_channels, a, 1)
        self.branch5 = nn.Sequential(nn.Conv2d(in_channels, b, 1), nn.ReLU(), nn.Conv2d(b, b, 5, padding=2), nn.ReLU())
        self.branch_pool = nn.Conv2d(in_channels, c, 1)

    def forward(self, x):  # [N, in_channels, 32, 32]
        one = F.relu(self.branch1(x))  # [N, a, 32, 32]
        five = self.branch5(x)  # [N, b, 32, 32]
        pool = F.relu(self.branch_pool(F.max_pool2d(x, 3, stride=1, padding=1)))  # [N, c, 32, 32]
        return torch.cat([one, five, pool], dim=1)  # [N, a + b + c, 32, 32]


class Gate(nn.Module):
    """Squeeze and excite: a gate."""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.adaptiveavgpool2d = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(in_channels, out_channels, 1)
        self.fc2 = nn.Conv2d(out_channels, in_channels, 1)

    def forward(self, x):  # [N, in_channels, 32, 32]
        y = F.relu(self.fc1(self.adaptiveavgpool2d(x)))  # [N, out_channels, 1, 1]
        return x * F.sigmoid(self.fc2(y))


class Dense(nn.Module):
    """Dense connectivity: a list of tensors grows as the loop unrolls."""

    def __init__(self, in_channels, growth):
        super().__init__()
        self.norm0 = nn.BatchNorm2d(in_channels)
        self.conv0 = nn.Conv2d(in_channels, growth, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(4 * growth)
        self.conv1 = nn.Conv2d(4 * growth, growth, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(5 * growth)
        self.conv2 = nn.Conv2d(5 * growth, growth, 3, padding=1)

    def forward(self, x):  # [N, in_channels, 16, 16]
        y = F.relu(self.norm0(torch.cat([x], dim=1)))
        y = self.conv0(y)  # [N, growth, 16, 16]
        z = F.relu(self.norm1(torch.cat([x, y], dim=1)))  # [N, 4 * growth, 16, 16]
        y2 = self.conv1(z)  # [N, growth, 16, 16]
        del z
        z = F.relu(self.norm2(torch.cat([x, y, y2], dim=1)))  # [N, 5 * growth, 16, 16]
        y3 = self.conv2(z)  # [N, growth, 16, 16]
        return torch.cat([x, y, y2, y3], dim=1)  # [N, 2 * in_channels, 16, 16]


class ConvNormRelu(nn.Module):
    def __init__(self, in_channels, channels, kernel, groups):
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, channels, kernel, padding=kernel // 2, groups=groups, bias=False)
        self.batchnorm2d = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()

    def forward(self, x):  # [N, in_channels, 16, 16]
        x = self.conv2d(x)  # [N, channels, 16, 16]
        x = self.batchnorm2d(x)
        return self.relu(x)


class ConvNorm(nn.Module):
    def __init__(self, in_channels, channels):
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, channels, 1, bias=False)
        self.batchnorm2d = nn.BatchNorm2d(channels)

    def forward(self, x):  # [N, in_channels, 16, 16]
        x = self.conv2d(x)  # [N, channels, 16, 16]
        return self.batchnorm2d(x)


class Residual(nn.Module):
    def __init__(self, in_channels, channels, expansion):
        super().__init__()
        self.convnorm = ConvNormRelu(in_channels, expansion * channels, kernel=1, groups=1)
        self.convnorm_1 = ConvNormRelu(
            expansion * channels,
            expansion * channels,
            kernel=3,
            groups=expansion * channels,
        )
        self.convnorm_2 = ConvNorm(expansion * channels, channels)

    def forward(self, x):  # [N, in_channels, 16, 16]
        x = self.convnorm(x)  # [N, expansion * channels, 16, 16]
        x = self.convnorm_1(x)
        return self.convnorm_2(x)  # [N, channels, 16, 16]


class ResidualDrop(nn.Module):
    def __init__(self, channels, expansion, kernel):
        super().__init__()
        self.convnorm = ConvNormRelu(channels, expansion * channels, kernel=1, groups=1)
        self.convnorm_1 = ConvNormRelu(
            expansion * channels,
            expansion * channels,
            kernel=kernel,
            groups=expansion * channels,
        )
        self.convnorm_2 = ConvNorm(expansion * channels, channels)
        self.drop = StochasticDepth(0.1, "row")

    def forward(self, x):  # [N, channels, 16, 16]
        y = x
        x = self.convnorm(x)  # [N, expansion * channels, 16, 16]
        x = self.convnorm_1(x)
        x = self.convnorm_2(x)  # [N, channels, 16, 16]
        return y + self.drop(x)


class Attention(nn.Module):
    def __init__(self, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(40, 120)
        self.proj = nn.Linear(40, 40)

    def forward(self, x):  # [N, 256, 40]
        N, L = x.shape[:2]
        y = self.qkv(x).view(N, L, 3, self.heads, 40 // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = y.unbind(0)  # 3 x [N, heads, 256, 40 // heads]
        del y
        x = F.scaled_dot_product_attention(q, k, v, dropout_p=0.1 if self.training else 0.0)
        del q, k, v
        x = x.transpose(1, 2).reshape(N, L, 40)  # [N, 256, 40]
        return self.proj(x)


class Mix(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, padding=1)
        self.inception = Inception(32, 16, 32, 8)
        self.gate1 = Gate(56, 3)
        self.inception_1 = Inception(56, 32, 64, 16)
        self.gate2 = Gate(112, 14)
        self.stage = nn.Sequential(
            nn.Sequential(Inception(112, 8, 8, 8), Gate(24, 6)),  # [N, 24, 32, 32]
            *[nn.Sequential(Inception(24, 8, 8, 8), Gate(24, 6)) for _ in range(2)],
        )
        self.maxpool2d = nn.MaxPool2d(2)
        self.dense1 = Dense(24, 8)
        self.dense2 = Dense(48, 16)
        self.residual = Residual(96, 24, expansion=4)
        self.residual_1 = ResidualDrop(24, expansion=4, kernel=5)
        self.residual_2 = Residual(24, 40, expansion=6)
        self.residual_3 = ResidualDrop(40, expansion=6, kernel=3)
        self.short = Attention(4)
        self.long = Attention(8)
        self.head = nn.Linear(40, 10)

    def forward(self, image):  # [N, 3, 32, 32]
        H, W = image.shape[2:]
        if H < 2:
            raise ValueError(f"H >= 2 is needed, got H = {H}")
        if W < 2:
            raise ValueError(f"W >= 2 is needed, got W = {W}")
        x = self.stem(image)  # [N, 32, 32, 32]
        x = self.inception(x)  # [N, 56, 32, 32]
        x = self.gate1(x)
        x = self.inception_1(x)  # [N, 112, 32, 32]
        x = self.gate2(x)
        x = self.stage(x)  # [N, 24, 32, 32]
        x = self.maxpool2d(x)  # [N, 24, 16, 16]
        x = self.dense1(x)  # [N, 48, 16, 16]
        x = self.dense2(x)  # [N, 96, 16, 16]
        x = self.residual(x)  # [N, 24, 16, 16]
        x = self.residual_1(x)
        x = self.residual_2(x)  # [N, 40, 16, 16]
        x = self.residual_3(x)
        x = x.flatten(2).transpose(1, 2)  # [N, 256, 40]
        x = self.short(x)
        x = self.long(x)
        x = x.mean(dim=1)  # [N, 40]
        return self.head(x)  # [N, 10]
