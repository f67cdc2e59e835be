"""Transfer of pre-trained weights: read, planned, proved, reported; refused without touching the network."""

from augury.core.extras import package_folder

package_folder("torch", extra="deep")

from augury.learning.transfer.files import EncoderFile, read_encoder, write_encoder  # noqa: E402 - behind the extra
from augury.learning.transfer.load import load_encoder  # noqa: E402
from augury.learning.transfer.report import TransferReport  # noqa: E402

__all__ = ["EncoderFile", "TransferReport", "load_encoder", "read_encoder", "write_encoder"]
