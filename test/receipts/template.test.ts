import { describe, expect, it } from '@jest/globals';
import { asHtml, asText, readTemplate, render } from '../../src/receipts/template.js';

const NAMES = ['name', 'amount'] as const;

function rendered(text: string, values: Record<(typeof NAMES)[number], string>, escape = asText): string {
  const read = readTemplate('FILE', text, NAMES);
  if (!read.ok) throw new Error(JSON.stringify(read.faults));
  return render(read.template, values, escape);
}

describe('a template', () => {
  it('is filled in', () => {
    expect(rendered('{{name}}: {{amount}} {single} {{name}}', { name: 'Shop', amount: '1' })).toBe(
      'Shop: 1 {single} Shop',
    );
  });

  it.each([
    ['a\nb {{nmae}}', [['FILE:2:3', 'no such placeholder; known here: name, amount']]],
    ['{{ name }}', [['FILE:1:1', 'no such placeholder; known here: name, amount']]],
    ['{{constructor}}', [['FILE:1:1', 'no such placeholder; known here: name, amount']]],
    ['{{name}', [['FILE:1:1', 'braces without their other half: a placeholder is {{name}}']]],
    ['x }} {{amount}}', [['FILE:1:3', 'braces without their other half: a placeholder is {{name}}']]],
    [
      '{{a}}\n\n {{b}}',
      [
        ['FILE:1:1', 'no such placeholder; known here: name, amount'],
        ['FILE:3:2', 'no such placeholder; known here: name, amount'],
      ],
    ],
  ])('that is wrong is told of with line and column: %j', (text, faults) => {
    const read = readTemplate('FILE', text, NAMES);
    expect(read.ok ? [] : read.faults.map(({ path, message }) => [path, message])).toEqual(faults);
  });

  it('never reads what was filled in as a template, or as HTML', () => {
    const evil = '{{amount}} <script>alert("1")</script> & \'x\'\r\nBcc: all@example.com\u2028';
    expect(rendered('{{name}}', { name: evil, amount: 'SECRET' })).toBe(
      '{{amount}} <script>alert("1")</script> & \'x\' Bcc: all@example.com ',
    );
    expect(rendered('<p title="{{name}}">', { name: evil, amount: 'SECRET' }, asHtml)).toBe(
      '<p title="{{amount}} &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39; Bcc: all@example.com ">',
    );
  });
});
