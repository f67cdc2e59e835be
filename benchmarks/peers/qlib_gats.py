"""Qlib's graph attention network, trained on whole days on one core; prints samples per second of that core.

python qlib_gats.py NAMES STEPS FEATURES HIDDEN
"""

from __future__ import annotations

import json
import statistics
import sys
import time

import numpy as np
import torch
from qlib.contrib.model.pytorch_gats import GATModel

names, steps, features, hidden = (int(value) for value in sys.argv[1:5])
torch.set_num_threads(1)
torch.manual_seed(0)
model = GATModel(d_feat=features, hidden_size=hidden, num_layers=2, dropout=0.0, base_model="LSTM")
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
rng = np.random.default_rng(0)
# Qlib reads a day as rows of features times steps.
x = torch.from_numpy(rng.normal(size=(names, features * steps)).astype(np.float32))
y = torch.from_numpy(rng.normal(size=names).astype(np.float32))
seconds = []
for number in range(25):
    start = time.process_time()
    loss = torch.mean((model(x) - y) ** 2)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(model.parameters(), 3.0)
    optimizer.step()
    if number >= 5:
        seconds.append(time.process_time() - start)
parameters = sum(parameter.numel() for parameter in model.parameters())
print(json.dumps({"per_s": names / statistics.median(seconds), "parameters": parameters}))
