"""What a link costs when many people are on it, and the graph that people are loaded on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mobility_geo.errors import InputError, labels
from mobility_geo.sources.tntp import TntpNetwork

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

PARAMETERS = 7
"""Numbers per link that the compiled loops read: base, rise, capacity, power, and the queue."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class CostCurves:
    """Cost of every link as a function of its flow: ``free * (1 + b * (flow/capacity)**power)``.

    Parameters
    ----------
    free
        Cost at no flow, >= 0, shape (links,), in the unit of cost (minutes, say).
    b, power
        How strongly, and how steeply, cost grows; >= 0. With power 0 the cost is constant,
        ``free * (1 + b)``, at any flow, 0 included.
    capacity
        Flow at which the cost has grown by ``free * b``; > 0 where cost grows. A link of
        capacity 0 that would grow is never used: any flow on it would take for ever.
    fixed
        Cost that flow does not change (a toll, a fare, a length), >= 0.

    Raises
    ------
    InputError
        Lists every parameter that is negative or not a number, and arrays of unequal length.

    References
    ----------
    Bureau of Public Roads (1964). Traffic Assignment Manual. U.S. Department of Commerce.

    Examples
    --------
    >>> one = CostCurves.bpr(free=[10.0], b=[0.15], power=[4.0], capacity=[100.0])
    >>> one.cost(np.array([200.0])).tolist()
    [34.0]
    """

    free: FloatArray
    b: FloatArray
    power: FloatArray
    capacity: FloatArray
    fixed: FloatArray

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises
        ------
        InputError
            If they are not equally many, or out of range.
        """
        names = ("free", "b", "power", "capacity", "fixed")
        if len({getattr(self, name).shape for name in names}) > 1 or self.free.ndim != 1:
            shapes = ", ".join(f"{name} {getattr(self, name).shape}" for name in names)
            msg = f"cost curves: every parameter must have one number per link; got {shapes}"
            raise InputError(msg)
        problems = []
        for name in names:
            values = getattr(self, name)
            wrong = ~(np.isfinite(values) & (values >= 0))
            if name == "capacity":
                # links without a limit have an infinite one
                wrong = ~(values >= 0)
            if bool(wrong.any()):
                problems.append(
                    f"cost curves: {name!r} must be a number >= 0; wrong in {int(wrong.sum())} "
                    f"links, e.g. rows {labels(np.flatnonzero(wrong).tolist())}"
                )
        if problems:
            raise InputError(problems)

    @classmethod
    def bpr(
        cls,
        *,
        free: npt.ArrayLike,
        b: npt.ArrayLike = 0.0,
        power: npt.ArrayLike = 1.0,
        capacity: npt.ArrayLike = np.inf,
        fixed: npt.ArrayLike = 0.0,
    ) -> "CostCurves":
        """Return curves from lists or single numbers; see the class for what they mean."""
        first = np.ascontiguousarray(free, dtype=np.float64)
        others = {
            name: np.ascontiguousarray(
                np.broadcast_to(np.asarray(values, dtype=np.float64), first.shape)
            )
            for name, values in (
                ("b", b), ("power", power), ("capacity", capacity), ("fixed", fixed)
            )
        }  # fmt: skip
        return cls(free=first, **others)

    def __len__(self) -> int:
        """Return the number of links."""
        return len(self.free)

    @property
    def grows(self) -> BoolArray:
        """Which links cost more when there are more people on them."""
        rising = (self.free * self.b > 0) & (self.power > 0)
        return np.asarray(rising & np.isfinite(self.capacity), dtype=np.bool_)

    @property
    def closed(self) -> BoolArray:
        """Which links nobody can use: cost would grow, over a capacity of 0."""
        return np.asarray(self.grows & (self.capacity == 0), dtype=np.bool_)

    def parameters(self) -> FloatArray:
        """Return the table that the compiled loops read, shape (links, 7)."""
        table = np.zeros((len(self), PARAMETERS))
        flat = (self.power == 0) & (self.free > 0)
        table[:, 0] = self.free * (1.0 + np.where(flat, self.b, 0.0)) + self.fixed
        usable = self.grows & ~self.closed
        table[:, 1] = np.where(usable, self.free * self.b, 0.0)
        table[:, 2] = np.where(usable, self.capacity, 1.0)
        table[:, 3] = np.where(usable, self.power, 1.0)
        table[:, 6] = np.inf
        table[self.closed, 0] = np.inf
        return table

    def cost(self, flow: FloatArray) -> FloatArray:
        """Return the cost of each link at a flow.

        Parameters
        ----------
        flow
            One per link, >= 0.

        Returns
        -------
        numpy.ndarray
            `inf` on links that nobody can use.
        """
        table = self.parameters()
        ratio = np.asarray(flow, dtype=np.float64) / table[:, 2]
        return np.asarray(table[:, 0] + table[:, 1] * ratio ** table[:, 3], dtype=np.float64)

    def slope(self, flow: FloatArray) -> FloatArray:
        """Return how the cost of each link grows with its flow.

        Parameters
        ----------
        flow
            One per link, >= 0.

        Returns
        -------
        numpy.ndarray
            Cost per person; at no flow and a power below 1, where it has no end, the largest
            number there is.
        """
        table = self.parameters()
        ratio = np.asarray(flow, dtype=np.float64) / table[:, 2]
        with np.errstate(divide="ignore"):
            steep = np.where(
                table[:, 1] > 0,
                table[:, 1] * table[:, 3] / table[:, 2] * ratio ** (table[:, 3] - 1.0),
                0.0,
            )
        return np.asarray(np.minimum(steep, np.finfo(np.float64).max), dtype=np.float64)

    def integral(self, flow: FloatArray) -> float:
        """Return the sum over links of the integral of cost from 0 to the flow.

        Parameters
        ----------
        flow
            One per link, >= 0.

        Returns
        -------
        float
            Beckmann's objective, which the user equilibrium makes as small as can be.

        References
        ----------
        Beckmann, M., McGuire, C. B., Winsten, C. B. (1956). Studies in the Economics of
        Transportation. Yale University Press.
        """
        table, flow = self.parameters(), np.asarray(flow, dtype=np.float64)
        used = flow > 0
        base, rise, capacity, power = table[used, :4].T
        flow = flow[used]
        return float(np.sum(base * flow + rise * flow / (power + 1.0) * (flow / capacity) ** power))


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class AssignmentGraph:
    """Links with cost curves between numbered nodes; parallel links stay apart.

    Parameters
    ----------
    tail, head
        Node that each link leaves and enters, int32, shape (links,), from 0.
    through
        Which nodes may be passed, bool, shape (nodes,). Others (zone centroids) only start and
        end trips.
    curves
        Cost of each link.

    Raises
    ------
    InputError
        If lengths differ, or a node is not there.
    """

    tail: IntArray
    head: IntArray
    through: BoolArray
    curves: CostCurves

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises
        ------
        InputError
            If a link has no end, or no curve.
        """
        nodes = len(self.through)
        if not len(self.tail) == len(self.head) == len(self.curves):
            msg = (
                f"graph: {len(self.tail)} tails, {len(self.head)} heads and {len(self.curves)} "
                "curves; give one of each per link"
            )
            raise InputError(msg)
        for name, ends in (("tail", self.tail), ("head", self.head)):
            wrong = (ends < 0) | (ends >= nodes)
            if bool(wrong.any()):
                msg = (
                    f"graph: {name} must be a node from 0 to {nodes - 1}; wrong in "
                    f"{int(wrong.sum())} links, e.g. rows {labels(np.flatnonzero(wrong).tolist())}"
                )
                raise InputError(msg)

    @classmethod
    def from_tntp(
        cls,
        network: TntpNetwork,
        *,
        toll_factor: float | None = None,
        distance_factor: float | None = None,
    ) -> "AssignmentGraph":
        """Return the graph of a network file: nodes by their number, links as in the file.

        Parameters
        ----------
        network
            From `mobility_geo.sources.read_tntp_network`.
        toll_factor, distance_factor
            Cost of a unit of toll and of length, in units of time, >= 0; None: as the file says.

        Returns
        -------
        AssignmentGraph
            Nodes are the rows of `network.node_ids`; those before the first through node are
            not passed.

        Raises
        ------
        InputError
            If a factor is negative, or tolls or lengths that count are.
        """
        links = network.links
        toll = network.toll_factor if toll_factor is None else toll_factor
        far = network.distance_factor if distance_factor is None else distance_factor
        problems = [
            f"{name} must be a number >= 0; it is {value:g}"
            for name, value in (("toll_factor", toll), ("distance_factor", far))
            if not (np.isfinite(value) and value >= 0)
        ]
        if problems:
            raise InputError(problems)
        fixed = toll * links["toll"].to_numpy() + far * links["length"].to_numpy()
        return cls(
            tail=np.searchsorted(network.node_ids, links["from"]).astype(np.int32),
            head=np.searchsorted(network.node_ids, links["to"]).astype(np.int32),
            through=network.node_ids >= network.first_through_node,
            curves=CostCurves.bpr(
                free=links["free_flow_time"].to_numpy(),
                b=links["b"].to_numpy(),
                power=links["power"].to_numpy(),
                capacity=links["capacity"].to_numpy(),
                fixed=fixed,
            ),
        )

    def __len__(self) -> int:
        """Return the number of links."""
        return len(self.tail)

    def forward_star(self) -> tuple[npt.NDArray[np.int64], IntArray, IntArray]:
        """Return, for the links sorted by tail: where each node starts, heads, and links."""
        order = np.argsort(self.tail, kind="stable").astype(np.int32)
        pointer = np.zeros(len(self.through) + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.tail, minlength=len(self.through)), out=pointer[1:])
        return pointer, np.ascontiguousarray(self.head[order], dtype=np.int32), order
