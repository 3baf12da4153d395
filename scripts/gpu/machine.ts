// The machine that the check runs on: its processor, its GPU, the versions of what takes part.
import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import process from 'node:process';

const textOf = (command: string, ...args: readonly string[]): string => {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 });
  return status === 0 ? stdout.trim() : '';
};

const wanted = ['name', 'driver_version', 'memory.total', 'pstate', 'clocks.max.sm', 'power.limit', 'mig.mode.current'];

/** Facts about the machine; of a GPU what nvidia-smi tells. */
export function describeMachine(): Record<string, unknown> {
  const line = textOf('nvidia-smi', `--query-gpu=${wanted.join(',')}`, '--format=csv,noheader').split('\n')[0];
  const values = line ? line.split(',').map((value) => value.trim()) : [];
  return {
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    memoryGB: Math.round(totalmem() / 2 ** 30),
    system: `Linux ${release()}`,
    load: loadavg()[0],
    gpu: line ? Object.fromEntries(wanted.map((name, i) => [name, values[i] ?? null])) : null,
  };
}

/** Versions of Python's packages that are compared with. */
export function describePython(python: string): Record<string, string> {
  const code = `
import importlib.metadata as m, json, sys
found = {"python": sys.version.split()[0]}
for name in ("torch", "jax", "jaxlib", "keras", "triton", "nvidia-cudnn-cu12", "nvidia-cudnn-cu13", "numpy"):
    try: found[name] = m.version(name)
    except Exception: pass
print(json.dumps(found))`;
  const text = textOf(python, '-c', code);
  return { node: process.versions.node, ...(text ? (JSON.parse(text) as Record<string, string>) : {}) };
}

/** The folders of Python's packages that hold NVIDIA's libraries, as a path: an interpreter of its own may have them. */
export function pythonLibraries(python: string): string {
  const code = 'import os, sys; print(":".join(p for p in sys.path if p and os.path.isdir(os.path.join(p, "nvidia"))))';
  return textOf(python, '-c', code);
}
