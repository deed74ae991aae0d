"""What a chain of consent records is made of: frozen values."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The end of a chain; without a digest while it is empty."""

    position: int = 0
    digest: str = ""


NO_HEAD = ChainHead()


@dataclass(frozen=True, slots=True)
class ChainLink:
    """What binds one entry to its place."""

    chain_id: str
    """The customer whose chain it is. It stays, whoever the entry belongs to after a merge was undone."""
    position: int
    """1, 2, 3 and so on."""
    salt: bytes = field(repr=False)
    """Random, of this entry only: without it nobody guesses what was said from its digest. An erasure drops it."""
    content_digest: str
    """SHA-256 over the salt and all that the entry says."""
    previous_digest: str
    digest: str
    """SHA-256 over the previous digest, the position and the content's digest."""


@dataclass(frozen=True, slots=True)
class ChainNote:
    """An entry that proves no consent: that another customer's chain was taken over, or is its own again."""

    merge_id: str
    other_chain_id: str
    other: ChainHead
    """How far the other chain had come."""
    released: bool
    """Whether the merge was undone."""
    link: ChainLink | None = None
    """None until it is sealed."""
