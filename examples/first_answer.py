"""Two questions to a scripted pair of models: one answer is good enough, the other is escalated."""

import asyncio

from gateway import Router


async def main() -> None:
    """Route two requests and show how each answer came to be."""
    async with Router.from_policy("examples/mock.yaml") as router:
        for question in ("Where is my parcel?", "Which clause ends the contract?"):
            reply = await router.route(question)
            asked = " then ".join(attempt.backend for attempt in reply.attempts)
            print(f"{reply.text}  [asked {asked}; cost {reply.cost}, saved {reply.saved}]")


if __name__ == "__main__":
    asyncio.run(main())
