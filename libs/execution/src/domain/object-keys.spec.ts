import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { artifactKey, checkpointKeys } from './object-keys.js';
import { seedOf } from './generation-defaults.js';

const place = { tenantId: 'acme', taskId: 'task-1', attempt: 2, epoch: 3 };

describe('object keys', () => {
  it('lie under tenant, task, attempt and epoch', () => {
    expect(artifactKey(place, 'video.mp4')).toBe('t/acme/task-1/2-3/video.mp4');
    expect(checkpointKeys(place, 20).manifest).toBe('t/acme/task-1/2-3/checkpoints/000020.json');
  });

  it.each(['..', '.', 'a/b', '', 'ä', 'a b'])('refuse "%s" as a part', (part) => {
    expect(() => artifactKey({ ...place, tenantId: part }, 'video.mp4')).toThrow('object key');
    expect(() => artifactKey(place, part)).toThrow('object key');
  });
});

describe('the seed of a task that names none', () => {
  it('is an integer below 2³¹, the same each time', () => {
    fc.assert(
      fc.property(fc.string(), (taskId) => {
        expect(seedOf(taskId)).toBe(seedOf(taskId));
        expect(seedOf(taskId)).toBeGreaterThanOrEqual(0);
        expect(seedOf(taskId)).toBeLessThan(2 ** 31);
      }),
    );
  });
});
