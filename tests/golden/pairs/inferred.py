from torch import nn


class Inferred(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(4, 6, 3, padding="same")
        self.norm1 = nn.BatchNorm1d(6)
        self.convtranspose1d = nn.ConvTranspose1d(6, 4, 2, stride=2)
        self.instancenorm1d = nn.InstanceNorm1d(4, affine=True)
        self.conv2 = nn.Conv2d(3, 6, 3)
        self.groupnorm = nn.GroupNorm(3, 6)
        self.convtranspose2d = nn.ConvTranspose2d(6, 3, 2)
        self.instancenorm2d = nn.InstanceNorm2d(3)
        self.conv3 = nn.Conv3d(2, 4, 3, padding=1, groups=2)
        self.batchnorm3d = nn.BatchNorm3d(4)
        self.convtranspose3d = nn.ConvTranspose3d(4, 2, 2)
        self.adaptiveavgpool3d = nn.AdaptiveAvgPool3d(1)
        self.norm = nn.LayerNorm(8)
        self.rmsnorm = nn.RMSNorm(8, eps=1e-6)
        self.fc = nn.Linear(8, 6)
        self.pair = nn.Bilinear(6, 2, 3)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        inner = nn.TransformerEncoderLayer(8, 4, 8, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(inner, 2)
        self.decoder = nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)
        self.layernorm = nn.LayerNorm((5, 8))

    def forward(self, sound, image, volume, words):
        s = self.instancenorm1d(self.convtranspose1d(self.norm1(self.conv1(sound))))
        i = self.instancenorm2d(self.convtranspose2d(self.groupnorm(self.conv2(image))))
        v = self.convtranspose3d(self.batchnorm3d(self.conv3(volume)))
        v = self.adaptiveavgpool3d(v).flatten(1)
        w = self.fc(self.rmsnorm(self.norm(words)))
        e = self.encoder(self.layer(words))
        return s, i, self.pair(w[:, 0], v), self.decoder(e, words), self.layernorm(words)
