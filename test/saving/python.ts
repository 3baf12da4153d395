// Python with real Keras, where there is one: named by HORNET_KERAS_PYTHON or found as python3.
import { execFileSync } from 'node:child_process';

/** What Keras runs with. */
export const pythonEnv = {
  ...process.env,
  KERAS_BACKEND: process.env.KERAS_BACKEND ?? 'jax',
  TF_CPP_MIN_LOG_LEVEL: '3',
};

/** A Python that has these modules; null where there is none. */
export function findPython(modules: string): string | null {
  const candidates = [process.env.HORNET_KERAS_PYTHON, 'python3'].filter((each) => each !== undefined);
  const hasKeras = (python: string): boolean => {
    try {
      execFileSync(python, ['-c', `import ${modules}`], { env: pythonEnv, stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };
  return candidates.find(hasKeras) ?? null;
}
