"""Debian's libraries as cc_library targets in the repository @system.

A library is described by the pkg-config modules it has and, where Debian ships none, by linker
flags written here. Headers are in the compiler's own search path, so a target carries defines and
linker flags only. Libraries are linked --as-needed: a binary loads what it uses.

A missing module fails the build with the name of the set-up command, not with a linker error.
"""

# name -> struct(pkgs: pkg-config modules, libs: extra linker flags, defines, deps)
def _lib(pkgs = [], libs = [], defines = [], deps = []):
    return struct(pkgs = pkgs, libs = libs, defines = defines, deps = deps)

_LIBRARIES = {
    # Abseil is many small libraries; these are the ones the code may include (no random, no flags:
    # chance comes from base/rng.h, command lines from CLI11).
    "absl": _lib(pkgs = [
        "absl_algorithm_container",
        "absl_any_invocable",
        "absl_base",
        "absl_bind_front",
        "absl_btree",
        "absl_cleanup",
        "absl_cord",
        "absl_core_headers",
        "absl_endian",
        "absl_fixed_array",
        "absl_flat_hash_map",
        "absl_flat_hash_set",
        "absl_function_ref",
        "absl_hash",
        "absl_inlined_vector",
        "absl_memory",
        "absl_node_hash_map",
        "absl_node_hash_set",
        "absl_optional",
        "absl_span",
        "absl_stacktrace",
        "absl_status",
        "absl_statusor",
        "absl_str_format",
        "absl_strings",
        "absl_symbolize",
        "absl_synchronization",
        "absl_time",
        "absl_type_traits",
        "absl_utility",
        "absl_variant",
    ]),
    "benchmark": _lib(pkgs = ["benchmark"], libs = ["-lpthread"]),
    "asio": _lib(
        defines = [
            "BOOST_ASIO_DISABLE_BOOST_COROUTINE",
            "BOOST_ASIO_NO_DEPRECATED",
        ],
        libs = ["-lpthread"],
        deps = ["openssl"],
    ),
    "cli11": _lib(pkgs = ["CLI11"]),
    "curl": _lib(pkgs = ["libcurl"]),
    "grpc": _lib(
        pkgs = ["grpc++"],
        # A server that calls InitProtoReflectionServerBuilderPlugin() refers to it and so loads it.
        libs = ["-lgrpc++_reflection"],
        deps = ["absl", "protobuf"],
    ),
    "gtest": _lib(pkgs = ["gmock", "gtest"], libs = ["-lpthread"]),
    "gtest_main": _lib(pkgs = ["gmock_main"], libs = ["-lpthread"], deps = ["gtest"]),
    "idn2": _lib(pkgs = ["libidn2"]),
    "json": _lib(pkgs = ["nlohmann_json"]),
    "openssl": _lib(pkgs = ["openssl"], defines = ["OPENSSL_API_COMPAT=30000"]),
    "pcre2": _lib(pkgs = ["libpcre2-8"], defines = ["PCRE2_CODE_UNIT_WIDTH=8"]),
    "prometheus": _lib(pkgs = ["prometheus-cpp-core"]),
    "protobuf": _lib(pkgs = ["protobuf"]),
    "re2": _lib(pkgs = ["re2"]),
    "rocksdb": _lib(pkgs = ["rocksdb"]),
    "unbound": _lib(pkgs = ["libunbound"]),
    "z": _lib(pkgs = ["zlib"]),
}

def _link_flags(rctx, pkgs):
    if not pkgs:
        return []
    result = rctx.execute(["pkg-config", "--libs"] + pkgs)
    if result.return_code != 0:
        fail("pkg-config %s: %s\nrun tools/setup first" % (" ".join(pkgs), result.stderr))
    return result.stdout.replace("\n", " ").split(" ")

def _unique(flags):
    seen = {}
    return [f for f in flags if f not in seen and not seen.update({f: True})]

def _target(rctx, name, lib):
    # Shared libraries named by -l, so that order and repetition do not matter among them.
    libs = _unique([f for f in _link_flags(rctx, lib.pkgs) + lib.libs if f.startswith("-l")])
    linkopts = ["-Wl,--push-state,--as-needed"] + libs + ["-Wl,--pop-state"] if libs else []
    return """
cc_library(
    name = "{name}",
    defines = {defines},
    linkopts = {linkopts},
    deps = {deps},
)
""".format(
        name = name,
        defines = lib.defines,
        linkopts = linkopts,
        deps = [":" + d for d in lib.deps],
    )

def _system_libraries_impl(rctx):
    targets = [_target(rctx, name, lib) for name, lib in _LIBRARIES.items()]
    rctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % rctx.name)
    visibility = "package(default_visibility = [\"//visibility:public\"])\n"
    rctx.file("BUILD", visibility + "".join(targets))

system_libraries = repository_rule(
    implementation = _system_libraries_impl,
    environ = ["PKG_CONFIG_PATH"],
    local = True,
)
