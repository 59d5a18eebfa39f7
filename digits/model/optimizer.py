"""The optimizer: Muon for the convolutions, AdamW for all other weights."""

import math

from digits.model.backend import keras


class Muon(keras.optimizers.Muon):
    """Muon (Jordan et al., 2024) with the step size of Liu et al. (arXiv 2502.16982, section 2.2), for convolutions.

    Keras orthogonalizes the updates of matrices alone. This class reshapes a kernel (height, width, channels in,
    channels out) to the matrix (height · width · channels in, channels out). AdamW, with the same learning rate, trains
    the first convolution, which has one input channel, the dense layer, the biases and the batch normalization.

    AdamW alone made 98.3 ± 4.5 errors among 18,900 images, this made 83.7 ± 3.2 (three seeds, 5 epochs).
    """

    def _should_use_adamw(self, variable):
        return len(variable.shape) != 4 or variable.shape[2] == 1

    def zeropower_via_newtonschulz5(self, x, steps):
        """Orthogonalize a kernel by Keras's iteration X ← X (a + b XᵀX + c (XᵀX)²), computed on the small XᵀX.

        The factors in brackets commute with XᵀX, so their product is computed first and multiplied by the tall X once:
        less than half of the arithmetic.
        """
        ops = keras.ops
        tall = ops.reshape(x, (-1, x.shape[-1]))
        if tall.shape[0] < tall.shape[1]:
            tall = ops.transpose(tall)
        tall = tall / (ops.norm(tall) + 1e-7)
        gram = ops.matmul(ops.transpose(tall), tall)
        identity = ops.eye(gram.shape[0])
        product = identity
        for _ in range(steps):
            factor = self.muon_a * identity + ops.matmul(gram, self.muon_b * identity + self.muon_c * gram)
            product = ops.matmul(product, factor)
            gram = ops.matmul(ops.matmul(factor, gram), factor)
        orthogonal = ops.matmul(tall, product)
        if math.prod(x.shape[:-1]) < x.shape[-1]:
            orthogonal = ops.transpose(orthogonal)
        return ops.reshape(orthogonal, x.shape)

    def _apply_weight_decay(self, variables):
        rate = self.learning_rate  # once: Keras evaluates the schedule for each variable, a fifth of the whole graph
        for variable in filter(self._use_weight_decay, variables):
            decay = self.adam_weight_decay if self._should_use_adamw(variable) else self.weight_decay
            variable.assign(variable * (1 - rate * decay))

    def lr_adjust(self, x):
        return x * (self.rms_rate * math.sqrt(max(math.prod(x.shape[:-1]), x.shape[-1])))
