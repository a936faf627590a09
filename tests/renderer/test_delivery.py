from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from renderer import delivery
from renderer.order import Upload

if TYPE_CHECKING:
    from tests.renderer.conftest import Shelf


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PAUSE_SECONDS", 0.001)


def test_a_refusal_is_final_and_does_not_tell_the_signature(shelf: Shelf) -> None:
    shelf.statuses = [403]
    with pytest.raises(delivery.DeliveryError, match=r"a\.png was not stored: .* answered 403") as caught:
        delivery.deliver(Upload("a.png", shelf.url("a.png"), "image/png"), b"x")
    assert shelf.tries == 1
    assert "canary-signature" not in str(caught.value)


def test_a_server_fault_is_tried_again(shelf: Shelf) -> None:
    shelf.statuses = [503, 500, 200]
    delivery.deliver(Upload("a.png", shelf.url("a.png"), "image/png"), b"x")
    assert shelf.stored == {"a.png": b"x"}


def test_a_lasting_server_fault_ends_after_three_tries(shelf: Shelf) -> None:
    shelf.statuses = [503]
    with pytest.raises(delivery.DeliveryError, match="answered 503"):
        delivery.deliver(Upload("a.png", shelf.url("a.png"), "image/png"), b"x")
    assert shelf.tries == 3


def test_an_address_out_of_reach_is_reported_without_its_signature() -> None:
    upload = Upload("a.png", "http://127.0.0.1:1/a.png?signature=canary-signature", "image/png")
    with pytest.raises(delivery.DeliveryError, match="cannot be reached") as caught:
        delivery.deliver(upload, b"x")
    assert "canary-signature" not in str(caught.value)


def test_an_address_that_is_not_http_is_refused() -> None:
    with pytest.raises(delivery.DeliveryError, match="not http"):
        delivery.deliver(Upload("a.png", "file:///etc/passwd", "image/png"), b"x")
