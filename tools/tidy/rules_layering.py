"""Which directory may include which, and which library may be seen where.

    base <- mail, config, dkim <- runtime <- smtp, dns, dane, sts <- shard, coordinator
         <- cli, monitor, sim, tests, bench

An include points to a lower rank or to the same rank, within which the directories have no cycle.
shard and coordinator never include each other. Types of protobuf, gRPC, RocksDB and Asio stay
inside their adapters.
"""

import fnmatch
import re

_RANKS = {
    "base": 0,
    "mail": 1,
    "config": 1,
    "dkim": 1,
    "runtime": 2,
    "smtp": 3,
    "dane": 3,
    "dns": 3,
    "sts": 3,
    "shard": 4,
    "coordinator": 4,
    "cli": 5,
    "monitor": 5,
    "sim": 5,
    "tests": 5,
    "bench": 5,
}
_STRANGERS = {frozenset(("shard", "coordinator"))}

_PROTO_PLACES = (
    "*/rpc/*",
    "coordinator/services/*",
    "coordinator/store/*",
    "shard/backoff/*_codec*",
    "shard/spool/*_codec*",
    "cli/*",
    "bench/*",
    "tests/*",
    "tools/*",
)
# prefix of an include -> (places, why)
_PRIVATE = {
    "proto/": (_PROTO_PLACES, "generated types stay inside adapters"),
    "google/protobuf/": (_PROTO_PLACES, "generated types stay inside adapters"),
    "grpcpp/": (_PROTO_PLACES, "gRPC stays inside adapters"),
    "rocksdb/": (
        ("shard/spool/*", "coordinator/store/*", "tests/*", "tools/*"),
        "RocksDB is behind the spool and the store",
    ),
    "boost/": (
        ("runtime/*", "monitor/*", "tests/*", "tools/*"),
        "Asio and Beast are behind runtime and monitor",
    ),
    "prometheus/": (("base/metrics*", "monitor/*", "tools/*"), "metrics are exported in one place"),
}
_INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def includes(source):
    """(line, path) of each #include. Read from the text: in code the path is blanked."""
    for number, line in enumerate(source.lines, 1):
        found = _INCLUDE.match(line)
        if source.kind == "cpp" and found:
            yield number, found.group(2)


def _may_include(source, target):
    own = source.directory
    if own == target or own not in _RANKS or target not in _RANKS:
        return True
    return _RANKS[target] <= _RANKS[own] and frozenset((own, target)) not in _STRANGERS


def layering(source):
    for number, path in includes(source):
        target = path.split("/")[0]
        if "/" in path and not _may_include(source, target):
            text = "%s may not include %s (arrows point down only)" % (source.directory, target)
            yield source.finding(number, "layering", text)


def private_library(source):
    for number, path in includes(source):
        for prefix, (places, why) in _PRIVATE.items():
            inside = any(fnmatch.fnmatch(source.path, place) for place in places)
            if path.startswith(prefix) and not inside:
                yield source.finding(number, "private-library", "%s: %s" % (path, why))


def cycles(sources):
    """Directories of one rank that include each other; reported at the later of the two."""
    seen = {}
    for source in sources:
        for number, path in includes(source):
            edge = (source.directory, path.split("/")[0])
            if "/" in path and edge[0] != edge[1] and set(edge) <= set(_RANKS):
                seen.setdefault(edge, source.finding(number, "layering", ""))
    for (own, target), place in sorted(seen.items()):
        if own < target and (target, own) in seen and _RANKS[own] == _RANKS[target]:
            text = "%s and %s include each other (see %s)" % (own, target, seen[target, own].path)
            yield place._replace(message=text)
