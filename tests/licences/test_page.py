"""The page for texts to display: read as people see it, to the letter, and from nowhere else."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gateway.errors import LicenceError
from gateway.licences.page import read_file, read_url

TEXT = "Built with Llama"


@pytest.mark.parametrize(
    ("page", "stands"),
    [
        ("Built with Llama", True),
        ("Built\n  with\tLlama", True),
        ("<p>Built with <b>Llama</b></p>", True),
        ("<p>Built&nbsp;with Llama</p>", True),
        ("<footer>Built with Llama<br>x</footer>", True),
        ("built with llama", False),
        ("Built with Meta Llama 3", False),
        ("<p>Built with</p><p>Lla</p><p>ma</p>", False),
        ("<!-- Built with Llama --><p></p>", False),
        ("<script>'Built with Llama'</script>", False),
        ("<head><title>Built with Llama</title></head><body></body>", False),
        ("<p hidden>Built with Llama</p>", False),
        ("<div style='display: none'><img><p>Built with Llama</p></div>", False),
        ("<div hidden><p>x</div><p>Built with Llama</p>", True),
        ("<p></i>Built with Llama</p>", True),
    ],
)
def test_a_text_stands_on_a_page_where_people_see_it(page: str, tmp_path: Path, *, stands: bool) -> None:
    """To the letter, whatever the line breaks; not in a comment, a script or what is hidden."""
    file = tmp_path / "about.html"
    file.write_text(page)

    assert read_file(file).has([TEXT]) == {TEXT: stands}


def test_a_page_is_kept_as_a_hash_and_shows_no_words(tmp_path: Path) -> None:
    """What was seen can be proved later."""
    file = tmp_path / "about.md"
    file.write_text("hello")

    page = read_file(file)

    assert page.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert "hello" not in repr(page)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """What is wrong, and what to mend."""
    with pytest.raises(LicenceError, match=r"No such file or directory; mend licences\.attribution\.file"):
        read_file(tmp_path / "none.html")
    (tmp_path / "huge").write_bytes(b"x" * 2_000_001)
    with pytest.raises(LicenceError, match="larger than 2,000,000 bytes"):
        read_file(tmp_path / "huge")


class Site(BaseHTTPRequestHandler):
    """A few pages; the path says what comes."""

    def do_GET(self) -> None:
        elsewhere = f"http://localhost:{self.connection.getsockname()[1]}/fine"
        moved = {"/moved": "/fine", "/away": elsewhere, "/loop": "/loop", "/odd": "http://[x/"}
        if self.path in moved:
            self.send_response(302)
            self.send_header("location", moved[self.path])
            self.send_header("content-length", "0")
            self.end_headers()
            return
        body = b"x" * 3_000_000 if self.path == "/huge" else TEXT.encode()
        self.send_response(200 if self.path in ("/fine", "/huge") else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("path", ["/fine", "/moved"])
def test_a_page_of_the_web_is_read_at_its_own_host(path: str, site: str) -> None:
    """Also where it moved there."""
    assert read_url(f"{site}{path}").has([TEXT]) == {TEXT: True}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/none", "its server says 404"),
        ("/away", "it sends to another host"),
        ("/odd", "cannot be read: ValueError"),
        ("/loop", "it redirects more than 3 times"),
        ("/huge", "larger than 2,000,000 bytes"),
    ],
)
def test_a_page_that_is_not_there_or_elsewhere_is_an_error(path: str, told: str, site: str) -> None:
    """Nobody is sent to another host by a page, and nothing endless is read."""
    with pytest.raises(LicenceError, match=told):
        read_url(f"{site}{path}")


def test_a_page_that_takes_too_long_is_an_error(site: str) -> None:
    """The whole page has its time, not each piece."""
    times = iter((0.0, 9.0, 11.0))

    with pytest.raises(LicenceError, match="it takes too long"):
        read_url(f"{site}/huge", clock=lambda: next(times))


def test_a_server_that_is_not_there_is_an_error() -> None:
    """A port that nobody listens at, and a URL that is none."""
    with pytest.raises(LicenceError, match="ConnectError"):
        read_url("http://127.0.0.1:1/")
    with pytest.raises(LicenceError, match="cannot be read"):
        read_url("http://[x/")


@pytest.mark.parametrize(
    ("source", "stands"),
    [
        ("About us\n<!-- Built with Llama -->\nmore", False),
        ("<script>x = 'Built with Llama'", False),
        ("<img alt='Built with Llama'>", False),
        ("<p style='DISPLAY:\tNone'>Built with Llama</p>", False),
        ("<p style='color: red; visibility: hidden'>Built with Llama</p>", False),
        ("<p style='font-size:0'>Built with Llama</p>", False),
        ("<p style='display:block'>Built with Llama</p>", True),
        ("<html><head><title>x</title><body><p>Built with Llama</p></body></html>", True),
        ("<div hidden><body>Built with Llama</body></div>", False),
        ("see <https://example.com> and a < b: Built with Llama", True),
        ("**Built with Llama**", True),
        ("Built with Llama.", True),
        ("Built with Llamas", False),
        ("rebuilt, reBuilt with Llama", False),
    ],
)
def test_what_nobody_sees_does_not_stand_on_a_page(source: str, tmp_path: Path, *, stands: bool) -> None:
    """However short the page is, and however its author hid it; a text inside a longer word is another one."""
    page = tmp_path / "about"
    page.write_text(source)

    assert read_file(page).has(["Built with Llama"]) == {"Built with Llama": stands}


@pytest.mark.parametrize(("shown", "stands"), [("3", True), ("3.", True), ("3.1", False), ("30", False)])
def test_a_text_with_another_version_is_another_text(shown: str, tmp_path: Path, *, stands: bool) -> None:
    """Llama 3.1 asks for other words than Llama 3."""
    page = tmp_path / "about"
    page.write_text(f"Built with Meta Llama {shown}")

    assert read_file(page).has(["Built with Meta Llama 3"]) == {"Built with Meta Llama 3": stands}
