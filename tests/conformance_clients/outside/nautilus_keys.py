"""A node with an Ed25519 key: it logs on over the WebSocket API and starts its user stream there, not over REST."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.conformance_clients.outside import nautilus_account
from tests.conformance_clients.outside.nautilus_node import running
from tests.conformance_clients.stage import Keys, Stage

# Runs in our own environment: nautilus_trader's has nothing that makes keys.
MAKE_PAIR = """
import json
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
key = Ed25519PrivateKey.generate()
private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
print(json.dumps([private.decode(), public.decode()]))
"""


async def logged_on(stage: Stage, our_python: Path) -> Any:
    """Raise AssertionError unless such a node hears its orders, fills and balances. Return the node, stopped."""
    stage.clear()
    keys = stage.account("100000")
    printed = subprocess.run([our_python, "-c", MAKE_PAIR], check=True, stdout=subprocess.PIPE).stdout  # noqa: ASYNC221
    private, public = json.loads(printed)
    made = stage.control("POST", f"/accounts/{keys.account_id}/keys", {"publicKey": public})
    async with running(stage, Keys(keys.account_id, made["apiKey"], private)) as bench:
        bench.keys = keys
        for cell in (nautilus_account.event_order, nautilus_account.event_fill, nautilus_account.event_account):
            await cell(bench)
        print("Ed25519: logged on over the WebSocket API, user events heard")
        return bench.node
