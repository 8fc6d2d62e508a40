"""What is refused, with its kind and a sentence; and rooms that fail."""

from __future__ import annotations

import datetime
import pathlib
import signal
import threading

import numpy as np
import pytest

import remit
from conftest import HIDDEN, PATIENCE, Pair, Request, empty, open_pair


def test_the_hierarchy() -> None:
    for error in (remit.BadArgument, remit.Misuse, remit.Environment, remit.Exhausted, remit.Refused, remit.Internal,
                  remit.TransferFailed):
        assert issubclass(error, remit.Error)
        assert isinstance(error.kind, str)
    assert issubclass(remit.BadArgument, ValueError)
    assert len({e.kind for e in remit.Error.__subclasses__()}) == 7


@pytest.mark.parametrize("options, part", [
    ({"block_size": 0}, "block size is 0"),
    ({"hidden": 1 << 21}, "2097152"),
    ({"dtype": "fp64"}, 'dtype is "fp64"'),
    ({"dtype": "int32"}, "int32"),
    ({"deepstack": 65}, "65"),
    ({"arrangement": "rows"}, 'arrangement is "rows"'),
])
def test_shapes(options: dict[str, object], part: str) -> None:
    with pytest.raises(remit.BadArgument, match=part) as raised:
        remit.Layout.multimodal(**options)  # type: ignore[arg-type]
    assert raised.value.kind == "bad_argument"


def test_a_layout_tells_its_segments() -> None:
    layout = remit.Layout.multimodal(block_size=16, hidden=10, dtype="fp32", deepstack=3)
    told = [(s.kind, s.dtype, s.planes, s.token_bytes, s.once_per_request) for s in layout.segments]
    assert told == [("embeddings", "fp32", 1, 40, False), ("fill_ids", "int32", 1, 4, False),
                    ("mrope_positions", "int32", 3, 4, False), ("aux_datas", "int32", 1, 64, True),
                    ("deepstack_embeddings", "fp32", 1, 120, False)]
    assert layout.block_size == 16
    assert layout.blocks_for(33) == 3
    assert layout.payload_bytes(2) == 2 * (40 + 4 + 12 + 120) + 64
    assert layout.pool_bytes(2) >= 2 * 16 * 176


def test_config() -> None:
    config = remit.Config({"fabric.queue_pairs": 2, "timing.room_deadline": datetime.timedelta(seconds=7),
                           "fabric.relaxed_ordering": False, "control.allowed_return_addresses": ["10.0.0.1", "10.0.0.2"]})
    assert config["fabric.queue_pairs"] == "2"
    assert config["timing.room_deadline"] == "7s"
    assert config["fabric.relaxed_ordering"] == "false"
    assert config["control.allowed_return_addresses"] == "10.0.0.1,10.0.0.2"
    assert "fabric.queue_pairs" in remit.Config.names()
    for name, value in {"fabric.colour": "red", "fabric.queue_pairs": 99}.items():
        with pytest.raises(remit.BadArgument, match=name):
            config[name] = value
    with pytest.raises(remit.BadArgument, match="fabric.colour"):
        config["fabric.colour"]
    with pytest.raises(remit.BadArgument, match="is a object"):
        config["fabric.queue_pairs"] = object()  # type: ignore[assignment]


def test_config_sources(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "remit.toml"
    file.write_text("[fabric]\nqueue_pairs = 3\nkind = \"loopback\"\nmtu = 1024\n")
    monkeypatch.setenv("REMIT_FABRIC_QUEUE_PAIRS", "4")
    config = remit.Config({"fabric.mtu": 2048}, file=file, environment=True)
    assert (config["fabric.kind"], config["fabric.queue_pairs"], config["fabric.mtu"]) == ("loopback", "4", "2048")


def test_what_the_machine_lacks() -> None:
    with pytest.raises(remit.Environment) as raised:
        remit.EmbeddingWorker(remit.Layout.multimodal(), 1, {"fabric.device": "nosuch0"})
    assert raised.value.kind == "environment"


def test_keys(tmp_path: pathlib.Path) -> None:
    keys = remit.generate_keys(str(tmp_path / "keys"))
    assert len(keys.public_key) == 40
    assert pathlib.Path(keys.secret_key_file).exists() and pathlib.Path(keys.public_key_file).exists()
    with pytest.raises(remit.Misuse):
        remit.generate_keys(str(tmp_path / "keys"))


def test_tensors_that_do_not_fit(pair: Pair) -> None:
    good = Request(1, 100).tensors()

    def refused(part: str, **changed: object) -> None:
        with pytest.raises(remit.BadArgument, match=part):
            pair.embedding.send(1, {**good, **changed}, 100)

    refused("embeddings has 19008 bytes; 100 tokens take 19200", embeddings=good["embeddings"][:99])
    refused("embeddings is not contiguous", embeddings=np.zeros((HIDDEN, 100), np.uint16).T)
    refused("embeddings has another element type than the layout's bf16", embeddings=np.zeros((100, HIDDEN), np.float16))
    refused("fill_ids has 800 bytes", fill_ids=np.zeros(100, np.int64))
    refused("fill_ids has another element type", fill_ids=np.zeros(100, np.float32))
    refused("mrope_positions is a list", mrope_positions=[1, 2, 3])
    refused("no tensor for fill_ids", fill_ids=None)
    refused("no segment colours", colours=np.zeros(1))
    with pytest.raises(remit.BadArgument, match="2 tensors are given; the layout has 4"):
        pair.embedding.send(1, [good["embeddings"], good["fill_ids"]], 100)
    read_only = np.ascontiguousarray(good["embeddings"])
    read_only.flags.writeable = False
    reception = pair.receive(1, into=empty)
    pair.embedding.send(1, {**good, "embeddings": read_only}, 100).result(PATIENCE)  # a source is only read
    reception.result(PATIENCE)


def test_arguments_out_of_range(pair: Pair) -> None:
    good = Request(1, 100).tensors()
    with pytest.raises(remit.BadArgument, match="priority is 9"):
        pair.embedding.send(1, good, 100, priority=9)
    with pytest.raises(remit.BadArgument, match="17 values"):
        pair.embedding.send(1, good, 100, aux=range(17))
    with pytest.raises(remit.Misuse, match=r"aux\[0\] is 5"):
        pair.embedding.send(1, good, 100, aux=[5])
    with pytest.raises(remit.Misuse, match="stream"):
        pair.embedding.send(1, good, 100, stream=0)
    with pytest.raises(remit.BadArgument, match="room is"):
        pair.embedding.send(1 << 63, good, 100)
    with pytest.raises(TypeError):
        pair.embedding.send(-1, good, 100)
    assert pair.embedding._kept == set(), "what was refused is not kept"
    with pytest.raises(remit.Exhausted, match="64 of 64"):
        pair.embedding.allocate(64 * 64 + 1)
    with pytest.raises(remit.Misuse):
        pair.embedding.free([3])
    with pytest.raises(remit.BadArgument, match="no segment colours"):
        pair.embedding.block("colours", 0)
    with pytest.raises(remit.BadArgument, match="segment is 9"):
        pair.embedding.block(9, 0)
    with pytest.raises(remit.BadArgument):
        pair.embedding.block("embeddings", 64)
    with pytest.raises(remit.BadArgument, match="is a object"):
        pair.embedding.adopt(object())
    adopted = pair.embedding.adopt(np.zeros(10))  # the CPU's memory is gathered from, as it is without
    assert adopted.gpu_direct == "none" and adopted.reason
    for deadline in (-1.0, float("nan"), float("inf")):
        with pytest.raises(remit.BadArgument, match="deadline is"):
            pair.receive(1, deadline=deadline)
        with pytest.raises(remit.BadArgument, match="drain is"):
            pair.language.stop(deadline)
        with pytest.raises(remit.BadArgument, match="drain is"):
            pair.embedding.stop(deadline)
    with pytest.raises(remit.BadArgument, match="nonsense"):
        pair.language.receive(1, "nonsense")
    with pytest.raises(remit.BadArgument, match="required_dst_info_num is 0"):
        pair.receive(1, destinations=0)


def test_waiting(pair: Pair) -> None:
    reception = pair.receive(1)
    assert reception.wait(0) != remit.Status.SUCCESS
    with pytest.raises(TimeoutError):
        reception.result(0)
    for timeout in (-1.0, float("nan")):
        with pytest.raises(remit.BadArgument, match="timeout is"):
            reception.wait(timeout)
    with pytest.raises(remit.Misuse, match="no table before Success"):
        reception.table
    reception.abort("changed my mind")
    with pytest.raises(remit.TransferFailed, match="changed my mind") as raised:
        reception.result(PATIENCE)
    assert raised.value.kind == "transfer_failed"
    assert reception.tensors is None


def test_ctrl_c_ends_a_wait(pair: Pair) -> None:
    reception = pair.receive(1)
    main = threading.main_thread().ident
    assert main is not None
    threading.Timer(0.05, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        reception.wait(PATIENCE)
    reception.abort()


@pytest.mark.parametrize("sink, cause, part", [
    (lambda total: 1 / 0, ZeroDivisionError, "the sink raised ZeroDivisionError: division by zero"),
    (lambda total: empty(total - 1), remit.BadArgument, "has 19008 bytes"),
    (lambda total: {}, remit.BadArgument, "no tensor for embeddings"),
    (lambda total: None, TypeError, "TypeError"),
    (lambda total: [bytes(100 * HIDDEN * 2), bytes(400), bytes(1200), None], remit.BadArgument, "writable"),
])
def test_a_sink_that_fails_fails_its_room_alone(pair: Pair, sink: object, cause: type, part: str) -> None:
    reception = pair.receive(1, into=sink)
    send = pair.send(Request(1, 100))
    with pytest.raises(remit.TransferFailed, match=part) as raised:
        reception.result(PATIENCE)
    assert isinstance(raised.value.__cause__, cause)
    # What was written before the sink said no may have been all of it: then the send has succeeded.
    assert send.wait(PATIENCE) in (remit.Status.FAILED, remit.Status.SUCCESS)
    request = Request(2, 100)
    after = pair.receive(2, into=empty)
    pair.send(request)
    request.check(after.result(PATIENCE).tensors)


def test_a_rejected_room_fails_with_the_reason(pair: Pair) -> None:
    pair.embedding.reject(1, "the picture is broken")
    reception = pair.receive(1)
    with pytest.raises(remit.TransferFailed, match="the picture is broken"):
        reception.result(PATIENCE)
    assert reception.answer == remit.Answer.NEVER


def test_a_second_send_of_a_room_is_misuse(pair: Pair) -> None:
    send = pair.send(Request(1, 10))
    with pytest.raises(remit.Misuse, match="room 1"):
        pair.send(Request(1, 10))
    send.abort()
    assert send.wait(PATIENCE) == remit.Status.FAILED
    assert min(send.poll(), remit.Status.SUCCESS) == remit.Status.FAILED


def test_with_a_worker_that_is_closed() -> None:
    opened = open_pair()
    with opened.embedding as embedding, opened.language as language:
        reception = opened.receive(1)
        assert not embedding.closed
    assert embedding.closed and language.closed
    assert reception.poll() == remit.Status.FAILED
    embedding.close()  # twice is no mistake
    for call in (lambda: embedding.endpoint, lambda: embedding.free_blocks, lambda: language.receive(1, "tcp://127.0.0.1:1"),
                 lambda: language.stop(), lambda: embedding.block("fill_ids", 0)):
        with pytest.raises(remit.Misuse, match="closed"):
            call()


def test_stop_tells_what_it_ended() -> None:
    opened = open_pair()
    reception = opened.receive(1)
    assert opened.language.stop() == 1
    assert reception.poll() == remit.Status.FAILED
    with pytest.raises(remit.Misuse, match="after stop"):
        opened.receive(2)
    assert opened.embedding.stop(0.5) == 0
    opened.embedding.close()
    opened.language.close()


def test_a_reception_left_with_is_given_up(pair: Pair) -> None:
    with pair.receive(1) as reception:
        pass
    assert reception.wait(PATIENCE) == remit.Status.FAILED


def test_counters_and_paths(pair: Pair) -> None:
    assert pair.embedding.data_path.memory == "host"
    assert pair.language.data_path.gpu_direct == "none"
    assert pair.embedding.device and pair.language.device
    reception = pair.receive(1, into=empty)
    pair.send(Request(1, 10)).result(PATIENCE)
    reception.result(PATIENCE)
    assert pair.embedding.counters.work_requests > 0
    assert pair.language.counters.turns > 0
    assert pair.language.guessed_tokens > 0
