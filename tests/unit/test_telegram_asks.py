"""Open questions: whose they are, how long they live, and that each is answered once."""

from tests.fakes.clock import ManualClock
from vanta.domain.command import Need
from vanta.telegram.asks import ASK_LIFE_S, MAX_ASKS, PAGES_LIFE_S, STEP_UP_LIFE_S, Ask, Asks

ME, CHAT = 7, 1001
SECOND = 10**9


def ask(need: Need = Need.CONFIRM, *, user_id: int = ME, chat_id: int = CHAT) -> Ask:
    return Ask(user_id=user_id, chat_id=chat_id, name="stop", args=("all",), need=need, token="t")


def test_a_question_is_taken_once(clock: ManualClock) -> None:
    asks = Asks(clock)
    nonce = asks.put(ask())
    assert asks.take(nonce, ME, CHAT) == ask()
    assert asks.take(nonce, ME, CHAT) is None


def test_nobody_else_and_nowhere_else(clock: ManualClock) -> None:
    asks = Asks(clock)
    nonce = asks.put(ask())
    for user_id, chat_id, asked in ((8, CHAT, nonce), (ME, -5, nonce), (ME, CHAT, "other")):
        assert asks.take(asked, user_id, chat_id) is None
    assert asks.take(nonce, ME, CHAT) == ask(), "a stranger's press does not spend it"


def test_each_kind_has_its_life(clock: ManualClock) -> None:
    for need, life_s in (
        (Need.CONFIRM, ASK_LIFE_S),
        (Need.WORD, ASK_LIFE_S),
        (Need.STEP_UP, STEP_UP_LIFE_S),
        (Need.NOTHING, PAGES_LIFE_S),
    ):
        asks = Asks(clock)
        nonce = asks.put(ask(need))
        clock.advance(life_s * SECOND - 1)
        assert asks.look(nonce, ME, CHAT) is not None, need
        clock.advance(1)
        assert asks.look(nonce, ME, CHAT) is None, need


def test_a_word_is_awaited_from_one_person_in_one_chat_once(clock: ManualClock) -> None:
    asks = Asks(clock)
    asks.put(ask())
    assert not asks.waits_for_word(ME, CHAT)
    asks.put(ask(Need.WORD))
    assert not asks.waits_for_word(8, CHAT)
    assert not asks.waits_for_word(ME, -5)
    assert asks.waits_for_word(ME, CHAT)
    assert asks.take_word(ME, CHAT) == ask(Need.WORD)
    assert not asks.waits_for_word(ME, CHAT)
    assert asks.take_word(ME, CHAT) is None


def test_the_newest_question_gets_the_word(clock: ManualClock) -> None:
    asks = Asks(clock)
    first, second = asks.put(ask(Need.WORD)), asks.put(ask(Need.WORD))
    assert first != second
    assert asks.take_word(ME, CHAT) is not None
    assert asks.take_word(ME, CHAT) is None
    assert asks.look(second, ME, CHAT) is None


def test_a_cancelled_word_is_awaited_no_more(clock: ManualClock) -> None:
    asks = Asks(clock)
    nonce = asks.put(ask(Need.WORD))
    assert asks.take(nonce, ME, CHAT) is not None
    assert not asks.waits_for_word(ME, CHAT)


def test_who_proves_is_known_by_chat_and_by_user(clock: ManualClock) -> None:
    asks = Asks(clock)
    assert not asks.proving(CHAT)
    nonce = asks.put(ask(Need.STEP_UP))
    assert asks.proving(CHAT)
    assert not asks.proving(5)
    assert asks.proved(ME) == [(nonce, ask(Need.STEP_UP))]
    assert asks.proved(8) == []
    clock.advance(STEP_UP_LIFE_S * SECOND)
    assert not asks.proving(CHAT)
    assert asks.proved(ME) == []


def test_questions_are_bounded_and_the_oldest_goes(clock: ManualClock) -> None:
    asks = Asks(clock)
    nonces = [asks.put(ask()) for _ in range(MAX_ASKS + 5)]
    assert asks.look(nonces[0], ME, CHAT) is None
    assert asks.look(nonces[-1], ME, CHAT) is not None
