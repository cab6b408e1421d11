import { SCOPE_MEANINGS } from '../access/scope.js';
import { DOCS_STYLE } from './docs-style.js';
import type { ApiResponse, JsonSchema, OpenApi, Operation } from './openapi.js';
import { PROBLEMS } from './problem.js';

/** The OpenAPI document as one page of HTML that loads nothing. */
export function docsPage({ info, paths, components }: OpenApi): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const schemas = Object.entries(components.schemas);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(info.title)} API</title>
<style>${DOCS_STYLE}</style>
</head>
<body>
<nav aria-label="Contents">
<p class="brand">${text(info.title)} <small>API ${text(info.version)}</small></p>
<h2>Operations</h2>
<ul>${operations.map(({ method, path, operation }) => `<li><a href="#${operation.operationId}">${badge(method)} <span>${text(path)}</span></a></li>`).join('')}</ul>
<h2>Schemas</h2>
<ul>${schemas.map(([name]) => `<li><a href="#${name}">${name}</a></li>`).join('')}</ul>
<h2>More</h2>
<ul><li><a href="#scopes">Scopes</a></li><li><a href="#problems">Problems</a></li><li><a href="/openapi.json">openapi.json</a></li></ul>
</nav>
<main>
<h1>${text(info.title)} API</h1>
<p class="lead">${prose(info.description)}</p>
${operations.map(({ method, path, operation }) => operationSection(method, path, operation)).join('')}
${schemas.map(([name, schema]) => schemaSection(name, schema)).join('')}
${scopesSection()}
${problemsSection()}
</main>
</body>
</html>
`;
}

function operationSection(method: string, path: string, operation: Operation): string {
  const body = operation.requestBody?.content['application/json']?.schema;
  const scopes = operation.security.flatMap(({ apiKey }) => apiKey);
  return `<section id="${operation.operationId}">
<h2><a href="#${operation.operationId}">${badge(method)} <code>${text(path)}</code></a></h2>
<p>${prose(operation.summary)} ${prose(operation.description ?? '')}</p>
<p class="scope"><a href="#scopes">Scope</a> ${scopes.map((scope) => `<code>${text(scope)}</code>`).join(', ')}</p>
${table(
  ['Parameter', 'Type', 'Meaning'],
  operation.parameters.map(({ name, in: place, required, description, schema }) => [
    `<code>${text(name)}</code> <small>${place}${required ? ', required' : ''}</small>`,
    typeOf(schema),
    prose(description ?? ''),
  ]),
)}
${body ? `<p>Body: ${typeOf(body)}</p>` : ''}
${table(
  ['Answer', 'Body', 'Meaning'],
  Object.entries(operation.responses).map(([status, response]) => [
    `<code>${status}</code>`,
    bodyOf(response),
    prose(response.description),
  ]),
)}
</section>`;
}

function schemaSection(name: string, schema: JsonSchema): string {
  return `<section id="${name}">
<h2><a href="#${name}">${name}</a></h2>
<p>${prose(schema.description ?? '')}</p>
${table(['Member', 'Type', 'Meaning'], members(schema, ''))}
</section>`;
}

function scopesSection(): string {
  const rows = Object.entries(SCOPE_MEANINGS).map(([scope, meaning]) => [
    `<code>${text(scope)}</code>`,
    text(meaning),
  ]);
  return `<section id="scopes"><h2><a href="#scopes">Scopes</a></h2>
<p>What an API key may do. Without the scope of an operation: 403.</p>
${table(['Scope', 'Lets a key'], rows)}</section>`;
}

function problemsSection(): string {
  const rows = Object.entries(PROBLEMS).map(([code, { status, title }]) => [
    `<code id="${code}">${code}</code>`,
    `<code>${status}</code>`,
    text(title),
  ]);
  return `<section id="problems"><h2><a href="#problems">Problems</a></h2>${table(['Code', 'Status', 'Meaning'], rows)}</section>`;
}

/** One row a member, those of nested objects under their dotted path. */
function members(schema: JsonSchema, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const path = `${prefix}${name}`;
    const optional = schema.required?.includes(name) ? '' : ' <small>optional</small>';
    const inner = innerObject(member);
    return [
      [
        `<code>${text(path)}</code>${optional}`,
        typeOf(member),
        prose(member.description ?? '') + defaultOf(member),
      ],
      ...(inner ? members(inner, `${path}${member.type === 'array' ? '[]' : ''}.`) : []),
    ];
  });
}

function innerObject(schema: JsonSchema): JsonSchema | undefined {
  const candidates = [schema, ...(schema.items ? [schema.items] : []), ...(schema.anyOf ?? [])];
  return candidates.find(({ properties }) => properties !== undefined);
}

function typeOf(schema: JsonSchema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
    return `<a href="#${name}">${name}</a>`;
  }
  if (schema.enum) return schema.enum.map((value) => `<code>${text(String(value))}</code>`).join(', ');
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.items) return `array of ${typeOf(schema.items)}`;
  const types = [schema.type ?? 'any'].flat().join(' or ');
  return text(schema.format === undefined ? types : `${types} (${schema.format})`);
}

function defaultOf({ default: value }: JsonSchema): string {
  return value === undefined || value === null ? '' : ` Default <code>${text(JSON.stringify(value))}</code>.`;
}

function bodyOf({ content = {} }: ApiResponse): string {
  return Object.entries(content)
    .map(([type, { schema }]) => `${typeOf(schema)} <small>${text(type)}</small>`)
    .join(', ');
}

function badge(method: string): string {
  return `<b class="${method}">${method.toUpperCase()}</b>`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const cells = (tag: string, row: readonly string[]) =>
    row.map((cell) => `<${tag}>${cell}</${tag}>`).join('');
  const lines = rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('');
  return `<div class="scroll" tabindex="0"><table><thead><tr>${cells('th', head)}</tr></thead><tbody>${lines}</tbody></table></div>`;
}

/** A sentence in which `code` stands between backticks. */
function prose(sentence: string): string {
  return text(sentence).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

function text(plain: string): string {
  return plain
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
