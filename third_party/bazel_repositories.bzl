"""Stand-ins for repositories that Bazel wants to see but this workspace does not use."""

def _minimal_repository_impl(rctx):
    rctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % rctx.name)
    for path, content in rctx.attr.files.items():
        rctx.file(path, content)

minimal_repository = repository_rule(
    implementation = _minimal_repository_impl,
    attrs = {"files": attr.string_dict(doc = "path -> content")},
    local = True,
)
