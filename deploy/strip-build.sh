#!/bin/sh
# Leaves of a built checkout what runs: dist folders, package.json files, the page, the model. Run in its root.
# Used by the Dockerfile; it deletes sources, so never run it in a checkout that you keep.
set -eu
[ -f deploy/strip-build.sh ] && [ -d apps/gateway/dist ] || { echo 'strip-build: not in the root of a built checkout' >&2; exit 1; }

# The runtime comes with binaries for every system.
arch="$(node -p process.arch)"
find node_modules/onnxruntime-node/bin -mindepth 3 -maxdepth 3 -type d ! -path "*/linux/$arch" -exec rm -rf {} +
# npm leaves the execute bit to an install script, and the user of the image may not set it.
chmod 0755 node_modules/@ffmpeg-installer/*/ffmpeg

find apps libs -type d \( -name src -o -name test -o -name scripts -o -name jest -o -name published \) \
  -not -path '*/dist/*' -prune -exec rm -rf {} +
find apps libs -type f \( -name '*.spec.*' -o -name '*.d.ts' -o -name '*.d.ts.map' -o -name '*.tsbuildinfo' \
  -o -name tsconfig.json \) -delete
find models/demo-video -mindepth 1 -maxdepth 1 ! -name '*.onnx' ! -name model.json -exec rm -rf {} +
