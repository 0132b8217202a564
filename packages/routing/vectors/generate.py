"""Writes the shared vectors of hashing and assignment.

    python3 -m venv venv && venv/bin/pip install mmh3==5.3.1 kafka-python==3.0.12
    venv/bin/python packages/routing/vectors/generate.py

The hashes come from other implementations (mmh3, kafka-python). The layout of buckets is stated here a second time, by
sorting buckets by their distance from the start of a candidate, so that the vectors do not repeat the code under test.
"""

import json
import random
from importlib.metadata import version
from pathlib import Path

import mmh3
from kafka.partitioner.default import murmur2

OUT = Path(__file__).resolve().parents[3] / "schemas" / "vectors"
SEEDS = {"traffic": 1, "arm": 2, "audit": 3, "variance": 4}
SOURCE = f"mmh3 {version('mmh3')} (PyPI): mmh3.hash(key, seed, signed=False)"
rng = random.Random(20260928)


def h32(key: bytes, seed: int) -> int:
    return mmh3.hash(key, seed, signed=False)


def bucket(salt: str, key: str, seed: int) -> int:
    return h32((salt + ":" + key).encode(), seed) * 10000 // 2**32


def family(prefix: str, count: int, seed: int) -> dict:
    hashes = "".join(f"{h32((prefix + str(i)).encode(), seed):08x}" for i in range(count))
    return {"keyPrefix": prefix, "count": count, "seed": seed, "hashes": hashes}


def raw(key: bytes, seed: int) -> dict:
    return {"keyHex": key.hex(), "seed": seed, "hash": h32(key, seed)}


def murmur3_vectors() -> dict:
    lengths = list(range(0, 68)) + [127, 128, 129, 255, 256, 1000]
    cases = [raw(rng.randbytes(n), seed) for n in lengths for seed in (0, 2, 0x9747B28C, 0xFFFFFFFF)]
    texts = ["", "a", "Ümläut", "ключ", "顧客", "👩‍👩‍👧", "\u0000", "é", "e\u0301", " spaced key "]
    cases += [raw(t.encode(), seed) for t in texts for seed in SEEDS.values()]
    repeated = [{"keyHex": k.hex(), "times": n, "seed": 2, "hash": h32(k * n, 2)} for k, n in [(b"ab\xff", 5461), (b"\x80", 65537)]]
    return {
        "source": SOURCE,
        "families": [
            family("customer-", 10000, 2),
            family("", 500, 1),
            family("клиент-", 500, 3),
            family("顧客🙂", 500, 4),
        ],
        "cases": cases,
        "repeated": repeated,
    }


def owners(weights: list[int]) -> list[int]:
    starts = [0.0]
    while len(starts) < 16:  # 0, 1/2, 1/4, 3/4: every level lies half a step beside the levels before it
        starts += [s + 0.5 / len(starts) for s in starts]
    owner = [0] * 10000
    free = set(range(10000))
    for i, weight in enumerate(weights[1:]):
        start = int(starts[i // 2] * 10000)
        distance = (lambda b: (start - 1 - b) % 10000) if i % 2 == 0 else (lambda b: (b - start) % 10000)
        for b in sorted(free, key=distance)[:weight]:
            owner[b] = i + 1
            free.remove(b)
    return owner


def plan_vector(salt: str, weights: list[int]) -> dict:
    owner = owners(weights)
    arms = [owner[bucket(salt, f"customer-{i}", SEEDS["arm"])] for i in range(1000)]
    return {"salt": salt, "weightsBp": weights, "owned": [owner.count(i) for i in range(len(weights))],
            "variants": "".join("0123456789abcdef"[a] for a in arms)}


def assignment_vectors() -> dict:
    salts = ["churn", "a", "ab", "abc", "churn-v8", "сплит", "s" * 128]
    layers = [
        {"salt": salt, "layer": layer, "seed": seed, "keyPrefix": "customer-", "count": 400,
         "buckets": "".join(f"{bucket(salt, f'customer-{i}', seed):04d}" for i in range(400))}
        for salt in salts
        for layer, seed in SEEDS.items()
    ]
    keys = ["", "é", "👩‍👩‍👧", "0", "x" * 1000]
    weights = [
        [10000], [9000, 1000], [5000, 5000], [1000, 9000], [0, 10000], [10000, 0], [3400, 3300, 3300],
        [0, 5000, 5000], [100, 900, 9000], [2500, 2500, 2500, 2500], [1000, 4000, 4000, 1000],
        [0, 7000, 1000, 1000, 1000], [500, 100, 6000, 1400, 1000, 1000], [1000] * 10, [1] * 9 + [9991],
    ]
    return {
        "source": f"{SOURCE}; bucket = hash * 10000 // 2**32 of utf8(salt + ':' + key)",
        "layers": layers,
        "cases": [{"salt": "churn", "seed": s, "key": k, "bucket": bucket("churn", k, s)} for k in keys for s in SEEDS.values()],
        "plans": [plan_vector("churn", w) for w in weights],
        "partitions": {
            "source": f"kafka-python {version('kafka-python')} (PyPI): kafka.partitioner.default.murmur2",
            "cases": [
                {"key": k, "murmur2": h, "partition12": (h & 0x7FFFFFFF) % 12}
                for k in ["", "a", "ab", "abc", "abcd", "21", "foobar", "ключ", "👩‍👩‍👧"] + [f"customer-{i}" for i in range(200)]
                for h in [murmur2(k.encode())]
            ],
        },
    }


def write(name: str, vectors: dict) -> None:
    text = json.dumps(vectors, ensure_ascii=True, separators=(",", ":"))
    (OUT / name).write_text(text + "\n")
    print(name, len(text), "bytes")


write("murmur3.json", murmur3_vectors())
write("assignment.json", assignment_vectors())
