"""The report in a real Chromium, without a network: what a reader sees, on a screen, in the dark and on paper."""

import base64
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support import made_up
from support.browser import Page
from support.dashboards import FRAME, IN_CHROMIUM, choose, headline, table
from support.entries import attempt_record, ledger_entry
from support.reports import booked, desk, policy_of, sources, write

pytestmark = IN_CHROMIUM
HOSTILE = "</script><img src=x onerror=alert(1)>"
PANELS = ("daily", "pools", "breakeven", "quality")


async def test_nothing_is_complained_about_and_nothing_is_asked_of_a_network(page: Page) -> None:
    """The file is all there is: no error, no warning, no request but for itself."""
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []


async def test_every_panel_is_drawn(page: Page) -> None:
    """Each chart has shapes and a size, and says in words what it shows."""
    for name in PANELS:
        drawn = await page.value(
            f"""(() => {{
                const svg = document.querySelector('#c-{name} svg'), box = svg.getBoundingClientRect();
                const shapes = svg.querySelectorAll('rect, path, line, circle').length;
                return [shapes, box.width, box.height, svg.getAttribute('aria-label')];
            }})()"""
        )
        assert drawn[0] > 5, name
        assert min(drawn[1], drawn[2]) > 100, name
        assert drawn[3], name
    assert await page.value("document.querySelectorAll('#t-waterfall svg.fall rect').length") >= 6


async def test_dark_and_light_are_the_readers_choice(page: Page) -> None:
    """The system's wish at first, the button's afterwards."""
    ground = "getComputedStyle(document.body).backgroundColor"
    light = await page.value(ground)
    await page.scheme("dark")
    dark = await page.value(ground)
    await page.value("document.getElementById('theme').click()")

    assert light != dark
    assert await page.value(ground) == light


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_texts_stand_out_from_their_ground(page: Page, scheme: str) -> None:
    """Every colour of a text has a contrast of at least 4.5 to 1 with its panel (WCAG AA)."""
    await page.scheme(scheme)
    contrasts = await page.value(
        """(() => {
            const light = (colour) => {
                const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
                    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
                return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
            };
            const probe = document.body.appendChild(document.createElement('span'));
            const colour = (name) => {
                probe.style.color = `var(--${name})`;
                return light(getComputedStyle(probe).color);
            };
            const texts = ['ink', 'quiet', 'good', 'bad', 'warn'];
            const found = texts.flatMap((text) => ['panel', 'ground'].map((ground) => {
                const [one, other] = [colour(text), colour(ground)].sort((a, b) => b - a);
                return (one + 0.05) / (other + 0.05);
            }));
            probe.remove();
            return found;
        })()"""
    )

    assert min(contrasts) >= 4.5


async def test_a_narrow_screen_shows_all(page: Page) -> None:
    """At 400 pixels nothing sticks out of the page; wide tables scroll in their own place."""
    await page.size(400)
    await page.value(FRAME)

    assert await page.value("document.documentElement.scrollWidth") <= 400
    assert await page.value("document.querySelector('#c-daily svg').getBoundingClientRect().width") <= 400


async def test_on_paper_no_table_is_cut_off(page: Page) -> None:
    """Printed, every table is as wide as the paper at most, and there are pages."""
    pdf = await page.printed()
    await page.tell("Emulation.setEmulatedMedia", media="print")
    await page.size(700)
    await page.value(FRAME)
    too_wide = await page.value(
        "[...document.querySelectorAll('table')]"
        ".filter((one) => one.scrollWidth > document.body.clientWidth + 1).map((one) => one.id)"
    )
    is_hidden = await page.value("getComputedStyle(document.getElementById('filters')).display")
    await page.tell("Emulation.setEmulatedMedia", media="")

    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") >= 2
    assert (too_wide, is_hidden) == ([], "none")


async def test_a_policy_in_the_head_stops_what_is_not_ours(page: Page) -> None:
    """Even if a name became HTML: no foreign script runs, nothing is loaded or sent."""
    await page.value(
        """(() => {
            const script = document.createElement('script');
            script.textContent = 'window.foreign = true';
            document.body.append(script);
        })()"""
    )
    sent = await page.value("fetch('https://example.com/').then(() => 'sent', () => 'held back')")

    assert await page.value("window.foreign ?? null") is None
    assert sent == "held back"
    assert any("Content Security Policy" in complaint for complaint in page.complaints)


async def test_hostile_names_are_only_names(chromium: Page, folder: Path) -> None:
    """A tenant, team, rule, tag or model that is HTML or SQL is shown as it is written, and does nothing."""
    names = {"tenant": HOSTILE, "team": HOSTILE + "2", "rule": "'; DROP TABLE entries;--", "tags": ("<b>tag</b>",)}
    call = attempt_record(model=HOSTILE, usage=attempt_record().usage)
    entries = [
        ledger_entry("bad", model=HOSTILE, licence=HOSTILE, attempts=(call,), **names),
        ledger_entry("good", tags=(), at=datetime.fromisoformat("2026-11-24T10:00:00+00:00")),
    ]
    reader = await booked(folder / "hostile.sqlite3", entries)
    policy = policy_of(folder, made_up.POLICY)
    file = folder / "hostile.html"
    text = write(file, sources(reader, policy), ledger="$(rm -rf x).sqlite3")

    await chromium.open(file)
    await choose(chromium, tenant=HOSTILE)
    await choose(chromium, rule="'; DROP TABLE entries;--")

    assert HOSTILE not in text
    assert chromium.complaints == []
    assert await chromium.value("document.querySelectorAll('img').length") == 0
    assert (await table(chromium, "models"))[0][:2] == [HOSTILE, "'; DROP TABLE entries;--"]
    assert (await table(chromium, "teams"))[0][:2] == [HOSTILE, HOSTILE + "2"]
    assert "DROP" not in await chromium.value("document.querySelector('#t-models code').textContent")


async def test_a_loss_is_said_in_words(chromium: Page, folder: Path) -> None:
    """Never by a colour alone."""
    reader = await booked(
        folder / "loss.sqlite3", [ledger_entry("one"), ledger_entry("two", rule="other", tenant=None)]
    )
    file = folder / "loss.html"
    since = datetime.fromisoformat("2026-11-23T00:00:00+00:00")
    write(file, sources(reader, policy_of(folder, made_up.POLICY), since=since, until=since + timedelta(days=1)))

    await chromium.open(file)

    assert (
        await chromium.value("document.getElementById('l-net').textContent") == "Lost: it cost more than the baseline"
    )
    assert (await chromium.value("document.getElementById('v-net').textContent")).startswith("\N{MINUS SIGN}$")


async def test_an_empty_period_says_so(chromium: Page, folder: Path) -> None:
    """Headers and a line; no chart fails over nothing."""
    reader = await booked(folder / "empty.sqlite3", [])
    file = folder / "empty.html"
    write(file, sources(reader, policy_of(folder, made_up.POLICY)))

    await chromium.open(file)

    assert chromium.complaints == []
    assert "No requests in this period." in await chromium.value("document.querySelector('main').innerText")
    assert await chromium.value("document.querySelectorAll('table thead th').length") > 20


async def test_the_picture_of_the_docs_can_be_made(page: Page) -> None:
    """A screenshot is a PNG of the whole page."""
    assert base64.b64encode(await page.picture())[:8] == b"iVBORw0K"


async def test_what_was_summed_up_is_still_reckoned_whole(chromium: Page, folder: Path) -> None:
    """A hundred days that had to become months: a note says so, the totals stay, and a date stands for its month."""
    (folder / "long").mkdir()
    reader, policy = desk(folder / "long", requests=1_500, days=100)
    since, until = made_up.FIRST, made_up.FIRST + timedelta(days=100)
    whole, coarse = folder / "whole.html", folder / "coarse.html"
    write(whole, sources(reader, policy, since=since, until=until))
    write(coarse, sources(reader, policy, since=since, until=until), most_bytes=112_000)

    await chromium.open(whole)
    before = [await headline(chromium), await table(chromium, "failures"), await table(chromium, "waterfall")]
    await chromium.open(coarse)
    after = [await headline(chromium), await table(chromium, "failures"), await table(chromium, "waterfall")]
    await choose(chromium, **{"from": "2026-11-10", "to": "2026-11-20"})

    assert chromium.complaints == []
    assert before == after
    assert "days are summed up by the month" in await chromium.value("document.querySelector('#assumptions').innerText")
    assert "2026-11-01 00:00 to 2026-12-01 00:00" in await chromium.value("document.getElementById('period').innerText")
    assert len(await table(chromium, "steps")) == 1


async def test_a_pool_of_unknown_rates_is_shown_as_unknown(chromium: Page, folder: Path) -> None:
    """Its cost is in the whole; what a part bears of it, nobody says."""
    policy = policy_of(folder, made_up.POLICY.replace(", gpu: A100-80", ""))
    entries = [ledger_entry("one"), ledger_entry("two", team="a", rule="other")]
    reader = await booked(folder / "unrated.sqlite3", entries)
    file = folder / "unrated.html"
    since = datetime.fromisoformat("2026-11-23T00:00:00+00:00")
    write(file, sources(reader, policy, since=since, until=since + timedelta(days=1)))

    await chromium.open(file)
    whole = await headline(chromium)
    await choose(chromium, rule="other")

    assert chromium.complaints == []
    assert whole["paid"] is not None
    assert (await headline(chromium))["net"] is None
    assert "How much of it was used is unknown." in await chromium.value("document.querySelector('#pools').innerText")
