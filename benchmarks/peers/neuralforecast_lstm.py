"""Neuralforecast's LSTM of about the same size, trained on windows of 105 steps; prints windows per core-second.

    python neuralforecast_lstm.py THREADS BATCH

Seconds a step are the difference of a long and a short training: setting up is not counted.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings

import numpy as np
import pandas as pd
import torch
from neuralforecast import NeuralForecast
from neuralforecast.models import LSTM

warnings.filterwarnings("ignore")
logging.getLogger("lightning").setLevel(logging.ERROR)
threads, batch = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
SHORT, LONG = 4, 16
EXTRA = [f"x{number}" for number in range(10)]
rng = np.random.default_rng(0)
frame = pd.DataFrame(
    {
        "unique_id": "a",
        "ds": pd.date_range("2000-01-01", periods=4000, freq="D"),
        "y": rng.normal(size=4000).astype(np.float32),
    }
    | {name: rng.normal(size=4000).astype(np.float32) for name in EXTRA}
)


def trained(steps: int) -> tuple[float, int]:
    model = LSTM(
        h=1, input_size=105, inference_input_size=105, hist_exog_list=EXTRA, encoder_n_layers=2,
        encoder_hidden_size=182, decoder_hidden_size=64, decoder_layers=1, max_steps=steps, batch_size=1,
        windows_batch_size=batch,
        scaler_type="identity", enable_progress_bar=False, logger=False, enable_checkpointing=False,
        enable_model_summary=False, accelerator="cpu", devices=1, random_seed=1, recurrent=False,
    )  # fmt: skip
    forecaster = NeuralForecast(models=[model], freq="D")
    start = time.process_time()
    forecaster.fit(frame, val_size=0)
    return time.process_time() - start, sum(p.numel() for p in forecaster.models[0].parameters())


trained(2)
short, _ = trained(SHORT)
long, parameters = trained(LONG)
print(json.dumps({"per_s": (LONG - SHORT) * batch / (long - short), "parameters": parameters}))
