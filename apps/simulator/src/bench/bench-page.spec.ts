import { describe, expect, it } from '@jest/globals';
import { writePage } from './bench-page.js';

const ORDER = ['Cell U', 'Cell S'];

describe('the page of the benchmark', () => {
  it('has an intro and the cells in their order', () => {
    const sections = [
      { heading: 'Cell S', markdown: '### Zones\n\ns\n' },
      { heading: 'Cell U', markdown: 'u' },
    ];
    expect(writePage('# Title', sections, ORDER)).toBe('# Title\n\n## Cell U\n\nu\n\n## Cell S\n\n### Zones\n\ns\n');
  });

  it('keeps what was not run, its own intro, and sections that are no cell', () => {
    const earlier = '# Ours\n\nWhy.\n\n## Cell U\n\nold u\n\n## Cell S\n\nold s\n\n## Method\n\nm\n';
    expect(writePage('# Title', [{ heading: 'Cell U', markdown: 'new u' }], ORDER, earlier)).toBe(
      '# Ours\n\nWhy.\n\n## Cell U\n\nnew u\n\n## Cell S\n\nold s\n\n## Method\n\nm\n',
    );
  });
});
