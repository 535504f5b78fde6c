"""An answer in pieces, a judgement about it, and its line in the ledger."""

import asyncio

from gateway import Router


async def main() -> None:
    """Stream one answer, say that it was good, and read the books."""
    async with Router.from_policy("examples/mock.yaml") as router:
        async with router.stream("Where is my parcel?", tags={"phi"}) as stream:
            async for delta in stream:
                print(delta.text, end="", flush=True)
        print()

        reply = stream.reply
        if reply is None:
            raise SystemExit("the stream was left before its end")
        await router.feedback(reply.entry_id, 1.0, source="reader")

        for entry in await router.ledger.entries():
            print(f"{entry.status} by {entry.backend}, level {entry.level}, streamed: {entry.streamed}")


if __name__ == "__main__":
    asyncio.run(main())
