"""remit: moves multimodal embeddings from an embedding worker into blocks of a language worker over RDMA.

The same two workers as in C++: EmbeddingWorker sends, LanguageWorker receives, a resume is never seen. Tensors are used
where they lie, whichever library made them.
"""

from ._config import Config
from ._core import Answer, Counters, DataPath, KeyFiles, Layout, RoomEvent, Segment, Status, generate_keys
from ._core import version as _version
from ._embedding import AdoptedMemory, EmbeddingWorker, Send
from ._errors import BadArgument, Environment, Error, Exhausted, Internal, Misuse, Refused, TransferFailed
from ._language import LanguageWorker, Reception

__version__ = _version()

__all__ = [
    "AdoptedMemory",
    "Answer",
    "BadArgument",
    "Config",
    "Counters",
    "DataPath",
    "EmbeddingWorker",
    "Environment",
    "Error",
    "Exhausted",
    "Internal",
    "KeyFiles",
    "LanguageWorker",
    "Layout",
    "Misuse",
    "Reception",
    "Refused",
    "RoomEvent",
    "Segment",
    "Send",
    "Status",
    "TransferFailed",
    "__version__",
    "generate_keys",
]
