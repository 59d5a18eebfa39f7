"""What a training returns; this imports no Keras."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainedMember:
    """What a training returns.

    Attributes:
        model: a `.keras` file, see `network.to_bytes`.
        history: the metrics of each epoch, by name; those of the validation set start with val_.
        environment: the versions that computed it, the device, its threads and the precision.
    """

    model: bytes
    history: list[dict[str, float]]
    environment: dict[str, str | int]
