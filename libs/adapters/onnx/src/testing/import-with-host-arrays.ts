import { runInThisContext } from 'node:vm';

/**
 * Loads modules that run networks, in a spec. Jest gives each spec its own globals, but the native ONNX runtime makes
 * its tensors from Node's own, and its JavaScript tells tensors by class: so Node's class must be there before it loads.
 */
export async function importWithHostArrays<Module>(load: () => Promise<Module>): Promise<Module> {
  const hostFloat32Array: unknown = runInThisContext('Float32Array');
  Object.assign(globalThis, { Float32Array: hostFloat32Array });
  return load();
}
