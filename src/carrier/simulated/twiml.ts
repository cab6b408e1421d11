import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { CarrierFault } from './debugger.js';
import type { Method, WebhookAnswer } from './webhook.js';

/** A verb of a TwiML document, or a noun inside one. */
export interface Verb {
  name: string;
  attributes: Readonly<Record<string, string>>;
  text: string;
  children: readonly Verb[];
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
});

/** What the parser gives in document order: `{ Say: [{ '#text': … }], ':@': { attributes } }`. */
type Node = Record<string, unknown>;

/** The verbs of a webhook's answer. Throws CarrierFault 12300 or 12100. */
export function parseAnswer(answer: WebhookAnswer): Verb[] {
  if (!/^(text|application)\/xml\b/i.test(answer.contentType)) throw new CarrierFault(12300);
  return parseTwiml(answer.body);
}

/** The verbs of a document whose root is `<Response>`. Throws CarrierFault 12100. */
export function parseTwiml(xml: string): Verb[] {
  if (XMLValidator.validate(xml) !== true) throw new CarrierFault(12100);
  const roots = toVerbs(parser.parse(xml) as Node[]);
  const [root] = roots;
  if (root === undefined || roots.length > 1 || root.name !== 'Response') throw new CarrierFault(12100);
  return [...root.children];
}

export function methodOf(verb: Verb, attribute = 'method'): Method {
  return verb.attributes[attribute]?.toUpperCase() === 'GET' ? 'GET' : 'POST';
}

function toVerbs(nodes: readonly Node[]): Verb[] {
  return nodes.flatMap((node) => {
    const name = Object.keys(node).find((key) => key !== ':@' && key !== '#text');
    if (name === undefined) return [];
    const children = node[name] as Node[];
    return {
      name,
      attributes: (node[':@'] ?? {}) as Record<string, string>,
      text: textOf(children).trim(),
      children: toVerbs(children),
    };
  });
}

function textOf(nodes: readonly Node[]): string {
  return nodes
    .map((node) => {
      if ('#text' in node) return String(node['#text']);
      return Object.entries(node)
        .filter(([key]) => key !== ':@')
        .map(([, children]) => textOf(children as Node[]))
        .join('');
    })
    .join('');
}
