#!/usr/bin/env bash
# Checks the CUDA backend on a machine with a GPU: tests, comparisons with the CPU, sanitizer, benchmarks beside torch and
# JAX. The results go into one JSON (build/gpu-check.json, or --out FILE). Options: scripts/gpu-check.sh --help
#
# In a checkout with Node and node_modules it runs from the sources. On a bare machine it unpacks build/gpu-check/pack.tar.xz,
# which `node scripts/gpu-pack.mjs` makes elsewhere: Node, the built engine and all tests as JavaScript.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_WAIT_POLICY=passive

pack=build/gpu-check/pack.tar.xz
run=${HORNET_GPU_CHECK_RUN:-build/gpu-check/run}
if [ -e "$pack" ] && { [ ! -e "$run/commit" ] || [ "$pack" -nt "$run/commit" ]; }; then
  rm -rf "$run"
  mkdir -p "$run"
  # Python unpacks where there is no xz.
  tar xJf "$pack" -C "$run" --strip-components=1 2>/dev/null ||
    python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$pack" "$run/.."
  touch "$run/commit"
fi

if [ -e "$run/bin/node" ]; then
  exec "$run/bin/node" "$run/scripts/gpu/check.js" "$@"
elif command -v node >/dev/null && [ -d node_modules ]; then
  exec node --import tsx scripts/gpu/check.ts "$@"
fi
echo "gpu-check: neither $pack (made by 'node scripts/gpu-pack.mjs') nor Node with node_modules is here" >&2
exit 2
