import { expect, test } from 'vitest';
import { blankComments } from '../../scripts/comments.js';

test('blankComments leaves everything where it is, and what only looks like a comment', () => {
  const source = [
    'class A {',
    '  /** One',
    '   * two. */',
    '  #a = 1; // three',
    "  url = 'http://a/*b*/';",
    '  text = `// ${/* four */ this.url} /* five */`;',
    '  pattern = /\\/\\* "/; /* six */',
    '  made = /* @__PURE__ */ make();',
    '}',
    '//# sourceMappingURL=a.js.map',
  ];
  const blanked = blankComments(source.join('\n'), 'a.ts').split('\n');
  expect(blanked.map((line) => line.trimEnd())).toEqual([
    'class A {',
    '',
    '',
    '  #a = 1;',
    "  url = 'http://a/*b*/';",
    '  text = `// ${           this.url} /* five */`;',
    '  pattern = /\\/\\* "/;',
    '  made = /* @__PURE__ */ make();',
    '}',
    '//# sourceMappingURL=a.js.map',
  ]);
  expect(blanked.map((line) => line.length)).toEqual(source.map((line) => line.length));
});
