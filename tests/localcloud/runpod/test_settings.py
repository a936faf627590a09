from __future__ import annotations

import pytest

from localcloud.errors import SettingsError
from localcloud.runpod import settings


@pytest.mark.parametrize("text", ["0", "-1", "soon", "nan", "inf"])
def test_a_pause_that_is_not_a_positive_number_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.IDLE_VARIABLE, text)
    with pytest.raises(SettingsError, match=f"{settings.IDLE_VARIABLE} is '{text}'"):
        settings.read()


def test_the_environment_sets_what_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.WEBHOOK_VARIABLE, "0.5")
    monkeypatch.delenv(settings.IDLE_VARIABLE, raising=False)
    assert settings.read() == settings.Settings(webhook_pause=0.5)
