import { describe, expect, it } from '@jest/globals';
import { seededRng } from '@millrace/kernel';
import { traceIdOf } from '../ports/index.js';
import { createPropagatingTracer } from './propagating-tracer.js';

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';

describe('propagating tracer (W3C Trace Context)', () => {
  const tracer = createPropagatingTracer(seededRng(1));

  it('starts a trace where there is none, and a new one each time', () => {
    const [one, other] = [tracer.startSpan('a'), tracer.startSpan('b')];
    expect(one.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(traceIdOf(one.traceparent)).not.toBe(traceIdOf(other.traceparent));
  });

  it('continues the trace of its parent with a span id of its own and the same flags', () => {
    const child = tracer.startSpan('child', { parent: PARENT }).traceparent;
    expect(child).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
    expect(child).not.toBe(PARENT);
  });

  it('starts a new trace for a malformed parent', () => {
    for (const parent of [
      'rubbish',
      `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`,
      `00-${'1'.repeat(32)}-${'0'.repeat(16)}-01`,
    ]) {
      expect(traceIdOf(tracer.startSpan('x', { parent }).traceparent)).not.toMatch(/^0+$|^1+$/);
    }
  });

  it('follows promises, nests, and ends with its work', async () => {
    const outer = tracer.startSpan('outer', { parent: PARENT });
    await tracer.withSpan(outer, async () => {
      await Promise.resolve();
      expect(tracer.activeTraceparent()).toBe(outer.traceparent);
      const inner = tracer.startSpan('inner');
      expect(traceIdOf(inner.traceparent)).toBe(traceIdOf(PARENT));
      await tracer.withSpan(inner, async () => expect(tracer.activeTraceparent()).toBe(inner.traceparent));
      expect(tracer.activeTraceparent()).toBe(outer.traceparent);
    });
    expect(tracer.activeTraceparent()).toBeUndefined();
  });

  it('leaves the active trace for a root span', async () => {
    const outer = tracer.startSpan('outer');
    await tracer.withSpan(outer, async () => {
      const root = tracer.startSpan('batch', { root: true });
      expect(traceIdOf(root.traceparent)).not.toBe(traceIdOf(outer.traceparent));
    });
  });
});
