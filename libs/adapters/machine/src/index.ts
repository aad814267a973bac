export { readHostFacts, type HostFacts } from './host/host-facts.js';
export { createNvidiaProbe } from './nvidia/nvidia-probe.js';
export { createProgramRunner } from './run-program.js';
export { createVirtualProbe } from './virtual-probe.js';
