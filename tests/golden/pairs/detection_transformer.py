import torch
from torch import nn


class Places(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.rows = nn.Parameter(torch.rand(16, width // 2))
        self.columns = nn.Parameter(torch.rand(16, width // 2))

    def forward(self, x):
        H, W = x.shape[2:]
        columns = self.columns[:W].unsqueeze(0).expand(H, W, -1)
        rows = self.rows[:H].unsqueeze(1).expand(H, W, -1)
        return torch.cat([columns, rows], dim=-1).flatten(0, 1).unsqueeze(0)


class Detr(nn.Module):
    def __init__(self):
        super().__init__()
        options = {"dim_feedforward": 32, "dropout": 0.0, "batch_first": True}
        self.queries = nn.Parameter(torch.randn(7, 16))
        self.backbone = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2, padding=1)
        )
        self.places = Places(16)
        self.encoder = nn.TransformerEncoderLayer(16, 2, **options)
        self.decoder0 = nn.TransformerDecoderLayer(16, 2, **options)
        self.class_head = nn.Linear(16, 6)
        self.box_head = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 4), nn.Sigmoid())
        self.decoder1 = nn.TransformerDecoderLayer(16, 2, **options)

    def forward(self, image, pad):
        x = self.backbone(image)
        memory = self.encoder(x.flatten(2).transpose(1, 2) + self.places(x), src_key_padding_mask=pad)
        x = self.queries.unsqueeze(0).expand(image.shape[0], 7, 16)
        classes, boxes = [], []
        for decoder in (self.decoder0, self.decoder1):
            x = decoder(x, memory, memory_key_padding_mask=pad)
            classes.append(self.class_head(x))
            boxes.append(self.box_head(x))
        return torch.stack(classes), torch.stack(boxes)


EXAMPLES = {"pad": torch.arange(64).repeat(3, 1) > 50}
