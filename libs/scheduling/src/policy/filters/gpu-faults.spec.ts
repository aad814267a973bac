import { describe, expect, it } from '@jest/globals';
import { ECC_CORRECTED_LIMIT, GPU_FAULTS, gpuFault } from './gpu-faults.js';

const FELL_OFF = 'NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, GPU has fallen off the bus.';

describe('a GPU out of service', () => {
  it.each([
    ['SCH-50: bus loss is permanent, although any Xid pattern matches it too (B20)', [FELL_OFF], 0, 'bus_loss', true],
    ['without the number', ['GPU 3 has fallen off the bus'], 0, 'bus_loss', true],
    [
      'the permanent reason wins over an earlier temporary line',
      ['NVRM: Xid (PCI:0): 31, x', FELL_OFF],
      0,
      'bus_loss',
      true,
    ],
    ['an uncorrectable memory error', ['NVRM: Xid (PCI:0): 48, DBE'], 0, 'ecc_uncorrectable', true],
    ['bus loss comes before memory', ['NVRM: Xid (PCI:0): 48, DBE', FELL_OFF], 0, 'bus_loss', true],
    ['bus loss comes before worn memory', [FELL_OFF], ECC_CORRECTED_LIMIT + 1, 'bus_loss', true],
    ['too many corrected errors', [], ECC_CORRECTED_LIMIT + 1, 'ecc_count', true],
    [
      'worn memory weighs more than a passing Xid',
      ['NVRM: Xid (PCI:0): 31, x'],
      ECC_CORRECTED_LIMIT + 1,
      'ecc_count',
      true,
    ],
    ['any other Xid may pass', ['NVRM: Xid (PCI:0): 31, MMU fault'], 0, 'xid', false],
  ] as const)('%s', (_, kernelLog, eccCorrected, code, permanent) => {
    expect(GPU_FAULTS).toContain(code);
    expect(gpuFault({ kernelLog, eccCorrected })).toEqual({ code, permanent });
  });

  it('is none with a quiet log and errors within the limit', () => {
    expect(gpuFault({ kernelLog: ['usb 1-1: new device'], eccCorrected: ECC_CORRECTED_LIMIT })).toBeNull();
  });
});
