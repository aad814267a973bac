import { describe, expect, it } from '@jest/globals';
import { ECC_CORRECTED_LIMIT, GPU_FAULTS, gpuFault } from './gpu-faults.js';

const FELL_OFF = 'NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, GPU has fallen off the bus.';

const xid = (number: number, text = 'x') => `NVRM: Xid (PCI:0000:3b:00): ${number}, ${text}`;

describe('a GPU out of service', () => {
  it.each([
    ['SCH-50: bus loss is permanent, although any Xid pattern matches it too (B20)', [FELL_OFF], 0, 'bus_loss', true],
    ['without the number', ['GPU 3 has fallen off the bus'], 0, 'bus_loss', true],
    ['the permanent reason wins over an earlier temporary line', [xid(94), FELL_OFF], 0, 'bus_loss', true],
    ['and over a later one', [FELL_OFF, xid(94)], 0, 'bus_loss', true],
    ['an uncorrectable memory error', [xid(48, 'DBE')], 0, 'ecc_uncorrectable', true],
    ['a row that could not be remapped', [xid(64, 'Row Remapper: error')], 0, 'ecc_uncorrectable', true],
    ['a 63 that says failure', [xid(63, 'Row Remapper: remapping failed')], 0, 'ecc_uncorrectable', true],
    ['bus loss comes before memory', [xid(48, 'DBE'), FELL_OFF], 0, 'bus_loss', true],
    ['bus loss comes before worn memory', [FELL_OFF], ECC_CORRECTED_LIMIT + 1, 'bus_loss', true],
    ['too many corrected errors', [], ECC_CORRECTED_LIMIT + 1, 'ecc_count', true],
    ['worn memory weighs more than a passing Xid', [xid(94)], ECC_CORRECTED_LIMIT + 1, 'ecc_count', true],
    ['what only a reset mends', [xid(119, 'Timeout waiting for RPC from GSP')], 0, 'xid', true],
    [
      'a reset that the driver asks for',
      [xid(154, 'changed from 0x0 (None) to 0x1 (GPU Reset Required)')],
      0,
      'xid',
      true,
    ],
    ['an error of a link may pass', [xid(74, 'NVLink: fatal error')], 0, 'xid', false],
    ['a contained one too', [xid(94, 'Contained')], 0, 'xid', false],
    ['an Xid that nobody knows may pass', [xid(999)], 0, 'xid', false],
    ['an Xid without a number too', ['NVRM: Xid (PCI:0000:3b:00)'], 0, 'xid', false],
  ] as const)('%s', (_, kernelLog, eccCorrected, code, permanent) => {
    expect(GPU_FAULTS).toContain(code);
    expect(gpuFault({ kernelLog, eccCorrected })).toMatchObject({ code, permanent });
  });

  it.each([8, 13, 31, 32, 39, 43, 45, 68, 69])('SCH-50: Xid %i is its program’s fault: the GPU stays', (number) => {
    expect(gpuFault({ kernelLog: [xid(number)], eccCorrected: 0 })).toBeNull();
    expect(gpuFault({ kernelLog: [xid(79), xid(number)], eccCorrected: 0 })).toMatchObject({ line: xid(79) });
  });

  it.each([
    [63, 'Row Remapper: New row marked for remapping, reset gpu to activate.'],
    [154, 'GPU recovery action changed from 0x1 (GPU Reset) to 0x0 (None)'],
  ])('Xid %i is a note', (number, text) => {
    expect(gpuFault({ kernelLog: [xid(number, text)], eccCorrected: 0 })).toBeNull();
  });

  it('is none with a quiet log and errors within the limit', () => {
    expect(gpuFault({ kernelLog: ['usb 1-1: new device'], eccCorrected: ECC_CORRECTED_LIMIT })).toBeNull();
  });
});
