"""protoc and grpc_cpp_plugin as one small rule.

    convoy_proto_library(name = "submit", srcs = ["submit.proto"], deps = [":types"], grpc = True)

gives the cc_library `:submit` (messages only) and, with grpc = True, the cc_library `:submit_grpc`
(the services), so that few files see gRPC's headers. Headers are included by the path of the
.proto: "proto/submit.pb.h", "proto/submit.grpc.pb.h". `deps` names other convoy_proto_library
targets. Imports are written from the root of the workspace; Google's well-known types need no dep.
"""

ConvoyProtoInfo = provider(
    doc = "The .proto files of a library and of everything it imports.",
    fields = {"srcs": "depset of File"},
)

_PROTOC = "/usr/bin/protoc"
_GRPC_PLUGIN = "/usr/bin/grpc_cpp_plugin"

def _proto_srcs_impl(ctx):
    srcs = depset(ctx.files.srcs, transitive = [d[ConvoyProtoInfo].srcs for d in ctx.attr.deps])
    return [ConvoyProtoInfo(srcs = srcs), DefaultInfo(files = depset(ctx.files.srcs))]

_proto_srcs = rule(
    implementation = _proto_srcs_impl,
    attrs = {
        "deps": attr.label_list(providers = [ConvoyProtoInfo]),
        "srcs": attr.label_list(allow_files = [".proto"]),
    },
)

def _generated(ctx, src, suffix):
    return ctx.actions.declare_file(src.basename[:-len(".proto")] + suffix)

def _proto_generate_impl(ctx):
    info = ctx.attr.proto[ConvoyProtoInfo]
    middle = ".grpc.pb" if ctx.attr.grpc else ".pb"
    srcs = ctx.attr.proto[DefaultInfo].files.to_list()
    headers = [_generated(ctx, src, middle + ".h") for src in srcs]
    sources = [_generated(ctx, src, middle + ".cc") for src in srcs]

    args = ctx.actions.args()
    args.add("--proto_path=.")
    args.add("--proto_path=/usr/include")
    if ctx.attr.grpc:
        args.add("--plugin=protoc-gen-grpc=" + _GRPC_PLUGIN)
        args.add("--grpc_out=" + ctx.bin_dir.path)
    else:
        args.add("--cpp_out=" + ctx.bin_dir.path)
    args.add_all(srcs)
    ctx.actions.run(
        executable = _PROTOC,
        arguments = [args],
        inputs = info.srcs,
        outputs = headers + sources,
        mnemonic = "Protoc",
        progress_message = "protoc %s" % ctx.label,
    )
    return [
        DefaultInfo(files = depset(headers + sources)),
        OutputGroupInfo(headers = depset(headers), sources = depset(sources)),
    ]

_proto_generate = rule(
    implementation = _proto_generate_impl,
    attrs = {
        "grpc": attr.bool(),
        "proto": attr.label(providers = [ConvoyProtoInfo]),
    },
)

def _cc(name, generated, deps, visibility, testonly):
    for group in ["headers", "sources"]:
        native.filegroup(
            name = generated + "_" + group,
            srcs = [":" + generated],
            output_group = group,
            testonly = testonly,
        )
    native.cc_library(
        name = name,
        srcs = [":" + generated + "_sources"],
        hdrs = [":" + generated + "_headers"],
        copts = ["-w"],
        testonly = testonly,
        visibility = visibility,
        deps = deps,
    )

def _suffixed(label, suffix):
    return label + suffix if ":" in label else label + ":" + label.split("/")[-1] + suffix

def convoy_proto_library(name, srcs, deps = [], grpc = False, visibility = None, testonly = False):
    """Messages as cc_library `name`; with grpc, services as cc_library `name`_grpc."""
    _proto_srcs(
        name = name + "_proto",
        srcs = srcs,
        deps = [_suffixed(d, "_proto") for d in deps],
        testonly = testonly,
        visibility = visibility,
    )
    _proto_generate(name = name + "_pb", proto = ":" + name + "_proto", testonly = testonly)
    _cc(name, name + "_pb", deps + ["//third_party:protobuf"], visibility, testonly)
    if grpc:
        _proto_generate(
            name = name + "_grpc_pb",
            grpc = True,
            proto = ":" + name + "_proto",
            testonly = testonly,
        )
        services_deps = [":" + name, "//third_party:grpc"]
        _cc(name + "_grpc", name + "_grpc_pb", services_deps, visibility, testonly)
