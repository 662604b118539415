"""Where answers arrive: checked, written, and only then accepted. For one thread's event loop.

Answers that come while others are being written are written together, so that a slow disk slows nobody twice.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from mdp.core.errors import MdpError

from .journal import Journal, Keys
from .refused import Refused
from .room import Event, Room

# Says what is to be written, None for nothing, from the room as it is then. Raises Refused.
Make = Callable[[Room, float], Event | None]
CLOSED = "No class is running here. Ask your teacher."


class Desk:
    """One class of one server.

    Attributes:
        room: the class; None when none is running.
        keys: of the class, the same over a restart.
    """

    def __init__(self, journal: Journal, keys: Keys, room: Room | None):
        self.journal, self.keys, self.room = journal, keys, room
        self._waiting: list[tuple[Make, asyncio.Future[Event | None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "class-journal")

    @classmethod
    def opened(cls, journal: Journal, token: str, made_up: bool = False) -> "Desk":
        """Go on with the class that a killed server left, or begin one. Raises MdpError.

        A `token` that was made up gives way to the one that open pages know already.
        """
        journal.discard_forgotten(time.time())
        found = journal.read()
        if found is not None:
            keys, room = found
            known = keys.token if made_up and keys.token else token
            return cls(journal, Keys(keys.teacher, known, keys.cookies), room)
        keys = Keys.made(token)
        journal.begin(keys)
        return cls(journal, keys, Room())

    def running(self) -> Room:
        """The class. Raises Refused (404) where none is running."""
        if self.room is None:
            raise Refused(CLOSED, 404)
        return self.room

    async def submit(self, make: Make) -> Event | None:
        """Have an event made, kept and applied. Raises Refused; nothing of a refused one is kept."""
        self.running()
        future: asyncio.Future[Event | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((make, future))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await future

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            taken, self._waiting = self._waiting, []
            made = self._made(taken)
            if not made:
                continue
            try:
                await loop.run_in_executor(self._thread, self.journal.append, [event for event, _ in made])
            except MdpError as error:
                await self._again()
                for _, future in made:
                    _fail(future, Refused(f"The answer was not kept: {error}", 507))
                continue
            for event, future in made:
                if not future.done():
                    future.set_result(event)

    def _made(self, taken: list[tuple[Make, asyncio.Future]]) -> list[tuple[Event, asyncio.Future]]:
        """The events of a batch, each applied, so that the next sees it: a name is taken once."""
        made, now = [], time.time()
        for make, future in taken:
            try:
                room = self.running()
                event = make(room, now)
            except Exception as error:
                _fail(future, error)
                continue
            if event is None:
                if not future.done():
                    future.set_result(None)
            else:
                room.apply(event, 200 + len(str(event.get("value", ""))))
                made.append((event, future))
        return made

    async def _again(self) -> None:
        """What could not be written is forgotten: the class is what its journal says."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._thread, self.journal.read)
        except MdpError:
            return  # nothing can be read either; what is known stays known while the server lives
        if found is not None and self.room is not None:
            found[1].version = self.room.version + 1
            self.room = found[1]

    async def end(self) -> None:
        """End of class: its journal is deleted. Raises MdpError where it cannot be."""
        self.room = None
        await asyncio.get_running_loop().run_in_executor(self._thread, self.journal.delete)

    async def begin(self) -> None:
        """Another class with the same links. Raises MdpError; Refused where one is running."""
        if self.room is not None:
            raise Refused("A class is running. End it first.", 409)
        await asyncio.get_running_loop().run_in_executor(self._thread, self.journal.begin, self.keys)
        self.room = Room()


def _fail(future: asyncio.Future, error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
