"""The optimizer: Muon for the convolutions, AdamW for the rest."""

import math

from digits.backend import keras


class Muon(keras.optimizers.Muon):
    """Muon (Jordan et al., 2024) with the step size of Liu et al. (arXiv 2502.16982, section 2.2), for convolutions.

    Keras orthogonalises the updates of matrices alone. Here a kernel (height, width, channels in, channels out) counts
    as the matrix (height · width · channels in, channels out). AdamW, at the same learning rate, takes care of the
    first convolution, which has one channel in, of the dense layer, the biases and the batch norms.
    """

    def _should_use_adamw(self, variable):
        return len(variable.shape) != 4 or variable.shape[2] == 1

    def zeropower_via_newtonschulz5(self, x, steps):
        matrix = keras.ops.reshape(x, (-1, x.shape[-1]))
        return keras.ops.reshape(super().zeropower_via_newtonschulz5(matrix, steps), x.shape)

    def lr_adjust(self, x):
        return x * (self.rms_rate * math.sqrt(max(math.prod(x.shape[:-1]), x.shape[-1])))
