"""A language worker that asks for one request, compares every byte, and ends.

    minimal_receiver.py tcp://10.0.0.5:7700 control.listen=tcp://10.0.0.6:0 control.insecure=true

First the sender's endpoint, then options by name.
"""

import sys

import content
import remit

ROOM = 1

with remit.LanguageWorker(content.layout(), blocks=64, config=content.options(sys.argv[2:])) as worker:
    reception = worker.receive(ROOM, sys.argv[1], expected=1024, into=content.destination).result(timeout=60)
    content.verdict(content.is_request(reception.tensors, ROOM, 2000), f"{reception.total_tokens} tokens in {reception.rounds} rounds")
