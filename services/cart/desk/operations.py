"""Coordinates what is done with a cart beside putting in and taking out: saving for later, notes, locks."""

from dataclasses import dataclass

from libs.ids import NewId
from libs.mongo.values import Outcome, Saved
from libs.origin import Stamp
from services.cart.commands import Commands
from services.cart.desk import locking, notes, saving
from services.cart.desk.locking import LockWish, NothingToUnlock
from services.cart.model import Act, Change, LineChoice
from services.cart.values import Cart


@dataclass(frozen=True, slots=True)
class Desk:
    """What customers and those who serve them do with a cart."""

    commands: Commands
    new_id: NewId

    async def save_for_later(self, customer_id: str, choice: LineChoice, *, etag: str, stamp: Stamp) -> Outcome[Cart]:
        """Move a line to what is saved for later; the fact `line_id` says which line it is there."""

        def decide(saved: Saved[Cart], act: Act) -> Change:
            return saving.save_for_later(saved.state, choice, act=act)

        return await self.commands.run(customer_id, decide, stamp=stamp, etag=etag)

    async def move_to_cart(self, customer_id: str, choice: LineChoice, *, etag: str, stamp: Stamp) -> Outcome[Cart]:
        """Move a saved or set-aside line into the cart; the fact `line_id` says which line it is there."""

        def decide(saved: Saved[Cart], act: Act) -> Change:
            return saving.move_to_cart(saved.state, choice, act=act)

        return await self.commands.run(customer_id, decide, stamp=stamp, etag=etag)

    async def add_note(self, customer_id: str, text: str, *, stamp: Stamp) -> Outcome[Cart]:
        """Note something; the fact `note_id` names it."""
        note_id = self.new_id("not")

        def decide(saved: Saved[Cart], act: Act) -> Change:
            return notes.add_note(saved.state, text, act=act, note_id=note_id)

        return await self.commands.run(customer_id, decide, stamp=stamp, though_locked=True)

    async def remove_note(self, customer_id: str, note_id: str, *, stamp: Stamp) -> Outcome[Cart]:
        """Remove a note."""

        def decide(saved: Saved[Cart], act: Act) -> Change:
            return notes.remove_note(saved.state, note_id, act=act)

        return await self.commands.run(customer_id, decide, stamp=stamp, though_locked=True)

    async def lock(self, customer_id: str, wish: LockWish, *, stamp: Stamp) -> Outcome[Cart]:
        """Let only the caller's member of staff change the cart."""
        locking.check_actor(stamp.origin)

        def decide(saved: Saved[Cart], act: Act) -> Change:
            return locking.lock_cart(saved.state, wish, act=act)

        return await self.commands.run(customer_id, decide, stamp=stamp)

    async def unlock(self, customer_id: str, *, force: bool, stamp: Stamp) -> Outcome[Cart]:
        """End a lock."""
        locking.check_actor(stamp.origin)

        def decide(saved: Saved[Cart], act: Act) -> Change:
            return locking.unlock_cart(saved.state, act=act, force=force)

        return await self.commands.run(customer_id, decide, stamp=stamp, though_locked=True)

    async def unlock_over(self, customer_id: str, stamp: Stamp) -> None:
        """Take off a lock whose time is over, for the sweep. Does nothing where another was faster."""

        def decide(saved: Saved[Cart]) -> Change:
            return locking.unlock_over(saved.state, now=self.commands.clock())

        try:
            await self.commands.records.run(customer_id, stamp, decide)
        except NothingToUnlock:
            return
