"""Finds critical points of a smooth function, of any index: by Newton's method, or by minimising the squared gradient norm."""

METHODS = ("newton", "gradient_norm")
HALVINGS = 10
FIRST_DAMPING, MOST_DAMPING = 1e-3, 1e4


def search(gradient, hessian, method, iterations, tolerance):
    """A function start (p,) -> (point (p,), its gradient's Euclidean norm, iterations made), fit for jit and vmap.

    gradient, hessian: JAX functions of a vector (p,), those of the function whose critical points are wanted.
    method: "newton" or "gradient_norm". It ends when the norm is at most tolerance, when no step lowers it any more, or
    after so many iterations; only the norm tells whether the end is a critical point (Frye et al., Neural Computation
    2021: it often is not, where the Hessian is singular).
    """
    import jax
    import jax.numpy as jnp

    step, state = {"newton": (_newton_step, 1.0), "gradient_norm": (_least_squares_step, FIRST_DAMPING)}[method]

    def norm(point):
        return jnp.linalg.norm(gradient(point))

    def goes_on(carry):
        _, size, state, made = carry
        return (made < iterations) & (size > tolerance) & (state > 0) & (state < MOST_DAMPING)

    def iterate(carry):
        point, size, state, made = carry
        point, size, state = step(point, size, state, gradient(point), hessian(point), norm)
        return point, size, state, made + 1

    def run(start):
        point, size, _, made = jax.lax.while_loop(goes_on, iterate, (start, norm(start), jnp.asarray(state, start.dtype), 0))
        return point, size, made

    return run


def _newton_step(point, size, _, gradient, hessian, norm):
    """Newton's step towards a zero of the gradient, whatever the signs of the eigenvalues, halved while that lowers the norm.

    The norm falls along this direction at any regular point, so that this descends to saddles as well as to minima.
    The state becomes 0 where none of the halved steps lowers the norm.
    """
    import jax
    import jax.numpy as jnp

    direction = jnp.linalg.solve(hessian, gradient)
    candidates = point - 0.5 ** jnp.arange(HALVINGS)[:, None] * direction
    sizes = jax.vmap(norm)(candidates)
    sizes = jnp.where(jnp.isfinite(sizes), sizes, jnp.inf)
    best = sizes.argmin()
    lower = sizes[best] < size
    return jnp.where(lower, candidates[best], point), jnp.where(lower, sizes[best], size), jnp.where(lower, 1.0, 0.0)


def _least_squares_step(point, size, damping, gradient, hessian, norm):
    """Levenberg (1944) and Marquardt's (1963) step for the squared gradient norm, whose Jacobian is the Hessian.

    The state is the damping: smaller after a step that lowers the norm, larger after one that does not and is undone.
    """
    import jax
    import jax.numpy as jnp

    normal = hessian @ hessian + damping * jnp.eye(len(point), dtype=point.dtype)
    candidate = point - jax.scipy.linalg.solve(normal, hessian @ gradient, assume_a="pos")
    found = norm(candidate)
    lower = found < size
    damping = jnp.where(lower, damping / 5, damping * 4)
    return jnp.where(lower, candidate, point), jnp.where(lower, found, size), damping
