"""The certificate policies of a path (RFC 5280 cl. 6.1.2 to 6.1.5, as RFC 9618 restates them).

The valid policies are kept as a graph with one node for each policy and depth, instead of the
tree of RFC 5280, which can grow as a power of the depth. Both allow the same policies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.x509.oid import CertificatePoliciesOID, ExtensionOID

from idservice.crypto import der_reader
from idservice.errors import CertificateConstraintsViolated, MalformedCertificate, MalformedDer
from idservice.pki.path_certificate import PathCertificate

ANY_POLICY = CertificatePoliciesOID.ANY_POLICY.dotted_string

MAX_NODES = 2_000
"""Nodes of one graph, and edges between them times eight: a path made to cost much is refused."""

_MAX_EDGES = 8 * MAX_NODES
_POLICY_MAPPINGS = ExtensionOID.POLICY_MAPPINGS


@dataclass(frozen=True, slots=True)
class PolicyInputs:
    """The inputs (c) to (g) of RFC 5280 cl. 6.1.1: which policies the caller accepts.

    With `explicit` the path must be valid for one of `accepted`; otherwise only a path whose
    authorities ask for that must be.
    """

    accepted: frozenset[str] = frozenset((ANY_POLICY,))
    explicit: bool = False
    inhibit_mapping: bool = False
    inhibit_any: bool = False


@dataclass(slots=True)
class _Node:
    policy: str
    expected: frozenset[str]
    parents: list[_Node] = field(default_factory=list)


Level = dict[str, _Node]


class PolicyGraph:
    """The state variables of RFC 5280 cl. 6.1.2 (a), (d), (e) and (f) for one path."""

    def __init__(self, length: int, inputs: PolicyInputs) -> None:
        """Begin for a path of `length` certificates, the anchor not counted."""
        self._inputs = inputs
        root = _Node(ANY_POLICY, frozenset((ANY_POLICY,)))
        self._levels: list[Level] = [{ANY_POLICY: root}]
        self._explicit = 0 if inputs.explicit else length + 1
        self._inhibit_any = 0 if inputs.inhibit_any else length + 1
        self._mapping = 0 if inputs.inhibit_mapping else length + 1
        self._nodes = self._edges = 0

    def constrain(self, issuer: PathCertificate) -> None:
        """Take the limits that a certificate sets for those below it (cl. 6.1.4 (i), (j))."""
        limits = issuer.extension(x509.PolicyConstraints)
        if limits is not None:
            if limits.require_explicit_policy is not None:
                self._explicit = min(self._explicit, limits.require_explicit_policy)
            if limits.inhibit_policy_mapping is not None:
                self._mapping = min(self._mapping, limits.inhibit_policy_mapping)
        any_policy = issuer.extension(x509.InhibitAnyPolicy)
        if any_policy is not None:
            self._inhibit_any = min(self._inhibit_any, any_policy.skip_certs)

    def add(self, item: PathCertificate, *, last: bool) -> None:
        """Process the policies of the next certificate (cl. 6.1.3 (d) to (f)).

        Raises CertificateConstraintsViolated when no policy is left and one is required.
        """
        value = item.extension(x509.CertificatePolicies)
        if value is None or not self._levels:
            self._levels = []
        else:
            named = [info.policy_identifier.dotted_string for info in value]
            any_allowed = self._inhibit_any > 0 or (not last and item.is_self_issued)
            self._levels.append(self._children(named, any_allowed=any_allowed))
            self._prune()
        if self._explicit <= 0 and not self._levels:
            raise _no_policy()

    def descend(self, issuer: PathCertificate) -> None:
        """Prepare for the certificate below an authority (cl. 6.1.4 (a), (b), (h) to (j))."""
        self._map(issuer)
        if not issuer.is_self_issued:
            self._explicit -= 1
            self._mapping -= 1
            self._inhibit_any -= 1
        self.constrain(issuer)

    def finish(self, leaf: PathCertificate) -> frozenset[str] | None:
        """Return the policies that the path is valid for; None for any (cl. 6.1.5).

        Raises CertificateConstraintsViolated when none is accepted and one is required.
        """
        self._explicit -= 1
        limits = leaf.extension(x509.PolicyConstraints)
        if limits is not None and limits.require_explicit_policy == 0:
            self._explicit = 0
        allowed = self._authority_policies()
        accepted = self._inputs.accepted
        if allowed is None:
            found = None if ANY_POLICY in accepted else accepted
        else:
            found = allowed if ANY_POLICY in accepted else allowed & accepted
        if self._explicit <= 0 and found is not None and not found:
            raise _no_policy()
        return found

    def _children(self, named: Sequence[str], *, any_allowed: bool) -> Level:
        above, level = self._levels[-1], Level()
        expecting: dict[str, list[_Node]] = {}
        for node in above.values():
            for policy in node.expected:
                expecting.setdefault(policy, []).append(node)
        for policy in named:
            parents = expecting.get(policy) or expecting.get(ANY_POLICY)
            if policy != ANY_POLICY and parents:
                level[policy] = self._node(policy, parents)
        if ANY_POLICY in named and any_allowed:
            for policy, parents in expecting.items():
                if policy not in level:
                    level[policy] = self._node(policy, parents)
        return level

    def _node(self, policy: str, parents: list[_Node]) -> _Node:
        self._nodes += 1
        self._edges += len(parents)
        if self._nodes > MAX_NODES or self._edges > _MAX_EDGES:
            raise CertificateConstraintsViolated(
                f"The certificates of the path have policies for more than {MAX_NODES} nodes, as "
                "no honest authority has; they are made to cost much.",
                "Use certificates of another authority.",
            )
        return _Node(policy, frozenset((policy,)), list(parents))

    def _prune(self) -> None:
        """Leave out nodes without children, and the whole graph without any (cl. 6.1.3 (d) (3))."""
        if not self._levels[-1]:
            self._levels = []
        for depth in range(len(self._levels) - 2, -1, -1):
            kept = {
                id(node) for child in self._levels[depth + 1].values() for node in child.parents
            }
            level = self._levels[depth]
            for policy in [key for key, node in level.items() if id(node) not in kept]:
                del level[policy]

    def _map(self, issuer: PathCertificate) -> None:
        mapped = dict[str, set[str]]()
        for above, below in policy_mappings(issuer):
            if ANY_POLICY in (above, below):
                raise CertificateConstraintsViolated(
                    f"The authority {issuer.label} maps a policy from or to any policy, which "
                    "would allow everything.",
                    "Use certificates of another authority.",
                )
            mapped.setdefault(above, set()).add(below)
        if not self._levels or not mapped:
            return
        level = self._levels[-1]
        for policy, equivalent in mapped.items():
            if self._mapping <= 0:
                level.pop(policy, None)
            elif policy in level:
                level[policy].expected = frozenset(equivalent)
            elif ANY_POLICY in level:
                level[policy] = self._node(policy, level[ANY_POLICY].parents)
                level[policy].expected = frozenset(equivalent)
        self._prune()

    def _authority_policies(self) -> frozenset[str] | None:
        """RFC 9618 cl. 5.5: the policies in the words of the anchor; None for any."""
        if not self._levels:
            return frozenset()
        if ANY_POLICY in self._levels[-1]:
            return None
        return frozenset(
            node.policy
            for level in self._levels[1:]
            for node in level.values()
            if node.policy != ANY_POLICY
            and any(parent.policy == ANY_POLICY for parent in node.parents)
        )


def policies_of(
    path: Sequence[PathCertificate], inputs: PolicyInputs | None = None
) -> frozenset[str] | None:
    """Return the policies that a path is valid for, the anchor being last; None for any.

    The anchor's own policies do not count, but the limits that it sets do (RFC 5937
    cl. 3.2). Raises CertificateConstraintsViolated.
    """
    below = path[-2::-1] if len(path) > 1 else path
    graph = PolicyGraph(len(below), inputs or PolicyInputs())
    if len(path) > 1:
        graph.constrain(path[-1])
    for item in below[:-1]:
        graph.add(item, last=False)
        graph.descend(item)
    graph.add(below[-1], last=True)
    return graph.finish(below[-1])


def policy_mappings(issuer: PathCertificate) -> Iterator[tuple[str, str]]:
    """Yield what a CA holds for equal: its own policy, and that below it (cl. 4.2.1.5).

    Raises MalformedCertificate.
    """
    for item in issuer.extensions:
        if item.oid == _POLICY_MAPPINGS and isinstance(item.value, x509.UnrecognizedExtension):
            try:
                yield from _pairs(item.value.value)
            except MalformedDer as exc:
                raise MalformedCertificate(
                    "The policy mappings of a certificate cannot be read.",
                    "Give the certificate as it was issued.",
                ) from exc


def _pairs(value_der: bytes) -> Iterator[tuple[str, str]]:
    for element in der_reader.read(value_der, der_reader.SEQUENCE).elements().rest():
        parts = element.elements()
        yield parts.take().object_identifier(), parts.take().object_identifier()
        parts.finish()


def _no_policy() -> CertificateConstraintsViolated:
    return CertificateConstraintsViolated(
        "An authority of the path, or whoever asks, requires a certificate policy that all "
        "certificates are under, and there is none.",
        "Use a certificate that was issued under an accepted policy.",
    )
