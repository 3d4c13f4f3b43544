"""When even support fails, the member is told kindly, and the log has no line that says when somebody looked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checkins.evening import Evening
from tests.launch.scene import words


async def test_support_that_fails_leaves_no_line_at_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    evening = Evening(tmp_path)
    await evening.open()
    try:
        monkeypatch.setattr(evening.app.signposts, "card", lambda *_, **__: 1 / 0)
        caplog.clear()
        told = (await evening.run(evening.you, "support")).messages[-1]
        assert words(told)
        assert not [r for r in caplog.records if r.name.startswith("reallyok")]
        evening.app._tidied_at = float("-inf")
        await evening.wait(hours=1)
        assert "Support failed at least once" in caplog.text
    finally:
        await evening.close()
