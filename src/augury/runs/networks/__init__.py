"""Networks trained from a file: windows become a classifier, a panel becomes a ranker.

asked = NetworkRequest(data=Path("windows.parquet"), model="simple_lstm", epochs=60)
done  = train_network(asked, folder)     # model folder, report on later rows, one line of experiments
"""

from augury.runs.networks.request import NetworkRequest, NetworkRun
from augury.runs.networks.training import train_network

__all__ = ["NetworkRequest", "NetworkRun", "train_network"]
