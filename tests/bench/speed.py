"""CPU per call of a local request through `Router`, beside raw clients and litellm, interleaved in one run.

Everything is on: detectors, classifier, SQLite ledger. The server is a loopback stand-in in its own process. Ratios
count, not milliseconds: all clients take turns in every round, on the same machine, in the same minute.
Run: `make bench-speed`, or `python tests/bench/speed.py --quick`.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from gateway import Router, plugins
from gateway.policy.load import parse_policy

PROMPT = (
    "Hello, I ordered the blue kettle three weeks ago and the tracking page still says that it is being prepared. "
    "Could you please tell me when it will leave the warehouse, and whether I can still change the address? "
    "My neighbour would take the parcel in, since I am travelling from Monday on. Thank you very much, kind regards."
)
MESSAGES = [{"role": "user", "content": PROMPT}]
BODY = json.dumps({"model": "llama-3.1-8b-instruct", "messages": MESSAGES}).encode()
HEADERS = {"content-type": "application/json"}
POLICY = """
version: 1
ledger: {{kind: sqlite, path: {path}}}
backends:
  llama: {{kind: openai_http, model: llama-3.1-8b-instruct, urls: ["{url}"], clearance: restricted, licence: llama-3.1}}
  frontier: {{kind: openai_http, model: frontier, urls: ["{url}"], clearance: internal, local: false}}
rules:
  - {{name: hard, when: {{difficulty: {{at_least: 0.8}}}}, use: [frontier, llama]}}
  - {{name: default, use: [llama, frontier]}}
"""
Call = Callable[[], Awaitable[object]]
"""One request of one client."""


@asynccontextmanager
async def _aiohttp(url: str) -> AsyncIterator[Call]:
    async with aiohttp.ClientSession() as session:

        async def call() -> object:
            async with session.post(f"{url}/v1/chat/completions", data=BODY, headers=HEADERS) as response:
                return json.loads(await response.read())

        yield call


@asynccontextmanager
async def _httpx(url: str, transport: httpx.AsyncBaseTransport | None = None) -> AsyncIterator[Call]:
    async with httpx.AsyncClient(transport=transport, timeout=60) as client:

        async def call() -> object:
            response = await client.post(f"{url}/v1/chat/completions", content=BODY, headers=HEADERS)
            return response.json()

        yield call


def _httpx_aiohttp(url: str) -> AbstractAsyncContextManager[Call]:
    return _httpx(url, AiohttpTransport(client=aiohttp.ClientSession()))


@asynccontextmanager
async def _gateway(url: str) -> AsyncIterator[Call]:
    with tempfile.TemporaryDirectory() as folder:
        text = POLICY.format(url=url, path=Path(folder) / "ledger.sqlite3")
        policy = parse_policy(text, environ={}, options_of=plugins.options, kinds_of=plugins.kinds)
        async with Router.from_policy(policy) as router:

            async def call() -> object:
                return await router.route(PROMPT)

            yield call


@asynccontextmanager
async def _litellm(url: str) -> AsyncIterator[Call]:
    import litellm  # noqa: PLC0415 - seconds of import, only where it is measured

    async def call() -> object:
        return await litellm.acompletion("openai/llama", messages=MESSAGES, api_base=f"{url}/v1", api_key="none")

    yield call


@asynccontextmanager
async def _litellm_router(url: str) -> AsyncIterator[Call]:
    from litellm.router import Router as LiteLLMRouter  # noqa: PLC0415 - as above

    params = {"model": "openai/llama", "api_base": f"{url}/v1", "api_key": "none"}
    router = LiteLLMRouter(model_list=[{"model_name": "llama", "litellm_params": params}])

    async def call() -> object:
        # litellm's own type for plain message dicts is a union that no dict literal fits.
        return await router.acompletion("llama", messages=MESSAGES)  # type: ignore[arg-type]

    yield call
    # litellm does not type it.
    router.discard()  # type: ignore[no-untyped-call]


CLIENTS: dict[str, Callable[[str], AbstractAsyncContextManager[Call]]] = {
    "aiohttp": _aiohttp,
    "httpx": _httpx,
    "httpx over aiohttp": _httpx_aiohttp,
    "gateway Router": _gateway,
    "litellm.acompletion": _litellm,
    "LiteLLM Router": _litellm_router,
}


OURS = "gateway Router"
IMPORTS = ("import httpx", "import gateway", "from gateway import route")


async def _cpu_ms(call: Call, concurrency: int, calls: int) -> float:
    left = iter(range(calls))

    async def worker() -> None:
        for _ in left:
            await call()

    started = time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(worker())
    return (time.process_time() - started) * 1000 / calls


async def _measure(url: str, rounds: int, calls: int) -> dict[tuple[str, int], float]:
    samples: dict[tuple[str, int], list[float]] = {}
    async with AsyncExitStack() as stack:
        ready = {name: await stack.enter_async_context(build(url)) for name, build in CLIENTS.items()}
        for call in ready.values():
            await _cpu_ms(call, 4, 40)
        for _ in range(rounds):
            for concurrency in (1, 32):
                for name, call in ready.items():
                    slow = "litellm" in name.lower()
                    cost = await _cpu_ms(call, concurrency, max(calls // 4 if slow else calls, concurrency))
                    samples.setdefault((name, concurrency), []).append(cost)
    return {key: statistics.median(values) for key, values in samples.items()}


def _print(results: dict[tuple[str, int], float], imports: dict[str, float]) -> bool:
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    print(f"load average {load}; {os.cpu_count()} cores; Python {sys.version.split()[0]}; CPU ms per call, medians")
    print(f"{'client':<22}{'at 1':>8}{'x httpx':>9}{'at 32':>9}{'x httpx':>9}")
    for name in CLIENTS:
        one, many = results[name, 1], results[name, 32]
        print(f"{name:<22}{one:>8.3f}{one / results['httpx', 1]:>9.2f}{many:>9.3f}{many / results['httpx', 32]:>9.2f}")
    rows = [
        (f"local request, CPU / raw httpx, concurrency {at}", reach, results[OURS, at] / results["httpx", at])
        for at, reach in ((1, 1.0), (32, 0.4))
    ]
    rows += [(f"{code}, CPU / import httpx", 1.5, cost / imports["import httpx"]) for code, cost in imports.items()][1:]
    print(f"\n{'measure':<58}{'reach':>8}{'measured':>10}  result")
    for measure, reach, ratio in rows:
        print(f"{measure:<58}{f'<= {reach:.2f}':>8}{ratio:>10.2f}  {'pass' if ratio <= reach else 'miss'}")
    return all(ratio <= reach for _, reach, ratio in rows)


def _import_cpu_s(code: str) -> float:
    timed = f"import time; began = time.process_time(); {code}; print(time.process_time() - began)"
    with tempfile.TemporaryDirectory() as folder:
        # As installed: with its bytecode, also where this environment keeps none. The first run writes it.
        environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}
        command = [sys.executable, "-c", timed]
        runs = [
            subprocess.run(command, capture_output=True, text=True, check=True, env=environ)  # noqa: S603 - our own
            for _ in range(6)
        ]
    return statistics.median(float(run.stdout) for run in runs[1:])


def main() -> int:
    """Run the rounds and print the tables; exit 1 on a miss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 short rounds")
    quick = parser.parse_args().quick
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    server = subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, str(Path(__file__).with_name("loopback.py"))], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        results = asyncio.run(_measure(url, rounds=3 if quick else 9, calls=160 if quick else 480))
    finally:
        server.terminate()
        server.wait()
    return 0 if _print(results, {code: _import_cpu_s(code) for code in IMPORTS}) else 1


if __name__ == "__main__":
    raise SystemExit(main())
