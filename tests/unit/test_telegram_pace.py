"""When a message may go: one a second in a chat, thirty a second in all, silence when told."""

from vanta.telegram.courier import CHAT_GAP_NS, PER_SECOND, SECOND_NS, Pace


def test_one_message_a_second_in_a_chat() -> None:
    pace = Pace()
    assert pace.ready_ns(7) == 0
    pace.sent(7, 100)
    assert pace.ready_ns(7) == 100 + CHAT_GAP_NS
    assert pace.ready_ns(8) == 0


def test_twenty_a_minute_in_a_group() -> None:
    """Too many would silence every chat: `retry_after` holds for the whole bot."""
    pace, now_ns, sent = Pace(), 0, 0
    while (now_ns := max(now_ns, pace.ready_ns(-1009))) < 60 * SECOND_NS:
        pace.sent(-1009, now_ns)
        sent += 1
    assert sent == 20


def test_an_edit_does_not_wait_for_the_gap_nor_make_one() -> None:
    pace = Pace()
    pace.sent(7, 100)
    assert pace.ready_ns(7, is_edit=True) == 0
    pace.sent(8, 100, is_edit=True)
    assert pace.ready_ns(8) == 0


def test_thirty_a_second_in_all() -> None:
    pace = Pace()
    for chat in range(PER_SECOND):
        assert pace.ready_ns(chat) == 0
        pace.sent(chat, 100 + chat)
    assert pace.ready_ns(999) == 100 + SECOND_NS
    assert pace.ready_ns(999, is_edit=True) == 100 + SECOND_NS
    pace.sent(999, 100 + SECOND_NS)
    assert pace.ready_ns(1_000) == 101 + SECOND_NS


def test_retry_after_silences_everything() -> None:
    pace = Pace()
    pace.hold(5 * SECOND_NS)
    pace.hold(3 * SECOND_NS)
    assert pace.ready_ns(1) == 5 * SECOND_NS
    assert pace.ready_ns(1, is_edit=True) == 5 * SECOND_NS


def test_old_chats_are_forgotten() -> None:
    pace = Pace()
    for chat in range(10_001):
        pace.sent(chat, chat * SECOND_NS)
    assert len(pace._chats) == 1
