"""Every table of good calls of the core; what is in none of them fails `test_core_complete`."""

from tests.fakes import (
    abi_calls,
    core_calls,
    eip712_calls,
    fees_calls,
    keys_calls,
    margin_calls,
    nonce_calls,
    price_calls,
    trigger_calls,
    tx_calls,
)
from tests.fakes.hostile import Area

AREAS: dict[str, Area] = {
    table.AREA.name: table.AREA
    for table in (
        abi_calls,
        core_calls,
        eip712_calls,
        fees_calls,
        keys_calls,
        margin_calls,
        nonce_calls,
        price_calls,
        trigger_calls,
        tx_calls,
    )
}
